import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatDiagnostic } from '../domain/diagnostic.ts';
import { checkPolicy } from './check.ts';
import type { PolicyText } from './load.ts';
import { caseFailure } from './test-report.ts';
import { runPolicyTests } from './test-run.ts';

const root = resolve(import.meta.dirname, '../..');

function filesIn(folder: string, wanted: RegExp): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((found) => found.isFile() && wanted.test(found.name))
    .map((found) => relative(root, join(found.parentPath, found.name)))
    .toSorted();
}

function textOf(file: string): PolicyText {
  return { file, text: readFileSync(join(root, file), 'utf8') };
}

describe('cases in the format users write', () => {
  for (const file of [...filesIn('cases/policy', /\.test\.yaml$/), ...filesIn('cases/compile', /\.test\.yaml$/)]) {
    it(`${file} passes`, () => {
      const run = runPolicyTests(textOf(file), (name) => textOf(join(dirname(file), name)), Date.UTC(2026, 2, 2, 12));
      if ('errors' in run) throw new Error(run.errors.map(formatDiagnostic).join('\n'));
      expect(run.cases.filter((one) => !one.ok).map((one) => `${one.name}: ${caseFailure(one)}`)).toEqual([]);
      expect(run.cases.length).toBeGreaterThan(0);
    });
  }
});

describe('what `policy check` says', () => {
  const files = [
    ...filesIn('cases/compile', /(?<!\.test)\.(?:ya?ml|json)$/),
    ...filesIn('cases/policy', /(?<!\.test)\.(?:ya?ml|json)$/),
  ].filter((file) => !/catalogue\.json$|categories\.json$/.test(file));
  for (const file of files) {
    it(`of ${file}`, async () => {
      const { errors, warnings } = checkPolicy(basename(file), textOf(file).text);
      const said = [
        ...errors.map((error) => `error ${formatDiagnostic(error)}`),
        ...warnings.map((warning) => `warning ${formatDiagnostic(warning)}`),
      ];
      if (file.includes('/errors/')) expect(errors.length).toBeGreaterThan(0);
      else expect(errors.map(formatDiagnostic)).toEqual([]);
      // Each says what to do.
      expect(errors.map(formatDiagnostic).filter((error) => !error.includes('; '))).toEqual([]);
      const expected = join(root, 'cases/compile/said', `${file.replace(/^cases\//, '').replaceAll('/', '-')}.txt`);
      await expect(`${said.join('\n')}\n`).toMatchFileSnapshot(expected);
    });
  }
});

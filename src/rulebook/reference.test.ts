import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { formatDiagnostic } from '../domain/diagnostic.ts';
import { jsonText } from '../domain/json.ts';
import { readSource } from '../platform/yaml-document.ts';
import { noPolicy } from '../stages/policy/compile.ts';
import { reasonKinds } from '../stages/policy/reasons.ts';
import { readCall } from './call-file.ts';
import { checkPolicy } from './check.ts';
import { errorsPage } from './errors-page.ts';
import { Counters, judgeCall } from './judge.ts';
import { readKnownTools } from './known-tools.ts';
import { loadPolicy, type PolicyText } from './load.ts';
import { policyJsonSchema, referencePage, testJsonSchema } from './reference.ts';
import { caseFailure } from './test-report.ts';
import { runPolicyTests } from './test-run.ts';

const root = resolve(import.meta.dirname, '../..');
const now = Date.UTC(2026, 2, 2, 12);

describe('what is made from the code and checked in', () => {
  it('the reference page is current', async () => {
    await expect(referencePage()).toMatchFileSnapshot(join(root, 'docs/reference/policy.md'));
  });

  it('the page of errors is current', async () => {
    const names = readdirSync(join(root, 'cases/compile/errors')).toSorted();
    const cases = names.map((file) => ({ file, text: readFileSync(join(root, 'cases/compile/errors', file), 'utf8') }));
    await expect(errorsPage(cases)).toMatchFileSnapshot(join(root, 'docs/reference/policy-errors.md'));
  });

  it('the JSON Schema of policies is current', async () => {
    const text = `${JSON.stringify(policyJsonSchema(), undefined, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join(root, 'docs/reference/policy.schema.generated.json'));
  });

  it('the JSON Schema of test files is current', async () => {
    const text = `${JSON.stringify(testJsonSchema(), undefined, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join(root, 'docs/reference/policy-test.schema.generated.json'));
  });

  const folder = join(root, 'cases/policy');
  const validator = (schema: object): ((value: unknown) => boolean) => {
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
    return (value) => validate(value);
  };

  it('the JSON Schema takes every policy of the cases in either dialect, and none with a misspelt key', () => {
    const fits = validator(policyJsonSchema());
    const fitsTest = validator(testJsonSchema());
    for (const name of readdirSync(folder)) {
      if (/catalogue\.json|categories\.json/.test(name)) continue;
      const read = readSource(name, readFileSync(join(folder, name), 'utf8'));
      if ('errors' in read) throw new Error(read.errors.map(formatDiagnostic).join('\n'));
      const value: unknown = JSON.parse(jsonText(read.document.value));
      expect((name.includes('.test.') ? fitsTest : fits)(value), name).toBe(true);
    }
    expect(fits({ version: '1', default: 'deny', tols: {} })).toBe(false);
    const older = join(root, 'cases/compile/older');
    for (const name of readdirSync(older).filter((file) => /^\d\d[^.]*\.yaml$/.test(file))) {
      const read = readSource(name, readFileSync(join(older, name), 'utf8'));
      if ('errors' in read) throw new Error(read.errors.map(formatDiagnostic).join('\n'));
      expect(fits(JSON.parse(jsonText(read.document.value))), name).toBe(true);
    }
    expect(fits({ version: '1', default: 'deny', mode: 'shadow', tools: { a: { rules: [] } } })).toBe(false);
    expect(fits({ version: '1', default: 'deny', tools: { a: { rules: [{ condtions: [] }] } } })).toBe(false);
    expect(fits({ version: '1', default: 'deny', tools: { a: { acton: 'deny' } } })).toBe(false);
    expect(fits({ version: '1' })).toBe(false);
  });
});

describe('reasons of refusals', () => {
  /** Reasons of all cases, and of what no policy file can show. */
  function seenReasons(): { reason: string; written: boolean }[] {
    const seen: { reason: string; written: boolean }[] = [];
    for (const folder of ['cases/policy', 'cases/compile/older']) {
      for (const name of readdirSync(join(root, folder)).filter((file) => file.endsWith('.test.yaml'))) {
        const text = (file: string): PolicyText => ({ file, text: readFileSync(join(root, folder, file), 'utf8') });
        const read = readSource(name, text(name).text);
        if ('errors' in read) throw new Error(name);
        const test = JSON.parse(jsonText(read.document.value)) as { policy: string | string[]; catalogue?: string };
        const policies = (typeof test.policy === 'string' ? [test.policy] : test.policy).map(text);
        const loaded = loadPolicy(policies);
        if ('errors' in loaded) throw new Error(name);
        const tools =
          test.catalogue === undefined ? undefined : readKnownTools(test.catalogue, text(test.catalogue).text);
        const cases = (read.document.value as unknown as { cases: { call?: never; calls?: { call?: never }[] }[] })
          .cases;
        for (const one of cases.flatMap((c) =>
          c.call === undefined ? (c.calls ?? []).map((s) => s.call ?? s) : [c.call],
        )) {
          const { expect: _e, rule: _r, ...call } = one as Record<string, never>;
          const facts = readCall(call, {
            now,
            tools: tools !== undefined && 'tools' in tools ? tools.tools : undefined,
          });
          if (facts.kind !== 'call') continue;
          const { verdict, reason, rule } = judgeCall(loaded.policy, facts.call, new Counters(loaded.policy));
          // A limit that is reached is said by the limit engine.
          if (verdict === 'permit' || /rate_limit$|is reached$/.test(`${rule} ${reason}`)) continue;
          seen.push({ reason, written: policies.some((policy) => policy.text.includes(reason)) });
        }
      }
    }
    const nobody = { server: 's', tool: 't', arguments: {}, caller: { id: 'c' }, session: { id: 's' }, now };
    seen.push({ reason: judgeCall(noPolicy, nobody, new Counters(noPolicy)).reason, written: false });
    const typed = loadPolicy([
      {
        file: 'p.json',
        text: '{"version":"1","default":"deny","tools":{"t":{"require":[{"conditions":[{"cel":"args.x > 1.0"}]}],"arguments":"schema"}}}',
      },
    ]);
    if ('errors' in typed) throw new Error('typed');
    seen.push({
      reason: judgeCall(
        typed.policy,
        { ...nobody, schema: { type: 'object', properties: { y: {} } } },
        new Counters(typed.policy),
      ).reason,
      written: false,
    });
    seen.push({ reason: judgeCall(typed.policy, nobody, new Counters(typed.policy)).reason, written: false });
    return seen;
  }

  it('are all on the reference page, and all of the page occur', () => {
    const seen = seenReasons();
    const unknown = seen.filter(
      ({ reason, written }) => !written && !reasonKinds.some(({ pattern }) => pattern.test(reason)),
    );
    expect(unknown).toEqual([]);
    const never = reasonKinds.filter(({ pattern }) => !seen.some(({ reason }) => pattern.test(reason)));
    expect(never.map(({ name }) => name)).toEqual([]);
    const page = referencePage();
    for (const { sentence } of reasonKinds) expect(page).toContain(`| ${sentence} |`);
  });
});

describe('the examples of the guide', () => {
  for (const name of readdirSync(join(root, 'docs/guide')).filter((file) => /^policy.*\.md$/.test(file))) {
    const page = readFileSync(join(root, 'docs/guide', name), 'utf8');
    const files = new Map<string, string>();
    for (const [, kind, head, body] of page.matchAll(/^```(yaml|json)\n(?:#|\/\/) (\S+)\n(.*?)^```$/gms)) {
      if (kind !== undefined && head !== undefined) files.set(head, body ?? '');
    }
    it(`${name} has examples`, () => expect(files.size).toBeGreaterThan(3));
    for (const [file, text] of files) {
      if (file.includes('.test.')) {
        it(`${name}: ${file} passes`, () => {
          const read = (relative: string): PolicyText => {
            const found = join(dirname(file), relative);
            return { file: found, text: files.get(found) ?? '' };
          };
          const run = runPolicyTests({ file, text }, read, now);
          if ('errors' in run) throw new Error(run.errors.map(formatDiagnostic).join('\n'));
          expect(run.cases.filter((one) => !one.ok).map(caseFailure)).toEqual([]);
        });
      } else if (!file.includes('catalogue') && !file.includes('call')) {
        it(`${name}: ${file} has no errors`, () => {
          expect(checkPolicy(file, text).errors.map(formatDiagnostic)).toEqual([]);
        });
      }
    }
  }
});

import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { junitReport, tapReport, textReport, totals } from '../rulebook/test-report.ts';
import { policiesNamed, runPolicyTests, type TestResult } from '../rulebook/test-run.ts';
import { namedFile, neededFile, print, printJson, WrongUsage, withUsage } from './policy-files.ts';

type Options = { readonly json?: boolean; readonly tap?: boolean; readonly junit?: string };

const testName = /\.test\.(?:ya?ml|json)$/;

export function policyTestCommand(): Command {
  return new Command('test')
    .summary('run the *.test.yaml files beside policies')
    .description(
      'Runs the cases of test files: a file named `*.test.yaml`, all of them in a folder, or all beside a policy file that name it. Counters start empty in every case.',
    )
    .argument('[path...]', 'test files, folders, or policy files', ['.'])
    .option('--junit <file>', 'also write JUnit XML')
    .option('--tap', 'TAP output')
    .option('--json', 'machine-readable output')
    .addHelpText(
      'after',
      '\nExit code: 0 all pass, 1 a case fails or a file has errors, 2 a file cannot be read\n\nExample:\n  sallyport policy test policies/',
    )
    .action(async (paths: string[], options: Options) => {
      await withUsage(() => test(paths, options));
    });
}

function test(paths: readonly string[], options: Options): number {
  const files = [...new Set(paths.flatMap(testFilesAt))];
  if (files.length === 0) throw new WrongUsage('no test file found; a test file is named `*.test.yaml`');
  const now = Date.now();
  const results = files.map((file): TestResult => {
    const read = namedFile(file);
    if ('error' in read) return { file, errors: [read.error] };
    return runPolicyTests(read, (relative) => neededFile(join(dirname(file), relative)), now);
  });
  if (options.junit !== undefined) writeReport(options.junit, `${junitReport(results)}\n`);
  const { failed, broken, passed } = totals(results);
  if (options.json === true)
    printJson({ version: 1, ok: failed + broken === 0, passed, failed, broken, files: results });
  else print(options.tap === true ? tapReport(results) : textReport(results));
  return failed + broken === 0 ? 0 : 1;
}

function writeReport(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (fault) {
    throw new WrongUsage(`cannot write \`${path}\`: ${fault instanceof Error ? fault.message : 'unknown fault'}`);
  }
}

function testFilesAt(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new WrongUsage(`cannot read \`${path}\`: no such file`);
  if (stat.isDirectory()) return testFilesIn(path);
  if (testName.test(basename(path))) return [path];
  // A policy file: the tests beside it that name it.
  const wanted = resolve(path);
  return testFilesIn(dirname(path), false).filter((file) => namesPolicy(file, wanted));
}

function namesPolicy(file: string, policy: string): boolean {
  const read = namedFile(file);
  return !('error' in read) && policiesNamed(read).some((name) => resolve(dirname(file), name) === policy);
}

function testFilesIn(folder: string, deep = true): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((found) => {
      const path = join(folder, found.name);
      if (found.isDirectory()) {
        return deep && !found.name.startsWith('.') && found.name !== 'node_modules' ? testFilesIn(path) : [];
      }
      return testName.test(found.name) ? [path] : [];
    });
}

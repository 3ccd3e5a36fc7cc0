import { Command } from 'commander';
import { formatDiagnostic } from '../domain/diagnostic.ts';
import { errorsMax } from '../platform/source-document.ts';
import { type CheckResult, checkPolicy, warningsMax } from '../rulebook/check.ts';
import { type KnownTool, readKnownTools } from '../rulebook/known-tools.ts';
import { namedFile, optionalFile, plural, print, printJson, WrongUsage, withUsage } from './policy-files.ts';

type Options = { readonly json?: boolean; readonly catalogue?: string };

export function policyCheckCommand(): Command {
  return new Command('check')
    .summary('all errors and doubtful rules of policy files')
    .description('Reads policy files and prints every error and every doubtful rule with its line and column.')
    .argument('<file...>', 'policy files, each on its own')
    .option('--catalogue <file>', 'the tools the servers offer, with category, severity and schema')
    .option('--json', 'machine-readable output')
    .addHelpText(
      'after',
      '\nExit code: 0 no errors, 1 errors, 2 a file cannot be read\n\nExample:\n  sallyport policy check policies/desk.yaml',
    )
    .action(async (files: string[], options: Options) => {
      await withUsage(() => check(files, options));
    });
}

function check(files: readonly string[], options: Options): number {
  const tools = knownTools(options.catalogue);
  // All files are read before any is judged: an unreadable one is wrong usage, whatever the others say.
  const named = files.map((file) => [file, namedFile(file)] as const);
  const results = named.map(([file, read]): CheckResult => {
    if ('error' in read) return { file, errors: [read.error], warnings: [] };
    return checkPolicy(read.file, read.text, tools === undefined ? {} : { tools });
  });
  const errors = results.flatMap((result) => result.errors);
  const warnings = results.flatMap((result) => result.warnings);
  if (options.json === true) {
    printJson({ version: 1, ok: errors.length === 0, files: results });
  } else {
    for (const result of results) {
      for (const error of result.errors) print(`${formatDiagnostic(error)}`);
      if (result.errors.length >= errorsMax) {
        print(`${result.file}: no more than ${errorsMax} errors are said at once; mend these to see the rest`);
      }
      for (const { message, ...rest } of result.warnings) {
        print(formatDiagnostic({ ...rest, message: `warning: ${message}` }));
      }
      if (result.warnings.length >= warningsMax) {
        print(`${result.file}: no more than ${warningsMax} warnings are said at once`);
      }
      if (result.errors.length === 0) print(`${result.file}: ok`);
    }
    if (errors.length > 0) print(`${plural(errors.length, 'error')}, ${plural(warnings.length, 'warning')}`);
  }
  return errors.length === 0 ? 0 : 1;
}

export function knownTools(path: string | undefined): readonly KnownTool[] | undefined {
  const file = optionalFile(path);
  if (file === undefined) return undefined;
  const read = readKnownTools(file.file, file.text);
  if ('errors' in read) throw new WrongUsage(read.errors.map(formatDiagnostic).join('\n'));
  return read.tools;
}

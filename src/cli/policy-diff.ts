import { Command } from 'commander';
import { formatDiagnostic, visible } from '../domain/diagnostic.ts';
import { type Change, diffPolicies } from '../rulebook/diff.ts';
import { knownTools } from './policy-check.ts';
import { neededFile, print, printJson, withUsage } from './policy-files.ts';

type Options = { readonly json?: boolean; readonly catalogue?: string };

export function policyDiffCommand(): Command {
  return new Command('diff')
    .summary('what changes between two policies, tool by tool')
    .description(
      'Compares two policies by what they decide, not by their text: order, comments and spelling do not count.',
    )
    .argument('<a>', 'the policy as it is')
    .argument('<b>', 'the policy as it would be')
    .option('--catalogue <file>', 'the tools the servers offer, so that every one is compared')
    .option('--json', 'machine-readable output')
    .addHelpText(
      'after',
      '\nExit code: 0 compared, 1 a policy has errors, 2 a file cannot be read\n\nExample:\n  sallyport policy diff policies/desk.yaml policies/desk-next.yaml',
    )
    .action(async (a: string, b: string, options: Options) => {
      await withUsage(() => diff(a, b, options));
    });
}

function diff(a: string, b: string, options: Options): number {
  const result = diffPolicies(neededFile(a), neededFile(b), knownTools(options.catalogue));
  if ('errors' in result) {
    if (options.json === true) printJson({ version: 1, errors: result.errors });
    else print(result.errors.map(formatDiagnostic).join('\n'));
    return 1;
  }
  if (options.json === true) printJson({ version: 1, changes: result.changes });
  else print(result.changes.length === 0 ? 'no change in what is decided' : result.changes.map(changeText).join('\n'));
  return 0;
}

function changeText({ tool, server, before, after, added, removed }: Change): string {
  const where = server === undefined ? '' : ` on ${server}`;
  const head = before === after ? `${tool}${where}: still ${after}` : `${tool}${where}: ${before} → ${after}`;
  return [head, ...removed.map((rule) => `  - ${rule}`), ...added.map((rule) => `  + ${rule}`)].map(visible).join('\n');
}

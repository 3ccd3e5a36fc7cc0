import { Command } from 'commander';
import { formatDiagnostic } from '../domain/diagnostic.ts';
import { explainCall } from '../rulebook/explain.ts';
import { neededFile, optionalFile, print, printJson, WrongUsage, withUsage } from './policy-files.ts';

type Options = { readonly json?: boolean; readonly state?: string; readonly catalogue?: string };

export function policyExplainCommand(): Command {
  return new Command('explain')
    .summary('the verdict on one call, and every rule that was looked at')
    .description(
      'Decides one call and says why. The call is a JSON file {"tool": …, "arguments": {…}} with, where it matters, server, caller {id, agent, groups}, session {id, labels, calls} and time (RFC 3339; now where absent). Nothing is sent or counted; counters start empty.',
    )
    .argument('<policy>', 'a policy file')
    .argument('<call>', 'a JSON file with the call')
    .option('--state <file>', 'what counters have used: [{counter, per, used}]')
    .option('--catalogue <file>', 'category, severity and schema of the tools')
    .option('--json', 'machine-readable output: {verdict, rule, reason, trail, shadow?}')
    .addHelpText(
      'after',
      '\nExit code: 0 whatever the verdict, 2 a file cannot be read\n\nExample:\n  sallyport policy explain policies/desk.yaml call.json',
    )
    .action(async (policy: string, call: string, options: Options) => {
      await withUsage(() => explain(policy, call, options));
    });
}

function explain(policy: string, call: string, options: Options): number {
  const result = explainCall({
    policy: neededFile(policy),
    call: neededFile(call),
    state: optionalFile(options.state),
    catalogue: optionalFile(options.catalogue),
    now: Date.now(),
  });
  if ('errors' in result) throw new WrongUsage(result.errors.map(formatDiagnostic).join('\n'));
  if (options.json === true) printJson(result.judged);
  else print(result.words);
  return 0;
}

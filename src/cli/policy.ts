/** `sallyport policy check | test | explain | diff | replay`. */
import { Command } from 'commander';
import { policyCheckCommand } from './policy-check.ts';
import { policyDiffCommand } from './policy-diff.ts';
import { policyExplainCommand } from './policy-explain.ts';
import { policyReplayCommand, type RecordedCalls } from './policy-replay.ts';
import { policyTestCommand } from './policy-test.ts';

/** `recordedCalls` reads the audit trail for `replay`; absent: there is no such command. */
export function policyCommand(recordedCalls?: RecordedCalls): Command {
  const command = new Command('policy')
    .summary('check, explain, test and compare policies')
    .description('Works on policy files; starts and sends nothing.')
    .addCommand(policyCheckCommand())
    .addCommand(policyTestCommand())
    .addCommand(policyExplainCommand())
    .addCommand(policyDiffCommand());
  return recordedCalls === undefined ? command : command.addCommand(policyReplayCommand(recordedCalls));
}

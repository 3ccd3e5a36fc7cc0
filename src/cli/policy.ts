/** `sallyport policy check | test | explain | diff | replay`. */
import { Command } from 'commander';
import { boundYoungGeneration } from '../platform/bound-heap.ts';
import { policyCheckCommand } from './policy-check.ts';
import { policyDiffCommand } from './policy-diff.ts';
import { policyExplainCommand } from './policy-explain.ts';
import { auditedCalls, policyReplayCommand, type RecordedCalls } from './policy-replay.ts';
import { policyTestCommand } from './policy-test.ts';

/** `recorded`: where `replay` finds the calls; the audit trail unless told otherwise. */
export function policyCommand(recorded: RecordedCalls = auditedCalls): Command {
  return new Command('policy')
    .summary('check, explain, test and compare policies')
    .description('Works on policy files; starts and sends nothing.')
    .addHelpText('after', '\nExample:\n  sallyport policy check policy.yaml\n')
    .hook('preAction', boundYoungGeneration)
    .addCommand(policyCheckCommand())
    .addCommand(policyTestCommand())
    .addCommand(policyExplainCommand())
    .addCommand(policyDiffCommand())
    .addCommand(policyReplayCommand(recorded));
}

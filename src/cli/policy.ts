/** `sallyport policy check | test | explain | diff | replay`. */
import { Command } from 'commander';
import { policyCheckCommand } from './policy-check.ts';
import { policyExplainCommand } from './policy-explain.ts';

export function policyCommand(): Command {
  return new Command('policy')
    .summary('check, explain, test and compare policies')
    .description('Works on policy files; starts and sends nothing.')
    .addCommand(policyCheckCommand())
    .addCommand(policyExplainCommand());
}

import { Command } from 'commander';
import { formatDiagnostic } from '../domain/diagnostic.ts';
import { loadConfig } from '../platform/config/load.ts';
import { CommandEnd, EXIT } from './exit.ts';
import { DEFAULT_CONFIG } from './start.ts';

export function grantsCommand(): Command {
  const command = new Command('grants')
    .description('Who may come in, to which servers, under which policy.')
    .addHelpText('after', '\nExample:\n  sallyport grants list -c sallyport.yaml\n');
  command
    .command('list')
    .description('Every grant of the configuration. Tokens are never shown, only where they are kept.')
    .option('-c, --config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'print {"version":1,"grants":[{"name","servers","policies","agent","groups","token"}]}')
    .addHelpText('after', '\nExample:\n  sallyport grants list -c sallyport.yaml\n')
    .action((flags: { config: string; json?: true }) => {
      const loaded = loadConfig({ file: flags.config, flags: {}, env: process.env });
      if (loaded.kind === 'invalid') throw new CommandEnd(EXIT.failed, loaded.errors.map(formatDiagnostic).join('\n'));
      const grants = loaded.config.grants.map(({ name, servers, policies, agent, groups, token }) => ({
        name,
        servers,
        policies,
        agent: agent ?? null,
        groups,
        token: token.kind === 'file' ? token.path : token.kind === 'none' ? 'none' : '(set in the configuration)',
      }));
      if (flags.json === true) {
        process.stdout.write(`${JSON.stringify({ version: 1, grants })}\n`);
        return;
      }
      for (const grant of grants) {
        const policies = grant.policies.length === 0 ? '(no policy: refuses everything)' : grant.policies.join(', ');
        process.stdout.write(
          `${grant.name}  servers: ${grant.servers.join(', ') || '(none)'}  policy: ${policies}  token: ${grant.token}\n`,
        );
      }
    });
  return command;
}

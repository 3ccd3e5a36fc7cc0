import { Command } from 'commander';
import { wrappedEnvironment } from '../app/child-environment.ts';
import { SERVER_ID } from '../platform/config/schema.ts';
import { folderName } from './data-option.ts';
import { CommandEnd, EXIT } from './exit.ts';
import { gateStdio } from './gate-stdio.ts';

type WrapFlags = {
  readonly policy?: readonly string[];
  readonly id: string;
  readonly data?: string;
  readonly timeout?: string;
  readonly logLevel: string;
};

export function wrapCommand(): Command {
  return new Command('wrap')
    .description('Put one stdio server behind the gate, in a client’s own configuration.')
    .option('--policy <file...>', 'policy; several apply together')
    .option('--id <id>', 'how rules and records name the server', 'server')
    .option('--data <dir>', 'data folder; several wraps may share one', folderName)
    .option('--timeout <duration>', 'silence of the server after which a call is unknown', '60s')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .argument('<command...>', 'the server and its arguments, after --')
    .addHelpText(
      'after',
      '\nExample:\n  sallyport wrap --policy policy.yaml -- npx -y @modelcontextprotocol/server-filesystem /srv/files\n',
    )
    .action(wrap);
}

async function wrap(command: readonly string[], flags: WrapFlags): Promise<void> {
  if (flags.policy === undefined) {
    throw new CommandEnd(EXIT.invalid, 'wrap needs --policy FILE: without a policy everything would be refused');
  }
  if (!SERVER_ID.test(flags.id))
    throw new CommandEnd(EXIT.usage, `--id \`${flags.id}\`: an id has 1 to 40 of a-z, 0-9 and -`);
  const [program = '', ...args] = command;
  await gateStdio({
    server: { id: flags.id, transport: { kind: 'child', command: program, args, env: {}, cwd: process.cwd() } },
    policies: flags.policy,
    data: flags.data,
    timeout: flags.timeout,
    logLevel: flags.logLevel,
    childEnv: wrappedEnvironment(process.env),
  });
}

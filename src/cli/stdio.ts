import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { wrappedEnvironment } from '../app/child-environment.ts';
import { BOUNDS } from '../platform/config/bounds.ts';
import { SERVER_ID } from '../platform/config/schema.ts';
import { onStopSignals } from '../platform/shutdown.ts';
import { Unavailable } from '../platform/unavailable.ts';
import { folderName } from './data-option.ts';
import { CommandEnd, EXIT } from './exit.ts';

type StdioFlags = {
  readonly url: string;
  readonly tokenFile?: string;
  readonly policy?: readonly string[];
  readonly header?: readonly string[];
  readonly id: string;
  readonly data?: string;
  readonly timeout?: string;
  readonly logLevel: string;
};

export function stdioCommand(): Command {
  return new Command('stdio')
    .description(
      'For clients that only start commands: a Sallyport endpoint, or with --policy any HTTP server, on stdin and stdout.',
    )
    .requiredOption('--url <url>', 'the endpoint')
    .option('--token-file <file>', 'file with the bearer token (or SALLYPORT_TOKEN)')
    .option('--policy <file...>', 'gate the server at --url here, under this policy')
    .option('--header <name: value...>', 'with --policy: a header for the server; ${env:NAME} is filled in')
    .option('--id <id>', 'with --policy: how rules and records name the server', 'server')
    .option('--data <dir>', 'with --policy: data folder', folderName)
    .option('--timeout <duration>', 'with --policy: silence after which a call is unknown', '60s')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .addHelpText(
      'after',
      '\nExample:\n  sallyport stdio --url http://127.0.0.1:7420/mcp/binance --token-file .sallyport/local.token\n',
    )
    .action(stdio);
}

async function stdio(flags: StdioFlags): Promise<void> {
  const url = URL.canParse(flags.url) ? new URL(flags.url) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new CommandEnd(EXIT.usage, `--url \`${flags.url}\` is no http or https URL`);
  if (flags.policy !== undefined) return gated(url, flags, flags.policy);
  await bridged(url, flags);
}

async function gated(url: URL, flags: StdioFlags, policies: readonly string[]): Promise<void> {
  if (!SERVER_ID.test(flags.id))
    throw new CommandEnd(EXIT.usage, `--id \`${flags.id}\`: an id has 1 to 40 of a-z, 0-9 and -`);
  const { gateStdio } = await import('./gate-stdio.ts');
  const { fillIn } = await import('../platform/config/secrets.ts');
  const headers: Record<string, string> = {};
  const token = tokenOf(flags);
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  for (const header of flags.header ?? []) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.+)$/.exec(header);
    if (match === null) throw new CommandEnd(EXIT.usage, '--header: write `Name: value`');
    const filled = fillIn(match[2] ?? '', process.cwd(), process.env);
    if ('missing' in filled) throw new CommandEnd(EXIT.usage, `--header ${match[1] ?? ''}: ${filled.missing}`);
    headers[match[1] ?? ''] = filled.value;
  }
  await gateStdio({
    server: { id: flags.id, transport: { kind: 'http', url: url.href, headers } },
    policies,
    data: flags.data,
    timeout: flags.timeout,
    logLevel: flags.logLevel,
    childEnv: wrappedEnvironment(process.env),
  });
}

async function bridged(url: URL, flags: StdioFlags): Promise<void> {
  const { isSallyport, StdioBridge } = await import('../transport/stdio-bridge.ts');
  const token = tokenOf(flags);
  const answer = await isSallyport(url);
  if (answer === 'no') {
    throw new CommandEnd(
      EXIT.usage,
      `--url ${url.href} is no Sallyport endpoint, and nothing would judge the calls; give --policy FILE to gate it here`,
    );
  }
  if (answer !== 'yes')
    throw new Unavailable(
      `the gateway at ${url.href} cannot be reached: ${answer.unreachable}`,
      'start it, or correct --url',
    );
  const bridge = new StdioBridge({
    url,
    token,
    input: process.stdin,
    output: process.stdout,
    lineBytesMax: BOUNDS.bodyBytesMax,
    log: (line) => process.stderr.write(`${line}\n`),
  });
  let stopping = false;
  const stop = async (code: number) => {
    if (stopping) return;
    stopping = true;
    await bridge.close(GRACE_MS);
    process.exit(code);
  };
  onStopSignals({ stop: (signal) => void stop(signal === 'SIGINT' ? EXIT.interrupted : EXIT.done), abandon: () => {} });
  await bridge.ended;
  await stop(EXIT.done);
}

function tokenOf(flags: StdioFlags): string | undefined {
  if (flags.tokenFile === undefined) return process.env['SALLYPORT_TOKEN'];
  try {
    return readFileSync(flags.tokenFile, 'utf8').trim();
  } catch (fault) {
    throw new CommandEnd(
      EXIT.usage,
      `--token-file ${flags.tokenFile} cannot be read (${(fault as NodeJS.ErrnoException).code ?? 'error'})`,
    );
  }
}

const GRACE_MS = 10_000;

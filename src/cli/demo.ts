import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { configuredEnvironment } from '../app/child-environment.ts';
import { tokenIn } from '../app/data-folder.ts';
import { startExchangeProcess } from '../app/demo-exchange.ts';
import { programRoot } from '../app/program-root.ts';
import { stampFiles, watchRules } from '../app/reload.ts';
import { readRules } from '../app/rules.ts';
import { serve } from '../app/serve.ts';
import { boundHeap } from '../platform/bound-heap.ts';
import { BOUNDS } from '../platform/config/bounds.ts';
import type { Config } from '../platform/config/config.ts';
import { defaultDataFolder } from '../platform/config/default-data-folder.ts';
import { isLoopback, parseEndpoint } from '../platform/config/endpoint.ts';
import { openLog } from '../platform/log.ts';
import { GRACE_MS, onStopSignals } from '../platform/shutdown.ts';
import { clientBlocks } from './client-blocks.ts';
import { folderInEnvironment, folderName } from './data-option.ts';
import { CommandEnd, EXIT, invalid, warn } from './exit.ts';
import { shellWord } from './shell-word.ts';

type DemoFlags = { readonly listen: string; readonly admin: string; readonly data?: string; readonly policy?: string };

export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'A paper exchange, the Binance MCP server on it, and the gateway before it: no keys, no money, offline.',
    )
    .option('--listen <host:port>', 'where MCP clients connect', process.env['SALLYPORT_LISTEN'] ?? '127.0.0.1:7420')
    .option('--admin <host:port>', 'health, readiness, metrics', process.env['SALLYPORT_ADMIN'] ?? '127.0.0.1:7421')
    .option('--data <dir>', 'data folder (default: .sallyport here, in a clone)', folderName)
    .option('--policy <file>', 'another policy than the example’s desk.yaml')
    .addHelpText('after', '\nExample:\n  sallyport demo\n')
    .action(demo);
}

async function demo(flags: DemoFlags): Promise<void> {
  const step = (text: string) => process.stderr.write(`${text}\n`);
  const { root, example } = programRoot();
  const policy = resolve(flags.policy ?? join(root, 'examples', 'binance', 'policies', 'desk.yaml'));
  const data = resolve(
    flags.data ??
      folderInEnvironment(process.env) ??
      (isClone(root) ? join(root, '.sallyport') : defaultDataFolder(process.env)),
  );
  step('checking the policy …');
  const rulesOf = (config: Config) => {
    const read = readRules(config);
    warn(read.warnings);
    if (read.kind === 'invalid') throw invalid(read.errors);
    return read.rules;
  };
  const bare = configOf(flags, data, policy, undefined);
  const rules = rulesOf(bare);
  const stamps = stampFiles(bare);
  step('starting the paper exchange …');
  boundHeap();
  const log = openLog({ level: 'info', pretty: true });
  const exchange = await startExchangeProcess(example('desk'), (line) => log.logger.debug(line));
  const config = configOf(flags, data, policy, {
    command: process.execPath,
    args: [example('mcp-server/main'), '--exchange', exchange.url],
    env: { BINANCE_MCP_MODE: 'paper', BINANCE_API_KEY: exchange.key, BINANCE_API_SECRET: exchange.secret },
    cwd: root,
  });
  step('starting the gateway …');
  const serving = await serve({
    config,
    rules,
    log,
    childEnv: configuredEnvironment(process.env),
    env: process.env,
  }).catch(async (fault: unknown) => {
    await exchange.stop();
    throw fault;
  });
  const unwatch = watchRules({
    gateway: serving.gateway,
    log,
    config,
    stamps,
    reread: () => ({ kind: 'config', config, warnings: [] }),
  });
  let stopping = false;
  exchange.onExit((why) => {
    if (!stopping) log.logger.error(`the paper exchange has ended: ${why}`);
  });
  onStopSignals({
    stop: (signal) => {
      stopping = true;
      unwatch();
      step('stopping …');
      void serving
        .close(GRACE_MS)
        .then(() => exchange.stop())
        .then(() => process.exit(signal === 'SIGINT' ? EXIT.interrupted : EXIT.done));
    },
    abandon: () => {
      serving.gateway.abandon();
      exchange.kill();
    },
  });
  const tokenFile = join(data, 'local.token');
  const { token } = tokenIn(tokenFile);
  const url = `${serving.url}/mcp/binance`;
  process.stdout.write(
    `\nSallyport is ready. An agent may now trade on a paper exchange, under ${policy}\n\n` +
      `${url}\nAuthorization: Bearer ${token}\n\n` +
      `${clientBlocks({ name: 'binance', url, token, tokenFile, bin: join(root, 'bin', 'sallyport.js') })}\n` +
      `The record of every call: ${join(data, 'sallyport.db')}\n` +
      `  node ${shellWord(join(root, 'bin', 'sallyport.js'))} audit tail --data ${shellWord(data)} -f\n` +
      `Health and metrics: ${serving.adminUrl}/readyz ${serving.adminUrl}/metrics\n` +
      `Edit the policy while it runs; Ctrl-C stops. Calls show here as they happen:\n\n`,
  );
}

/** In a clone the data lies beside the sources; an installed package is not written into. */
function isClone(root: string): boolean {
  return existsSync(join(root, 'src', 'main.ts'));
}

function configOf(
  flags: DemoFlags,
  data: string,
  policy: string,
  server: { command: string; args: readonly string[]; env: Readonly<Record<string, string>>; cwd: string } | undefined,
): Config {
  const listen = parseEndpoint(flags.listen);
  const admin = parseEndpoint(flags.admin);
  if (listen === undefined || admin === undefined) {
    throw new CommandEnd(EXIT.usage, '--listen and --admin are written host:port, for example 127.0.0.1:7420');
  }
  if (!isLoopback(listen.host) || !isLoopback(admin.host)) {
    throw new CommandEnd(
      EXIT.invalid,
      'the demo listens on this machine only; for others write a sallyport.yaml with `hosts:` and use `start`',
    );
  }
  return {
    file: undefined,
    listen,
    admin,
    hosts: [],
    origins: [],
    data,
    storage: 'sqlite',
    limits: 'storage',
    servers:
      server === undefined ? [] : [{ id: 'binance', transport: { kind: 'child', ...server }, silenceMsMax: 60_000 }],
    grants: [
      {
        name: 'local',
        token: { kind: 'file', path: join(data, 'local.token') },
        servers: ['binance'],
        policies: [policy],
        agent: undefined,
        groups: [],
      },
    ],
    audit: { arguments: 'digest', keepMs: 90 * 86_400_000 },
    bounds: BOUNDS,
    origin: new Map(),
    secrets: new Set(),
  };
}

import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { compose } from '../app/compose.ts';
import { stampFiles, watchRules } from '../app/reload.ts';
import { requireCommands } from '../app/require-commands.ts';
import { readRules } from '../app/rules.ts';
import { boundHeap } from '../platform/bound-heap.ts';
import { BOUNDS } from '../platform/config/bounds.ts';
import type { Config, ServerConfig } from '../platform/config/config.ts';
import { defaultDataFolder } from '../platform/config/default-data-folder.ts';
import { durationMs } from '../platform/duration.ts';
import { openLog } from '../platform/log.ts';
import { GRACE_MS, onStopSignals } from '../platform/shutdown.ts';
import { StdioServer } from '../transport/stdio-server.ts';
import { folderInEnvironment } from './data-option.ts';
import { CommandEnd, EXIT, invalid, warn } from './exit.ts';

/** One server gated for the client on our own pipes: what `wrap` and `stdio --policy` run. The caller is `local`. */
export async function gateStdio(options: {
  readonly server: Omit<ServerConfig, 'silenceMsMax'>;
  readonly policies: readonly string[];
  readonly data: string | undefined;
  readonly timeout: string | undefined;
  readonly logLevel: string;
  readonly childEnv: Readonly<Record<string, string>>;
}): Promise<void> {
  const silenceMsMax = durationMs(options.timeout ?? '60s');
  if (silenceMsMax === undefined) throw new CommandEnd(EXIT.usage, '--timeout: write a duration such as 60s');
  const config = configOf({ ...options.server, silenceMsMax }, options.policies, options.data);
  const rules = readRules(config);
  const stamps = stampFiles(config);
  warn(rules.warnings);
  if (rules.kind === 'invalid') throw invalid(rules.errors);
  requireCommands(config.servers);
  boundHeap();
  const log = openLog({ level: options.logLevel, pretty: process.stderr.isTTY });
  const gateway = await compose({
    config,
    rules: rules.rules,
    log,
    sole: false,
    childEnv: options.childEnv,
    env: process.env,
  });
  const [caller] = rules.rules.callers.values();
  if (caller === undefined) throw new TypeError('there is no caller');
  const unwatch = watchRules({
    gateway,
    log,
    config,
    stamps,
    reread: () => ({ kind: 'config', config, warnings: [] }),
  });
  const server = new StdioServer({
    gate: gateway.gate,
    caller,
    server: options.server.id,
    processId: `p-${randomBytes(8).toString('hex')}`,
    lineBytesMax: config.bounds.bodyBytesMax,
    callsMax: config.bounds.callsMax,
    unreadBytesMax: config.bounds.unreadBytesMax,
    input: process.stdin,
    output: process.stdout,
    noteTurnedAway: gateway.noteTurnedAway,
    noteDefect: (fault) => log.logger.error({ fault: fault instanceof Error ? fault.stack : String(fault) }, 'defect'),
  });
  let stopping = false;
  const stop = async (code: number) => {
    if (stopping) return;
    stopping = true;
    unwatch();
    await server.finish(GRACE_MS);
    await gateway.close();
    process.exit(code);
  };
  onStopSignals({
    stop: (signal) => void stop(signal === 'SIGINT' ? EXIT.interrupted : EXIT.done),
    abandon: () => gateway.abandon(),
  });
  await server.ended;
  await stop(EXIT.done);
}

function configOf(server: ServerConfig, policies: readonly string[], data: string | undefined): Config {
  return {
    file: undefined,
    listen: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0 },
    hosts: [],
    origins: [],
    data:
      data === undefined ? resolve(folderInEnvironment(process.env) ?? defaultDataFolder(process.env)) : resolve(data),
    storage: 'sqlite',
    limits: 'storage',
    servers: [server],
    grants: [
      {
        name: 'local',
        token: { kind: 'none' },
        servers: [server.id],
        policies: policies.map((file) => resolve(file)),
        agent: undefined,
        groups: [],
      },
    ],
    audit: { arguments: 'digest', keepMs: KEEP_MS },
    bounds: BOUNDS,
    origin: new Map(),
    secrets: new Set(),
  };
}

const KEEP_MS = 90 * 86_400_000;

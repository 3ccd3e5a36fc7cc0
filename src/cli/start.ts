import { Command } from 'commander';
import { configuredEnvironment } from '../app/child-environment.ts';
import { stampFiles, watchRules } from '../app/reload.ts';
import { requireCommands } from '../app/require-commands.ts';
import { readRules } from '../app/rules.ts';
import { serve } from '../app/serve.ts';
import { boundHeap } from '../platform/bound-heap.ts';
import type { Overrides } from '../platform/config/config-source.ts';
import { loadConfig } from '../platform/config/load.ts';
import { openLog } from '../platform/log.ts';
import { GRACE_MS, onStopSignals } from '../platform/shutdown.ts';
import { folderName } from './data-option.ts';
import { EXIT, invalid, warn } from './exit.ts';

export const DEFAULT_CONFIG = 'sallyport.yaml';

type StartFlags = Overrides & { readonly config: string; readonly json?: true; readonly logLevel: string };

export function startCommand(): Command {
  return new Command('start')
    .description('Run the gateway of a configuration file.')
    .option('-c, --config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('--listen <host:port>', 'where MCP clients connect')
    .option('--admin <host:port>', 'health, readiness, metrics')
    .option('--data <dir>', 'data folder', folderName)
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .option('--json', 'print one line of JSON when it is ready: {"version":1,"url","admin","servers","data"}')
    .addHelpText('after', '\nExample:\n  sallyport start -c sallyport.yaml\n')
    .action(start);
}

async function start(flags: StartFlags): Promise<void> {
  const { listen, admin, data } = flags;
  const overrides: Overrides = {
    ...(listen === undefined ? {} : { listen }),
    ...(admin === undefined ? {} : { admin }),
    ...(data === undefined ? {} : { data }),
  };
  const reread = () => loadConfig({ file: flags.config, flags: overrides, env: process.env });
  const loaded = reread();
  warn(loaded.warnings);
  if (loaded.kind === 'invalid') throw invalid(loaded.errors);
  const { config } = loaded;
  const rules = readRules(config);
  const stamps = stampFiles(config);
  warn(rules.warnings);
  if (rules.kind === 'invalid') throw invalid(rules.errors);
  requireCommands(config.servers);
  boundHeap();
  const log = openLog({ level: flags.logLevel, pretty: process.stderr.isTTY });
  const serving = await serve({
    config,
    rules: rules.rules,
    log,
    childEnv: configuredEnvironment(process.env),
    env: process.env,
  });
  const unwatch = watchRules({ gateway: serving.gateway, log, config, stamps, reread });
  // Before anybody is told that it is ready: who hears that may stop it at once.
  onStopSignals({
    stop: (signal) => {
      unwatch();
      log.logger.info({ signal }, 'stopping');
      void serving.close(GRACE_MS).then(() => process.exit(signal === 'SIGINT' ? EXIT.interrupted : EXIT.done));
    },
    abandon: () => serving.gateway.abandon(),
  });
  const servers = config.servers.map((server) => server.id);
  if (flags.json === true) {
    process.stdout.write(
      `${JSON.stringify({ version: 1, url: serving.url, admin: serving.adminUrl, servers, data: config.data })}\n`,
    );
  } else {
    for (const id of servers) process.stdout.write(`${serving.url}/mcp/${id}\n`);
    for (const { name, token } of config.grants)
      if (token.kind === 'file') process.stderr.write(`the token of the grant \`${name}\` is in ${token.path}\n`);
    process.stderr.write(`ready; health and metrics at ${serving.adminUrl}, data in ${config.data}\n`);
  }
}

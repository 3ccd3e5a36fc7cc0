import { Command } from 'commander';
import { checkRules } from '../app/rules.ts';
import { formatDiagnostic } from '../domain/diagnostic.ts';
import { boundsWritten } from '../platform/config/bounds.ts';
import type { Config } from '../platform/config/config.ts';
import { loadConfig } from '../platform/config/load.ts';
import { CommandEnd, EXIT } from './exit.ts';
import { DEFAULT_CONFIG } from './start.ts';

export function configCommand(): Command {
  const command = new Command('config')
    .description('Check a configuration, or print the one in force.')
    .addHelpText('after', '\nExample:\n  sallyport config check -c sallyport.yaml\n');
  command
    .command('check')
    .description('Every error and warning of the configuration and its policies. Exit code 1 where there is an error.')
    .option('-c, --config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'print {"version":1,"ok","errors","warnings"}')
    .addHelpText('after', '\nExample:\n  sallyport config check -c sallyport.yaml\n')
    .action(check);
  command
    .command('print')
    .description('Every value, secrets masked, with where it came from.')
    .option('-c, --config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'print {"version":1,"config":{...},"origin":{...}}')
    .addHelpText('after', '\nExample:\n  sallyport config print -c sallyport.yaml\n')
    .action(print);
  return command;
}

type Flags = { readonly config: string; readonly json?: true };

function check(flags: Flags): void {
  const loaded = loadConfig({ file: flags.config, flags: {}, env: process.env });
  const rules = loaded.kind === 'config' ? checkRules(loaded.config) : undefined;
  const errors = [
    ...(loaded.kind === 'invalid' ? loaded.errors : []),
    ...(rules?.kind === 'invalid' ? rules.errors : []),
  ];
  const warnings = [...loaded.warnings, ...(rules?.warnings ?? [])];
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify({ version: 1, ok: errors.length === 0, errors, warnings })}\n`);
  } else {
    for (const error of errors) process.stdout.write(`${formatDiagnostic(error)}\n`);
    for (const warning of warnings) process.stdout.write(`warning: ${formatDiagnostic(warning)}\n`);
    if (errors.length === 0) process.stdout.write(`${flags.config}: valid\n`);
  }
  if (errors.length > 0)
    throw new CommandEnd(EXIT.failed, `${errors.length} ${errors.length === 1 ? 'error' : 'errors'}`);
}

function print(flags: Flags): void {
  const loaded = loadConfig({ file: flags.config, flags: {}, env: process.env });
  if (loaded.kind === 'invalid') throw new CommandEnd(EXIT.failed, loaded.errors.map(formatDiagnostic).join('\n'));
  const { config } = loaded;
  const shown = masked(config);
  if (flags.json === true) {
    process.stdout.write(
      `${JSON.stringify({ version: 1, config: shown, origin: Object.fromEntries(config.origin) })}\n`,
    );
    return;
  }
  for (const [path, value] of lines(shown)) {
    process.stdout.write(`${path}: ${value}  # ${originOf(path, config.origin)}\n`);
  }
}

function masked(config: Config): Record<string, unknown> {
  const servers = Object.fromEntries(
    config.servers.map(({ id, transport, silenceMsMax }) => [
      id,
      transport.kind === 'child'
        ? {
            command: transport.command,
            args: transport.args.map((arg) => (config.secrets.has(arg) ? MASK : arg)),
            env: hidden(transport.env),
            cwd: transport.cwd,
            timeout: `${silenceMsMax} ms`,
          }
        : {
            url: urlWithoutSecrets(transport.url, config.secrets),
            headers: hidden(transport.headers),
            timeout: `${silenceMsMax} ms`,
          },
    ]),
  );
  const grants = Object.fromEntries(
    config.grants.map(({ name, token, servers: ids, policies, agent, groups }) => [
      name,
      {
        token: token.kind === 'file' ? `(in ${token.path})` : token.kind === 'none' ? 'none' : MASK,
        servers: ids,
        policy: policies,
        ...(agent === undefined ? {} : { agent }),
        ...(groups.length === 0 ? {} : { groups }),
      },
    ]),
  );
  return {
    listen: `${config.listen.host}:${config.listen.port}`,
    admin: `${config.admin.host}:${config.admin.port}`,
    hosts: config.hosts,
    origins: config.origins,
    data: config.data,
    storage: config.storage,
    limits: withoutPassword(config.limits),
    servers,
    grants,
    audit: { arguments: config.audit.arguments, keep: `${config.audit.keepMs / 86_400_000}d` },
    bounds: boundsWritten(config.bounds),
  };
}

const MASK = '********';

function urlWithoutSecrets(url: string, secrets: ReadonlySet<string>): string {
  return secrets.has(url) ? `${new URL(url).origin}/${MASK}` : withoutPassword(url);
}

function withoutPassword(limits: string): string {
  if (!URL.canParse(limits)) return limits;
  const url = new URL(limits);
  if (url.password !== '') url.password = MASK;
  return url.href;
}

function hidden(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.keys(record).map((key) => [key, MASK]));
}

function lines(value: unknown, path = ''): (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, member]) => lines(member, path === '' ? key : `${path}.${key}`));
}

function originOf(path: string, origin: Config['origin']): string {
  for (let at = path; at !== ''; at = at.includes('.') ? at.slice(0, at.lastIndexOf('.')) : '') {
    const found = origin.get(at);
    if (found !== undefined) return found;
  }
  return 'default';
}

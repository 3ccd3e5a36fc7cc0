import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../../domain/diagnostic.ts';
import { readYaml } from '../yaml-document.ts';
import { boundKeys, boundsOf } from './bounds.ts';
import type { Config, Endpoint, ServerConfig } from './config.ts';
import { ConfigSource, type Overrides } from './config-source.ts';
import { isLoopback, parseEndpoint } from './endpoint.ts';
import { readGrants } from './grants.ts';
import { originMeant } from './origin.ts';
import { configSchema } from './schema.ts';
import { fillIn, hasReference } from './secrets.ts';
import { readServer } from './servers.ts';

export type Loaded =
  | { readonly kind: 'config'; readonly config: Config; readonly warnings: readonly Diagnostic[] }
  | { readonly kind: 'invalid'; readonly errors: readonly Diagnostic[]; readonly warnings: readonly Diagnostic[] };

/** Reads a configuration file and what outranks it. `file`: its path as it was given; it stands so in messages. */
export function loadConfig({ file, flags, env }: { file: string; flags: Overrides; env: NodeJS.ProcessEnv }): Loaded {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (fault) {
    const code = (fault as NodeJS.ErrnoException).code ?? 'error';
    const error = {
      file,
      line: 1,
      column: 1,
      message: `cannot be read (${code})`,
      hint: 'name the configuration with -c FILE',
    };
    return { kind: 'invalid', errors: [error], warnings: [] };
  }
  const read = readYaml(file, text, configSchema);
  if ('errors' in read) return { kind: 'invalid', errors: read.errors, warnings: [] };
  const { value: written, document } = read;
  const source = new ConfigSource({ file, base: dirname(resolve(file)), written, document, flags, env });
  const config = readConfig(source, resolve(file));
  const { errors, warnings } = source;
  return errors.length > 0 ? { kind: 'invalid', errors, warnings } : { kind: 'config', config, warnings };
}

/** What is in force, where the source has no errors afterwards. */
function readConfig(source: ConfigSource, file: string): Config {
  const { written, base, origin, secrets } = source;
  const listen = readEndpoint(source, 'listen', '127.0.0.1:7420');
  const admin = readEndpoint(source, 'admin', '127.0.0.1:7421');
  const hosts = written.hosts ?? [];
  if (!isLoopback(listen.host) && hosts.length === 0) {
    source.error(
      ['listen'],
      '`listen` is not loopback and `hosts` is missing',
      'list the host names clients use, for example hosts: [gate.example.com]',
    );
  }
  if (!isLoopback(admin.host))
    source.error(['admin'], '`admin` must be loopback until logins exist', 'write admin: 127.0.0.1:7421');
  if (listen.port !== 0 && listen.port === admin.port && listen.host === admin.host)
    source.error(['admin'], '`admin` and `listen` are the same address', 'write admin: 127.0.0.1:7421');
  written.origins?.forEach((text, i) => {
    const meant = originMeant(text);
    if (meant === text.toLowerCase()) return;
    const hint = meant === undefined ? 'write scheme://host, for example https://app.example.com' : `write ${meant}`;
    source.error(['origins', i], `\`${text}\` is no origin as browsers send it`, hint);
  });
  const data = source.value('data', '.sallyport');
  // It would be the folder of the file itself.
  if (data === '') source.error(['data'], 'the data folder has no name', 'name one, for example data: .sallyport');
  const storage = source.value('storage', 'sqlite');
  if (storage !== 'sqlite')
    source.error(
      ['storage'],
      `the storage \`${scheme(storage)}\` is not supported yet`,
      'write storage: sqlite, or leave it out',
    );
  const limits = readLimits(source);
  const servers = Object.entries(written.servers ?? {}).map(([id, server]) => readServer(source, id, server));
  if (servers.length === 0)
    source.warn(['servers'], 'no server is named, so that nothing can be called', 'write one under `servers:`');
  const ids = servers.map(({ id }) => id);
  const grants = readGrants(source, ids, listen.host, resolve(base, data));
  const { audit } = written;
  const bounds = boundsOf(written.bounds);
  const note = (path: string, value: unknown) => origin.set(path, value === undefined ? 'default' : 'file');
  for (const key of ['arguments', 'keep'] as const) note(`audit.${key}`, audit?.[key]);
  for (const key of boundKeys(bounds)) note(`bounds.${key}`, written.bounds?.[key]);
  return {
    file,
    listen,
    admin,
    hosts,
    origins: written.origins ?? [],
    data: resolve(base, data),
    storage,
    limits,
    servers: servers.map(({ config }) => config).filter((config): config is ServerConfig => config !== undefined),
    grants,
    audit: { arguments: audit?.arguments ?? 'digest', keepMs: audit?.keep ?? KEEP_MS },
    bounds,
    origin,
    secrets,
  };
}

function readEndpoint(source: ConfigSource, key: 'listen' | 'admin', fallback: string): Endpoint {
  const text = source.value(key, fallback);
  const parsed = parseEndpoint(text);
  if (parsed !== undefined) return parsed;
  source.error([key], `\`${text}\` is no host:port`, `write ${key}: ${fallback}`);
  return { host: '127.0.0.1', port: 0 };
}

function readLimits(source: ConfigSource): string {
  const written = source.value('limits', 'storage');
  if (written === 'storage') return written;
  const url = fillIn(written, source.base, source.env);
  if ('missing' in url) {
    source.error(['limits'], url.missing, 'provide it, or take the reference out');
    return written;
  }
  const parsed = URL.parse(url.value);
  if (parsed === null || !LIMIT_STORES.includes(parsed.protocol) || parsed.hostname === '') {
    source.error(
      ['limits'],
      `\`${scheme(written)}\` names no limit store`,
      'write storage, redis://host:port or postgres://user@host/database',
    );
    return written;
  }
  if (parsed.password !== '' && !hasReference(written))
    source.warn(['limits'], 'this holds a password', 'keep it out of the file: ${env:NAME} or ${file:PATH}');
  return url.value;
}

function scheme(text: string): string {
  return text.split(':')[0] ?? text;
}

/** Protocols of the URLs that `limits` may name. */
const LIMIT_STORES: readonly string[] = ['redis:', 'rediss:', 'postgres:', 'postgresql:'];
export const KEEP_MS = 90 * 86_400_000;

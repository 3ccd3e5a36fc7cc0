import { resolve } from 'node:path';
import type { ServerConfig } from './config.ts';
import type { ConfigSource } from './config-source.ts';
import type { ConfigFile } from './schema.ts';

/** One server of the file; without `config` where what is written of it is wrong. */
export function readServer(
  source: ConfigSource,
  id: string,
  written: NonNullable<ConfigFile['servers']>[string],
): { id: string; config: ServerConfig | undefined } {
  const at = ['servers', id];
  const { command, url } = written;
  if ((command === undefined) === (url === undefined)) {
    source.error(
      at,
      `the server \`${id}\` needs either \`command\` or \`url\``,
      'a command is started as a child process, a url is called over HTTP',
    );
    return { id, config: undefined };
  }
  source.origin.set(`servers.${id}`, 'file');
  const silenceMsMax = written.timeout ?? SILENCE_MS;
  if (command !== undefined) {
    for (const key of ['headers', 'url'] as const) {
      if (written[key] !== undefined)
        source.error([...at, key], `\`${key}\` has no meaning beside \`command\``, 'take one of them out');
    }
    const args = (written.args ?? []).map((arg, i) => source.filled([...at, 'args', i], arg));
    const env = source.filledRecord([...at, 'env'], written.env ?? {});
    const cwd = resolve(source.base, written.cwd ?? '.');
    return { id, config: { id, transport: { kind: 'child', command, args, env, cwd }, silenceMsMax } };
  }
  for (const key of ['args', 'env', 'cwd'] as const) {
    if (written[key] !== undefined)
      source.error([...at, key], `\`${key}\` has no meaning beside \`url\``, 'take one of them out');
  }
  const filled = source.filled([...at, 'url'], url ?? '');
  const parsed = URL.canParse(filled) ? new URL(filled) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol) || parsed.username !== '' || parsed.password !== '') {
    source.error([...at, 'url'], 'no http or https URL without user and password', 'put credentials into `headers`');
  }
  const headers = source.filledRecord([...at, 'headers'], written.headers ?? {});
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      source.error(
        [...at, 'headers', name],
        `\`${name}\` is no valid HTTP header`,
        'a header has one line of visible characters',
      );
    } else if (OWN_HEADERS.has(name.toLowerCase()) || /^mcp-param-/i.test(name)) {
      source.error([...at, 'headers', name], `the header \`${name}\` is the gateway's own to set`, 'take it out');
    }
  }
  return { id, config: { id, transport: { kind: 'http', url: filled, headers }, silenceMsMax } };
}

/** What a request to a server is framed by, and what it says of the protocol. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'keep-alive',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const SILENCE_MS = 60_000;
export const TOTAL_MS_MAX = 600_000;

import { readFileSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { Diagnostic } from '../../domain/diagnostic.ts';
import { suggestion } from '../did-you-mean.ts';
import { readYaml, type SourceDocument } from '../yaml-document.ts';
import { type ConfigFile, configSchema } from './schema.ts';
import { fillIn, hasReference, looksSecret, soleFile } from './secrets.ts';

/** The configuration in force: every path absolute, every default filled in, secrets resolved. */
export type Config = {
  readonly file: string | undefined;
  readonly listen: Endpoint;
  readonly admin: Endpoint;
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  readonly data: string;
  readonly storage: string;
  readonly limits: string;
  readonly servers: readonly ServerConfig[];
  readonly grants: readonly GrantConfig[];
  readonly audit: { readonly arguments: 'digest' | 'full'; readonly keepMs: number };
  readonly bounds: Readonly<Record<keyof typeof BOUNDS, number>>;
  /** Where each value came from, by its path in the file. */
  readonly origin: ReadonlyMap<string, Origin>;
  /** Texts with a secret in them, as they are in force: never to be shown. */
  readonly secrets: ReadonlySet<string>;
};

export type Endpoint = { readonly host: string; readonly port: number };
export type Origin = 'flag' | 'environment' | 'file' | 'default';

export type ServerConfig = {
  readonly id: string;
  readonly transport:
    | {
        readonly kind: 'child';
        readonly command: string;
        readonly args: readonly string[];
        readonly env: Readonly<Record<string, string>>;
        readonly cwd: string;
      }
    | { readonly kind: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> };
  readonly silenceMsMax: number;
};

export type GrantConfig = {
  readonly name: string;
  readonly token:
    | { readonly kind: 'none' }
    | { readonly kind: 'value'; readonly value: string }
    /** Made on first start where the file is absent. */
    | { readonly kind: 'file'; readonly path: string };
  readonly servers: readonly string[];
  /** Absolute paths; empty: everything is refused. */
  readonly policies: readonly string[];
  readonly agent: string | undefined;
  readonly groups: readonly string[];
};

/** What outranks the file. */
export type Overrides = Partial<Record<'listen' | 'admin' | 'data' | 'storage' | 'limits', string>>;

export type Loaded =
  | { readonly kind: 'config'; readonly config: Config; readonly warnings: readonly Diagnostic[] }
  | { readonly kind: 'invalid'; readonly errors: readonly Diagnostic[]; readonly warnings: readonly Diagnostic[] };

export function loadConfig(options: {
  /** Path of the file, as it was given; it stands so in messages. */
  file: string;
  flags: Overrides;
  env: NodeJS.ProcessEnv;
}): Loaded {
  const { file } = options;
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
  return new Builder(file, read.value, read.document, options.flags, options.env).build();
}

class Builder {
  readonly #file: string;
  readonly #base: string;
  readonly #written: ConfigFile;
  readonly #document: SourceDocument;
  readonly #flags: Overrides;
  readonly #env: NodeJS.ProcessEnv;
  readonly #errors: Diagnostic[] = [];
  readonly #warnings: Diagnostic[] = [];
  readonly #origin = new Map<string, Origin>();
  readonly #secrets = new Set<string>();
  /** Which grant has a token. */
  readonly #tokens = new Map<string, string>();

  constructor(file: string, written: ConfigFile, document: SourceDocument, flags: Overrides, env: NodeJS.ProcessEnv) {
    this.#file = file;
    this.#base = dirname(resolve(file));
    this.#written = written;
    this.#document = document;
    this.#flags = flags;
    this.#env = env;
  }

  build(): Loaded {
    const listen = this.#endpoint('listen', '127.0.0.1:7420');
    const admin = this.#endpoint('admin', '127.0.0.1:7421');
    const hosts = this.#written.hosts ?? [];
    if (!isLoopback(listen.host) && hosts.length === 0) {
      this.#error(
        ['listen'],
        '`listen` is not loopback and `hosts` is missing',
        'list the host names clients use, for example hosts: [gate.example.com]',
      );
    }
    if (!isLoopback(admin.host))
      this.#error(['admin'], '`admin` must be loopback until logins exist', 'write admin: 127.0.0.1:7421');
    if (listen.port !== 0 && listen.port === admin.port && listen.host === admin.host)
      this.#error(['admin'], '`admin` and `listen` are the same address', 'write admin: 127.0.0.1:7421');
    this.#written.origins?.forEach((origin, i) => {
      const meant = originMeant(origin);
      if (meant === origin.toLowerCase()) return;
      const hint = meant === undefined ? 'write scheme://host, for example https://app.example.com' : `write ${meant}`;
      this.#error(['origins', i], `\`${origin}\` is no origin as browsers send it`, hint);
    });
    const data = this.#value('data', '.sallyport');
    // It would be the folder of the file itself.
    if (data === '') this.#error(['data'], 'the data folder has no name', 'name one, for example data: .sallyport');
    const storage = this.#value('storage', 'sqlite');
    if (storage !== 'sqlite')
      this.#error(
        ['storage'],
        `the storage \`${scheme(storage)}\` is not supported yet`,
        'write storage: sqlite, or leave it out',
      );
    const limits = this.#limits();
    const servers = Object.entries(this.#written.servers ?? {}).map(([id, server]) => this.#server(id, server));
    if (servers.length === 0)
      this.#place(
        this.#warnings,
        ['servers'],
        'no server is named, so that nothing can be called',
        'write one under `servers:`',
      );
    const grants = this.#grants(
      servers.map((server) => server.id),
      listen.host,
      resolve(this.#base, data),
    );
    const { audit, bounds } = this.#written;
    for (const [path, value] of Object.entries({
      'audit.arguments': audit?.arguments,
      'audit.keep': audit?.keep,
      ...Object.fromEntries(BOUND_KEYS.map((key) => [`bounds.${key}`, bounds?.[key]])),
    })) {
      this.#origin.set(path, value === undefined ? 'default' : 'file');
    }
    if (this.#errors.length > 0) return { kind: 'invalid', errors: this.#errors, warnings: this.#warnings };
    return {
      kind: 'config',
      warnings: this.#warnings,
      config: {
        file: resolve(this.#file),
        listen,
        admin,
        hosts,
        origins: this.#written.origins ?? [],
        data: resolve(this.#base, data),
        storage,
        limits,
        servers: servers.filter((server) => server.config !== undefined).map((server) => server.config as ServerConfig),
        grants,
        audit: { arguments: audit?.arguments ?? 'digest', keepMs: audit?.keep ?? KEEP_MS },
        bounds: {
          bodyBytesMax: bounds?.body ?? BOUNDS.bodyBytesMax,
          headerBytesMax: bounds?.header ?? BOUNDS.headerBytesMax,
          responseBytesMax: bounds?.response ?? BOUNDS.responseBytesMax,
          unreadBytesMax: bounds?.unread ?? BOUNDS.unreadBytesMax,
          idleMsMax: bounds?.idle ?? BOUNDS.idleMsMax,
          sessionsMax: bounds?.sessions ?? BOUNDS.sessionsMax,
          streamsMax: bounds?.streams ?? BOUNDS.streamsMax,
          callsMax: bounds?.calls ?? BOUNDS.callsMax,
          childrenMax: bounds?.children ?? BOUNDS.childrenMax,
        },
        origin: this.#origin,
        secrets: this.#secrets,
      },
    };
  }

  #value(key: 'listen' | 'admin' | 'data' | 'storage' | 'limits', fallback: string): string {
    const flag = this.#flags[key];
    const environment = this.#env[variable(key)];
    const file = this.#written[key];
    this.#origin.set(
      key,
      flag !== undefined ? 'flag' : environment !== undefined ? 'environment' : file !== undefined ? 'file' : 'default',
    );
    return flag ?? environment ?? file ?? fallback;
  }

  #limits(): string {
    const written = this.#value('limits', 'storage');
    if (written === 'storage') return written;
    const url = fillIn(written, this.#base, this.#env);
    if ('missing' in url) this.#error(['limits'], url.missing, 'provide it, or take the reference out');
    else if (
      !URL.canParse(url.value) ||
      !LIMIT_STORES.includes(new URL(url.value).protocol) ||
      new URL(url.value).hostname === ''
    )
      this.#error(
        ['limits'],
        `\`${scheme(written)}\` names no limit store`,
        'write storage, redis://host:port or postgres://user@host/database',
      );
    else {
      if (new URL(url.value).password !== '' && !hasReference(written))
        this.#place(
          this.#warnings,
          ['limits'],
          'this holds a password',
          'keep it out of the file: ${env:NAME} or ${file:PATH}',
        );
      return url.value;
    }
    return written;
  }

  #endpoint(key: 'listen' | 'admin', fallback: string): Endpoint {
    const text = this.#value(key, fallback);
    const parsed = parseEndpoint(text);
    if (parsed !== undefined) return parsed;
    this.#error([key], `\`${text}\` is no host:port`, `write ${key}: ${fallback}`);
    return { host: '127.0.0.1', port: 0 };
  }

  #server(
    id: string,
    written: NonNullable<ConfigFile['servers']>[string],
  ): { id: string; config: ServerConfig | undefined } {
    const at = ['servers', id];
    const { command, url } = written;
    if ((command === undefined) === (url === undefined)) {
      this.#error(
        at,
        `the server \`${id}\` needs either \`command\` or \`url\``,
        'a command is started as a child process, a url is called over HTTP',
      );
      return { id, config: undefined };
    }
    this.#origin.set(`servers.${id}`, 'file');
    const silenceMsMax = written.timeout ?? SILENCE_MS;
    if (command !== undefined) {
      for (const key of ['headers', 'url'] as const) {
        if (written[key] !== undefined)
          this.#error([...at, key], `\`${key}\` has no meaning beside \`command\``, 'take one of them out');
      }
      const args = (written.args ?? []).map((arg, i) => this.#filled([...at, 'args', i], arg));
      const env = this.#filledRecord([...at, 'env'], written.env ?? {});
      const cwd = resolve(this.#base, written.cwd ?? '.');
      return { id, config: { id, transport: { kind: 'child', command, args, env, cwd }, silenceMsMax } };
    }
    for (const key of ['args', 'env', 'cwd'] as const) {
      if (written[key] !== undefined)
        this.#error([...at, key], `\`${key}\` has no meaning beside \`url\``, 'take one of them out');
    }
    const filled = this.#filled([...at, 'url'], url ?? '');
    const parsed = URL.canParse(filled) ? new URL(filled) : undefined;
    if (
      parsed === undefined ||
      !/^https?:$/.test(parsed.protocol) ||
      parsed.username !== '' ||
      parsed.password !== ''
    ) {
      this.#error([...at, 'url'], 'no http or https URL without user and password', 'put credentials into `headers`');
    }
    const headers = this.#filledRecord([...at, 'headers'], written.headers ?? {});
    for (const [name, value] of Object.entries(headers)) {
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value)) {
        this.#error(
          [...at, 'headers', name],
          `\`${name}\` is no valid HTTP header`,
          'a header has one line of visible characters',
        );
      } else if (OWN_HEADERS.has(name.toLowerCase()) || /^mcp-param-/i.test(name)) {
        this.#error([...at, 'headers', name], `the header \`${name}\` is the gateway's own to set`, 'take it out');
      }
    }
    return { id, config: { id, transport: { kind: 'http', url: filled, headers }, silenceMsMax } };
  }

  #grants(serverIds: readonly string[], listenHost: string, data: string): GrantConfig[] {
    const written = this.#written.grants;
    if (written === undefined) {
      this.#origin.set('grants', 'default');
      return [
        {
          name: 'local',
          token: { kind: 'file', path: resolve(data, 'local.token') },
          servers: serverIds,
          policies: this.#policies(this.#written.policy),
          agent: undefined,
          groups: [],
        },
      ];
    }
    if (this.#written.policy !== undefined) {
      this.#error(
        ['policy'],
        'a top-level `policy` has no meaning beside `grants`',
        'write it into each grant it is meant for',
      );
    }
    return Object.entries(written).map(([name, grant]) => {
      const at = ['grants', name];
      this.#origin.set(`grants.${name}`, 'file');
      grant.servers.forEach((server, i) => {
        if (serverIds.includes(server)) return;
        const hint = suggestion(server, serverIds) ?? `servers here: ${serverIds.join(', ') || 'none'}`;
        this.#error([...at, 'servers', i], `there is no server \`${server}\``, hint);
      });
      return {
        name,
        token: this.#token(at, name, grant.token, listenHost, data),
        servers: grant.servers,
        policies: this.#policies(grant.policy),
        agent: grant.agent,
        groups: grant.groups ?? [],
      };
    });
  }

  #token(
    at: readonly string[],
    name: string,
    written: string | undefined,
    listenHost: string,
    data: string,
  ): GrantConfig['token'] {
    if (written === undefined) return { kind: 'file', path: resolve(data, `${name}.token`) };
    if (written === 'none') {
      const twin = this.#tokens.get('none');
      if (twin !== undefined) this.#sameToken(at, name, twin);
      this.#tokens.set('none', name);
      if (isLoopback(listenHost)) return { kind: 'none' };
      this.#error(
        [...at, 'token'],
        '`token: none` is accepted only while `listen` is loopback',
        'name a token, for example ${file:desk.token}',
      );
      return { kind: 'none' };
    }
    const file = soleFile(written);
    if (file !== undefined) return { kind: 'file', path: resolve(this.#base, file) };
    const value = this.#filled([...at, 'token'], written);
    const twin = this.#tokens.get(value);
    if (value !== '' && twin !== undefined) this.#sameToken(at, name, twin);
    this.#tokens.set(value, name);
    if (value !== '' && !isToken(value)) {
      this.#error(
        [...at, 'token'],
        'a token has at least 32 visible ASCII characters',
        'leave `token` out and one is made',
      );
    }
    return { kind: 'value', value };
  }

  #sameToken(at: readonly string[], name: string, twin: string): void {
    this.#error(
      [...at, 'token'],
      `the grants \`${twin}\` and \`${name}\` have the same token`,
      'a token names one grant; leave `token` out and one is made',
    );
  }

  #policies(written: string | readonly string[] | undefined): string[] {
    const list = written === undefined ? [] : typeof written === 'string' ? [written] : written;
    return list.map((path) => resolve(this.#base, path));
  }

  #filledRecord(at: readonly (string | number)[], record: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, this.#filled([...at, key], value)]));
  }

  #filled(at: readonly (string | number)[], text: string): string {
    const isLiteral = looksSecret(String(at.at(-1)), text);
    if (isLiteral && at.at(-1) !== 'url') {
      this.#place(
        this.#warnings,
        at,
        'this looks like a secret',
        'keep it out of the file: ${env:NAME} or ${file:PATH}',
      );
    }
    const filled = fillIn(text, this.#base, this.#env);
    if ('value' in filled) {
      if (isLiteral || hasReference(text)) this.#secrets.add(filled.value);
      return filled.value;
    }
    this.#error(at, filled.missing, 'provide it, or take the reference out');
    return '';
  }

  #error(at: readonly (string | number)[], message: string, hint: string): void {
    this.#place(this.#errors, at, message, hint);
  }

  #place(to: Diagnostic[], at: readonly (string | number)[], message: string, hint: string): void {
    const { line, column } = this.#document.locate(at, 'value');
    to.push({ file: this.#file, line, column, message: `${message}${this.#elsewhere(at)}`, hint });
  }

  /** Where a value came from that outranks the one of the file. */
  #elsewhere([key, ...more]: readonly (string | number)[]): string {
    if (typeof key !== 'string' || more.length > 0) return '';
    switch (this.#origin.get(key)) {
      case 'flag':
        return ` (from --${key})`;
      case 'environment':
        return ` (from ${variable(key)})`;
      default:
        return '';
    }
  }
}

export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:/]+):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) return undefined;
  return { host: (match[1] ?? '').replace(/^\[|\]$/g, ''), port };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.[0-9]{1,3}){3}$/.test(host);
}

/** The origin a text means: without path, without the port its scheme has anyway. Undefined where it means none. */
function originMeant(text: string): string | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s*]+\/?$/i.test(text) || !URL.canParse(text)) return undefined;
  const { origin } = new URL(text);
  // Of schemes a browser does not fetch by (extensions, editors) URL knows no origin: they are their scheme and host.
  return origin === 'null' ? text.toLowerCase().replace(/\/$/, '') : origin;
}

export function isToken(text: string): boolean {
  return /^[\x21-\x7e]{32,4096}$/.test(text);
}

/** Where a gateway without a configuration file keeps its data. */
function variable(key: string): string {
  return `SALLYPORT_${key.toUpperCase()}`;
}

export function defaultDataFolder(env: NodeJS.ProcessEnv): string {
  if (platform() === 'darwin') return resolve(homedir(), 'Library', 'Application Support', 'sallyport');
  if (platform() === 'win32') return resolve(env['LOCALAPPDATA'] ?? homedir(), 'sallyport');
  const state = env['XDG_STATE_HOME'];
  // One that is not absolute is to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
  return resolve(state !== undefined && isAbsolute(state) ? state : resolve(homedir(), '.local', 'state'), 'sallyport');
}

function scheme(text: string): string {
  return text.split(':')[0] ?? text;
}

/** What is held at once, by its key in `bounds:`; `children` are those of one server. */
export const BOUNDS = {
  bodyBytesMax: 4 * 1024 * 1024,
  headerBytesMax: 16 * 1024,
  responseBytesMax: 16 * 1024 * 1024,
  unreadBytesMax: 1024 * 1024,
  /** Of connections without a request, and of a request until its body has come. */
  idleMsMax: 300_000,
  sessionsMax: 10_000,
  streamsMax: 1_024,
  callsMax: 1_000,
  childrenMax: 16,
} as const;
const BOUND_KEYS = [
  'body',
  'header',
  'response',
  'unread',
  'idle',
  'sessions',
  'streams',
  'calls',
  'children',
] as const;
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
/** Protocols of the URLs that `limits` may name. */
const LIMIT_STORES: readonly string[] = ['redis:', 'rediss:', 'postgres:', 'postgresql:'];
const SILENCE_MS = 60_000;
const KEEP_MS = 90 * 86_400_000;
export const TOTAL_MS_MAX = 600_000;

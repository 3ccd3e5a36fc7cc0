/**
 * What the environment and the command line ask for, read once and checked at the edge.
 * A wrong value stops the start with the name of the setting and the way out; nothing is guessed where money is at stake.
 */
import { readFileSync, statSync } from 'node:fs';
import { type Decimal, decimal, isPositive } from './decimal.ts';
import { chooseLanguage, type Language } from './language.ts';

export type Mode = 'paper' | 'testnet' | 'demo' | 'live';

export interface Keys {
  readonly key: string;
  readonly secret: string;
}

export interface Guards {
  /** Mutating tools refuse; dry runs stay possible. */
  readonly readOnly: boolean;
  /** The largest notional of one order that opens risk, in the quote asset. */
  readonly notionalMax: Decimal | undefined;
  /** The only symbols that mutating tools touch. */
  readonly symbols: ReadonlySet<string> | undefined;
}

export interface Settings {
  readonly mode: Mode;
  readonly language: Language;
  readonly guards: Guards;
  readonly aliases: boolean;
  /** An origin without trailing slash, paper mode only. */
  readonly exchange: string | undefined;
  /** Folder of the embedded paper exchange; in memory without it. */
  readonly paperData: string | undefined;
  /** Keys of the one identity of stdio, and of HTTP without a keys file. */
  readonly keys: Keys | undefined;
  /** HTTP: bearer token to keys. Absent without a keys file. */
  readonly tokens: ReadonlyMap<string, Keys | undefined> | undefined;
  /** HTTP: bearer token of the one identity, from BINANCE_MCP_TOKEN; made at start where absent. */
  readonly token: string | undefined;
  readonly http: { readonly port: number } | undefined;
}

/** A setting that cannot be used. The message says which and what to write instead. */
export class SettingError extends Error {}

export const usage = `usage: node mcp-server/main.ts [--http PORT] [--exchange URL]

  --http PORT      streamable HTTP on 127.0.0.1:PORT (0 picks a free one) instead of stdio
  --exchange URL   paper mode on that paper exchange (loopback only) instead of the embedded one
  --help

Everything else is set by environment: BINANCE_MCP_MODE=paper|testnet|demo|live, BINANCE_API_KEY, BINANCE_API_SECRET,
BINANCE_MCP_KEYS_FILE, BINANCE_MCP_LIVE, BINANCE_MCP_LANG=en|zh, BINANCE_MCP_READONLY, BINANCE_MCP_MAX_NOTIONAL,
BINANCE_MCP_SYMBOLS, BINANCE_MCP_PAPER_DATA, BINANCE_MCP_TOKEN, BINANCE_README_ALIASES. See README.md.
`;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * @param argv arguments without node and script
 * @throws SettingError naming the setting
 */
export function readSettings(argv: readonly string[], env: Env): Settings {
  const flags = readFlags(argv);
  const mode = oneOf('BINANCE_MCP_MODE', text(env['BINANCE_MCP_MODE']) ?? 'paper', [
    'paper',
    'testnet',
    'demo',
    'live',
  ] as const);
  if (flags.exchange !== undefined && mode !== 'paper') {
    throw new SettingError(
      `--exchange: only paper mode takes another exchange, and BINANCE_MCP_MODE is \`${mode}\`; leave one of them out`,
    );
  }
  const file = text(env['BINANCE_MCP_KEYS_FILE']);
  const stored = file === undefined ? undefined : readKeysFile(file, mode);
  const keys = keysFromEnv(env) ?? stored?.single;
  if (mode === 'live') {
    if (env['BINANCE_MCP_LIVE'] !== 'yes-real-money') {
      throw new SettingError(
        'BINANCE_MCP_MODE=live trades real money; set BINANCE_MCP_LIVE=yes-real-money as well, or use paper, testnet or demo',
      );
    }
    if (keys === undefined && stored?.tokens === undefined) {
      throw new SettingError(
        'BINANCE_MCP_MODE=live needs keys: set BINANCE_API_KEY and BINANCE_API_SECRET, or BINANCE_MCP_KEYS_FILE',
      );
    }
  }
  if (flags.http === undefined && keys === undefined && stored?.tokens !== undefined) {
    throw new SettingError(
      `BINANCE_MCP_KEYS_FILE: \`${file}\` maps tokens to keys, which is for --http; stdio needs {"key", "secret"}`,
    );
  }
  return {
    mode,
    language: language(env),
    guards: {
      readOnly: flag('BINANCE_MCP_READONLY', env['BINANCE_MCP_READONLY']),
      notionalMax: notional(env['BINANCE_MCP_MAX_NOTIONAL']),
      symbols: symbols(env['BINANCE_MCP_SYMBOLS']),
    },
    aliases: flag('BINANCE_README_ALIASES', env['BINANCE_README_ALIASES']),
    exchange: flags.exchange,
    paperData: text(env['BINANCE_MCP_PAPER_DATA']),
    keys,
    tokens: stored?.tokens,
    token: bearer(text(env['BINANCE_MCP_TOKEN'])),
    http: flags.http === undefined ? undefined : { port: flags.http },
  };
}

/** Settings that are set and that nothing looks at: no mistake, but somebody may count on them. */
export function notUsed(settings: Settings): readonly string[] {
  const lines: string[] = [];
  if (settings.tokens !== undefined && settings.token !== undefined)
    lines.push('BINANCE_MCP_TOKEN is set and not used: the keys file names the tokens');
  if (settings.tokens !== undefined && settings.http !== undefined && settings.keys !== undefined)
    lines.push('BINANCE_API_KEY is set and not used: the keys file says whose keys each token has');
  if (settings.paperData !== undefined && (settings.mode !== 'paper' || settings.exchange !== undefined))
    lines.push('BINANCE_MCP_PAPER_DATA is set and not used: it is for the embedded paper exchange');
  return lines;
}

function readFlags(argv: readonly string[]): { http: number | undefined; exchange: string | undefined } {
  let httpPort: number | undefined;
  let exchange: string | undefined;
  for (let i = 0; i < argv.length; i++) {
    const [name = '', inline] = (argv[i] ?? '').split(/=(.*)/s, 2);
    const value = (): string => {
      const next = inline ?? argv[++i];
      if (next === undefined) throw new SettingError(`${name}: a value is missing\n\n${usage}`);
      return next;
    };
    switch (name) {
      case '--http':
        httpPort = port(value());
        break;
      case '--exchange':
        exchange = loopbackOrigin(value());
        break;
      default:
        throw new SettingError(`unknown argument \`${argv[i]}\`\n\n${usage}`);
    }
  }
  return { http: httpPort, exchange };
}

function port(value: string): number {
  const number = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= 0 && number <= 65_535)) throw new SettingError(`--http: \`${value}\` is not a port; use 0 to 65535`);
  return number;
}

/** Only this machine may call itself a paper exchange: a Binance host needs its mode, so that nobody trades there by accident. */
export function loopbackOrigin(value: string): string {
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw new SettingError(`--exchange: \`${value}\` is not a URL; write for example http://127.0.0.1:9443`);
  }
  const host = url.hostname;
  const loopback = host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
  if (!loopback) {
    throw new SettingError(
      `--exchange: \`${host}\` is not this machine; a paper exchange listens on loopback, and Binance hosts are chosen by BINANCE_MCP_MODE=testnet, demo or live`,
    );
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new SettingError(`--exchange: \`${url.protocol}\` is not http`);
  if (url.username !== '' || url.password !== '' || url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new SettingError(`--exchange: \`${value}\` must be an origin only, such as ${url.origin}`);
  }
  return url.origin;
}

function keysFromEnv(env: Env): Keys | undefined {
  const key = text(env['BINANCE_API_KEY']);
  const secret = text(env['BINANCE_API_SECRET']);
  if (key === undefined && secret === undefined) return undefined;
  if (key === undefined)
    throw new SettingError('BINANCE_API_SECRET is set without BINANCE_API_KEY; set both or neither');
  if (secret === undefined)
    throw new SettingError('BINANCE_API_KEY is set without BINANCE_API_SECRET; set both or neither');
  return { key, secret };
}

interface Stored {
  readonly single: Keys | undefined;
  readonly tokens: ReadonlyMap<string, Keys | undefined> | undefined;
}

/** `{"key","secret"}`, or for HTTP `{"<token>": {"key","secret"}}`; in paper mode a token's entry may be `{}`. Never echoed. */
function readKeysFile(path: string, mode: Mode): Stored {
  const where = `BINANCE_MCP_KEYS_FILE: \`${path}\``;
  let value: unknown;
  try {
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
      throw new SettingError(`${where} is readable by others; run chmod 600 on it`);
    }
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof SettingError) throw error;
    // The parser's own message quotes the text around the error, which may be a secret.
    throw new SettingError(
      error instanceof SyntaxError
        ? `${where} is not JSON`
        : `${where} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SettingError(`${where} must hold one JSON object`);
  const single = asKeys(value);
  if (single !== undefined) return { single, tokens: undefined };
  const tokens = new Map<string, Keys | undefined>();
  for (const [token, entry] of Object.entries(value as Record<string, unknown>)) {
    bearer(token, `${where}, entry ${tokens.size + 1}`);
    const keys = asKeys(entry);
    const isEmpty = typeof entry === 'object' && entry !== null && Object.keys(entry).length === 0;
    if (keys === undefined && !(mode === 'paper' && isEmpty)) {
      throw new SettingError(`${where}, entry ${tokens.size + 1} must be {"key": "...", "secret": "..."}`);
    }
    tokens.set(token, keys);
  }
  if (tokens.size === 0) throw new SettingError(`${where} holds no keys`);
  return { single: undefined, tokens };
}

function asKeys(value: unknown): Keys | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const key: unknown = Reflect.get(value, 'key');
  const secret: unknown = Reflect.get(value, 'secret');
  return typeof key === 'string' && key !== '' && typeof secret === 'string' && secret !== ''
    ? { key, secret }
    : undefined;
}

function bearer<T extends string | undefined>(token: T, where = 'BINANCE_MCP_TOKEN'): T {
  if (token !== undefined && !/^[\x21-\x7e]{32,512}$/.test(token)) {
    throw new SettingError(
      `${where}: a bearer token is 32 to 512 visible ASCII characters, for example from \`openssl rand -hex 32\``,
    );
  }
  return token;
}

function language(env: Env): Language {
  try {
    return chooseLanguage(env);
  } catch (error) {
    throw new SettingError(error instanceof Error ? error.message : 'BINANCE_MCP_LANG: use `en` or `zh`');
  }
}

function text(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw new SettingError(`${name}: \`${value}\` is not one of ${allowed.join(', ')}`);
  return found;
}

/** A switch that is neither on nor off is an error: `READONLY=ture` must not open the desk. */
function flag(name: string, value: string | undefined): boolean {
  const given = text(value)?.toLowerCase();
  if (given === undefined || given === '0' || given === 'false' || given === 'no') return false;
  if (given === '1' || given === 'true' || given === 'yes') return true;
  throw new SettingError(`${name}: \`${value}\` is neither 1 nor 0`);
}

function notional(value: string | undefined): Decimal | undefined {
  const given = text(value);
  if (given === undefined) return undefined;
  try {
    const limit = decimal(given);
    if (isPositive(limit)) return limit;
  } catch {
    // answered below, together with zero and negative amounts
  }
  throw new SettingError(`BINANCE_MCP_MAX_NOTIONAL: \`${given}\` is not a positive amount such as 1000`);
}

function symbols(value: string | undefined): ReadonlySet<string> | undefined {
  const given = text(value);
  if (given === undefined) return undefined;
  const list = given.split(',').map((each) => each.trim());
  const wrong = list.find((each) => !/^[A-Z0-9_]{2,30}$/.test(each));
  if (wrong !== undefined)
    throw new SettingError(`BINANCE_MCP_SYMBOLS: \`${wrong}\` is not a symbol; write for example BTCUSDT,ETHUSDT`);
  return new Set(list);
}

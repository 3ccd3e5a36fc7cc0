/** Where the trading happens: the hosts of the mode, or a paper exchange, and who has which account there. */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Account, type ExchangeUrls, openAccount } from './exchange/account.ts';
import { ExchangeFault } from './exchange/fault.ts';
import { keepPace } from './exchange/pace.ts';
import type { Keys, Mode, Settings } from './settings.ts';

export interface Venue {
  /** Known once the venue is open; for paper mode the exchange's origin. */
  urls(): Readonly<Record<string, string | undefined>>;
  /**
   * The account of an HTTP caller's token, or of the one identity when `token` is absent.
   * @throws ExchangeFault when the paper exchange cannot be started or reached
   */
  account(token?: string): Promise<Account>;
  /** Starts what the first call would wait for. */
  warm(): void;
  close(): Promise<void>;
}

const hosts: Record<Exclude<Mode, 'paper'>, ExchangeUrls> = {
  testnet: {
    spot: 'https://testnet.binance.vision',
    futures: 'https://testnet.binancefuture.com',
    portfolio: undefined,
  },
  demo: { spot: 'https://demo-api.binance.com', futures: 'https://demo-fapi.binance.com', portfolio: undefined },
  live: { spot: 'https://api.binance.com', futures: 'https://fapi.binance.com', portfolio: 'https://papi.binance.com' },
};

/** Accounts that one process keeps open; each costs a few connections. */
const accountsMax = 1000;

interface Site {
  readonly urls: ExchangeUrls;
  keysFor(token: string | undefined): Promise<Keys | undefined>;
  close(): Promise<void>;
}

export function openVenue(settings: Settings, log: (line: string) => void): Venue {
  let site: Promise<Site> | undefined;
  const accounts = new Map<string | undefined, Promise<Account>>();
  const pace = keepPace(Date.now);

  const open = (): Promise<Site> => {
    site ??= openSite(settings, log).catch((error: unknown) => {
      site = undefined; // the next call tries again: an exchange that is started late is found
      if (error instanceof ExchangeFault) throw error;
      throw new ExchangeFault({
        kind: 'not-sent',
        message: `the paper exchange did not start: ${error instanceof Error ? error.message : 'unknown error'}`,
      });
    });
    return site;
  };

  function account(token?: string): Promise<Account> {
    const known = accounts.get(token);
    if (known !== undefined) return known;
    if (accounts.size >= accountsMax) {
      return Promise.reject(
        new ExchangeFault({ kind: 'rate-limited', message: `more than ${accountsMax} accounts are open` }),
      );
    }
    const fresh = open().then(async (where) =>
      openAccount({ urls: where.urls, keys: await where.keysFor(token), pace }),
    );
    accounts.set(token, fresh);
    fresh.catch(() => accounts.delete(token)); // not kept: the caller sees the error, the next call tries again
    return fresh;
  }

  let urls: Readonly<Record<string, string | undefined>> = {};
  return {
    urls: () => urls,
    account: async (token) => {
      const found = await account(token);
      urls = { ...(await open()).urls };
      return found;
    },
    warm: () => {
      if (settings.tokens !== undefined) return; // whose account is first is not known yet
      account()
        .then((first) => first.warm())
        .catch((error: unknown) =>
          log(`the exchange is not reachable yet: ${error instanceof Error ? error.message : 'unknown error'}`),
        );
    },
    close: async () => {
      for (const each of accounts.values()) (await each.catch(() => undefined))?.close();
      if (site !== undefined) await (await site.catch(() => undefined))?.close();
    },
  };
}

async function openSite(settings: Settings, log: (line: string) => void): Promise<Site> {
  // A token has its own keys or none; never the operator's.
  const own = (token: string | undefined): Keys | undefined =>
    token === undefined ? settings.keys : settings.tokens?.get(token);
  if (settings.mode !== 'paper') {
    return {
      urls: hosts[settings.mode],
      keysFor: (token) => Promise.resolve(own(token)),
      close: () => Promise.resolve(),
    };
  }
  if (settings.exchange !== undefined) {
    const url = settings.exchange;
    return {
      urls: everything(url),
      keysFor: async (token) => own(token) ?? createAccount(url),
      close: () => Promise.resolve(),
    };
  }
  if (settings.keys !== undefined) log('API keys are set and not used: the embedded paper exchange makes its own');
  return embedded(settings);
}

function everything(url: string): ExchangeUrls {
  return { spot: url, futures: url, portfolio: url };
}

async function embedded(settings: Settings): Promise<Site> {
  const { startExchange } = await import('../paper-exchange/index.ts');
  const exchange = await startExchange(settings.paperData === undefined ? {} : { data: settings.paperData });
  const book = accountBook(settings.paperData);
  return {
    urls: everything(exchange.url),
    keysFor: (token) => {
      if (token === undefined) return Promise.resolve({ key: exchange.key, secret: exchange.secret });
      const known = book.get(token);
      if (known !== undefined) return Promise.resolve(known);
      const { key, secret } = exchange.createAccount();
      book.set(token, { key, secret });
      return Promise.resolve({ key, secret });
    },
    close: async () => {
      await exchange.close();
    },
  };
}

/** A fresh account on another paper exchange, through its loopback control plane. */
async function createAccount(url: string): Promise<Keys> {
  let response: Response;
  try {
    response = await fetch(new URL('/paper/v1/accounts', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      redirect: 'error',
    });
  } catch {
    throw new ExchangeFault({ kind: 'not-sent', message: `no paper exchange answers at ${url}` });
  }
  const made: unknown = await response.json().catch(() => undefined);
  const key: unknown = typeof made === 'object' && made !== null ? Reflect.get(made, 'key') : undefined;
  const secret: unknown = typeof made === 'object' && made !== null ? Reflect.get(made, 'secret') : undefined;
  if (!response.ok || typeof key !== 'string' || typeof secret !== 'string') {
    throw new ExchangeFault({
      kind: 'not-sent',
      message: `${url} is no paper exchange (HTTP ${response.status} to /paper/v1/accounts); set BINANCE_API_KEY and BINANCE_API_SECRET of an account there`,
    });
  }
  return { key, secret };
}

interface AccountBook {
  get(token: string): Keys | undefined;
  set(token: string, keys: Keys): void;
}

/** Which paper account belongs to which token, kept beside the exchange's own data; tokens are stored as digests. */
function accountBook(folder: string | undefined): AccountBook {
  const path = folder === undefined ? undefined : join(folder, 'mcp-accounts.json');
  const digest = (token: string): string => createHash('sha256').update(token).digest('hex');
  let known: Record<string, Keys> = {};
  try {
    if (path !== undefined) known = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Keys>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return {
    get: (token) => known[digest(token)],
    set: (token, keys) => {
      known[digest(token)] = keys;
      if (path === undefined) return;
      writeFileSync(`${path}.new`, JSON.stringify(known), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
  };
}

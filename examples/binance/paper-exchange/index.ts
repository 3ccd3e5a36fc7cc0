/** The paper exchange as a library: starts one on a port of its own and hands back how to reach it. */

import type { AddressInfo } from 'node:net';
import { control } from './api/control.ts';
import type { Exchange } from './api/exchange.ts';
import { Params } from './api/params.ts';
import { createHttpServer } from './api/server.ts';
import { attachStream } from './api/stream.ts';
import type { AccountKind } from './engine/state.ts';
import { createRuntime, type Runtime } from './runtime.ts';

export interface ExchangeOptions {
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Directory that keeps the exchange across restarts; absent: memory only. */
  readonly data?: string;
  /** Of the price path, 0 to 2147483647. Default 1. Ignored when `data` holds an exchange already. */
  readonly seed?: number;
  readonly log?: (line: string) => void;
  /** False: no request weights and no order rates. Default true. */
  readonly limits?: boolean;
  /** True: order replies without `avgPrice` and `cumQuote`. Default false. */
  readonly strict?: boolean;
  /** The first order id; above 2^53 to try clients that round. */
  readonly firstOrderId?: bigint;
}

export interface Credentials {
  readonly key: string;
  readonly secret: string;
}

/** A running exchange; `key` and `secret` are its first account's, classic and funded. */
export interface PaperExchange extends Credentials {
  /** `http://127.0.0.1:PORT`, no trailing slash. */
  readonly url: string;
  createAccount(options?: { kind?: AccountKind }): Credentials;
  close(): Promise<void>;
}

const SEED_DEFAULT = 1;
const HEARTBEAT_MS = 1_000;

/** Starts an exchange with one funded classic account. Rejects when the port or the data directory is taken. */
export async function startExchange(options: ExchangeOptions = {}): Promise<PaperExchange> {
  const { port = 0, host = '127.0.0.1', seed = SEED_DEFAULT, log = () => undefined, ...rest } = options;
  const runtime = createRuntime({ seed, ...rest });
  const { exchange } = runtime;
  const first = [...exchange.venue.accounts.values()].find((account) => account.kind === 'classic');
  const { key, secret } = first ?? createAccount(exchange, 'classic');
  const server = createHttpServer(exchange, log);
  const closeStream = attachStream(server, exchange);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
  } catch (error) {
    closeStream();
    runtime.close();
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      throw new Error(`port \`${port}\` is in use; give another with --port, or 0 for any free one`, { cause: error });
    }
    throw error;
  }
  const heartbeat = setInterval(() => beat(runtime, log), HEARTBEAT_MS);
  heartbeat.unref();
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    key,
    secret,
    createAccount: ({ kind = 'classic' } = {}) => createAccount(exchange, kind),
    close: async () => {
      clearInterval(heartbeat);
      closeStream();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      runtime.close();
    },
  };
}

/** Time passes even when nobody calls, so that streams hear of fills and expiries. */
function beat(runtime: Runtime, log: (line: string) => void): void {
  try {
    runtime.beat();
  } catch (error) {
    log(
      `paper exchange: the market stopped: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  }
}

function createAccount(exchange: Exchange, kind: AccountKind): Credentials {
  const before = exchange.venue.accounts.size;
  control(exchange, { method: 'POST', path: '/paper/v1/accounts', params: new Params(new Map([['kind', kind]])) });
  const account = [...exchange.venue.accounts.values()][before];
  if (account === undefined) throw new Error('the account just opened is not there');
  return { key: account.key, secret: account.secret };
}

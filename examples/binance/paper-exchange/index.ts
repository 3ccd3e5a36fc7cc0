/**
 * The paper exchange as a library: starts one on a port of its own and hands back how to reach it. To read it all, go
 * on in this order:
 *
 *   engine/  state.ts (the nouns), book.ts, match.ts, orders.ts, margin.ts, futures.ts, futures-fill.ts, spot.ts, algo.ts,
 *            positions.ts, liquidation.ts; then the market: path.ts, prices.ts, house.ts, candles.ts; then time: tick.ts, venue.ts
 *   api/     route.ts, dispatch.ts, json.ts, shapes.ts, orders.ts, accounts.ts, market.ts; the rest as it is met
 *   store/   snapshot.ts, journal.ts; and runtime.ts, which puts all of it together
 */

import type { AddressInfo } from 'node:net';
import { openKeys } from './api/control.ts';
import { createHttpServer } from './api/server.ts';
import { attachStream } from './api/stream.ts';
import type { AccountKind } from './engine/state.ts';
import { createRuntime, type RuntimeOptions } from './runtime.ts';

export interface ExchangeOptions extends Omit<Partial<RuntimeOptions>, 'clock'> {
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly host?: string;
  readonly log?: (line: string) => void;
}

export type Credentials = Readonly<Record<'key' | 'secret', string>>;

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
  const { key, secret } = first ?? openKeys(exchange, 'classic');
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
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw new Error(`port \`${port}\` is in use; give another with --port, or 0 for any free one`, { cause: error });
  }
  // Time passes even when nobody calls, so that streams hear of fills and expiries.
  const heartbeat = setInterval(() => {
    try {
      runtime.beat();
    } catch (error) {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log(`paper exchange: the market stopped: ${why}`);
    }
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`,
    key,
    secret,
    createAccount: ({ kind = 'classic' } = {}) => openKeys(exchange, kind),
    close: async () => {
      clearInterval(heartbeat);
      closeStream();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      runtime.close();
    },
  };
}

/** The paper exchange as a library: starts one on a port of its own and hands back how to reach it. */

import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { type Exchange, routeTable } from './api/dispatch.ts';
import { Weights } from './api/limits.ts';
import { allRoutes } from './api/routes.ts';
import { createHttpServer } from './api/server.ts';
import { Clock } from './engine/clock.ts';
import type { AccountKind } from './engine/state.ts';
import { advance, createVenue, openFundedAccount } from './engine/venue.ts';

export interface ExchangeOptions {
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Directory that keeps the exchange across restarts; absent: memory only. */
  readonly data?: string;
  /** Of the price path. Default 1. */
  readonly seed?: number;
  readonly log?: (line: string) => void;
}

export interface Credentials {
  readonly key: string;
  readonly secret: string;
}

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
  const clock = new Clock();
  const venue = createVenue({ seed: options.seed ?? SEED_DEFAULT, origin: clock.now() });
  const exchange: Exchange = {
    venue,
    clock,
    routes: routeTable(allRoutes),
    weights: new Weights(),
    settings: { strict: false, limits: true },
    record: () => undefined,
  };
  const createAccount = (kind: AccountKind): Credentials => {
    const credentials = { key: token(), secret: token() };
    openFundedAccount(exchange.venue, { ...credentials, kind });
    return credentials;
  };
  const first = createAccount('classic');
  const server = createHttpServer(exchange, options.log ?? (() => undefined));
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const heartbeat = setInterval(() => advance(exchange.venue, clock.now()), HEARTBEAT_MS);
  heartbeat.unref();
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ...first,
    createAccount: ({ kind = 'classic' } = {}) => createAccount(kind),
    close: async () => {
      clearInterval(heartbeat);
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** 64 letters and digits, like the exchange's own keys. */
function token(): string {
  return randomBytes(32).toString('hex');
}

/** The user-data stream: listen keys, the connections that listen with them, and engine events as Binance's JSON. */

import { randomBytes } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { remaining } from '../engine/book.ts';
import { mul } from '../engine/decimal.ts';
import { crossWalletOf, positionsOf, rowOf } from '../engine/margin.ts';
import { refuse } from '../engine/refusal.ts';
import type { Account, Trade, VenueEvent } from '../engine/state.ts';
import { type Fields, type Json, money, toJson } from './json.ts';
import { algoEvent, orderEvent, positionEvent, tradeEvent } from './shapes.ts';

const LISTEN_KEY_MS = 60 * 60_000;
const BUFFERED_BYTES_MAX = 4 * 1024 * 1024;

interface Session {
  readonly account: Account;
  readonly listenKey: string;
  expires: number;
  readonly sockets: Set<WebSocket>;
}

/** Listen keys by account: one each, valid for 60 minutes of the venue's clock unless kept alive. */
export class Sessions {
  readonly #byKey = new Map<string, Session>();

  #of(account: { readonly id: number }): Session | undefined {
    return [...this.#byKey.values()].find((session) => session.account.id === account.id);
  }

  /** The account's listen key, a new one if it has none; either way valid for another hour. */
  open(account: Account): string {
    this.expire(account.venue.now);
    const listenKey = randomBytes(32).toString('hex');
    if (this.#of(account) === undefined)
      this.#byKey.set(listenKey, { account, listenKey, expires: Infinity, sockets: new Set() });
    return this.keepAlive(account);
  }

  /** Another hour; -1125 when there is no key. */
  keepAlive(account: Account): string {
    const { now } = account.venue;
    this.expire(now);
    const session = this.#of(account);
    if (session === undefined) throw refuse(-1125);
    session.expires = now + LISTEN_KEY_MS;
    return session.listenKey;
  }

  close(account: Account): void {
    const session = this.#of(account);
    if (session !== undefined) this.#end(session);
  }

  /** Ends what has run out and says so on its connections. */
  expire(now: number): void {
    for (const session of this.#byKey.values()) {
      if (session.expires > now) continue;
      for (const socket of session.sockets)
        socket.send(toJson({ e: 'listenKeyExpired', E: now, listenKey: session.listenKey }));
      this.#end(session);
    }
  }

  connections(id: number): number {
    return this.#of({ id })?.sockets.size ?? 0;
  }

  find(listenKey: string): Session | null {
    return this.#byKey.get(listenKey) ?? null;
  }

  /** Sends an event to the account's connections; one that does not read is cut off. */
  publish(event: VenueEvent, now: number): void {
    const session = this.#of(accountOf(event));
    if (session === undefined || session.sockets.size === 0) return;
    const text = toJson(eventJson(event, now));
    if (text === 'null') return;
    for (const socket of session.sockets) {
      if (socket.bufferedAmount > BUFFERED_BYTES_MAX) socket.terminate();
      else socket.send(text);
    }
  }

  /** Ends every session, for when the venue is replaced or closed. */
  clear(): void {
    for (const session of this.#byKey.values()) this.#end(session);
  }

  #end(session: Session): void {
    this.#byKey.delete(session.listenKey);
    for (const socket of session.sockets) socket.close(1000);
  }
}

function accountOf(event: VenueEvent): Account {
  if (event.kind === 'order') return event.order.account;
  return event.kind === 'algo' ? event.algo.account : event.account;
}

/** The event, or null when the futures stream does not carry it (spot orders). */
function eventJson(event: VenueEvent, now: number): Json {
  const stamp = { E: now, T: now };
  switch (event.kind) {
    case 'order':
      if (event.order.market.spec.kind === 'spot') return null;
      return { e: 'ORDER_TRADE_UPDATE', ...unit(event.order.account), ...stamp, o: orderUpdate(event) };
    case 'account':
      return { e: 'ACCOUNT_UPDATE', ...unit(event.account), ...stamp, a: accountUpdate(event) };
    case 'algo':
      return { e: 'ALGO_UPDATE', ...stamp, o: algoEvent(event.algo) };
    case 'config': {
      const { market, leverage } = event.holding;
      return { e: 'ACCOUNT_CONFIG_UPDATE', ...stamp, ac: { s: market.spec.symbol, l: leverage } };
    }
  }
}

/** Portfolio margin marks its events with the business unit. */
const unit = ({ kind }: Account): Fields => (kind === 'portfolio' ? { fs: 'UM' } : {});
const NO_TRADE = { id: 0, price: 0n, quantity: 0n, quote: 0n, fee: 0n, feeAsset: 'USDT', realized: 0n, maker: false };

function orderUpdate({ order, execution, trade }: Extract<VenueEvent, { kind: 'order' }>): Fields {
  const shown: Trade = trade ?? { ...NO_TRADE, order, time: 0 };
  const open = mul(remaining(order), order.price);
  const [b, a] = order.side === 'BUY' ? [money(open), money(0n)] : [money(0n), money(open)];
  return { ...orderEvent(order), x: execution, ...tradeEvent(shown), b, a };
}

function accountUpdate({ account, reason, symbol, change }: Extract<VenueEvent, { kind: 'account' }>): Fields {
  const holding = account.holdings.get(symbol ?? '');
  const rows = holding === undefined ? [] : positionsOf(account).map((side) => rowOf(holding, side));
  const [wb, cw, bc] = [money(account.wallet), money(crossWalletOf(account)), money(change ?? 0n)];
  return { m: reason, B: [{ a: 'USDT', wb, cw, bc }], P: rows.map(positionEvent) };
}

const CONNECTIONS_MAX = 1_000;
const PING_MS = 180_000;
const PAYLOAD_BYTES_MAX = 4_096;

/** The listen key a WebSocket path names: /ws/KEY, /pm/ws/KEY, /private/ws?listenKey=KEY, /stream?streams=KEY. */
export function listenKeyIn(url: string): string | null {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const [, inPath] = /^\/(?:pm\/)?(?:private\/)?(?:pm\/)?ws\/([0-9A-Za-z]{1,128})$/.exec(pathname) ?? [];
  if (inPath !== undefined) return inPath;
  if (/^\/(?:pm\/)?(?:private\/)?(?:pm\/)?(?:ws|stream)$/.test(pathname))
    return searchParams.get('listenKey') ?? searchParams.get('streams');
  return null;
}

/** Serves the stream on an HTTP server; returns a function that closes all connections. */
export function attachStream(
  server: Server,
  exchange: { readonly sessions: Sessions; readonly clock: { now(): number } },
): () => void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: PAYLOAD_BYTES_MAX });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    exchange.sessions.expire(exchange.clock.now());
    const listenKey = listenKeyIn(request.url ?? '/');
    const session = listenKey === null ? null : exchange.sessions.find(listenKey);
    if (session === null || sockets.clients.size >= CONNECTIONS_MAX) {
      const status = session === null ? '404 Not Found' : '503 Service Unavailable';
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (connection) => {
      session.sockets.add(connection);
      connection.on('close', () => session.sockets.delete(connection));
      // A broken connection closes by itself; without a listener its error would end the process.
      connection.on('error', () => connection.terminate());
    });
  });
  const pings = setInterval(() => {
    for (const connection of sockets.clients) connection.ping();
  }, PING_MS);
  pings.unref();
  return () => {
    clearInterval(pings);
    for (const connection of sockets.clients) connection.terminate();
    sockets.close();
  };
}

/** The user-data stream: listen keys and the WebSocket connections behind them. */

import { randomBytes } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { refuse } from '../engine/refusal.ts';
import type { Account, VenueEvent } from '../engine/state.ts';
import type { Exchange } from './dispatch.ts';
import { toJson } from './json.ts';
import { keyed, type Route } from './route.ts';
import { accountOf, eventJson } from './stream-shape.ts';

export const LISTEN_KEY_MS = 60 * 60_000;
const BUFFERED_BYTES_MAX = 4 * 1024 * 1024;
const CONNECTIONS_MAX = 1_000;
const PING_MS = 180_000;
const PAYLOAD_BYTES_MAX = 4_096;

interface Session {
  readonly account: number;
  readonly listenKey: string;
  expires: number;
  readonly sockets: Set<WebSocket>;
}

/** Listen keys by account: one each, valid for 60 minutes of the venue's clock unless kept alive. */
export class Sessions {
  readonly #byAccount = new Map<number, Session>();
  readonly #byKey = new Map<string, Session>();

  /** The account's listen key, a new one if it has none; either way valid for another hour. */
  open(account: Account, now: number): string {
    this.expire(now);
    const found = this.#byAccount.get(account.id);
    if (found !== undefined) {
      found.expires = now + LISTEN_KEY_MS;
      return found.listenKey;
    }
    const session: Session = {
      account: account.id,
      listenKey: randomBytes(32).toString('hex'),
      expires: now + LISTEN_KEY_MS,
      sockets: new Set(),
    };
    this.#byAccount.set(account.id, session);
    this.#byKey.set(session.listenKey, session);
    return session.listenKey;
  }

  /** Another hour; -1125 when there is no key. */
  keepAlive(account: Account, now: number): string {
    this.expire(now);
    const session = this.#byAccount.get(account.id);
    if (session === undefined) throw refuse(-1125);
    session.expires = now + LISTEN_KEY_MS;
    return session.listenKey;
  }

  close(account: Account): void {
    const session = this.#byAccount.get(account.id);
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

  /** How many connections listen to the account. */
  connections(account: number): number {
    return this.#byAccount.get(account)?.sockets.size ?? 0;
  }

  find(listenKey: string): Session | null {
    return this.#byKey.get(listenKey) ?? null;
  }

  /** Sends an event to the account's connections; one that does not read is cut off. */
  publish(event: VenueEvent, now: number): void {
    const session = this.#byAccount.get(accountOf(event).id);
    if (session === undefined || session.sockets.size === 0) return;
    const json = eventJson(event, now);
    if (json === null) return;
    const text = toJson(json);
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
    this.#byAccount.delete(session.account);
    this.#byKey.delete(session.listenKey);
    for (const socket of session.sockets) socket.close(1000);
  }
}

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
export function attachStream(server: Server, exchange: Exchange): () => void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: PAYLOAD_BYTES_MAX });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    exchange.sessions.expire(exchange.clock.now());
    const listenKey = listenKeyIn(request.url ?? '/');
    const session = listenKey === null ? null : exchange.sessions.find(listenKey);
    if (session === null || sockets.clients.size >= CONNECTIONS_MAX) {
      socket.end(
        `HTTP/1.1 ${session === null ? '404 Not Found' : '503 Service Unavailable'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
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

/** POST, PUT and DELETE of a family's listen key. */
export const listenKeyRoutes: readonly Route[] = ['/fapi/v1/listenKey', '/papi/v1/listenKey'].flatMap((path) => [
  keyed('POST', path, 1, ({ venue, account, sessions }) => ({ listenKey: sessions.open(account, venue.now) })),
  keyed('PUT', path, 1, ({ venue, account, sessions }) => ({ listenKey: sessions.keepAlive(account, venue.now) })),
  keyed('DELETE', path, 1, ({ account, sessions }) => {
    sessions.close(account);
    return {};
  }),
]);

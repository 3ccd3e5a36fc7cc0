/** Listen keys, and the connections that listen with them. */

import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import { refuse } from '../engine/refusal.ts';
import type { Account, VenueEvent } from '../engine/state.ts';
import { toJson } from './json.ts';
import { accountOf, eventJson } from './stream-shape.ts';

const LISTEN_KEY_MS = 60 * 60_000;
const BUFFERED_BYTES_MAX = 4 * 1024 * 1024;

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
    if (!this.#byAccount.has(account.id)) {
      const listenKey = randomBytes(32).toString('hex');
      const session = { account: account.id, listenKey, expires: 0, sockets: new Set<WebSocket>() };
      this.#byAccount.set(account.id, session);
      this.#byKey.set(listenKey, session);
    }
    return this.#prolong(account, now);
  }

  /** Another hour; -1125 when there is no key. */
  keepAlive(account: Account, now: number): string {
    this.expire(now);
    return this.#prolong(account, now);
  }

  #prolong(account: Account, now: number): string {
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

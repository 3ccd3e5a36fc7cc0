import { hash } from 'node:crypto';
import type { Caller } from '../../domain/caller.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Session } from '../../domain/session.ts';

/** What of a session outlives the process. The secret id is kept as a digest only. */
export type StoredSession = {
  readonly digest: string;
  readonly caller: string;
  readonly server: string;
  readonly revision: string;
  /** The client's `initialize` params as JSON text. */
  readonly initialize: string;
  /** The upstream's own session id, where it has one. */
  readonly upstream: string | undefined;
  /** What the client set that a restored upstream session must be told again. JSON text. */
  readonly state: string;
  readonly createdAt: number;
  readonly usedAt: number;
};

export type SessionStore = {
  find(digest: string): StoredSession | undefined;
  save(session: StoredSession): void;
  touch(digest: string, usedAt: number): void;
  setUpstream(digest: string, upstream: string | undefined): void;
  remove(digest: string): void;
  /** Removes those last used before. */
  removeIdle(before: number): void;
};

export type Live = {
  readonly digest: string;
  session: Session;
  upstream: string | undefined;
  usedAt: number;
  touchedAt: number;
  /** Calls and streams that run; a busy session is not pushed out. */
  busy: number;
  /** The lists its server has; all, of one that outlived the process: a client does not mind hearing of one it has not. */
  lists: readonly ('tools' | 'prompts' | 'resources')[];
};

/** Legacy sessions. Ids are ours: random, 256 bits; whoever holds one must also hold the grant it was made under. */
export class SessionTable {
  readonly #live = new Map<string, Live>();
  readonly #store: SessionStore;
  readonly #options: SessionTableOptions;

  constructor(store: SessionStore, options: SessionTableOptions) {
    this.#store = store;
    this.#options = options;
  }

  get size(): number {
    return this.#live.size;
  }

  open(from: { caller: Caller; server: string; revision: string; initialize: JsonObject }): {
    readonly id: string;
    readonly live: Live;
  } {
    this.#makeRoom();
    const id = this.#options.randomId();
    const digest = digestOf(id);
    const now = this.#options.now();
    const live = this.#add(digest, now, {
      kind: 'session',
      id: digest.slice(0, 32),
      caller: from.caller,
      server: from.server,
      era: 'legacy',
      revision: from.revision,
      initialize: from.initialize,
    });
    return { id, live };
  }

  /** The server answered with another revision than was asked for; the session speaks that one. */
  renegotiated(live: Live, revision: string): void {
    live.session = { ...live.session, revision };
  }

  /** Makes an opened session one that outlives the process. */
  keep(live: Live, initializeText: string): void {
    this.#store.save({
      digest: live.digest,
      caller: live.session.caller.id,
      server: live.session.server,
      revision: live.session.revision,
      initialize: initializeText,
      upstream: live.upstream,
      state: '{}',
      createdAt: live.usedAt,
      usedAt: live.usedAt,
    });
  }

  /** The session of an id, if it was made under this caller's grant for this server; read from the store after a restart. */
  find(
    id: string,
    caller: Caller,
    server: string,
    readInitialize: (text: string) => JsonObject | undefined,
  ): Live | undefined {
    const digest = digestOf(id);
    const live = this.#live.get(digest) ?? this.#restore(digest, caller, readInitialize);
    if (live === undefined || live.session.caller.id !== caller.id || live.session.server !== server) return undefined;
    const now = this.#options.now();
    if (now - live.usedAt > IDLE_MS_MAX) {
      this.end(live);
      return undefined;
    }
    live.usedAt = now;
    // Who its grant is may have changed: groups, agent.
    if (live.session.caller !== caller) live.session = { ...live.session, caller };
    if (now - live.touchedAt > TOUCH_MS) {
      live.touchedAt = now;
      this.#store.touch(digest, now);
    }
    return live;
  }

  setUpstream(live: Live, upstream: string | undefined): void {
    live.upstream = upstream;
    this.#store.setUpstream(live.digest, upstream);
  }

  end(live: Live, calls: 'cut' | 'finish' = 'cut'): void {
    if (!this.#live.delete(live.digest)) return;
    this.#store.remove(live.digest);
    this.#options.onEnd(live, calls);
  }

  /** Ends what has been idle for 24 hours, here and in the store, and the sessions of grants that are gone. */
  sweep(isGranted: (caller: string, server: string) => boolean): void {
    const before = this.#options.now() - IDLE_MS_MAX;
    for (const live of this.#live.values()) {
      const granted = isGranted(live.session.caller.id, live.session.server);
      if (!granted || (live.usedAt < before && live.busy === 0)) this.end(live, 'finish');
    }
    this.#store.removeIdle(before);
  }

  values(): Iterable<Live> {
    return this.#live.values();
  }

  #restore(digest: string, caller: Caller, readInitialize: (text: string) => JsonObject | undefined): Live | undefined {
    const stored = this.#store.find(digest);
    if (stored === undefined || stored.caller !== caller.id) return undefined;
    const initialize = readInitialize(stored.initialize);
    if (initialize === undefined) return undefined;
    this.#makeRoom();
    const live = this.#add(digest, stored.usedAt, {
      kind: 'session',
      id: digest.slice(0, 32),
      caller,
      server: stored.server,
      era: 'legacy',
      revision: stored.revision,
      initialize,
    });
    live.upstream = stored.upstream;
    this.#options.onRestore(live);
    return live;
  }

  #add(digest: string, usedAt: number, session: Session): Live {
    const live: Live = { digest, session, upstream: undefined, usedAt, touchedAt: usedAt, busy: 0, lists: LISTS };
    this.#live.set(digest, live);
    return live;
  }

  /** At the bound the longest idle session without call or stream goes. */
  #makeRoom(): void {
    if (this.#live.size < this.#options.sessionsMax) return;
    let oldest: Live | undefined;
    for (const live of this.#live.values()) {
      if (live.busy === 0 && (oldest === undefined || live.usedAt < oldest.usedAt)) oldest = live;
    }
    if (oldest !== undefined) this.end(oldest);
  }
}

export type SessionTableOptions = {
  readonly sessionsMax: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly randomId: () => string;
  /** `calls`: what becomes of those that run. */
  readonly onEnd: (live: Live, calls: 'cut' | 'finish') => void;
  readonly onRestore: (live: Live) => void;
};

export function digestOf(id: string): string {
  return hash('sha256', id, 'hex');
}

const LISTS = ['tools', 'prompts', 'resources'] as const;
const IDLE_MS_MAX = 24 * 3_600_000;
const TOUCH_MS = 60_000;

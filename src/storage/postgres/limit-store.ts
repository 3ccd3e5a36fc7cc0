import type { Pool, QueryConfig } from 'pg';
import { Unavailable } from '../../platform/unavailable.ts';
import type { Taken, Watched } from '../../stages/limits/book.ts';
import { type Demand, entered, levelled, windowKey } from '../../stages/limits/demand.ts';
import {
  ANSWER_MS_MAX,
  answerInTime,
  LEASE_MS,
  type LimitStore,
  type Reservation,
  type Reserving,
} from '../../stages/limits/limit-store.ts';
import { Batch } from '../batch.ts';
import { ServerTime } from '../server-time.ts';
import { SCHEMA } from './schema.ts';

export type PostgresLimitOptions = {
  /** postgres:// with user, password and database. */
  readonly url: string;
  /** Something a person should know: lost connections. */
  readonly warn: (sentence: string) => void;
  readonly leaseMs?: number;
  /** Tests give the server another clock, in epoch milliseconds. */
  readonly serverClock?: () => number;
};

/** Limits in PostgreSQL, shared by every gateway that names the same database. */
export class PostgresLimitStore implements LimitStore {
  readonly #pool: Pool;
  readonly #leaseMs: number;
  readonly #serverClock: (() => number) | undefined;
  readonly #time = new ServerTime();

  readonly #reserving = new Batch<object, Answer>({
    ask: (calls) => this.#reserveAll(calls),
    sizeMax: BATCH_MAX,
    underWayMax: BATCHES_MAX,
    waitMsMax: ANSWER_MS_MAX,
  });
  readonly #confirming = new Batch<string, boolean>({
    ask: (ids) => this.#confirmAll(ids),
    sizeMax: BATCH_MAX,
    underWayMax: BATCHES_MAX,
    waitMsMax: ANSWER_MS_MAX,
  });

  private constructor(pool: Pool, options: PostgresLimitOptions) {
    this.#pool = pool;
    this.#leaseMs = options.leaseMs ?? LEASE_MS;
    this.#serverClock = options.serverClock;
  }

  /** Makes the tables where they are missing. @throws Unavailable where the database cannot be reached or the client library is not installed. */
  static async open(options: PostgresLimitOptions): Promise<PostgresLimitStore> {
    const { default: pg } = await import('pg').catch(() => {
      throw new Unavailable(
        'limits in PostgreSQL need the package `pg`',
        'install it beside sallyport: npm install pg',
      );
    });
    const first = new pg.Client({ connectionString: options.url, connectionTimeoutMillis: CONNECT_MS_MAX });
    // A lost connection is also an event; whoever waits is told by the query it waits for.
    first.on('error', () => {});
    try {
      await first.connect();
      // Two gateways that start together must not both make the tables.
      await first.query(`BEGIN; SELECT pg_advisory_xact_lock(7420); ${SCHEMA} COMMIT`);
    } catch (fault) {
      throw new Unavailable(
        `the limit store cannot be used at ${safeUrl(options.url)}: ${(fault as Error).message}`,
        'start it, or correct `limits:` or SALLYPORT_LIMITS',
      );
    } finally {
      await first.end().catch(() => {});
    }
    const pool = new pg.Pool({
      connectionString: options.url,
      max: CONNECTIONS_MAX,
      connectionTimeoutMillis: ANSWER_MS_MAX,
      // They are few, and a new one takes longer to its first answer than a call may wait on a busy machine.
      idleTimeoutMillis: 0,
      // The server gives up when we do; what nobody waits for any more must not hold locks.
      statement_timeout: ANSWER_MS_MAX,
      // A server that says nothing for so long is left, and connected to anew.
      query_timeout: SILENCE_MS_MAX,
      application_name: 'sallyport',
    });
    pool.on('error', (fault) => options.warn(`the limit store: ${fault.message}`));
    const store = new PostgresLimitStore(pool, options);
    // Where it fails, calls find out for themselves.
    await store.#warmUp().catch(() => {});
    return store;
  }

  /** Connects as often as calls do, and has each connection compile and plan what they ask. Nothing of it stays. */
  async #warmUp(): Promise<void> {
    const clients = await Promise.allSettled(Array.from({ length: 2 * BATCHES_MAX }, () => this.#pool.connect()));
    const warming = clients.map(async (connected, i) => {
      if (connected.status === 'rejected') return;
      const client = connected.value;
      let fault: Error | undefined;
      try {
        await client.query('BEGIN; SET LOCAL statement_timeout = 0');
        const trial = { bucket: `warm-up ${i}`, amount: '1', keep: WARM_UP_MS };
        const demand = { bucket: trial.bucket, window: 's1', max: '1', shadow: false, length: WARM_UP_MS };
        const call = { lease: this.#leaseMs, now: this.#now(), buckets: [trial], demands: [demand] };
        await client.query({ ...reserveQuery([call]), query_timeout: PEACE_MS_MAX } as QueryConfig);
        await client.query(confirmQuery([]));
        await client.query('ROLLBACK');
      } catch (thrown) {
        fault = thrown as Error;
      } finally {
        client.release(fault);
      }
    });
    await Promise.all(warming);
  }

  reserve(demands: readonly Demand[]): Promise<Reserving> {
    return answerInTime(this.#reserve(levelled(demands)), ANSWER_MS_MAX);
  }

  confirm({ id }: Reservation): Promise<boolean> {
    return answerInTime(this.#confirming.put(id), ANSWER_MS_MAX);
  }

  async giveBack({ id, taken }: Reservation): Promise<void> {
    const places = JSON.stringify(taken.map(({ bucket, at }) => ({ bucket, at })));
    await answerInTime(this.#pool.query('SELECT sallyport.limit_give_back($1, $2)', [id, places]), ANSWER_MS_MAX);
  }

  async sweep(): Promise<number> {
    let total = 0;
    for (let i = 0; i < SWEEPS_MAX; i++) {
      const { rows } = await this.#pool.query<{ count: number }>('SELECT sallyport.limit_sweep($1) AS count', [
        this.#now(),
      ]);
      const count = rows[0]?.count ?? 0;
      total += count;
      if (count === 0) break;
    }
    return total;
  }

  async entries(): Promise<{ now: number; entries: readonly Taken[] }> {
    const [time] = await this.#inPeace<{ now: string }>('SELECT sallyport.limit_now($1) AS now', [this.#now()]);
    const rows = await this.#inPeace<Record<keyof Taken, string>>(
      'SELECT bucket, at, entry, amount::text FROM sallyport.limit_log ORDER BY bucket, at, entry',
    );
    const entries = rows.map(({ bucket, at, entry, amount }) => ({
      bucket,
      at: Number(at),
      entry: Number(entry),
      amount: BigInt(amount),
    }));
    return { now: Number(time?.now), entries };
  }

  async reset(accepts: (bucket: string) => boolean): Promise<readonly string[]> {
    const rows = await this.#inPeace<{ bucket: string }>('SELECT bucket FROM sallyport.limit_buckets ORDER BY bucket');
    const names = rows.map(({ bucket }) => bucket).filter(accepts);
    for (const name of names) await this.#inPeace('SELECT sallyport.limit_reset($1)', [name]);
    return names;
  }

  /** For a person, who can wait longer than a call. */
  async #inPeace<Row extends object>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const client = await this.#pool.connect();
    let fault: Error | undefined;
    try {
      await client.query('BEGIN');
      await client.query('SET LOCAL statement_timeout = 0');
      const query = { text, values: [...values], query_timeout: PEACE_MS_MAX };
      const { rows } = await client.query<Row>(query);
      await client.query('COMMIT');
      return rows;
    } catch (thrown) {
      fault = thrown as Error;
      throw thrown;
    } finally {
      // With a fault the connection is closed, and its transaction with it.
      client.release(fault);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #reserve(demands: readonly Demand[]): Promise<Reserving> {
    let guess = this.#serverClock?.() ?? this.#time.now();
    for (let attempt = 0; attempt < SPAN_ATTEMPTS_MAX; attempt++) {
      const answer = await this.#reserving.put(this.#asked(demands, guess));
      this.#time.learn(answer.at);
      switch (answer.kind) {
        case 'reserved': {
          const { at, entry } = answer;
          const watched = watchedOf(demands, answer);
          const taken = bucketsOf(entered(demands, watched)).map(({ bucket, amount }) => ({
            bucket,
            at,
            amount,
            entry,
          }));
          return { kind: 'reserved', reservation: { id: String(entry), at, taken }, ...(watched && { watched }) };
        }
        case 'exceeded': {
          const demand = demandAt(demands, answer.index);
          // No waiting helps where the call alone is above the limit.
          const resetsAt = demand.amount > demand.max ? undefined : (answer.resets ?? undefined);
          return { kind: 'exceeded', at: answer.at, exceeded: { demand, used: BigInt(answer.used), resetsAt } };
        }
        case 'span':
          guess = answer.at;
          continue;
        default:
          throw new TypeError('the limit function gave an answer of no known kind');
      }
    }
    throw new Error('the time of the limit store keeps changing');
  }

  async #reserveAll(calls: readonly object[]): Promise<readonly Answer[]> {
    const { rows } = await this.#pool.query<{ answers: Answer[] }>(reserveQuery(calls));
    return rows[0]?.answers ?? [];
  }

  async #confirmAll(ids: readonly string[]): Promise<readonly boolean[]> {
    const { rows } = await this.#pool.query<{ entry: string }>(confirmQuery(ids));
    const stood = new Set(rows.map(({ entry }) => entry));
    return ids.map((id) => stood.has(id));
  }

  #asked(demands: readonly Demand[], guess: number): object {
    return {
      lease: this.#leaseMs,
      now: this.#now(),
      buckets: bucketsOf(demands).map(({ bucket, amount, keep }) => ({ bucket, amount: String(amount), keep })),
      demands: demands.map(({ bucket, window, max, shadow }) => {
        const asked = { bucket, window: windowKey(window), max: String(max), shadow };
        if (window.kind === 'sliding') return { ...asked, length: window.ms };
        const { from, to } = window.spanOf(guess);
        return { ...asked, from, until: to };
      }),
    };
  }

  /** What the functions take for the server's time: nothing, but in tests. */
  #now(): number | null {
    return this.#serverClock?.() ?? null;
  }
}

/** Prepared once on each connection. */
function reserveQuery(calls: readonly object[]): QueryConfig {
  return {
    name: 'reserve',
    text: 'SELECT sallyport.limit_reserve_all($1) AS answers',
    values: [JSON.stringify(calls)],
  };
}

function confirmQuery(ids: readonly string[]): QueryConfig {
  return {
    name: 'confirm',
    text: 'DELETE FROM sallyport.limit_leases WHERE entry = ANY ($1::bigint[]) RETURNING entry',
    values: [ids],
  };
}

type Answer =
  | {
      readonly kind: 'reserved';
      readonly at: number;
      readonly entry: number;
      /** Absent where an older gateway has put back its own function. */
      readonly watched?: { readonly index: number; readonly used: string } | null;
    }
  | {
      readonly kind: 'exceeded';
      readonly at: number;
      readonly index: number;
      readonly used: string;
      readonly resets: number | null;
    }
  | { readonly kind: 'span'; readonly at: number };

function watchedOf(demands: readonly Demand[], answer: Answer & { readonly kind: 'reserved' }): Watched | undefined {
  const { watched } = answer;
  if (watched === null || watched === undefined) return undefined;
  return { demand: demandAt(demands, watched.index), used: BigInt(watched.used) };
}

function demandAt(demands: readonly Demand[], index: number): Demand {
  const demand = demands[index];
  if (demand === undefined) throw new TypeError('the limit function named a limit that was not asked');
  return demand;
}

function bucketsOf(demands: readonly Demand[]): readonly { bucket: string; amount: bigint; keep: number }[] {
  const buckets = new Map<string, { bucket: string; amount: bigint; keep: number }>();
  for (const { bucket, amount, keepMs } of demands) {
    buckets.set(bucket, { bucket, amount, keep: Math.max(keepMs, buckets.get(bucket)?.keep ?? 0) });
  }
  return [...buckets.values()];
}

function safeUrl(url: string): string {
  if (!URL.canParse(url)) return 'the given URL';
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

const CONNECT_MS_MAX = 5_000;
const PEACE_MS_MAX = 60_000;
const SILENCE_MS_MAX = 1_000;
const CONNECTIONS_MAX = 8;
const WARM_UP_MS = 1_000;
/** Few at a time: who waits in the database for a busy log holds a connection, who waits here joins the next batch. */
const BATCHES_MAX = 2;
const BATCH_MAX = 32;
const SPAN_ATTEMPTS_MAX = 4;
const SWEEPS_MAX = 100;

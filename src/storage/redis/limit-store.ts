import { hash, randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { Unavailable } from '../../platform/unavailable.ts';
import type { Exceeded, Taken, Watched } from '../../stages/limits/book.ts';
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
import { fromLimbs, toLimbs } from './limbs.ts';
import { CONFIRM, GIVE_BACK, RESERVE, SWEEP } from './scripts.ts';

export type RedisLimitOptions = {
  /** redis:// or rediss://, with user, password and database where needed. */
  readonly url: string;
  /** Something a person should know: lost and found connections, a server that may forget. */
  readonly warn: (sentence: string) => void;
  readonly leaseMs?: number;
  /** Tests give the server another clock, in epoch milliseconds. */
  readonly serverClock?: () => number;
};

/** Limits in Redis or Valkey, shared by every gateway that names the same server and database. */
export class RedisLimitStore implements LimitStore {
  readonly #redis: Redis;
  readonly #leaseMs: number;
  readonly #serverClock: (() => number) | undefined;
  readonly #time = new ServerTime();
  /** With the number of the batch it names entries: a server that lost its data counts them from one again. */
  readonly #token = randomBytes(6).toString('hex');
  #batches = 0;

  readonly #reserving = new Batch<Question, readonly string[]>({
    ask: (questions) => this.#reserveAll(questions),
    sizeMax: BATCH_MAX,
    underWayMax: BATCHES_MAX,
    waitMsMax: ANSWER_MS_MAX,
  });
  readonly #confirming = new Batch<string, number>({
    ask: async (leases) => (await this.#run(CONFIRM, [LEASES], leases)) as number[],
    sizeMax: BATCH_MAX,
    underWayMax: BATCHES_MAX,
    waitMsMax: ANSWER_MS_MAX,
  });

  private constructor(redis: Redis, options: RedisLimitOptions) {
    this.#redis = redis;
    this.#leaseMs = options.leaseMs ?? LEASE_MS;
    this.#serverClock = options.serverClock;
  }

  /** @throws Unavailable where the server cannot be reached or the client library is not installed. */
  static async open(options: RedisLimitOptions): Promise<RedisLimitStore> {
    const { Redis } = await import('ioredis').catch(() => {
      throw new Unavailable(
        'limits in Redis need the package `ioredis`',
        'install it beside sallyport: npm install ioredis',
      );
    });
    let opened = false;
    const redis = new Redis(options.url, {
      lazyConnect: true,
      connectTimeout: CONNECT_MS_MAX,
      // A server that says nothing for so long is left, and connected to anew.
      socketTimeout: SILENCE_MS_MAX,
      // A call asks once and is refused where no answer comes; a command sent later would count for nobody.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      // At the start nobody waits for a server that may never come.
      retryStrategy: (times) => (opened ? Math.min(50 * 2 ** Math.min(times, 6), 2_000) : null),
      connectionName: 'sallyport',
    });
    let lost: Error | undefined;
    redis.on('error', (fault: Error) => {
      if (lost === undefined && opened) options.warn(`the limit store: ${fault.message}`);
      lost = fault;
    });
    redis.on('ready', () => {
      if (lost !== undefined) options.warn('the limit store is reached again');
      lost = undefined;
    });
    try {
      await redis.connect();
      await warnOfEviction(redis, options.warn);
      opened = true;
      return new RedisLimitStore(redis, options);
    } catch (fault) {
      if (redis.status !== 'end') redis.disconnect();
      throw new Unavailable(
        `the limit store cannot be reached at ${safeUrl(options.url)}: ${(lost ?? (fault as Error)).message}`,
        'start it, or correct `limits:` or SALLYPORT_LIMITS',
      );
    }
  }

  reserve(demands: readonly Demand[]): Promise<Reserving> {
    return answerInTime(this.#reserve(levelled(demands)), ANSWER_MS_MAX);
  }

  confirm({ id }: Reservation): Promise<boolean> {
    return answerInTime(
      this.#confirming.put(id).then((stood) => stood === 1),
      ANSWER_MS_MAX,
    );
  }

  async giveBack({ id, taken }: Reservation): Promise<void> {
    const keys = taken.flatMap(({ bucket }) => [logKey(bucket), windowsKey(bucket)]);
    const args = taken.flatMap((one) => [one.at, memberOf(one, id)]);
    await answerInTime(this.#run(GIVE_BACK, [LEASES, ...keys], [id, ...args]), ANSWER_MS_MAX);
  }

  async sweep(): Promise<number> {
    return Number(await answerInTime(this.#run(SWEEP, [LEASES], [this.#now()]), ANSWER_MS_MAX));
  }

  async entries(): Promise<{ now: number; entries: readonly Taken[] }> {
    const [seconds, micros] = await this.#redis.time();
    const now = this.#serverClock?.() ?? Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
    const entries: Taken[] = [];
    for (const bucket of await this.#buckets()) {
      const flat = await this.#redis.zrange(logKey(bucket), '0', '-1', 'WITHSCORES');
      for (let i = 0; i + 1 < flat.length; i += 2) {
        const [entry, , limbs = ''] = (flat[i] ?? '').split(':');
        entries.push({ bucket, at: Number(flat[i + 1]), amount: fromLimbs(limbs), entry: Number(entry) });
      }
    }
    return { now, entries };
  }

  async reset(accepts: (bucket: string) => boolean): Promise<readonly string[]> {
    const names = (await this.#buckets()).filter(accepts);
    for (const name of names) await this.#redis.del(logKey(name), windowsKey(name));
    return names;
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }

  async #reserve(demands: readonly Demand[]): Promise<Reserving> {
    const names = [...new Set(demands.map((demand) => demand.bucket))];
    let guess = this.#serverClock?.() ?? this.#time.now();
    for (let attempt = 0; attempt < SPAN_ATTEMPTS_MAX; attempt++) {
      const answer = await this.#reserving.put({ names, demands, guess });
      const [kind = ''] = answer;
      const at = Number(kind === 'reserved' ? answer[2] : answer[1]);
      if (this.#serverClock === undefined) this.#time.learn(at);
      switch (kind) {
        case 'reserved': {
          const watched = watchedOf(demands, answer);
          const reservation = reservationOf(entered(demands, watched), answer, at);
          return { kind, reservation, ...(watched && { watched }) };
        }
        case 'exceeded':
          return { kind, at, exceeded: exceededOf(demands, answer) };
        case 'span':
          guess = at;
          continue;
        default:
          throw new TypeError(`the limit script answered \`${kind}\``);
      }
    }
    throw new Error('the time of the limit store keeps changing');
  }

  async #reserveAll(questions: readonly Question[]): Promise<readonly (readonly string[])[]> {
    const places = new Map<string, number>();
    const keys = [LEASES, ENTRIES];
    const placeOf = (bucket: string): number => {
      let place = places.get(bucket);
      if (place === undefined) {
        place = places.size;
        places.set(bucket, place);
        keys.push(logKey(bucket), windowsKey(bucket));
      }
      return place;
    };
    const calls = questions.map(({ names, demands, guess }) =>
      names.map((name) => ({ key: placeOf(name), ...askedOf(name, demands, guess) })),
    );
    return (await this.#run(RESERVE, keys, [
      `${this.#token}-${++this.#batches}`,
      this.#leaseMs,
      this.#now(),
      JSON.stringify(calls),
    ])) as string[][];
  }

  /** What the scripts take for the server's time: nothing, but in tests. */
  #now(): string {
    return this.#serverClock === undefined ? '' : String(this.#serverClock());
  }

  /** By their windows: a log with nothing in it is no key. */
  async #buckets(): Promise<readonly string[]> {
    const names = new Set<string>();
    let cursor = '0';
    do {
      const [next, keys] = await this.#redis.scan(cursor, 'MATCH', `${WINDOWS}*`, 'COUNT', 1_000);
      for (const key of keys) names.add(key.slice(WINDOWS.length));
      cursor = next;
    } while (cursor !== '0');
    return [...names].sort();
  }

  async #run(script: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    let sha = digests.get(script);
    if (sha === undefined) {
      sha = hash('sha1', script, 'hex');
      digests.set(script, sha);
    }
    try {
      return await this.#redis.evalsha(sha, keys.length, ...keys, ...args);
    } catch (fault) {
      if (!(fault as Error).message.startsWith('NOSCRIPT')) throw fault;
      return this.#redis.eval(script, keys.length, ...keys, ...args);
    }
  }
}

/** What one bucket is asked for. `guess`: the server's time, for calendar spans; the script checks them. */
function askedOf(bucket: string, demands: readonly Demand[], guess: number): object {
  let keep = 0;
  let amount = 0n;
  const inside: object[] = [];
  demands.forEach((demand, index) => {
    if (demand.bucket !== bucket) return;
    keep = Math.max(keep, demand.keepMs);
    ({ amount } = demand);
    const { window, shadow } = demand;
    const span = window.kind === 'sliding' ? { from: 0, to: 0 } : window.spanOf(guess);
    const length = window.kind === 'sliding' ? window.ms : 0;
    inside.push({
      index,
      window: windowKey(window),
      length,
      from: span.from,
      until: span.to,
      max: toLimbs(demand.max),
      shadow,
    });
  });
  return { keep, amount: toLimbs(amount), demands: inside };
}

type Question = {
  readonly names: readonly string[];
  readonly demands: readonly Demand[];
  /** The server's time, for calendar spans. */
  readonly guess: number;
};

function reservationOf(demands: readonly Demand[], answer: readonly string[], at: number): Reservation {
  const entry = Number(answer[1]);
  const amounts = new Map(demands.map((demand) => [demand.bucket, demand.amount]));
  const taken = [...amounts].map(([bucket, amount]) => ({ bucket, at, amount, entry }));
  return { id: answer[3] ?? '', at, taken };
}

function watchedOf(demands: readonly Demand[], answer: readonly string[]): Watched | undefined {
  const [, , , , index, used = ''] = answer;
  if (index === undefined) return undefined;
  return { demand: demandAt(demands, Number(index)), used: fromLimbs(used) };
}

function exceededOf(demands: readonly Demand[], answer: readonly string[]): Exceeded {
  const [, , index, used = '', resets] = answer;
  const demand = demandAt(demands, Number(index));
  // No waiting helps where the call alone is above the limit.
  const resetsAt = demand.amount > demand.max || resets === '' ? undefined : Number(resets);
  return { demand, used: fromLimbs(used), resetsAt };
}

function demandAt(demands: readonly Demand[], index: number): Demand {
  const demand = demands[index];
  if (demand === undefined) throw new TypeError('the limit script named a limit that was not asked');
  return demand;
}

/** An entry in its log. The lease begins with the entry's number and the token of who took it. */
function memberOf({ entry, amount }: Taken, lease: string): string {
  const token = lease.slice(0, lease.indexOf(':', lease.indexOf(':') + 1)).split(':')[1] ?? '';
  return `${entry}:${token}:${toLimbs(amount)}`;
}

function logKey(bucket: string): string {
  return LOG + bucket;
}

function windowsKey(bucket: string): string {
  return WINDOWS + bucket;
}

async function warnOfEviction(redis: Redis, warn: (sentence: string) => void): Promise<void> {
  const memory = await redis.info('memory').catch(() => '');
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
  if (policy === undefined || policy === 'noeviction' || /^maxmemory:0\s*$/m.test(memory)) return;
  warn(`the limit store may forget what was counted: its maxmemory-policy is ${policy}, and should be noeviction`);
}

function safeUrl(url: string): string {
  if (!URL.canParse(url)) return 'the given URL';
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

const digests = new Map<string, string>();
// One tag in braces keeps all keys in one slot, as scripts over several keys need it in a cluster.
const LOG = '{sallyport}:log:';
const WINDOWS = '{sallyport}:windows:';
const LEASES = '{sallyport}:leases';
const ENTRIES = '{sallyport}:entries';
const BATCH_MAX = 32;
const BATCHES_MAX = 2;
const SILENCE_MS_MAX = 1_000;
const CONNECT_MS_MAX = 5_000;
const SPAN_ATTEMPTS_MAX = 4;

import { Bag } from '../../platform/bag.ts';

/** Requests waiting for a server, with the clocks of each: silence and total, and doubt where there is one. One timer serves all. */
export class InFlight<T extends Deadlines> {
  readonly #waiting = new Bag<T>();
  readonly #silenceMsMax: number;
  readonly #totalMsMax: number;
  readonly #expire: (waiting: T, why: string) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: {
    silenceMsMax: number;
    totalMsMax: number;
    /** Called once for each that ran out; it is no longer waiting then. */
    expire: (waiting: T, why: string) => void;
  }) {
    this.#silenceMsMax = options.silenceMsMax;
    this.#totalMsMax = options.totalMsMax;
    this.#expire = options.expire;
  }

  get size(): number {
    return this.#waiting.size;
  }

  all(): readonly T[] {
    return this.#waiting.all();
  }

  find(is: (waiting: T) => boolean): T | undefined {
    return this.#waiting.find(is);
  }

  has(key: string): boolean {
    return this.#waiting.find((waiting) => waiting.key === key) !== undefined;
  }

  add(waiting: T): void {
    const now = performance.now();
    waiting.since = now;
    waiting.heardAt = now;
    this.#waiting.add(waiting);
    if (this.#timer !== undefined) return;
    const every = Math.max(10, Math.min(1_000, this.#silenceMsMax / 4));
    this.#timer = setInterval(() => this.#sweep(), every);
    this.#timer.unref();
  }

  /** Progress and other signs of life start the clock of silence again. */
  heard(waiting: T): void {
    waiting.heardAt = performance.now();
  }

  /** Its answer seems to be lost: it is not waited for much longer. */
  doubt(waiting: T, why: string): void {
    waiting.doubt ??= { why, since: performance.now() };
  }

  take(key: string): T | undefined {
    return this.#waiting.take((waiting) => waiting.key === key);
  }

  /** Takes all, for a connection that ends. */
  drain(): readonly T[] {
    const all = this.#waiting.all();
    for (const waiting of all) this.#waiting.remove(waiting);
    this.#stop();
    return all;
  }

  #sweep(): void {
    if (this.#waiting.size === 0) return this.#stop();
    const now = performance.now();
    for (const waiting of this.#waiting.all()) {
      if (waiting.standing) continue;
      const why =
        now - waiting.since > this.#totalMsMax
          ? `no answer within ${this.#totalMsMax / 1000} s`
          : now - waiting.heardAt > this.#silenceMsMax
            ? `the server was silent for ${this.#silenceMsMax / 1000} s`
            : waiting.doubt !== undefined && now - waiting.doubt.since > DOUBT_MS_MAX
              ? waiting.doubt.why
              : undefined;
      if (why === undefined) continue;
      this.#waiting.remove(waiting);
      this.#expire(waiting, why);
    }
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** `performance.now()` milliseconds; `add` sets the first two. What is meant to stand open has no deadline. */
export type Deadlines = {
  readonly key: string;
  since: number;
  heardAt: number;
  doubt?: { readonly why: string; readonly since: number };
  readonly standing: boolean;
};
const DOUBT_MS_MAX = 3_000;

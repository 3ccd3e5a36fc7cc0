import { type Demand, isSameWindow, levelled, type Window } from './demand.ts';

/**
 * Every bucket's log of what was taken and when, in memory. The book decides; a store that must outlive the process
 * keeps the same entries and replays them into a new book. Times never run backwards in it (see `LimitClock`).
 */
export class LimitBook {
  readonly #buckets = new Map<string, Bucket>();

  /** The first demand that would exceed its limit, or undefined when all fit. Takes nothing. */
  firstExceeded(demands: readonly Demand[], now: number): Exceeded | undefined {
    const above = this.#firstAbove(demands, now, false);
    if (above === undefined) return undefined;
    return { ...above, resetsAt: this.#buckets.get(above.demand.bucket)?.roomAt(above.demand, now) };
  }

  /** As {@link firstExceeded}, of the limits in shadow: what would have refused. */
  firstWatched(demands: readonly Demand[], now: number): Watched | undefined {
    return demands.some(({ shadow }) => shadow) ? this.#firstAbove(demands, now, true) : undefined;
  }

  #firstAbove(demands: readonly Demand[], now: number, shadow: boolean): Watched | undefined {
    for (const demand of levelled(demands)) {
      if (demand.shadow !== shadow) continue;
      const used = this.#buckets.get(demand.bucket)?.used(demand.window, now) ?? 0n;
      if (used + demand.amount > demand.max) return { demand, used };
    }
    return undefined;
  }

  /** Enters the call once in each bucket it names, with its largest amount there. Entry ids must rise. */
  take(demands: readonly Demand[], now: number, entry: number): readonly Taken[] {
    const single = demands.length === 1 ? demands[0] : undefined;
    if (single !== undefined) {
      const only = this.#enter(single.bucket, now, single.amount, entry);
      this.#buckets.get(single.bucket)?.keep(single.keepMs);
      return [only];
    }
    const largest = new Map<string, bigint>();
    for (const demand of demands) {
      const known = largest.get(demand.bucket);
      if (known === undefined || demand.amount > known) largest.set(demand.bucket, demand.amount);
    }
    const taken: Taken[] = [];
    for (const [bucket, amount] of largest) taken.push(this.#enter(bucket, now, amount, entry));
    for (const { bucket, keepMs } of demands) this.#buckets.get(bucket)?.keep(keepMs);
    return taken;
  }

  /** Replays an entry from a store. */
  restore(taken: Taken): void {
    this.#enter(taken.bucket, taken.at, taken.amount, taken.entry);
  }

  giveBack(bucket: string, entry: number): void {
    this.#buckets.get(bucket)?.remove(entry);
  }

  /**
   * Entries of a bucket that no window looks at any more leave it; their ids, so that a store can drop them too.
   * `keepMs`: how far back a limit may still look, whether or not it has been asked yet.
   */
  prune(bucketName: string, now: number, keepMs = 0): readonly number[] {
    const bucket = this.#buckets.get(bucketName);
    if (bucket === undefined) return NONE;
    const left = bucket.prune(now, keepMs);
    if (bucket.isEmpty) this.#buckets.delete(bucketName);
    return left;
  }

  entriesOf(bucketName: string): readonly Taken[] {
    return this.#buckets.get(bucketName)?.taken(bucketName) ?? [];
  }

  reset(bucketName: string): void {
    this.#buckets.delete(bucketName);
  }

  clear(): void {
    this.#buckets.clear();
  }

  bucketNames(): readonly string[] {
    return [...this.#buckets.keys()];
  }

  used(bucketName: string, window: Window, now: number): bigint {
    return this.#buckets.get(bucketName)?.used(window, now) ?? 0n;
  }

  #enter(name: string, at: number, amount: bigint, entry: number): Taken {
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = new Bucket();
      this.#buckets.set(name, bucket);
    }
    bucket.add(at, amount, entry);
    return { bucket: name, at, amount, entry };
  }
}

export type Taken = {
  readonly bucket: string;
  readonly at: number;
  readonly amount: bigint;
  readonly entry: number;
};

/** A limit that a call is above. One in shadow refuses nothing. */
export type Watched = {
  readonly demand: Demand;
  readonly used: bigint;
};

export type Exceeded = Watched & {
  /** Epoch milliseconds from which the same call would fit; undefined where no waiting helps. */
  readonly resetsAt: number | undefined;
};

const NONE: readonly number[] = [];

/** Where one window stands in the log: entries before `head` have left it, `sum` is what the rest adds up to. */
type Cursor = { head: number; sum: bigint; window: Window };

class Bucket {
  /** Parallel arrays, oldest first; positions below `#start` are pruned. */
  #at: number[] = [];
  #amount: bigint[] = [];
  #entry: number[] = [];
  #start = 0;
  #total = 0n;
  #keepMs = 0;
  /** As many as there are different windows on the counter. */
  readonly #cursors: Cursor[] = [];

  get isEmpty(): boolean {
    return this.#start === this.#at.length;
  }

  taken(bucket: string): readonly Taken[] {
    const all: Taken[] = [];
    for (let i = this.#start; i < this.#at.length; i++) {
      all.push({
        bucket,
        at: this.#at[i] as number,
        amount: this.#amount[i] as bigint,
        entry: this.#entry[i] as number,
      });
    }
    return all;
  }

  add(at: number, amount: bigint, entry: number): void {
    this.#at.push(at);
    this.#amount.push(amount);
    this.#entry.push(entry);
    this.#total += amount;
    for (const cursor of this.#cursors) cursor.sum += amount;
  }

  used(window: Window, now: number): bigint {
    return this.#advance(window, now).sum;
  }

  /** When enough has left the window for this demand to fit. */
  roomAt(demand: Demand, now: number): number | undefined {
    const { window, amount, max } = demand;
    if (amount > max) return undefined;
    if (window.kind === 'calendar') return window.spanOf(now).to;
    const cursor = this.#advance(window, now);
    let left = cursor.sum;
    for (let i = cursor.head; i < this.#at.length; i++) {
      left -= this.#amount[i] as bigint;
      if (left + amount <= max) return (this.#at[i] as number) + window.ms;
    }
    return undefined;
  }

  /** A give-back belongs to the window it was taken in: where it has left a window, that window does not change. */
  remove(entry: number): void {
    const i = this.#entry.lastIndexOf(entry);
    if (i < this.#start) return;
    const amount = this.#amount[i] as bigint;
    for (const cursor of this.#cursors) {
      if (i >= cursor.head) cursor.sum -= amount;
      else cursor.head--;
    }
    this.#total -= amount;
    this.#at.splice(i, 1);
    this.#amount.splice(i, 1);
    this.#entry.splice(i, 1);
  }

  /** Remembers at least so far back, in milliseconds. */
  keep(ms: number): void {
    if (ms > this.#keepMs) this.#keepMs = ms;
  }

  prune(now: number, keepMs: number): readonly number[] {
    this.keep(keepMs);
    if (this.#keepMs === 0) return NONE;
    let head = this.#at.length;
    for (const cursor of this.#cursors) head = Math.min(head, this.#advance(cursor.window, now).head);
    let keep = this.#start;
    while (keep < head && (this.#at[keep] as number) <= now - this.#keepMs) keep++;
    if (keep === this.#start) return NONE;
    const left = this.#entry.slice(this.#start, keep);
    for (let i = this.#start; i < keep; i++) this.#total -= this.#amount[i] as bigint;
    this.#start = keep;
    if (this.#start > 4096 && this.#start * 2 > this.#at.length) this.#compact();
    return left;
  }

  #compact(): void {
    const gone = this.#start;
    this.#at = this.#at.slice(gone);
    this.#amount = this.#amount.slice(gone);
    this.#entry = this.#entry.slice(gone);
    for (const cursor of this.#cursors) cursor.head -= gone;
    this.#start = 0;
  }

  #advance(window: Window, now: number): Cursor {
    let cursor = this.#cursors.find((one) => isSameWindow(one.window, window));
    if (cursor === undefined) {
      cursor = { head: this.#start, sum: this.#total, window };
      this.#cursors.push(cursor);
    }
    // Sliding spans are half open: what was taken exactly one length ago has just left.
    const before = window.kind === 'sliding' ? now - window.ms + 1 : window.spanOf(now).from;
    while (cursor.head < this.#at.length && (this.#at[cursor.head] as number) < before) {
      cursor.sum -= this.#amount[cursor.head] as bigint;
      cursor.head++;
    }
    return cursor;
  }
}

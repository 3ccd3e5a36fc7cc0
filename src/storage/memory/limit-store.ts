import { LimitBook, type Taken } from '../../stages/limits/book.ts';
import { type Demand, entered, levelled } from '../../stages/limits/demand.ts';
import type { LimitStore, Reservation, Reserving } from '../../stages/limits/limit-store.ts';

/** Counts in this process alone and forgets with it. What it reserves needs no lease: nothing outlives a crash. */
export class MemoryLimitStore implements LimitStore {
  readonly #book = new LimitBook();
  readonly #now: () => number;
  #entry = 0;

  /** `now`: epoch milliseconds that never run back, as of `LimitClock`. */
  constructor(now: () => number) {
    this.#now = now;
  }

  async reserve(demands: readonly Demand[]): Promise<Reserving> {
    const at = this.#now();
    const asked = levelled(demands);
    for (const { bucket, keepMs } of asked) this.#book.prune(bucket, at, keepMs);
    const exceeded = this.#book.firstExceeded(asked, at);
    if (exceeded !== undefined) return { kind: 'exceeded', exceeded, at };
    const watched = this.#book.firstWatched(asked, at);
    const entry = ++this.#entry;
    const taken = this.#book.take(entered(asked, watched), at, entry);
    return { kind: 'reserved', reservation: { id: String(entry), at, taken }, ...(watched && { watched }) };
  }

  async confirm(_reservation: Reservation): Promise<boolean> {
    return true;
  }

  async giveBack({ taken }: Reservation): Promise<void> {
    for (const { bucket, entry } of taken) this.#book.giveBack(bucket, entry);
  }

  async sweep(): Promise<number> {
    const now = this.#now();
    for (const bucket of this.#book.bucketNames()) this.#book.prune(bucket, now);
    return 0;
  }

  async entries(): Promise<{ now: number; entries: readonly Taken[] }> {
    return { now: this.#now(), entries: this.#book.bucketNames().flatMap((bucket) => this.#book.entriesOf(bucket)) };
  }

  async reset(accepts: (bucket: string) => boolean): Promise<readonly string[]> {
    const names = this.#book.bucketNames().filter(accepts);
    for (const name of names) this.#book.reset(name);
    return names;
  }

  async close(): Promise<void> {
    this.#book.clear();
  }
}

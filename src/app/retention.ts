import type { LimitInForce } from '../rulebook/limit-rules.ts';
import { bucketName, parseBucket } from '../stages/limits/bucket.ts';
import { longestMs } from '../stages/limits/to-demand.ts';

/** How far back, in milliseconds, a counter's log must remember: as far as the longest of its limits looks. */
export class Retention {
  /** By the counter as it stands in the names of logs. */
  readonly #byName = new Map<string, number>();
  readonly #byCounter = new Map<string, number>();

  constructor(limits: readonly LimitInForce[]) {
    for (const { counter, window } of limits) {
      const name = nameOf(counter);
      this.#byName.set(name, Math.max(this.#byName.get(name) ?? 0, longestMs(window)));
    }
    for (const { counter } of limits) this.#byCounter.set(counter, this.#byName.get(nameOf(counter)) ?? 0);
  }

  ofCounter(counter: string): number {
    return this.#byCounter.get(counter) ?? 0;
  }

  /** What no policy names may be named again by the next: it is kept as long as any window can be. */
  ofBucket(bucket: string): number {
    const counter = parseBucket(bucket)?.counter;
    return (counter === undefined ? undefined : this.#byName.get(counter)) ?? WINDOW_MS_MAX;
  }
}

/** A counter as it stands in the names of logs. */
function nameOf(counter: string): string {
  return parseBucket(bucketName(counter, [], false))?.counter ?? counter;
}

const WINDOW_MS_MAX = 366 * 86_400_000;

import type { LimitInForce } from '../rulebook/limit-rules.ts';
import { bucketName, parseBucket } from '../stages/limits/bucket.ts';
import { longestMs } from '../stages/limits/to-demand.ts';

/** How far back, in milliseconds, a counter's log must remember: as far as the longest of its limits looks. */
export class Retention {
  readonly #byCounter = new Map<string, number>();

  constructor(limits: readonly LimitInForce[]) {
    for (const { counter, window } of limits) {
      const name = nameOf(counter);
      this.#byCounter.set(name, Math.max(this.#byCounter.get(name) ?? 0, longestMs(window)));
    }
  }

  ofCounter(counter: string): number {
    return this.#byCounter.get(nameOf(counter)) ?? 0;
  }

  /** What no policy names may be named again by the next: it is kept as long as any window can be. */
  ofBucket(bucket: string): number {
    const counter = parseBucket(bucket)?.counter;
    return (counter === undefined ? undefined : this.#byCounter.get(counter)) ?? WINDOW_MS_MAX;
  }
}

/** A counter as it stands in the names of logs. */
function nameOf(counter: string): string {
  return parseBucket(bucketName(counter, [], false))?.counter ?? counter;
}

const WINDOW_MS_MAX = 366 * 86_400_000;

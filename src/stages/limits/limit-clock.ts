/**
 * The time limits are counted by. It follows the wall clock forwards, and when that steps back it goes on from the
 * later time at the pace of the monotonic clock: stepping a clock back frees nothing.
 */
export class LimitClock {
  readonly #wall: () => number;
  readonly #monotonic: () => number;
  readonly #onStepBack: (ms: number) => void;
  #last: number;
  #lastMonotonic: number;
  #behind = false;

  constructor(options: {
    /** Epoch milliseconds. */
    wall: () => number;
    /** Milliseconds since some moment, never running back. */
    monotonic: () => number;
    /** The latest time a store has seen, so that a step back across a restart is noticed too. */
    latest: number;
    onStepBack: (ms: number) => void;
  }) {
    this.#wall = options.wall;
    this.#monotonic = options.monotonic;
    this.#onStepBack = options.onStepBack;
    this.#last = options.latest;
    this.#lastMonotonic = options.monotonic();
  }

  now(): number {
    const wall = this.#wall();
    const monotonic = this.#monotonic();
    const carried = this.#last + Math.max(0, Math.floor(monotonic - this.#lastMonotonic));
    if (wall >= this.#last) {
      this.#behind = false;
      this.#last = wall;
    } else {
      if (!this.#behind && this.#last - wall > STEP_MS) {
        this.#behind = true;
        this.#onStepBack(this.#last - wall);
      }
      if (carried > this.#last) this.#last = carried;
      else return this.#last;
    }
    this.#lastMonotonic = monotonic;
    return this.#last;
  }

  /** A time another writer of the same store has used. */
  noLaterThanSeen(at: number): void {
    if (at > this.#last) {
      this.#last = at;
      this.#lastMonotonic = this.#monotonic();
    }
  }
}

/** Clocks are disciplined in small steps all the time; only more than this is worth an alarm. */
const STEP_MS = 1_000;

/**
 * The time limits are counted by. It follows the wall clock forwards, and when that steps back it goes on from the
 * later time at the pace of the monotonic clock: stepping a clock back frees nothing.
 */
export class LimitClock {
  readonly #wall: () => number;
  readonly #monotonic: () => number;
  readonly #onStepBack: (ms: number) => void;
  readonly #onJump: (ms: number) => void;
  readonly #onSettled: () => void;
  #last: number;
  #lastMonotonic: number;
  #behind = false;
  /** When the wall clock was last seen to step or jump, by the monotonic clock. */
  #unsettledAt: number | undefined;

  constructor(options: {
    /** Epoch milliseconds. */
    wall: () => number;
    /** Milliseconds since some moment, never running back. */
    monotonic: () => number;
    /** The latest time a store has seen, so that a step back across a restart is noticed too. */
    latest: number;
    /** The wall clock is this many milliseconds behind the time limits go on from. */
    onStepBack: (ms: number) => void;
    /** The wall clock went this many milliseconds further than time did; what was inside a window may have left it early. */
    onJump?: (ms: number) => void;
    /** Both clocks have agreed for a while again. */
    onSettled?: () => void;
  }) {
    this.#wall = options.wall;
    this.#monotonic = options.monotonic;
    this.#onStepBack = options.onStepBack;
    this.#onJump = options.onJump ?? (() => {});
    this.#onSettled = options.onSettled ?? (() => {});
    this.#last = options.latest;
    this.#lastMonotonic = options.monotonic();
  }

  now(): number {
    const wall = this.#wall();
    const monotonic = this.#monotonic();
    const passed = Math.max(0, monotonic - this.#lastMonotonic);
    if (wall >= this.#last) {
      const ahead = wall - this.#last - passed;
      // The first look has nothing to compare with.
      if (ahead > JUMP_MS && this.#last > 0) this.#unsettled(() => this.#onJump(ahead));
      this.#behind = false;
      this.#last = wall;
      this.#lastMonotonic = monotonic;
      if (this.#unsettledAt !== undefined && monotonic - this.#unsettledAt >= SETTLED_MS) {
        this.#unsettledAt = undefined;
        this.#onSettled();
      }
      return wall;
    }
    if (!this.#behind && this.#last - wall > STEP_MS) {
      this.#behind = true;
      this.#unsettled(() => this.#onStepBack(this.#last - wall));
    }
    const whole = Math.floor(passed);
    this.#last += whole;
    // The fraction of a millisecond that is left counts next time.
    this.#lastMonotonic += whole;
    return this.#last;
  }

  /** A time another writer of the same store has used. */
  noLaterThanSeen(at: number): void {
    if (at <= this.#last) return;
    this.#last = at;
    this.#lastMonotonic = this.#monotonic();
  }

  #unsettled(say: () => void): void {
    this.#unsettledAt = this.#monotonic();
    say();
  }
}

/** Clocks are disciplined in small steps all the time; only more than this is worth an alarm. */
const STEP_MS = 1_000;
/** Forwards more: a machine that slept or a process that was stopped looks the same. */
const JUMP_MS = 60_000;
const SETTLED_MS = 60_000;

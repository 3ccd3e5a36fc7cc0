/** The venue's clock: real time shifted by an offset, or frozen. What it says never goes back. */

export type ClockState =
  | { readonly mode: 'live'; readonly offset: number }
  | { readonly mode: 'frozen'; readonly at: number };

export class Clock {
  state: ClockState;
  readonly #realNow: () => number;

  constructor(state: ClockState = { mode: 'live', offset: 0 }, realNow: () => number = Date.now) {
    this.state = state;
    this.#realNow = realNow;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.state.mode === 'frozen' ? this.state.at : this.#realNow() + this.state.offset;
  }

  freeze(at = this.now()): void {
    this.state = { mode: 'frozen', at };
  }

  /** Runs again, from `at`; else from what it says, caught up where it lags: real clients would be ahead of it for good. */
  run(at: number | null = null): void {
    const real = this.#realNow();
    this.state = { mode: 'live', offset: at === null ? Math.max(0, this.now() - real) : at - real };
  }

  /** Jumps ahead by `ms`, frozen or not. */
  skip(ms: number): void {
    if (this.state.mode === 'frozen') this.freeze(this.state.at + ms);
    else this.state = { mode: 'live', offset: this.state.offset + ms };
  }
}

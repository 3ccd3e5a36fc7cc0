/**
 * What time it is by a store's server: its last word, carried on by this process's monotonic clock. Only a guess, for
 * computing calendar spans ahead; the store checks that its own time is inside them.
 */
export class ServerTime {
  #at = Date.now();
  #heard = performance.now();

  learn(at: number): void {
    this.#at = at;
    this.#heard = performance.now();
  }

  /** Epoch milliseconds. */
  now(): number {
    return this.#at + Math.floor(performance.now() - this.#heard);
  }
}

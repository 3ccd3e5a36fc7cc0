/**
 * How fast something is read that nobody waits for: it may take a share of our time, and now and then a little more at
 * once. One for all that come from the same place, so that many of them take no more than one.
 */
export class Pace {
  readonly #onRest: () => void;
  #owedMs = 0;
  #at = performance.now();

  /** `onRest` hears of each time that it is to be read no further for a while. */
  constructor(onRest: () => void) {
    this.#onRest = onRest;
  }

  /**
   * Notes that a piece of so many bytes took `ms`. How many milliseconds to read nothing now, so that `share` of the time
   * is all that is spent; 0 where it may go on.
   */
  restAfter(piece: { readonly bytes: number; readonly ms: number }, share: number): number {
    const now = performance.now();
    const spentMs = piece.ms + piece.bytes / READ_BYTES_PER_MS;
    this.#owedMs = Math.max(0, this.#owedMs - (now - this.#at) * share) + spentMs;
    this.#at = now;
    if (this.#owedMs <= AT_ONCE_MS) return 0;
    this.#onRest();
    // Not until the next piece is due: going on and stopping cost something too.
    return (this.#owedMs - AT_ONCE_MS / 2) / share;
  }
}

/** While no request runs. */
export const SHARE_UNASKED = 0.1;
/** While one does: its answer may come behind what nobody waits for. */
export const SHARE_ASKED = 0.5;
const AT_ONCE_MS = 100;
/** To get it from the operating system takes time too. */
const READ_BYTES_PER_MS = 512 * 1024;

import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';

/**
 * Puts what was committed on the disk: an fsync of the write-ahead log, which serves all that committed before it
 * began. It runs on another thread, so that a slow disk delays those that wait for it and nothing else. Where the
 * medium answers faster than another thread could be woken (memory, disks with a protected cache), it is done at once,
 * until several answers in a row are slow; and again once many in a row are quick, for a busy machine looks like a slow disk.
 */
export class WalSync<T> {
  readonly #file: number;
  readonly #onDurable: (waiting: T) => void;
  readonly #onFailed: (waiting: T, fault: Error) => void;
  #waiting: T[] = [];
  #running = false;
  #began = 0;
  #inline = false;
  /** Answers in a row that speak for the other way. */
  #against = 0;
  #brokenBy: Error | undefined;

  /** `path`: the log, which exists. SQLite holds no locks on it, so that opening and closing it beside SQLite is safe. */
  constructor(options: {
    readonly path: string;
    /** Writes a little, so that how long the medium takes can be tried. */
    readonly write: () => void;
    readonly onDurable: (waiting: T) => void;
    readonly onFailed: (waiting: T, fault: Error) => void;
  }) {
    this.#file = openSync(options.path, 'r+');
    this.#onDurable = options.onDurable;
    this.#onFailed = options.onFailed;
    this.#inline = this.#isFastMedium(options.write);
  }

  /** After a failed fsync nobody knows what is on the disk: the fault, for good. */
  get brokenBy(): Error | undefined {
    return this.#brokenBy;
  }

  /** How long those wait that an fsync is running for; 0 where none runs. */
  get waitingMs(): number {
    return this.#running ? performance.now() - this.#began : 0;
  }

  /** It has committed; the next {@link start} is for it. */
  add(waiting: T): void {
    this.#waiting.push(waiting);
  }

  /** Starts an fsync where somebody waits and none runs. */
  start(): void {
    if (this.#running || this.#waiting.length === 0) return;
    const served = this.#waiting;
    this.#waiting = [];
    // A later fsync can succeed without what an earlier one has lost.
    if (this.#brokenBy !== undefined) return this.#failed(served, this.#brokenBy);
    if (this.#inline) return this.#syncNow(served);
    this.#running = true;
    this.#began = performance.now();
    fdatasync(this.#file, (fault) => {
      this.#running = false;
      if (fault !== null) return this.#failed(served, fault);
      this.#weigh(performance.now() - this.#began <= THREAD_MS_MAX, QUICK_MAX);
      for (const one of served) this.#onDurable(one);
      this.start();
    });
  }

  /** Resolves when none runs. */
  async close(): Promise<void> {
    while (this.#running) await new Promise((resolve) => setTimeout(resolve, 1));
    closeSync(this.#file);
  }

  #syncNow(served: readonly T[]): void {
    const began = performance.now();
    try {
      fdatasyncSync(this.#file);
    } catch (fault) {
      return this.#failed(served, fault as Error);
    }
    this.#weigh(performance.now() - began > INLINE_MS_MAX, SLOW_MAX);
    for (const one of served) this.#onDurable(one);
  }

  #weigh(against: boolean, max: number): void {
    this.#against = against ? this.#against + 1 : 0;
    if (this.#against < max) return;
    this.#against = 0;
    this.#inline = !this.#inline;
  }

  #failed(served: readonly T[], fault: Error): void {
    this.#brokenBy = fault;
    for (const one of [...served, ...this.#waiting]) this.#onFailed(one, fault);
    this.#waiting = [];
  }

  /** Whether waiting for the medium costs less than handing the wait to another thread. */
  #isFastMedium(write: () => void): boolean {
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      write();
      const began = performance.now();
      fdatasyncSync(this.#file);
      times.push(performance.now() - began);
    }
    return (times.sort((x, y) => x - y)[3] ?? Number.POSITIVE_INFINITY) < INLINE_MS_MAX / 4;
  }
}

const INLINE_MS_MAX = 0.1;
/** What a quick medium takes with another thread woken for it. */
const THREAD_MS_MAX = 0.15;
/** A busy machine makes single ones look slow; so many in a row are the medium. */
const SLOW_MAX = 3;
const QUICK_MAX = 32;

/** A stream to say it on: where it is no terminal, nothing is said. */
type Out = { readonly isTTY?: boolean; write(text: string): unknown };

/**
 * What is being done, count, rate and time left: one line of a terminal's stderr, written anew at most twice a second and
 * gone when the work is done.
 */
export class Progress {
  readonly #doing: string;
  readonly #unit: string;
  readonly #total: number;
  readonly #out: Out;
  readonly #now: () => number;
  readonly #began: number;
  #count = 0;
  #said: number;

  /** `total`: how many there are. `now`: milliseconds since some moment. */
  constructor(options: { doing: string; unit: string; total: number; out?: Out; now?: () => number }) {
    this.#doing = options.doing;
    this.#unit = options.unit;
    this.#total = options.total;
    this.#out = options.out ?? process.stderr;
    this.#now = options.now ?? (() => performance.now());
    this.#began = this.#now();
    this.#said = this.#began;
  }

  /** One more is done. */
  count(): void {
    this.#count++;
    if (this.#out.isTTY !== true || this.#count % LOOK_EVERY !== 0) return;
    const now = this.#now();
    if (now - this.#said < SAY_EVERY_MS) return;
    this.#said = now;
    const perSecond = (this.#count / (now - this.#began)) * 1_000;
    const left = Math.ceil(Math.max(0, this.#total - this.#count) / perSecond);
    const counted = `${number(this.#count)} of ${number(this.#total)} ${this.#unit}`;
    this.#out.write(`\r${CLEAR}${this.#doing}: ${counted}, ${number(Math.round(perSecond))}/s, ${timeText(left)} left`);
  }

  end(): void {
    if (this.#said !== this.#began) this.#out.write(`\r${CLEAR}`);
  }
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function timeText(seconds: number): string {
  return seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}

const CLEAR = '\u001b[K';
const LOOK_EVERY = 256;
const SAY_EVERY_MS = 500;

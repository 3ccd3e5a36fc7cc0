/**
 * The seeded price path. A pure function of (seed, symbol, origin, second): nothing a user does can change it, any
 * past or future second can be asked in any order, and it never leaves 5 % of the start price.
 *
 * It is value noise: each octave interpolates between hashed lattice points. Only integers below 2^53 take part, so
 * that every machine computes the same path.
 */

/** One octave: lattice period in seconds and amplitude in 1e-8 of the price. The amplitudes sum to less than 2.5 %. */
const OCTAVES: readonly (readonly [periodS: number, amplitude: number])[] = [
  [4, 8_000],
  [32, 25_000],
  [256, 70_000],
  [2048, 160_000],
  [16_384, 330_000],
  [131_072, 700_000],
  [1_048_576, 1_170_000],
];
const LATTICE = 32_768;
const SCALE = 100_000_000;

/** A 32-bit hash of three integers; the finaliser is murmur3's. */
function hash(seed: number, stream: number, index: number): number {
  let h = (seed ^ Math.imul(stream, 0x9e3779b1)) | 0;
  h = Math.imul(h ^ (index | 0), 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h ^ (Math.floor(index / 0x1_0000_0000) | 0), 0xc2b2ae35);
  h ^= h >>> 16;
  h = Math.imul(h, 0x7feb352d);
  h ^= h >>> 15;
  h = Math.imul(h, 0x846ca68b);
  h ^= h >>> 16;
  return h >>> 0;
}

/** A number that stands for a text, so that every symbol has its own streams. */
function streamOf(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

const PERIODS = Int32Array.from(OCTAVES, ([period]) => period);
const AMPLITUDES = Int32Array.from(OCTAVES, ([, amplitude]) => amplitude);
const HOUR_S = 3600;

/** Walks one symbol's path. Remembers the lattice cells it is in, so that scanning seconds in order is cheap. */
export class Path {
  readonly #seed: number;
  readonly #stream: number;
  readonly #originS: number;
  // Per octave: the cell's number, and the lattice values at its two ends.
  readonly #cells = new Float64Array(OCTAVES.length).fill(Number.NaN);
  readonly #from = new Float64Array(OCTAVES.length);
  readonly #to = new Float64Array(OCTAVES.length);
  #hour = Number.NaN;
  #hourFrom = 0;
  #hourTo = 0;
  readonly #offset: number;
  readonly #basisOffset: number;

  constructor(seed: number, symbol: string, originS: number) {
    this.#seed = seed | 0;
    this.#stream = streamOf(symbol);
    this.#originS = originS;
    this.#offset = this.#noise(this.#originS);
    this.#basisOffset = this.#slow(this.#originS);
  }

  /** The price at `second` (Unix seconds), in ticks, where the price at the origin is `startTicks`. */
  ticks(startTicks: number, second: number): number {
    const relative = this.#noise(second) - this.#offset;
    return Math.floor((startTicks * (SCALE + relative) + SCALE / 2) / SCALE);
  }

  /** The same with the perpetual's basis on top. */
  ticksWithBasis(startTicks: number, second: number): number {
    return Math.max(1, Math.floor((this.ticks(startTicks, second) * (SCALE + this.basis(second)) + SCALE / 2) / SCALE));
  }

  /** The gap between the perpetual and the index at `second`, in 1e-8; zero at the origin, within 0.04 %. */
  basis(second: number): number {
    return this.#slow(second) - this.#basisOffset;
  }

  /** An integer in [low, high] that belongs to `second` and a named purpose. */
  draw(purpose: number, second: number, low: number, high: number): number {
    return low + (hash(this.#seed, this.#stream + purpose, second) % (high - low + 1));
  }

  #slow(second: number): number {
    const hour = Math.floor(second / HOUR_S);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#hourFrom = this.draw(7919, hour, -20_000, 20_000);
      this.#hourTo = this.draw(7919, hour + 1, -20_000, 20_000);
    }
    const within = second - hour * HOUR_S;
    return Math.trunc((this.#hourFrom * (HOUR_S - within) + this.#hourTo * within) / HOUR_S);
  }

  #noise(second: number): number {
    let sum = 0;
    for (let octave = 0; octave < PERIODS.length; octave += 1) {
      const period = PERIODS[octave] ?? 1;
      const cell = Math.floor(second / period);
      if (cell !== this.#cells[octave]) {
        this.#from[octave] = this.#lattice(octave, cell);
        this.#to[octave] = this.#lattice(octave, cell + 1);
        this.#cells[octave] = cell;
      }
      const within = second - cell * period;
      const value = Math.trunc(
        ((this.#from[octave] ?? 0) * (period - within) + (this.#to[octave] ?? 0) * within) / period,
      );
      sum += (AMPLITUDES[octave] ?? 0) * value;
    }
    return Math.trunc(sum / LATTICE);
  }

  #lattice(octave: number, index: number): number {
    return (hash(this.#seed, this.#stream + octave + 1, index) % (2 * LATTICE + 1)) - LATTICE;
  }
}

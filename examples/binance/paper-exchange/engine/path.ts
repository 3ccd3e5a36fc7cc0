/**
 * The seeded price path. A pure function of (seed, symbol, origin, second): nothing a user does can change it, any
 * past or future second can be asked in any order, and it never leaves 5 % of the start price.
 *
 * It is value noise: each octave interpolates between hashed lattice points. Only integers below 2^53 take part, so
 * that every machine computes the same path.
 */

/** Octaves: lattice period in seconds, amplitude in 1e-8 of the price. The amplitudes sum to less than 2.5 %. */
const PERIODS = Int32Array.of(4, 32, 256, 2048, 16_384, 131_072, 1_048_576);
const AMPLITUDES = Int32Array.of(8_000, 25_000, 70_000, 160_000, 330_000, 700_000, 1_170_000);
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

const HOUR_S = 3600;

/** `ticks` changed by `part` (in 1e-8), to the nearest whole tick. */
const scaled = (ticks: number, part: number): number => Math.floor((ticks * (SCALE + part) + SCALE / 2) / SCALE);

/** Walks one symbol's path. Remembers the lattice cells it is in, so that scanning seconds in order is cheap. */
export class Path {
  readonly #seed: number;
  readonly #stream: number;
  // Per octave: the cell's number, and the lattice values at its two ends.
  readonly #cells = new Float64Array(PERIODS.length).fill(Number.NaN);
  readonly #from = new Float64Array(PERIODS.length);
  readonly #to = new Float64Array(PERIODS.length);
  #hour = Number.NaN;
  #hourFrom = 0;
  #hourTo = 0;
  readonly #offset: number;
  readonly #basisOffset: number;

  constructor(seed: number, symbol: string, originS: number) {
    this.#seed = seed | 0;
    this.#stream = streamOf(symbol);
    this.#offset = this.#noise(originS);
    this.#basisOffset = this.#slow(originS);
  }

  /** The price at `second` (Unix seconds), in ticks, where the price at the origin is `startTicks`. */
  ticks(startTicks: number, second: number): number {
    return scaled(startTicks, this.#noise(second) - this.#offset);
  }

  /** The same with the perpetual's basis on top. */
  ticksWithBasis(startTicks: number, second: number): number {
    return Math.max(1, scaled(this.ticks(startTicks, second), this.basis(second)));
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
      const mixed = (this.#from[octave] ?? 0) * (period - within) + (this.#to[octave] ?? 0) * within;
      const value = Math.trunc(mixed / period);
      sum += (AMPLITUDES[octave] ?? 0) * value;
    }
    return Math.trunc(sum / LATTICE);
  }

  #lattice(octave: number, index: number): number {
    return (hash(this.#seed, this.#stream + octave + 1, index) % (2 * LATTICE + 1)) - LATTICE;
  }
}

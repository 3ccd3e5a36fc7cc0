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
export function hash(seed: number, stream: number, index: number): number {
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
export function streamOf(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Walks one symbol's path. Remembers the lattice cell it is in, so that scanning seconds in order is cheap. */
export class Path {
  readonly #seed: number;
  readonly #stream: number;
  readonly #originS: number;
  readonly #cells: { index: number; from: number; to: number }[];
  readonly #offset: number;

  constructor(seed: number, symbol: string, originS: number) {
    this.#seed = seed | 0;
    this.#stream = streamOf(symbol);
    this.#originS = originS;
    this.#cells = OCTAVES.map(() => ({ index: Number.NaN, from: 0, to: 0 }));
    this.#offset = this.#noise(originS);
  }

  /** The price at `second` (Unix seconds), in ticks, where the price at the origin is `startTicks`. */
  ticks(startTicks: number, second: number): number {
    const relative = this.#noise(second) - this.#offset;
    return Math.floor((startTicks * (SCALE + relative) + SCALE / 2) / SCALE);
  }

  /** The gap between the perpetual and the index at `second`, in 1e-8; zero at the origin, within 0.04 %. */
  basis(second: number): number {
    return this.#slow(second) - this.#slow(this.#originS);
  }

  /** An integer in [low, high] that belongs to `second` and a named purpose. */
  draw(purpose: number, second: number, low: number, high: number): number {
    return low + (hash(this.#seed, this.#stream + purpose, second) % (high - low + 1));
  }

  #slow(second: number): number {
    const index = Math.floor(second / 3600);
    const within = second - index * 3600;
    const from = this.draw(7919, index, -20_000, 20_000);
    const to = this.draw(7919, index + 1, -20_000, 20_000);
    return Math.trunc((from * (3600 - within) + to * within) / 3600);
  }

  #noise(second: number): number {
    let sum = 0;
    for (let octave = 0; octave < OCTAVES.length; octave += 1) {
      const [period, amplitude] = OCTAVES[octave] ?? [1, 0];
      const cell = this.#cells[octave];
      if (cell === undefined) continue;
      const index = Math.floor(second / period);
      if (cell.index !== index) {
        cell.from = cell.index + 1 === index ? cell.to : this.#lattice(octave, index);
        cell.to = this.#lattice(octave, index + 1);
        cell.index = index;
      }
      const within = second - index * period;
      sum += amplitude * Math.trunc((cell.from * (period - within) + cell.to * within) / period);
    }
    return Math.trunc(sum / LATTICE);
  }

  #lattice(octave: number, index: number): number {
    return (hash(this.#seed, this.#stream + octave + 1, index) % (2 * LATTICE + 1)) - LATTICE;
  }
}

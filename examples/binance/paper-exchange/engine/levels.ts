/**
 * Price levels kept best first. A sorted array cut into chunks: finding is two binary searches, inserting moves at most
 * one chunk, and the best level is always the first of the first chunk.
 */

const CHUNK_MAX = 512;

export class SortedLevels<Level extends { readonly price: bigint }> {
  readonly #chunks: Level[][] = [];
  readonly #byPrice = new Map<bigint, Level>();
  readonly #descending: boolean;

  constructor(order: 'ascending' | 'descending') {
    this.#descending = order === 'descending';
  }

  get best(): Level | undefined {
    return this.#chunks[0]?.[0];
  }

  get size(): number {
    return this.#byPrice.size;
  }

  at(price: bigint): Level | undefined {
    return this.#byPrice.get(price);
  }

  /** Adds a level whose price is not there yet. */
  add(level: Level): void {
    this.#byPrice.set(level.price, level);
    if (this.#chunks.length === 0) this.#chunks.push([]);
    const at = this.#chunkOf(level.price);
    const chunk = this.#chunks[at] ?? [];
    chunk.splice(this.#slotOf(chunk, level.price), 0, level);
    if (chunk.length > CHUNK_MAX) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK_MAX / 2));
  }

  remove(price: bigint): void {
    if (!this.#byPrice.delete(price)) return;
    const at = this.#chunkOf(price);
    const chunk = this.#chunks[at] ?? [];
    chunk.splice(this.#slotOf(chunk, price), 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  *[Symbol.iterator](): Generator<Level> {
    for (const chunk of this.#chunks) yield* chunk;
  }

  /** Whether `a` is the better price. */
  #before(a: bigint, b: bigint): boolean {
    return this.#descending ? a > b : a < b;
  }

  /** The last chunk whose first price is not after `price`. */
  #chunkOf(price: bigint): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const first = this.#chunks[middle]?.[0];
      if (first !== undefined && !this.#before(price, first.price)) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The first slot whose price is not before `price`. */
  #slotOf(chunk: readonly Level[], price: bigint): number {
    let low = 0;
    let high = chunk.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const level = chunk[middle];
      if (level !== undefined && this.#before(level.price, price)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

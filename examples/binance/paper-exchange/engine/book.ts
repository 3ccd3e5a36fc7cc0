/** The order book of one market: price levels, first in first out within a level. It matches nothing; `match.ts` does. */

export type Side = 'BUY' | 'SELL';
export const opposite = (side: Side): Side => (side === 'BUY' ? 'SELL' : 'BUY');

/** What the book needs of an order. */
export interface Resting<Order> extends Record<'price' | 'quantity' | 'executed', bigint> {
  readonly side: Side;
  level: Level<Order> | null;
  previous: Order | null;
  next: Order | null;
}

/** All orders resting at one price, oldest first. */
type Level<Order> = { readonly price: bigint; total: bigint; head: Order | null; tail: Order | null };
export const remaining = (order: { quantity: bigint; executed: bigint }): bigint => order.quantity - order.executed;

export class Book<Order extends Resting<Order>> {
  readonly bids = new SortedLevels<Level<Order>>((a, b) => a > b);
  readonly asks = new SortedLevels<Level<Order>>((a, b) => a < b);

  side(side: Side): SortedLevels<Level<Order>> {
    return side === 'BUY' ? this.bids : this.asks;
  }

  /** The side an order of `side` trades against. */
  against(side: Side): SortedLevels<Level<Order>> {
    return this.side(opposite(side));
  }

  /** Rests the order behind everything at its price. */
  add(order: Order): void {
    const levels = this.side(order.side);
    const level = levels.at(order.price) ?? { price: order.price, total: 0n, head: null, tail: null };
    if (level.tail === null) levels.add(level);
    level.total += remaining(order);
    order.level = level;
    order.previous = level.tail;
    order.next = null;
    if (level.tail === null) level.head = order;
    else level.tail.next = order;
    level.tail = order;
  }

  /** Takes a resting order out; does nothing to one that does not rest. */
  remove(order: Order): void {
    const { level } = order;
    if (level === null) return;
    level.total -= remaining(order);
    if (order.previous === null) level.head = order.next;
    else order.previous.next = order.next;
    if (order.next === null) level.tail = order.previous;
    else order.next.previous = order.previous;
    order.level = order.previous = order.next = null;
    if (level.head === null) this.side(order.side).remove(level.price);
  }

  /** Tells the level that `quantity` of a resting order was filled. Call before `remove`. */
  filled(order: Order, quantity: bigint): void {
    if (order.level !== null) order.level.total -= quantity;
  }
}

const CHUNK_MAX = 512;

/**
 * Price levels kept best first. A sorted array cut into chunks: finding is two binary searches, inserting moves at most
 * one chunk, and the best level is always the first of the first chunk.
 */
class SortedLevels<Level extends { readonly price: bigint }> {
  readonly #chunks: Level[][] = [];
  readonly #byPrice = new Map<bigint, Level>();
  readonly #isBefore: (a: bigint, b: bigint) => boolean;

  /** `isBefore`: whether `a` is the better price. */
  constructor(isBefore: (a: bigint, b: bigint) => boolean) {
    this.#isBefore = isBefore;
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

  add(level: Level): void {
    this.#byPrice.set(level.price, level);
    if (this.#chunks.length === 0) this.#chunks.push([]);
    const { at, chunk, slot } = this.#find(level.price);
    chunk.splice(slot, 0, level);
    if (chunk.length > CHUNK_MAX) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK_MAX / 2));
  }

  remove(price: bigint): void {
    if (!this.#byPrice.delete(price)) return;
    const { at, chunk, slot } = this.#find(price);
    chunk.splice(slot, 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  *[Symbol.iterator](): Generator<Level> {
    for (const chunk of this.#chunks) yield* chunk;
  }

  /** The last chunk whose first price is not after `price`, and in it the first slot whose price is not before it. */
  #find(price: bigint): { at: number; chunk: Level[]; slot: number } {
    const starts = countFirst(this.#chunks, ([first]) => first !== undefined && !this.#isBefore(price, first.price));
    const at = Math.max(0, starts - 1);
    const chunk = this.#chunks[at] ?? [];
    return { at, chunk, slot: countFirst(chunk, (level) => this.#isBefore(level.price, price)) };
  }
}

/** How many items pass the test, when only the first ones do: a binary search. */
function countFirst<T>(items: readonly T[], passes: (item: T) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(items[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
}

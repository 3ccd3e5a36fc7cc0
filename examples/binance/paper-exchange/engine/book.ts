/** The order book of one market: price levels, first in first out within a level. It matches nothing; `match.ts` does. */

import { SortedLevels } from './levels.ts';

export type Side = 'BUY' | 'SELL';

export const opposite = (side: Side): Side => (side === 'BUY' ? 'SELL' : 'BUY');

/** What the book needs of an order. Price and quantities in 1e-8. */
export interface Resting<Order> {
  readonly side: Side;
  price: bigint;
  quantity: bigint;
  executed: bigint;
  level: Level<Order> | null;
  previous: Order | null;
  next: Order | null;
}

/** All orders resting at one price, oldest first. */
interface Level<Order> {
  readonly price: bigint;
  total: bigint;
  head: Order | null;
  tail: Order | null;
}

export const remaining = (order: { quantity: bigint; executed: bigint }): bigint => order.quantity - order.executed;

export class Book<Order extends Resting<Order>> {
  readonly bids = new SortedLevels<Level<Order>>('descending');
  readonly asks = new SortedLevels<Level<Order>>('ascending');

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
    let level = levels.at(order.price);
    if (level === undefined) {
      level = { price: order.price, total: 0n, head: null, tail: null };
      levels.add(level);
    }
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
    order.level = null;
    order.previous = null;
    order.next = null;
    if (level.head === null) this.side(order.side).remove(level.price);
  }

  /** Tells the level that `quantity` of a resting order was filled. Call before `remove`. */
  filled(order: Order, quantity: bigint): void {
    if (order.level !== null) order.level.total -= quantity;
  }
}

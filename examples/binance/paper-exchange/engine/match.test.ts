import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Depth, PlainBook, type PlainOrder, type PlainTrade } from '../test/plain-book.ts';

const TRADERS = 3;

const orders = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('place' as const),
        who: fc.nat(TRADERS - 1),
        side: fc.constantFrom('BUY' as const, 'SELL' as const),
        size: fc.integer({ min: 1, max: 20 }),
        price: fc.option(fc.integer({ min: 90, max: 110 }), { freq: 8 }),
        timeInForce: fc.constantFrom(
          'GTC' as const,
          'GTC' as const,
          'GTC' as const,
          'IOC' as const,
          'FOK' as const,
          'GTX' as const,
        ),
        stp: fc.constantFrom(
          'NONE' as const,
          'NONE' as const,
          'EXPIRE_TAKER' as const,
          'EXPIRE_MAKER' as const,
          'EXPIRE_BOTH' as const,
        ),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), pick: fc.nat(60) }) },
  ),
  { minLength: 20, maxLength: 80, size: 'max' },
);

interface Resting {
  readonly id: number;
  readonly who: number;
  readonly side: string;
  readonly price: number;
  size: number;
}

/** A book so plain that it can be read at a glance: one list, searched from the start for every unit of work. */
class SlowBook {
  #resting: Resting[] = [];

  place(order: PlainOrder): PlainTrade[] {
    const { price: limit, side } = order;
    const trades: PlainTrade[] = [];
    let left = order.size;
    const others = (): Resting[] => {
      const against = this.#resting.filter(
        (other) =>
          other.side !== side && (limit === null || (side === 'BUY' ? other.price <= limit : other.price >= limit)),
      );
      // Stable: at one price the older order stays in front.
      return against.sort((a, b) => (side === 'BUY' ? a.price - b.price : b.price - a.price));
    };
    if (order.timeInForce === 'GTX' && others().length > 0) return [];
    if (order.timeInForce === 'FOK' && limit !== null && !fills(order, others())) return [];
    while (left > 0) {
      const [maker] = others();
      if (maker === undefined) break;
      if (maker.who === order.who && order.stp !== 'NONE') {
        if (order.stp !== 'EXPIRE_TAKER') this.cancel(maker.id);
        if (order.stp !== 'EXPIRE_MAKER') return trades;
        continue;
      }
      const size = Math.min(left, maker.size);
      trades.push({ maker: maker.id, taker: order.id, price: maker.price, size });
      left -= size;
      maker.size -= size;
      if (maker.size === 0) this.cancel(maker.id);
    }
    if (left > 0 && limit !== null && (order.timeInForce === 'GTC' || order.timeInForce === 'GTX')) {
      this.#resting.push({ id: order.id, who: order.who, side, size: left, price: limit });
    }
    return trades;
  }

  cancel(id: number): boolean {
    const before = this.#resting.length;
    this.#resting = this.#resting.filter((order) => order.id !== id);
    return this.#resting.length < before;
  }

  depth(): Depth {
    const rows = (side: string): (readonly [number, number])[] => {
      const sums = new Map<number, number>();
      for (const order of this.#resting)
        if (order.side === side) sums.set(order.price, (sums.get(order.price) ?? 0) + order.size);
      return [...sums].sort(([a], [b]) => (side === 'SELL' ? a - b : b - a));
    };
    return [rows('SELL'), rows('BUY')];
  }
}

/** Whether a fill-or-kill order would be filled without meeting an order of its own that ends it. */
function fills(order: PlainOrder, makers: readonly { who: number; size: number }[]): boolean {
  let found = 0;
  for (const maker of makers) {
    if (found >= order.size) return true;
    const own = maker.who === order.who && order.stp !== 'NONE';
    if (own && order.stp !== 'EXPIRE_MAKER') return false;
    if (!own) found += maker.size;
  }
  return found >= order.size;
}

describe('matching', () => {
  it('makes the same trades and leaves the same book as an obvious, slow book', () => {
    fc.assert(
      fc.property(orders, (list) => {
        const fast = new PlainBook(TRADERS);
        const slow = new SlowBook();
        list.forEach((step, index) => {
          if (step.kind === 'cancel') expect(fast.cancel(step.pick)).toBe(slow.cancel(step.pick));
          else {
            // A market order never rests, whatever it says.
            const order: PlainOrder = {
              ...step,
              timeInForce: step.price === null ? 'IOC' : step.timeInForce,
              id: index,
            };
            expect(fast.place(order)).toEqual(slow.place(order));
          }
          expect(fast.depth()).toEqual(slow.depth());
        });
      }),
      { numRuns: 300 },
    );
  });

  it('fills the older of two orders at one price first, at the price of the one that was there', () => {
    const book = new PlainBook(TRADERS);
    const order = {
      who: 0,
      side: 'SELL' as const,
      size: 5,
      price: 100,
      timeInForce: 'GTC' as const,
      stp: 'NONE' as const,
    };
    book.place({ ...order, id: 1 });
    book.place({ ...order, id: 2 });
    book.place({ ...order, id: 3, price: 99 });
    expect(book.place({ ...order, id: 4, who: 1, side: 'BUY', size: 8, price: 105 })).toEqual([
      { maker: 3, taker: 4, price: 99, size: 5 },
      { maker: 1, taker: 4, price: 100, size: 3 },
    ]);
    expect(book.depth()).toEqual([[[100, 7]], []]);
  });
});

import fc from 'fast-check';
import { Side as LibrarySide, type LimitOrderOptions, OrderBook } from 'nodejs-order-book';
import { expect, it } from 'vitest';
import { PlainBook, type PlainOrder } from '../test/plain-book.ts';

/** The same orders in a book by other people. It works in floats, so prices and sizes are whole numbers. */
function place(library: OrderBook, { id, side, size, price, timeInForce }: PlainOrder): Map<string, number> {
  const before = sizes(library);
  const name = side === 'BUY' ? LibrarySide.BUY : LibrarySide.SELL;
  if (price === null) library.market({ side: name, size });
  else {
    library.limit({
      id: String(id),
      side: name,
      size,
      price,
      postOnly: timeInForce === 'GTX',
      // Its enum exists only as a type.
      timeInForce: (timeInForce === 'GTX' ? 'GTC' : timeInForce) as NonNullable<LimitOrderOptions['timeInForce']>,
    });
  }
  const after = sizes(library);
  // It does not list trades; what each resting order lost is what it traded.
  const traded = new Map<string, number>();
  for (const [maker, left] of before)
    if (left > (after.get(maker) ?? 0)) traded.set(maker, left - (after.get(maker) ?? 0));
  return traded;
}

function sizes(library: OrderBook): Map<string, number> {
  const { asks, bids } = library.snapshot();
  return new Map(
    [...asks, ...bids].flatMap((level) => level.orders.map((order): [string, number] => [order.id, order.size])),
  );
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('place' as const),
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
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), pick: fc.nat(60) }) },
  ),
  { minLength: 20, maxLength: 80, size: 'max' },
);

it('matching agrees with an independent order book library', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const ours = new PlainBook(1);
      const library = new OrderBook();
      list.forEach((step, index) => {
        if (step.kind === 'cancel') {
          expect(library.cancel(String(step.pick)) !== undefined).toBe(ours.cancel(step.pick));
        } else {
          const order: PlainOrder = {
            ...step,
            timeInForce: step.price === null ? 'IOC' : step.timeInForce,
            id: index,
            who: 0,
            stp: 'NONE',
          };
          const traded = new Map<string, number>();
          for (const trade of ours.place(order))
            traded.set(String(trade.maker), (traded.get(String(trade.maker)) ?? 0) + trade.size);
          expect(place(library, order)).toEqual(traded);
        }
        const [asks, bids] = library.depth();
        const byPrice = (a: readonly number[], b: readonly number[]): number => (a[0] ?? 0) - (b[0] ?? 0);
        expect([asks.toSorted(byPrice), bids.toSorted(byPrice).toReversed()]).toEqual(ours.depth());
      });
    }),
    { numRuns: 200 },
  );
});

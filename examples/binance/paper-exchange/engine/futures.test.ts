import { describe, expect, it } from 'vitest';
import { decode, encode, fromData, toData, type VenueData } from '../store/snapshot.ts';
import { Desk } from '../test/harness.ts';

function desk(): Desk {
  const made = new Desk();
  made.price('50000');
  made.leverage(10);
  return made;
}

const market = { symbol: 'BTCUSDT', type: 'MARKET', quantity: '0.010' };
const statuses = (made: Desk): string[] =>
  (made.ok('GET', '/fapi/v1/allOrders', { symbol: 'BTCUSDT' }) as { status: string }[]).map((row) => row.status);

describe('modifying', () => {
  it('to less at the same price frees margin and keeps the place in the queue', () => {
    const made = desk();
    const other = made.open();
    const { orderId } = made.limit('BUY', '0.010', '50000');
    made.limit('BUY', '0.010', '50000', {}, other);
    made.ok('PUT', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId, side: 'BUY', quantity: '0.004', price: '50000' });
    expect(made.position().openOrderInitialMargin).toBe('20.00000000');
    made.limit('SELL', '0.004', '50000', {}, made.open());
    expect(made.ok('GET', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId }).status).toBe('FILLED');
  });

  it.each([
    ['0.020', '50000'],
    ['0.010', '49999.9'],
  ])('to %s at %s goes to the back', (quantity, price) => {
    const made = desk();
    const other = made.open();
    const { orderId } = made.limit('BUY', '0.010', '50000');
    const second = made.limit('BUY', '0.010', '50000', {}, other);
    made.ok('PUT', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId, side: 'BUY', quantity, price });
    made.limit('SELL', '0.010', '50000', {}, made.open());
    expect(made.ok('GET', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: second.orderId }, other).status).toBe(
      'FILLED',
    );
    expect(made.ok('GET', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId }).executedQty).toBe('0.000');
  });

  it('to no more than what was filled cancels it, and so does a post-only price that would take', () => {
    const made = desk();
    const { orderId } = made.limit('BUY', '0.010', '45000');
    made.fill(orderId, '0.004');
    expect(
      made.ok('PUT', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId, side: 'BUY', quantity: '0.004', price: '45000' })
        .status,
    ).toBe('CANCELED');
    const maker = made.limit('BUY', '0.010', '45000', { timeInForce: 'GTX' });
    expect(
      made.ok('PUT', '/fapi/v1/order', {
        symbol: 'BTCUSDT',
        orderId: maker.orderId,
        side: 'BUY',
        quantity: '0.010',
        price: '50100',
      }).status,
    ).toBe('CANCELED');
  });

  it('into the market trades at once', () => {
    const made = desk();
    const { orderId } = made.limit('BUY', '0.010', '45000');
    expect(
      made.ok('PUT', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId, side: 'BUY', quantity: '0.010', price: '50100' }),
    ).toMatchObject({ status: 'FILLED', avgPrice: '50000.10000000' });
    expect(made.position()).toMatchObject({ positionAmt: '0.010', openOrderInitialMargin: '0.00000000' });
  });

  it('to more than the margin is refused and leaves the order as it was', () => {
    const made = desk();
    const { orderId } = made.limit('BUY', '0.010', '45000');
    expect(
      made.call('PUT', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId, side: 'BUY', quantity: '9', price: '45000' })
        .body.code,
    ).toBe(-2019);
    expect(made.position().openOrderInitialMargin).toBe('45.00000000');
  });
});

describe('margin', () => {
  it('an order that starts with a loss needs that loss on top', () => {
    const made = desk();
    made.paper('price', { symbol: 'BTCUSDT', price: '50000', mark: '49000' });
    // 0.1 at 50,000 and 10x is 500; bought 1,000 above the mark it shows a loss of 100 at once.
    made.wallet('599');
    const order = {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity: '0.100',
      price: '50000',
    };
    expect(made.call('POST', '/fapi/v1/order', order).body.code).toBe(-2019);
    made.wallet('600');
    expect(made.call('POST', '/fapi/v1/order', order).status).toBe(200);
  });

  it('a position in the other direction can be opened through the old one, at the cost of the difference only', () => {
    const made = desk();
    made.wallet('110');
    made.ok('POST', '/fapi/v1/order', { ...market, side: 'BUY' });
    // Twice the position: half of it closes, so no more margin is needed than is held already, but for the price's edge.
    expect(made.call('POST', '/fapi/v1/order', { ...market, side: 'SELL', quantity: '0.020' }).status).toBe(200);
    expect(made.position().positionAmt).toBe('-0.010');
  });

  it('of an isolated position is freed in proportion as it is closed, and fills add to it', () => {
    const made = desk();
    made.ok('POST', '/fapi/v1/marginType', { symbol: 'BTCUSDT', marginType: 'ISOLATED' });
    made.fill(made.limit('BUY', '0.100', '49000').orderId);
    expect(made.position().isolatedWallet).toBe('490.00000000');
    made.ok('POST', '/fapi/v1/positionMargin', { symbol: 'BTCUSDT', amount: '10', type: 1 });
    made.fill(made.limit('SELL', '0.025', '51000').orderId);
    expect(made.position()).toMatchObject({ isolatedWallet: '375.00000000', entryPrice: '49000.00000000' });
    expect(made.ok('GET', '/fapi/v1/positionMargin/history', { symbol: 'BTCUSDT' })).toMatchObject([
      { amount: '10.00000000', type: 1 },
    ]);
  });

  it('in hedge mode each leg has its own, and closing orders need none', () => {
    const made = desk();
    made.ok('POST', '/fapi/v1/positionSide/dual', { dualSidePosition: true });
    made.fill(made.limit('BUY', '0.010', '49000', { positionSide: 'LONG' }).orderId);
    made.fill(made.limit('SELL', '0.020', '51000', { positionSide: 'SHORT' }).orderId);
    made.limit('SELL', '0.006', '52000', { positionSide: 'LONG' });
    const rows = made.ok('GET', '/fapi/v3/positionRisk', { symbol: 'BTCUSDT' }) as Record<string, string>[];
    expect(rows.map((row) => [row['positionSide'], row['positionAmt'], row['initialMargin']])).toEqual([
      ['LONG', '0.010', '50.00000000'],
      ['SHORT', '-0.020', '100.00000000'],
    ]);
    // 0.006 is promised already; only 0.004 of the leg is left to close.
    expect(
      made.call('POST', '/fapi/v1/order', { ...market, side: 'SELL', quantity: '0.005', positionSide: 'LONG' }).body
        .code,
    ).toBe(-2022);
    expect(
      made.call('POST', '/fapi/v1/order', { ...market, side: 'SELL', quantity: '0.004', positionSide: 'LONG' }).status,
    ).toBe(200);
  });

  it('a closing order ends with its leg', () => {
    const made = desk();
    made.ok('POST', '/fapi/v1/positionSide/dual', { dualSidePosition: true });
    made.ok('POST', '/fapi/v1/order', { ...market, side: 'BUY', positionSide: 'LONG' });
    made.ok('POST', '/fapi/v1/algoOrder', {
      symbol: 'BTCUSDT',
      side: 'SELL',
      positionSide: 'LONG',
      algoType: 'CONDITIONAL',
      type: 'STOP_MARKET',
      closePosition: true,
      triggerPrice: '49000',
    });
    made.price('49000');
    expect(made.ok('GET', '/fapi/v3/positionRisk')).toEqual([]);
    expect(statuses(made)).toEqual(['FILLED', 'FILLED']);
  });
});

describe('an isolated position', () => {
  function isolated(): Desk {
    const made = desk();
    made.ok('POST', '/fapi/v1/marginType', { symbol: 'BTCUSDT', marginType: 'ISOLATED' });
    made.fill(made.limit('BUY', '0.100', '49000').orderId);
    made.wallet('10000');
    return made;
  }

  it('takes its margin out of what is available, and its profit or loss stays its own', () => {
    const made = isolated();
    expect(made.balances()).toMatchObject({
      totalCrossWalletBalance: '9510.00000000',
      availableBalance: '9510.00000000',
      totalCrossUnPnl: '0.00000000',
      totalUnrealizedProfit: '100.00000000',
    });
    made.price('48000');
    expect(made.balances()).toMatchObject({
      availableBalance: '9510.00000000',
      totalUnrealizedProfit: '-100.00000000',
    });
  });

  it('pays its funding itself', () => {
    const made = isolated();
    made.paper('funding', { symbol: 'BTCUSDT', rate: '0.001', settle: true });
    expect(made.position().isolatedWallet).toBe('485.00000000');
    expect(made.balances()).toMatchObject({
      totalWalletBalance: '9995.00000000',
      totalCrossWalletBalance: '9510.00000000',
    });
  });
});

describe('a cross account', () => {
  it('has one liquidation price per position, which the other positions move', () => {
    const made = desk();
    made.price('3000', 'ETHUSDT');
    made.fill(made.limit('BUY', '0.400', '49990').orderId);
    made.wallet('3000');
    const alone = Number(made.position().liquidationPrice);
    made.fill(
      made.ok('POST', '/fapi/v1/order', {
        symbol: 'ETHUSDT',
        side: 'BUY',
        type: 'LIMIT',
        timeInForce: 'GTC',
        quantity: '5',
        price: '2990',
      }).orderId,
    );
    made.wallet('3000');
    const maintenance = Number(made.position('ETHUSDT').maintMargin);
    const profit = Number(made.position('ETHUSDT').unRealizedProfit);
    const moved = (profit - maintenance) / (0.4 * 0.996);
    expect(Number(made.position().liquidationPrice)).toBeCloseTo(alone - moved, 4);
    // At that price, the account is exactly at its maintenance margin: a tick lower it loses everything.
    made.price(String(Math.ceil(Number(made.position().liquidationPrice)) + 1));
    expect(made.position()).toBeDefined();
    made.price(String(Math.floor(Number(made.position().liquidationPrice)) - 1));
    expect(made.ok('GET', '/fapi/v3/positionRisk')).toEqual([]);
  });
});

it('a hedge that no price can liquidate shows a liquidation price of 0', () => {
  const made = desk();
  made.ok('POST', '/fapi/v1/positionSide/dual', { dualSidePosition: true });
  made.fill(made.limit('BUY', '0.020', '49990', { positionSide: 'LONG' }).orderId);
  made.fill(made.limit('SELL', '0.010', '50010', { positionSide: 'SHORT' }).orderId);
  const rows = made.ok('GET', '/fapi/v3/positionRisk') as { liquidationPrice: string }[];
  expect(rows.map((row) => row.liquidationPrice)).toEqual(['0', '0']);
});

describe('history', () => {
  it('forgets orders that ended unfilled after three days, and all after ninety', () => {
    const made = desk();
    const { orderId } = made.limit('BUY', '0.010', '45000');
    made.ok('DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId });
    made.ok('POST', '/fapi/v1/order', { ...market, side: 'BUY' });
    made.ok('POST', '/fapi/v1/order', { ...market, side: 'SELL' });
    const kept = (): number =>
      (made.ok('GET', '/fapi/v1/allOrders', { symbol: 'BTCUSDT', orderId: 1 }) as unknown[]).length;
    const day = 86_400_000;
    expect(kept()).toBe(3);
    made.advance(3 * day + 1);
    expect(kept()).toBe(2);
    made.advance(86 * day);
    expect(kept()).toBe(2);
    made.advance(day);
    expect(kept()).toBe(0);
  });

  it('is told in pages: from an id on the first ones, otherwise the last ones', () => {
    const made = desk();
    const ids = [1, 2, 3, 4].map(() => made.limit('BUY', '0.010', '45000').orderId as number);
    const page = (values: Record<string, number>): number[] =>
      (made.ok('GET', '/fapi/v1/allOrders', { symbol: 'BTCUSDT', limit: 2, ...values }) as { orderId: number }[]).map(
        (row) => row.orderId,
      );
    expect(page({})).toEqual(ids.slice(2));
    expect(page({ orderId: ids[1] ?? 0 })).toEqual(ids.slice(1, 3));
  });
});

describe('self-trade prevention', () => {
  it.each([
    ['EXPIRE_TAKER', ['NEW', 'EXPIRED_IN_MATCH']],
    ['EXPIRE_MAKER', ['EXPIRED_IN_MATCH', 'NEW']],
    ['EXPIRE_BOTH', ['EXPIRED_IN_MATCH', 'EXPIRED_IN_MATCH']],
    ['NONE', ['FILLED', 'FILLED']],
  ])('%s leaves the two orders %j', (selfTradePreventionMode, expected) => {
    const made = desk();
    made.limit('BUY', '0.010', '50000');
    made.limit('SELL', '0.010', '50000', { selfTradePreventionMode });
    expect(statuses(made)).toEqual(expected);
    expect(made.position()?.positionAmt ?? '0.000').toBe('0.000');
  });
});

describe('the book', () => {
  it('keeps its queue across a snapshot', () => {
    const made = desk();
    const ids = [1, 2, 3].map(() => made.limit('BUY', '0.010', '50000').orderId as number);
    made.ok('PUT', '/fapi/v1/order', {
      symbol: 'BTCUSDT',
      orderId: ids[0],
      side: 'BUY',
      quantity: '0.011',
      price: '50000',
    });
    made.exchange.replaceVenue(fromData(decode(encode(toData(made.venue))) as VenueData));
    const taker = made.venue.accounts.get(made.open().id);
    made.limit('SELL', '0.021', '50000', {}, taker);
    const left = (made.ok('GET', '/fapi/v1/openOrders') as { orderId: number; executedQty: string }[]).map((row) => [
      row.orderId,
      row.executedQty,
    ]);
    expect(left).toEqual([[ids[0], '0.001']]);
  });

  it('is not changed by being looked at', () => {
    const [quiet, curious] = [desk(), desk()];
    const fills = [quiet, curious].map((made) => {
      // A bid far above the new price: the house takes a part of it and then quotes above it.
      const { orderId } = made.limit('BUY', '1.700', '49900');
      made.price('49800');
      if (made === curious) made.send('GET', '/fapi/v1/depth', 'symbol=BTCUSDT&limit=5');
      made.call('DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId });
      return made.ok('POST', '/fapi/v1/order', { ...market, side: 'BUY', newOrderRespType: 'RESULT' })
        .avgPrice as string;
    });
    expect(fills[0]).toBe(fills[1]);
  });

  it('has places an order can be put at without naming a price', () => {
    const made = desk();
    expect(made.limit('BUY', '0.010', '', { price: undefined, priceMatch: 'QUEUE' }).price).toBe('49999.9');
    expect(made.limit('BUY', '0.010', '', { price: undefined, priceMatch: 'QUEUE_5' }).price).toBe('49995.9');
    expect(
      made.limit('SELL', '0.010', '', { price: undefined, priceMatch: 'OPPONENT', newOrderRespType: 'RESULT' }),
    ).toMatchObject({ price: '49999.9', status: 'FILLED' });
    expect(
      made.call('POST', '/fapi/v1/order', {
        symbol: 'BTCUSDT',
        side: 'BUY',
        type: 'LIMIT',
        timeInForce: 'GTC',
        quantity: '0.010',
        priceMatch: 'NEAREST',
      }).body.code,
    ).toBe(-1130);
  });

  it('a market order larger than the book within bounds fills what is there and expires', () => {
    const made = desk();
    made.paper('deposit', { key: made.account.key, amount: '100000000' });
    const order = made.ok('POST', '/fapi/v1/order', {
      ...market,
      side: 'BUY',
      quantity: '100',
      newOrderRespType: 'RESULT',
    });
    const again = made.ok('POST', '/fapi/v1/order', {
      ...market,
      side: 'BUY',
      quantity: '100',
      newOrderRespType: 'RESULT',
    });
    expect([order.status, again.status]).toContain('EXPIRED');
    expect(Number(again.executedQty)).toBeLessThan(100);
  });

  it('keeps what is left of a quote that was taken in part, until the next second', () => {
    const made = desk();
    const best = (): string[] =>
      (made.send('GET', '/fapi/v1/depth', 'symbol=BTCUSDT&limit=5').body as { asks: string[][] }).asks[0] ?? [];
    const [price, size] = best();
    made.ok('POST', '/fapi/v1/order', { ...market, side: 'BUY', quantity: '0.003' });
    expect(best()).toEqual([price, (Number(size) - 0.003).toFixed(3)]);
    made.advance(1_000);
    expect(best()[1]).not.toBe((Number(size) - 0.003).toFixed(3));
  });

  it('a market order does not walk to a price far from the mark', () => {
    const made = desk();
    made.paper('deposit', { key: made.account.key, amount: '100000000' });
    made.limit('SELL', '1.000', '60000', {}, made.open());
    for (let i = 0; i < 3; i += 1) made.call('POST', '/fapi/v1/order', { ...market, side: 'BUY', quantity: '100' });
    const trades = made.ok('GET', '/fapi/v1/userTrades', { symbol: 'BTCUSDT', limit: 1000 }) as { price: string }[];
    expect(Math.max(...trades.map((trade) => Number(trade.price)))).toBeLessThan(52_500);
  });
});

import { describe, expect, it } from 'vitest';
import { decimal } from '../engine/decimal.ts';
import { Desk } from '../test/harness.ts';
import { uniMmr } from './accounts.ts';

function desk(): Desk {
  const made = new Desk({ kind: 'portfolio' });
  made.price('50000');
  made.ok('POST', '/papi/v1/um/leverage', { symbol: 'BTCUSDT', leverage: 10 });
  return made;
}

const limit = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.001', price: '45000' };

describe('portfolio margin', () => {
  it('answers orders without the fields it does not have, and takes client ids up to 32 characters', () => {
    const made = desk();
    const order = made.ok('POST', '/papi/v1/um/order', { ...limit, newClientOrderId: 'a'.repeat(32) });
    expect(Object.keys(order)).toEqual(expect.arrayContaining(['orderId', 'cumQty', 'reduceOnly', 'positionSide']));
    for (const name of ['stopPrice', 'closePosition', 'workingType', 'priceProtect', 'origType'])
      expect(order).not.toHaveProperty(name);
    expect(made.call('POST', '/papi/v1/um/order', { ...limit, newClientOrderId: 'a'.repeat(33) }).body.code).toBe(
      -4015,
    );
  });

  it('locks and releases margin like a classic account', () => {
    const made = desk();
    const { orderId } = made.ok('POST', '/papi/v1/um/order', limit);
    // oxlint-disable-next-line typescript/no-explicit-any -- a reply, read freely
    const row = (): any =>
      made.ok('GET', '/papi/v1/um/account').positions.find((item: { symbol: string }) => item.symbol === 'BTCUSDT');
    expect(row().openOrderInitialMargin).toBe('4.50000000');
    expect(made.ok('GET', '/papi/v2/um/account').assets[0].openOrderInitialMargin).toBe('4.50000000');
    expect(made.ok('GET', '/papi/v2/um/account').positions[0]).not.toHaveProperty('openOrderInitialMargin');
    made.ok('DELETE', '/papi/v1/um/order', { symbol: 'BTCUSDT', orderId });
    expect(row().openOrderInitialMargin).toBe('0.00000000');
    expect(made.call('DELETE', '/papi/v1/um/order', { symbol: 'BTCUSDT', orderId }).body.code).toBe(-2011);
  });

  it('counts other assets as collateral, at their collateral rate', () => {
    const made = desk();
    expect(made.ok('GET', '/papi/v1/account')).toMatchObject({
      actualEquity: '70000.00000000',
      accountEquity: '67500.00000000',
      accountStatus: 'NORMAL',
      accountMaintMargin: '0.00000000',
    });
    // 100,000 USDT of bitcoin at 10x needs 10,000: more than the futures wallet has left after the first.
    for (let i = 0; i < 2; i += 1)
      expect(made.call('POST', '/papi/v1/um/order', { ...limit, quantity: '3', price: '49000' }).status).toBe(200);
    expect(Number(made.ok('GET', '/papi/v1/account').totalAvailableBalance)).toBeCloseTo(67_500 - 29_400, 5);
  });

  it.each([
    ['200', 'NORMAL'],
    ['150', 'MARGIN_CALL'],
    ['121', 'MARGIN_CALL'],
    ['120', 'REDUCE_ONLY'],
    ['105', 'FORCE_LIQUIDATION'],
  ])('an equity of %s against 100 of maintenance is %s', (equity, status) => {
    expect(uniMmr(decimal(equity), decimal('100')).status).toBe(status);
  });

  it('cancels conditional orders under both names', () => {
    const made = desk();
    const stop = { symbol: 'BTCUSDT', side: 'SELL', quantity: '0.010' };
    const algo = made.ok('POST', '/papi/v1/um/algo/order', {
      ...stop,
      algoType: 'CONDITIONAL',
      type: 'STOP_MARKET',
      triggerPrice: '45000',
    });
    expect(made.ok('GET', '/papi/v1/um/algo/algoOrder', { algoId: algo.algoId }).algoStatus).toBe('NEW');
    expect(made.ok('DELETE', '/papi/v1/um/algo/order', { algoId: algo.algoId })).toEqual({ complete: true });
    const strategy = made.ok('POST', '/papi/v1/um/conditional/order', {
      ...stop,
      strategyType: 'STOP_MARKET',
      stopPrice: '45000',
    });
    expect(strategy).toMatchObject({ strategyStatus: 'NEW', strategyType: 'STOP_MARKET', stopPrice: '45000.0' });
    expect(made.ok('GET', '/papi/v1/um/conditional/openOrders')).toHaveLength(1);
    expect(
      made.ok('DELETE', '/papi/v1/um/conditional/order', { symbol: 'BTCUSDT', strategyId: strategy.strategyId })
        .strategyStatus,
    ).toBe('CANCELED');
    expect(made.ok('GET', '/papi/v1/um/conditional/allOrders')).toHaveLength(2);
  });

  it('has no margin type to change', () => {
    expect(desk().call('POST', '/papi/v1/um/marginType', { symbol: 'BTCUSDT', marginType: 'ISOLATED' }).status).toBe(
      404,
    );
  });

  it('is liquidated at a uniMMR of 1.05, collateral and all', () => {
    const made = desk();
    made.ok('POST', '/papi/v1/um/leverage', { symbol: 'BTCUSDT', leverage: 20 });
    for (let i = 0; i < 4; i += 1)
      made.ok('POST', '/papi/v1/um/order', {
        ...limit,
        type: 'MARKET',
        timeInForce: undefined,
        price: undefined,
        quantity: '4',
      });
    expect(made.ok('GET', '/papi/v1/um/positionRisk')).toHaveLength(1);
    made.price('45000');
    expect(made.ok('GET', '/papi/v1/um/positionRisk')).toEqual([]);
  });

  it('counts unrealised profit in its equity', () => {
    const made = desk();
    const { orderId } = made.ok('POST', '/papi/v1/um/order', { ...limit, quantity: '0.100', price: '49000' });
    made.fill(orderId);
    // Bought 1,000 below the market: 100 USDT of profit, less 0.98 of commission.
    expect(made.ok('GET', '/papi/v1/account').actualEquity).toBe('70099.02000000');
  });
});

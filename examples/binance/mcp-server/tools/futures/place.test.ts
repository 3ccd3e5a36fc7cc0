import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type PaperExchange, startExchange } from '../../../paper-exchange/index.ts';
import { type Desk, openDesk } from '../../test/desk.ts';
import { type Flaky, openFlaky } from '../../test/flaky.ts';

let exchange: PaperExchange;
let flaky: Flaky;
let desk: Desk;
beforeAll(async () => {
  exchange = await startExchange();
  flaky = await openFlaky(exchange.url);
  desk = await openDesk({ args: ['--exchange', flaky.url] });
  await desk.ok('binance_account_status'); // the account is made with the first call
});
afterAll(async () => {
  await desk.close();
  await flaky.close();
  await exchange.close();
});
afterEach(async () => {
  flaky.clear();
  await desk.ok('binance_futures_cancel_all_orders', { symbol: 'BTCUSDT' });
  await desk.ok('binance_spot_cancel_all_orders', { symbol: 'BTCUSDT' });
});

const base = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', quantity: '0.001', price: '45000' };
const place = (more: Record<string, unknown> = {}) => desk.call('binance_futures_place_order', { ...base, ...more });
const only = (args: Record<string, unknown>) =>
  desk.call('binance_futures_place_order', { symbol: 'BTCUSDT', side: 'BUY', ...args });
const POST = { method: 'POST', path: '/fapi/v1/order' } as const;

describe('arguments that do not go with the type are refused, never dropped', () => {
  it.each([
    ['a time in force on a market order', { type: 'MARKET', quantity: '0.001', timeInForce: 'GTC' }, -1106],
    ['a price on a market order', { type: 'MARKET', quantity: '0.001', price: '1' }, -1106],
    ['a trigger on a limit order', { type: 'LIMIT', quantity: '0.001', price: '45000', stopPrice: '1' }, -1106],
    ['a limit order without price', { type: 'LIMIT', quantity: '0.001' }, -1102],
    ['a market order without quantity', { type: 'MARKET' }, -1102],
    ['a stop without trigger', { type: 'STOP_MARKET', quantity: '0.001' }, -1102],
    ['a stop without quantity and closePosition', { type: 'STOP_MARKET', stopPrice: '60000' }, -1102],
    [
      'closePosition with a quantity',
      { type: 'STOP_MARKET', stopPrice: '60000', quantity: '0.001', closePosition: true },
      -4137,
    ],
    [
      'closePosition with reduceOnly',
      { type: 'STOP_MARKET', stopPrice: '60000', reduceOnly: true, closePosition: true },
      -4137,
    ],
    [
      'closePosition on a limit order',
      { type: 'LIMIT', price: '45000', quantity: '0.001', closePosition: true },
      -4137,
    ],
    ['a trailing stop without distance', { type: 'TRAILING_STOP_MARKET', quantity: '0.001' }, -1102],
    ['a type that there is not', { type: 'limit', quantity: '0.001', price: '45000' }, -1130],
    ['a negative quantity', { type: 'MARKET', quantity: -1 }, -1130],
    ['a quantity of zero', { type: 'MARKET', quantity: '0.000' }, -1130],
    ['a quantity that is no number', { type: 'MARKET', quantity: 'NaN' }, -1130],
    ['a quantity with an exponent', { type: 'MARKET', quantity: '1e-3' }, -1130],
    ['a second parameter inside a symbol', { symbol: 'BTCUSDT&side=SELL', type: 'MARKET', quantity: '0.001' }, -1121],
    ['a second parameter inside a quantity', { type: 'MARKET', quantity: '0.001&side=SELL' }, -1130],
  ])('%s', async (_what, args, code) => {
    flaky.forget();
    const result = await only(args);
    expect(result.structured.error.code).toBe(code);
    expect(flaky.seen()).toEqual([]);
  });
});

describe('numbers arrive at the exchange as they were meant', () => {
  it.each([
    ['text', '0.003', '0.003'],
    ['a JSON number', 0.003, '0.003'],
    ['a JSON number with an exponent', 1e-3, '0.001'],
  ])('%s', async (_what, quantity, expected) => {
    expect((await place({ quantity })).structured.quantity).toBe(expected);
  });
});

describe("the exchange's own refusals come with code, meaning and next step", () => {
  it.each([
    ['a price off the tick', { price: '45000.05' }, -4014],
    ['a price of too many decimals', { price: '45000.123' }, -1111],
    ['a quantity off the step', { quantity: '0.0015' }, -1111],
    ['an order that is worth too little', { symbol: 'ETHUSDT', quantity: '0.001', price: '2500' }, -4164],
    ['too much for the margin', { quantity: '100', price: '45000' }, -2019],
    ['reduce-only without a position', { reduceOnly: true }, -2022],
    ['a leg in one-way mode', { positionSide: 'LONG' }, -4061],
    ['a post-only order that would take', { price: '55000', timeInForce: 'GTX' }, -5022],
    ['fill-or-kill away from the market', { timeInForce: 'FOK' }, -5021],
    ['a symbol that is not listed', { symbol: 'NOSUCHUSDT' }, -1121],
  ])('%s', async (_what, more, code) => {
    const result = await place(more);
    expect(result.isError).toBe(true);
    expect(result.structured.error.code).toBe(code);
    expect(result.structured.error).toMatchObject({ reason: 'refused-by-exchange', next: expect.any(String) });
  });
});

describe('conditional orders of every type go to the algo service', () => {
  it.each([
    ['STOP', { side: 'SELL', type: 'STOP', quantity: '0.001', price: '39900', stopPrice: '40000' }],
    ['TAKE_PROFIT', { side: 'SELL', type: 'TAKE_PROFIT', quantity: '0.001', price: '60100', stopPrice: '60000' }],
    [
      'STOP_MARKET',
      { side: 'SELL', type: 'STOP_MARKET', quantity: '0.001', stopPrice: '40000', workingType: 'MARK_PRICE' },
    ],
    [
      'TAKE_PROFIT_MARKET that closes the position',
      { side: 'SELL', type: 'TAKE_PROFIT_MARKET', stopPrice: '60000', closePosition: true },
    ],
    [
      'TRAILING_STOP_MARKET',
      { side: 'SELL', type: 'TRAILING_STOP_MARKET', quantity: '0.001', callbackRate: 1, activatePrice: '60000' },
    ],
  ])('%s', async (_what, args) => {
    const result = await only(args);
    expect(result.isError, result.text).toBe(false);
    expect(result.structured).toMatchObject({
      algoId: expect.stringMatching(/^\d+$/),
      status: 'NEW',
      kind: 'conditional',
    });
  });
});

describe('when the answer to an order is lost', () => {
  it.each([
    ['an order', POST, {}],
    [
      'a conditional order',
      { method: 'POST', path: '/fapi/v1/algoOrder' } as const,
      { side: 'SELL', type: 'STOP_MARKET', price: undefined, stopPrice: '40000' },
    ],
  ])('finds %s by its client id and never sends it twice', async (_what, route, more) => {
    flaky.forget();
    flaky.next({ ...route, act: { kind: 'drop-after' } });
    const result = await place(more);
    expect(result.structured).toMatchObject({ reconciled: true, status: 'NEW' });
    expect(flaky.seen().filter((each) => each === `POST ${route.path}`)).toHaveLength(1);
    expect((await desk.ok('binance_futures_open_orders', { symbol: 'BTCUSDT' })).structured.count).toBe(1);
  });

  it('says unknown, with the client id, when the order cannot be found', async () => {
    flaky.next({ ...POST, act: { kind: 'drop-before' } });
    const result = await place({ newClientOrderId: 'mine-1' });
    expect(result.structured.error).toMatchObject({ reason: 'unknown', clientOrderId: 'mine-1' });
    expect(result.text).toContain('unknown, not confirmed');
  });

  it('reads the average price from the order when the exchange leaves it out of its reply', async () => {
    const order = {
      orderId: 77,
      symbol: 'BTCUSDT',
      status: 'FILLED',
      clientOrderId: 'c',
      price: '0',
      origQty: '0.001',
      executedQty: '0.001',
      side: 'BUY',
      type: 'MARKET',
    };
    flaky.next(
      { ...POST, act: { kind: 'answer', status: 200, body: JSON.stringify(order) } },
      {
        method: 'GET',
        path: '/fapi/v1/order',
        act: { kind: 'answer', status: 200, body: JSON.stringify({ ...order, avgPrice: '50000.10' }) },
      },
    );
    const result = await only({ type: 'MARKET', quantity: '0.001' });
    expect(result.structured.avgPrice).toBe('50000.10');
  });

  it('keeps ids that a JSON number cannot hold', async () => {
    flaky.next({
      ...POST,
      act: {
        kind: 'answer',
        status: 200,
        body: '{"orderId":4611875134427365123,"symbol":"BTCUSDT","status":"NEW","side":"BUY","type":"LIMIT","origQty":"0.001","executedQty":"0","price":"45000","avgPrice":"0"}',
      },
    });
    const result = await place();
    expect(result.structured.orderId).toBe('4611875134427365123');
  });

  it('finds a changed leverage', async () => {
    flaky.next({ method: 'POST', path: '/fapi/v1/leverage', act: { kind: 'drop-after' } });
    const result = await desk.ok('binance_futures_change_leverage', { symbol: 'BTCUSDT', leverage: 7 });
    expect(result.structured).toMatchObject({ leverage: 7, reconciled: true });
  });

  it('does not call an unchanged leverage changed', async () => {
    flaky.next({ method: 'POST', path: '/fapi/v1/leverage', act: { kind: 'drop-before' } });
    const result = await desk.call('binance_futures_change_leverage', { symbol: 'BTCUSDT', leverage: 9 });
    expect(result.structured.error.reason).toBe('unknown');
  });

  it('finds out order by order what cancelling all did', async () => {
    await place();
    await place({ price: '44000' });
    flaky.next({ method: 'DELETE', path: '/fapi/v1/allOpenOrders', act: { kind: 'drop-after' } });
    const result = await desk.ok('binance_futures_cancel_all_orders', { symbol: 'BTCUSDT' });
    expect(result.structured).toMatchObject({ totalOrders: 2, cancelled: 2, failed: 0 });
  });

  it('reports orders that cancelling all did not reach', async () => {
    await place();
    flaky.next({ method: 'DELETE', path: '/fapi/v1/allOpenOrders', act: { kind: 'drop-before' } });
    const result = await desk.call('binance_futures_cancel_all_orders', { symbol: 'BTCUSDT' });
    expect(result.structured.error).toMatchObject({ reason: 'unknown', cancelled: 0, failed: 1 });
  });
});

describe('closing', () => {
  it('says so when there is nothing to close', async () => {
    const result = await desk.call('binance_futures_close_position', { symbol: 'BTCUSDT' });
    expect(result.structured.error).toMatchObject({ reason: 'no-position', success: false });
  });

  it('sends one order even when its answer is lost', async () => {
    await only({ type: 'MARKET', quantity: '0.002' });
    flaky.forget();
    flaky.next({ ...POST, act: { kind: 'drop-after' } });
    const result = await desk.ok('binance_futures_close_position', { symbol: 'BTCUSDT' });
    expect(result.structured).toMatchObject({ closed: 1, results: [{ closedAmount: '0.002', success: true }] });
    expect(flaky.seen().filter((each) => each === 'POST /fapi/v1/order')).toHaveLength(1);
  });
});

describe('spot orders', () => {
  const spot = (args: Record<string, unknown>) =>
    desk.call('binance_spot_place_order', { symbol: 'BTCUSDT', side: 'BUY', ...args });

  it.each([
    ['a market order of nothing', { type: 'MARKET' }, -1102],
    ['a market order of two amounts', { type: 'MARKET', quantity: '1', quoteOrderQty: '1' }, -1128],
    ['a market order with a time in force', { type: 'MARKET', quantity: '1', timeInForce: 'GTC' }, -1106],
    [
      'a post-only order with a time in force',
      { type: 'LIMIT_MAKER', quantity: '0.001', price: '45000', timeInForce: 'GTC' },
      -1106,
    ],
    ['a stop without a trigger', { type: 'STOP_LOSS', quantity: '0.001' }, -1102],
    ['more than the balance', { type: 'LIMIT', quantity: '10', price: '45000' }, -2010],
    ['a price off the tick', { type: 'LIMIT', quantity: '0.001', price: '45000.001' }, -1013],
  ])('refuses %s', async (_what, args, code) => {
    expect((await spot(args)).structured.error.code).toBe(code);
  });

  it('takes LIMIT_MAKER, which the original offered and refused', async () => {
    expect((await spot({ type: 'LIMIT_MAKER', quantity: '0.001', price: '45000' })).structured.status).toBe('NEW');
  });

  it('finds an order whose answer was lost', async () => {
    flaky.next({ method: 'POST', path: '/api/v3/order', act: { kind: 'drop-after' } });
    expect((await spot({ type: 'LIMIT', quantity: '0.001', price: '45000' })).structured).toMatchObject({
      reconciled: true,
      status: 'NEW',
    });
  });

  it('finds a cancel whose answer was lost, and says which funds came free', async () => {
    const { orderId } = (await spot({ type: 'LIMIT', quantity: '0.001', price: '45000' })).structured;
    flaky.next({ method: 'DELETE', path: '/api/v3/order', act: { kind: 'drop-after' } });
    const result = await desk.ok('binance_spot_cancel_order', { symbol: 'BTCUSDT', orderId });
    expect(result.structured).toMatchObject({
      reconciled: true,
      status: 'CANCELED',
      releasedFunds: { asset: 'USDT', released: '45.00000000' },
    });
  });

  it.each([
    ['an unknown id', { orderId: '99' }, -2011],
    ['no id', {}, -1102],
    ['two ids', { orderId: '1', clientOrderId: 'x' }, -1128],
  ])('refuses to cancel by %s', async (_what, args, code) => {
    expect((await desk.call('binance_spot_cancel_order', { symbol: 'BTCUSDT', ...args })).structured.error.code).toBe(
      code,
    );
  });

  it('says the final status of a filled order', async () => {
    const { orderId } = (await spot({ type: 'MARKET', quantity: '0.001' })).structured;
    expect(
      (await desk.call('binance_spot_cancel_order', { symbol: 'BTCUSDT', orderId })).structured.error,
    ).toMatchObject({ code: -2011, finalStatus: 'FILLED' });
  });
});

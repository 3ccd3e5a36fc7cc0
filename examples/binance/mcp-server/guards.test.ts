import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type PaperExchange, startExchange } from '../paper-exchange/index.ts';
import { type Desk, openDesk } from './test/desk.ts';
import { type Flaky, openFlaky } from './test/flaky.ts';

let exchange: PaperExchange;
let flaky: Flaky;
beforeAll(async () => {
  exchange = await startExchange();
  flaky = await openFlaky(exchange.url);
});
afterAll(async () => {
  await flaky.close();
  await exchange.close();
});

const BTC = { symbol: 'BTCUSDT' };
const limitOrder = { ...BTC, side: 'BUY', type: 'LIMIT', quantity: '0.001', price: '45000' };

/** Every mutating tool with arguments that would work. */
const changes: readonly (readonly [string, Record<string, unknown>])[] = [
  ['binance_futures_place_order', limitOrder],
  ['binance_futures_cancel_order', { ...BTC, orderId: '1' }],
  ['binance_futures_cancel_all_orders', BTC],
  ['binance_futures_change_leverage', { ...BTC, leverage: 5 }],
  ['binance_futures_set_margin_type', { ...BTC, marginType: 'ISOLATED' }],
  ['binance_futures_close_position', BTC],
  ['binance_spot_place_order', limitOrder],
  ['binance_spot_cancel_order', { ...BTC, orderId: '1' }],
  ['binance_spot_cancel_all_orders', BTC],
];
const writes = (seen: readonly string[]): readonly string[] =>
  seen.filter((each) => !each.startsWith('GET ') && !each.startsWith('POST /paper/'));

describe('BINANCE_MCP_READONLY', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk({ args: ['--exchange', flaky.url], env: { BINANCE_MCP_READONLY: '1' } });
  });
  afterAll(async () => desk.close());
  afterEach(() => flaky.forget());

  it('covers every tool that says it changes something', async () => {
    const { tools } = await desk.client.listTools();
    const mutating = tools.filter((tool) => tool.annotations?.readOnlyHint !== true).map((tool) => tool.name);
    expect(new Set(changes.map(([name]) => name))).toEqual(new Set(mutating));
  });

  it.each(changes)('stops %s before anything is sent', async (name, args) => {
    const result = await desk.call(name, args);
    expect(result.structured.error.reason).toBe('read-only');
    expect(writes(flaky.seen())).toEqual([]);
  });

  it('leaves reading alone', async () => {
    await desk.ok('binance_futures_positions');
  });

  it('allows a dry run, which sends no order', async () => {
    const result = await desk.ok('binance_futures_place_order', { ...limitOrder, dryRun: true });
    expect(result.structured.dryRun.checkedBy).toBe('exchange');
    expect(writes(flaky.seen())).toEqual(['POST /fapi/v1/order/test']);
  });
});

describe('dryRun', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk({ args: ['--exchange', flaky.url] });
    await desk.ok('binance_futures_place_order', { ...limitOrder, newClientOrderId: 'futures-1' });
    await desk.ok('binance_futures_place_order', { ...BTC, side: 'BUY', type: 'MARKET', quantity: '0.001' });
    await desk.ok('binance_spot_place_order', { ...limitOrder, newClientOrderId: 'spot-1' });
  });
  afterAll(async () => desk.close());

  it.each([
    ['binance_futures_place_order', limitOrder, 'exchange'],
    [
      'binance_futures_place_order',
      { ...BTC, side: 'SELL', type: 'STOP_MARKET', stopPrice: '40000', quantity: '0.001' },
      'local',
    ],
    ['binance_futures_cancel_order', { ...BTC, clientOrderId: 'futures-1' }, 'local'],
    ['binance_futures_cancel_all_orders', BTC, 'local'],
    ['binance_futures_change_leverage', { ...BTC, leverage: 5 }, 'local'],
    ['binance_futures_set_margin_type', { ...BTC, marginType: 'ISOLATED' }, 'local'],
    ['binance_futures_close_position', BTC, 'local'],
    ['binance_spot_place_order', limitOrder, 'exchange'],
    ['binance_spot_cancel_order', { ...BTC, clientOrderId: 'spot-1' }, 'local'],
    ['binance_spot_cancel_all_orders', BTC, 'local'],
  ])('of %s changes nothing and says who checked', async (name, args, checkedBy) => {
    flaky.forget();
    const result = await desk.ok(name, { ...args, dryRun: true });
    expect(result.structured.dryRun.checkedBy).toBe(checkedBy);
    expect(result.text).toContain('dry run');
    expect(writes(flaky.seen()).filter((each) => !each.endsWith('/test'))).toEqual([]);
  });

  it('reports what the exchange would refuse', async () => {
    const result = await desk.call('binance_futures_place_order', { ...limitOrder, price: '45000.05', dryRun: true });
    expect(result.structured.error.code).toBe(-4014);
  });
});

describe('BINANCE_MCP_SYMBOLS', () => {
  it('keeps mutating tools to those symbols, and reading free', async () => {
    const desk = await openDesk({ args: ['--exchange', flaky.url], env: { BINANCE_MCP_SYMBOLS: 'ETHUSDT' } });
    flaky.forget();
    for (const [name, args] of changes) {
      const result = await desk.call(name, args);
      expect(result.structured.error.reason).toBe('symbol-not-allowed');
    }
    expect(writes(flaky.seen())).toEqual([]);
    await desk.ok('binance_futures_price', BTC);
    await desk.ok('binance_futures_place_order', {
      symbol: 'ETHUSDT',
      side: 'BUY',
      type: 'LIMIT',
      quantity: '0.1',
      price: '2500',
    });
    await desk.close();
  });
});

describe('BINANCE_MCP_MAX_NOTIONAL', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk({ args: ['--exchange', exchange.url], env: { BINANCE_MCP_MAX_NOTIONAL: '100' } });
  });
  afterAll(async () => desk.close());

  const futures = (more: Record<string, unknown>) =>
    desk.call('binance_futures_place_order', { ...BTC, side: 'BUY', ...more });
  const spot = (more: Record<string, unknown>) =>
    desk.call('binance_spot_place_order', { ...BTC, side: 'BUY', ...more });

  it.each([
    ['a limit order to buy by its limit', { type: 'LIMIT', quantity: '0.003', price: '45000' }],
    ['an order at market by the market', { type: 'MARKET', quantity: '0.003' }],
    // Sold at 1,000 it would still fill at 50,000.
    [
      'a limit order to sell by the market when that is higher',
      { side: 'SELL', type: 'LIMIT', quantity: '0.003', price: '30000' },
    ],
    ['a stop by its trigger', { type: 'STOP_MARKET', quantity: '0.002', stopPrice: '60000' }],
  ])('measures %s', async (_what, more) => {
    expect((await futures(more)).structured.error.reason).toBe('notional-too-large');
  });

  it.each([
    ['a quote amount as it is', { type: 'MARKET', quoteOrderQty: '101' }],
    ['a quantity by the market', { type: 'MARKET', quantity: '0.003' }],
    ['a spot limit order by its limit', { type: 'LIMIT', quantity: '0.003', price: '45000' }],
  ])('measures on spot %s', async (_what, more) => {
    expect((await spot(more)).structured.error.reason).toBe('notional-too-large');
  });

  it('lets smaller orders pass, to the cent', async () => {
    expect((await futures({ type: 'LIMIT', quantity: '0.002', price: '50000' })).isError).toBe(false);
    expect((await spot({ type: 'MARKET', quoteOrderQty: '100' })).isError).toBe(false);
    expect((await futures({ type: 'LIMIT', quantity: '0.002', price: '50000.1' })).structured.error.reason).toBe(
      'notional-too-large',
    );
  });

  it('never stands in the way of reducing a position', async () => {
    expect(
      (await futures({ side: 'SELL', type: 'STOP_MARKET', quantity: '1', stopPrice: '40000', reduceOnly: true }))
        .isError,
    ).toBe(false);
    expect(
      (await futures({ side: 'SELL', type: 'STOP_MARKET', stopPrice: '40000', closePosition: true })).isError,
    ).toBe(false);
  });

  it.each([
    { ...BTC, side: 'BUY', type: 'MARKET', quantity: '0.001' },
    // By its own price it would be worth 30; sold, it fills at whatever the market is.
    { ...BTC, side: 'SELL', type: 'LIMIT', quantity: '0.001', price: '30000' },
  ])('refuses when the price cannot be told: $side $type', async (order) => {
    const blind = await openDesk({ args: ['--exchange', flaky.url], env: { BINANCE_MCP_MAX_NOTIONAL: '100' } });
    flaky.next(
      { method: 'GET', path: '/fapi/v1/premiumIndex', act: { kind: 'answer', status: 200, body: '{}' } },
      { method: 'GET', path: '/fapi/v2/ticker/price', act: { kind: 'answer', status: 200, body: '{}' } },
    );
    const result = await blind.call('binance_futures_place_order', order);
    flaky.clear();
    await blind.close();
    expect(result.structured.error.reason).toBe('notional-too-large');
  });
});

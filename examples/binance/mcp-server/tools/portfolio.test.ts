import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PaperExchange, startExchange } from '../../paper-exchange/index.ts';
import { type Desk, openDesk } from '../test/desk.ts';
import { type Flaky, openFlaky } from '../test/flaky.ts';

let exchange: PaperExchange;
let flaky: Flaky;
let desk: Desk;

beforeAll(async () => {
  exchange = await startExchange();
  flaky = await openFlaky(exchange.url);
  desk = await openAs('portfolio');
});
afterAll(async () => {
  await desk.close();
  await flaky.close();
  await exchange.close();
});

async function openAs(kind: 'classic' | 'portfolio'): Promise<Desk> {
  const { key, secret } = exchange.createAccount({ kind });
  return openDesk({ args: ['--exchange', flaky.url], env: { BINANCE_API_KEY: key, BINANCE_API_SECRET: secret } });
}

const BTC = { symbol: 'BTCUSDT' };

describe('a portfolio-margin account is recognised and served by its own endpoints', () => {
  it('says so', async () => {
    const { structured } = await desk.ok('binance_portfolio_account');
    expect(structured).toMatchObject({ accountKind: 'portfolio', uniMMR: expect.any(String), accountStatus: 'NORMAL' });
    expect((await desk.ok('binance_account_status')).structured.accountKind).toBe('portfolio');
  });

  it('is asked once, also by a tool that asks for several things at the same time', async () => {
    for (const kind of ['portfolio', 'classic'] as const) {
      const fresh = await openAs(kind);
      flaky.forget();
      await fresh.ok('binance_futures_open_orders');
      await fresh.ok('binance_futures_open_orders');
      expect(flaky.seen().filter((each) => each === 'GET /papi/v1/account')).toHaveLength(1);
      await fresh.close();
    }
  });

  it('is not taken for a classic one because a clock was wrong for a moment', async () => {
    const fresh = await openAs('portfolio');
    const body = '{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}';
    flaky.next({ method: 'GET', path: '/papi/v1/account', act: { kind: 'answer', status: 400, body } });
    expect((await fresh.call('binance_futures_positions')).structured.error.code).toBe(-1021);
    await fresh.ok('binance_futures_positions');
    expect((await fresh.ok('binance_account_status')).structured.accountKind).toBe('portfolio');
    await fresh.close();
  });

  it('places, lists and cancels with the margin change', async () => {
    await desk.ok('binance_futures_change_leverage', { ...BTC, leverage: 10 });
    flaky.forget();
    const placed = await desk.ok('binance_futures_place_order', {
      ...BTC,
      side: 'BUY',
      type: 'LIMIT',
      quantity: '0.001',
      price: '45000',
    });
    expect(placed.structured.status).toBe('NEW');
    const open = await desk.ok('binance_futures_open_orders', BTC);
    expect(open.structured).toMatchObject({ count: 1, openOrderInitialMargin: { BTCUSDT: '4.50000000' } });
    const cancelled = await desk.ok('binance_futures_cancel_order', { ...BTC, orderId: placed.structured.orderId });
    expect(cancelled.structured).toMatchObject({
      status: 'CANCELED',
      marginChange: { openOrderInitialMargin: { before: '4.50000000', after: '0.00000000', released: '4.50000000' } },
    });
    expect(flaky.seen().filter((each) => each.includes(' /fapi/'))).toEqual([]);
  });

  it('places and cancels conditional orders, and says the final status of a cancelled one', async () => {
    const placed = await desk.ok('binance_futures_place_order', {
      ...BTC,
      side: 'SELL',
      type: 'STOP_MARKET',
      stopPrice: '40000',
      quantity: '0.001',
    });
    const { algoId } = placed.structured;
    expect((await desk.ok('binance_futures_cancel_order', { ...BTC, algoId })).structured.status).toBe('CANCELED');
    expect((await desk.call('binance_futures_cancel_order', { ...BTC, algoId })).structured.error.code).toBe(-2011);
  });

  it('finds out about a cancel whose answer was lost', async () => {
    const placed = await desk.ok('binance_futures_place_order', {
      ...BTC,
      side: 'BUY',
      type: 'LIMIT',
      quantity: '0.001',
      price: '45000',
    });
    flaky.next({ method: 'DELETE', path: '/papi/v1/um/order', act: { kind: 'drop-after' } });
    const result = await desk.ok('binance_futures_cancel_order', { ...BTC, orderId: placed.structured.orderId });
    expect(result.structured).toMatchObject({ reconciled: true, status: 'CANCELED' });
  });

  it('cancels all, with a result for each', async () => {
    await desk.ok('binance_futures_place_order', {
      ...BTC,
      side: 'BUY',
      type: 'LIMIT',
      quantity: '0.001',
      price: '45000',
    });
    await desk.ok('binance_futures_place_order', {
      ...BTC,
      side: 'SELL',
      type: 'STOP_MARKET',
      stopPrice: '40000',
      quantity: '0.001',
    });
    expect((await desk.ok('binance_futures_cancel_all_orders', BTC)).structured).toMatchObject({
      totalOrders: 2,
      cancelled: 2,
    });
  });

  it('trades and closes', async () => {
    await desk.ok('binance_futures_place_order', { ...BTC, side: 'BUY', type: 'MARKET', quantity: '0.01' });
    expect((await desk.ok('binance_futures_positions')).structured).toMatchObject({
      count: 1,
      positions: [{ leverage: '10' }],
    });
    expect((await desk.ok('binance_analyze_portfolio_risk')).structured.accountKind).toBe('portfolio');
    expect((await desk.ok('binance_futures_close_position', BTC)).structured).toMatchObject({ closed: 1, failed: 0 });
    await desk.ok('binance_futures_order_history', BTC);
    expect((await desk.ok('binance_futures_trade_history', BTC)).structured.count).toBe(2);
  });

  it('has no margin type to set, and no test endpoint for dry runs', async () => {
    expect(
      (await desk.call('binance_futures_set_margin_type', { ...BTC, marginType: 'ISOLATED' })).structured.error.reason,
    ).toBe('not-for-portfolio-margin');
    const rehearsed = await desk.ok('binance_futures_place_order', {
      ...BTC,
      side: 'BUY',
      type: 'MARKET',
      quantity: '0.01',
      dryRun: true,
    });
    expect(rehearsed.structured.dryRun.checkedBy).toBe('local');
  });
});

describe('when the kind of account cannot be told', () => {
  it('refuses to trade, and finds out once the exchange answers', async () => {
    const classic = await openAs('classic');
    flaky.forget();
    flaky.next({ method: 'GET', path: '/papi/v1/account', act: { kind: 'answer', status: 503, body: '{}' }, times: 3 });
    const order = { ...BTC, side: 'BUY', type: 'LIMIT', quantity: '0.001', price: '45000' };
    const refused = await classic.call('binance_futures_place_order', order);
    expect(refused.isError).toBe(true);
    expect(flaky.seen().filter((each) => each.startsWith('POST '))).toEqual([]);
    expect((await classic.ok('binance_futures_place_order', order)).structured.status).toBe('NEW');
    await classic.close();
  });
});

/** What the server says when the exchange answers 200 and the answer does not say what it must: never that it is done. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type PaperExchange, startExchange } from '../paper-exchange/index.ts';
import { type Desk, openDesk } from './test/desk.ts';
import { type Flaky, openFlaky } from './test/flaky.ts';

let exchange: PaperExchange;
let flaky: Flaky;
let desk: Desk;
beforeAll(async () => {
  exchange = await startExchange();
  flaky = await openFlaky(exchange.url);
  desk = await openDesk({
    args: ['--exchange', flaky.url],
    env: { BINANCE_API_KEY: exchange.key, BINANCE_API_SECRET: exchange.secret },
  });
});
afterEach(async () => {
  flaky.clear();
  await desk.ok('binance_futures_cancel_all_orders', { symbol: 'BTCUSDT' });
  await desk.ok('binance_spot_cancel_all_orders', { symbol: 'BTCUSDT' });
});
afterAll(async () => {
  await desk.close();
  await flaky.close();
  await exchange.close();
});

const limit = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', quantity: '0.003', price: '44000' };
const stop = { symbol: 'BTCUSDT', side: 'BUY', type: 'STOP_MARKET', quantity: '0.003', stopPrice: '56000' };

type Order = readonly [tool: string, args: object, path: string, id: 'orderId' | 'algoId'];
const orders: readonly Order[] = [
  ['binance_futures_place_order', limit, '/fapi/v1/order', 'orderId'],
  ['binance_futures_place_order', stop, '/fapi/v1/algoOrder', 'algoId'],
  ['binance_spot_place_order', limit, '/api/v3/order', 'orderId'],
];
const bodies = ['{}', 'null'];
const answered = (method: string, path: string, body: string, applied: boolean) =>
  flaky.next({ method, path, act: { kind: 'answer', status: 200, body, applied } });

describe.each(orders)('%s %j', (tool, args, path, id) => {
  it.each(bodies)('placed on an answer of %s is found, or is not confirmed', async (body) => {
    answered('POST', path, body, true);
    const found = await desk.ok(tool, { ...args });
    expect(found.structured.reconciled).toBe(true);
    expect(found.structured[id]).toMatch(/^\d+$/);
    answered('POST', path, body, false);
    const lost = await desk.call(tool, { ...args });
    expect(lost.structured.error?.reason).toBe('unknown');
    expect(lost.text).toContain('unknown, not confirmed');
  });

  it.each(['{}', '{"status":"CANCELED","orderId":1}'])(
    'cancelled on an answer of %s is looked at, or is not confirmed',
    async (body) => {
      const cancel = tool.replace('place', 'cancel');
      const first = await desk.ok(tool, { ...args });
      const named = { symbol: 'BTCUSDT', [id]: first.structured[id] };
      answered('DELETE', path, body, false);
      const lost = await desk.call(cancel, named);
      expect(lost.structured.error?.reason).toBe('unknown');
      answered('DELETE', path, body, true);
      const done = await desk.ok(cancel, named);
      expect(done.structured).toMatchObject({ status: 'CANCELED', reconciled: true });
    },
  );
});

it('takes no setting for made that the exchange did not say is made', async () => {
  for (const body of ['{}', 'null', '{"leverage":20}']) {
    answered('POST', '/fapi/v1/leverage', body, false);
    const lost = await desk.call('binance_futures_change_leverage', { symbol: 'BTCUSDT', leverage: 6 });
    expect(lost.structured.error?.reason).toBe('unknown');
  }
  answered('POST', '/fapi/v1/leverage', '{}', true);
  const set = await desk.ok('binance_futures_change_leverage', { symbol: 'BTCUSDT', leverage: 6 });
  expect(set.structured).toMatchObject({
    leverage: 6,
    reconciled: true,
    maxNotionalValue: expect.stringMatching(/^\d/),
  });
  answered('POST', '/fapi/v1/marginType', '{}', false);
  const margin = await desk.call('binance_futures_set_margin_type', { symbol: 'ETHUSDT', marginType: 'ISOLATED' });
  expect(margin.structured.error?.reason).toBe('unknown');
});

it.each([
  ['binance_spot_price', { symbol: 'BTCUSDT' }, '/api/v3/ticker/price'],
  ['binance_server_time', {}, '/api/v3/time'],
  ['binance_calculate_funding_cost', { symbol: 'BTCUSDT', positionSize: '1', holdHours: 24 }, '/fapi/v1/premiumIndex'],
  ['binance_compare_spot_futures_price', { symbol: 'BTC' }, '/fapi/v2/ticker/price'],
  ['binance_spot_balances', {}, '/api/v3/account'],
  ['binance_exchange_info', {}, '/api/v3/exchangeInfo'],
  ['binance_portfolio_account', {}, '/fapi/v3/account'],
  ['binance_analyze_portfolio_risk', {}, '/fapi/v3/account'],
  ['binance_spot_klines', { symbol: 'BTCUSDT', interval: '1m' }, '/api/v3/klines'],
])('%s reads no figure out of an answer that has none', async (tool, args, path) => {
  await desk.ok(tool, { ...args });
  for (const body of ['{}', 'null', '[{}]', '[1]']) {
    flaky.next({ method: 'GET', path, times: 9, act: { kind: 'answer', status: 200, body } });
    const result = await desk.call(tool, { ...args });
    expect(result.structured.error?.reason, body).toBe('no-answer');
    flaky.clear();
  }
});

it('calls no order finished whose state it does not know', async () => {
  const { structured } = await desk.ok('binance_futures_place_order', limit);
  const body = JSON.stringify({ ...structured, orderId: Number(structured.orderId), status: 'PENDING_CANCEL' });
  flaky.next({ method: 'GET', path: '/fapi/v1/order', act: { kind: 'answer', status: 200, body } });
  flaky.forget();
  const result = await desk.call('binance_futures_cancel_order', { symbol: 'BTCUSDT', orderId: structured.orderId });
  expect(result.structured.error?.reason).toBe('unknown-status');
  expect(flaky.seen().filter((each) => each.startsWith('DELETE'))).toEqual([]);
});

it('cancels a spot order without knowing which asset comes free', async () => {
  const { structured } = await desk.ok('binance_spot_place_order', limit);
  flaky.next({
    method: 'GET',
    path: '/api/v3/exchangeInfo',
    times: 9,
    act: { kind: 'answer', status: 503, body: '' },
  });
  const result = await desk.ok('binance_spot_cancel_order', { symbol: 'BTCUSDT', orderId: structured.orderId });
  expect(result.structured).toMatchObject({ status: 'CANCELED', releasedFunds: null });
});

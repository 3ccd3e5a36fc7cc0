import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type PaperExchange, startExchange } from '../index.ts';
import { call, paper } from '../test/wire.ts';
import { listenKeyIn } from './stream.ts';

let exchange: PaperExchange;
const sockets: WebSocket[] = [];
beforeEach(async () => {
  exchange = await startExchange();
  await paper(exchange, 'POST', 'price', { symbol: 'BTCUSDT', price: 50_000 });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await exchange.close();
});

const key = async (method: string, path = '/fapi/v1/listenKey'): Promise<Record<string, unknown>> =>
  (await (
    await fetch(`${exchange.url}${path}`, { method, headers: { 'X-MBX-APIKEY': exchange.key } })
  ).json()) as Record<string, unknown>;

type Event = { e: string; o?: Record<string, unknown>; a?: Record<string, unknown> } & Record<string, unknown>;

async function listen(
  path: (listenKey: string) => string,
): Promise<{ events: Event[]; until: (count: number) => Promise<Event[]>; socket: WebSocket }> {
  const { listenKey } = await key('POST');
  const socket = new WebSocket(`${exchange.url.replace('http', 'ws')}${path(String(listenKey))}`);
  sockets.push(socket);
  const events: Event[] = [];
  socket.on('message', (data: Buffer) => events.push(JSON.parse(data.toString()) as Event));
  await once(socket, 'open');
  return {
    events,
    socket,
    until: async (count) => {
      while (events.length < count) await once(socket, 'message');
      return events;
    },
  };
}

const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.002', price: '45000' };

it.each([(listenKey: string) => `/ws/${listenKey}`, (listenKey: string) => `/private/ws?listenKey=${listenKey}`])(
  'tells of an order’s life: new, filled, cancelled (%s)',
  async (path) => {
    const { until } = await listen(path);
    const { body } = await call(exchange, 'POST', '/fapi/v1/order', order);
    const orderId = body['orderId'] as number;
    await paper(exchange, 'POST', 'fill', { orderId, quantity: '0.001' });
    await call(exchange, 'DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId });
    const events = await until(4);
    expect(events.map((event) => event.e)).toEqual([
      'ORDER_TRADE_UPDATE',
      'ORDER_TRADE_UPDATE',
      'ACCOUNT_UPDATE',
      'ORDER_TRADE_UPDATE',
    ]);
    expect(events.map((event) => event.o?.['X'])).toEqual(['NEW', 'PARTIALLY_FILLED', undefined, 'CANCELED']);
    expect(events[1]?.o).toMatchObject({
      x: 'TRADE',
      l: '0.001',
      z: '0.001',
      L: '45000.0',
      m: true,
      n: '0.00900000',
      i: orderId,
    });
    expect(events[2]?.a).toMatchObject({
      m: 'ORDER',
      B: [{ a: 'USDT', wb: '9999.99100000' }],
      P: [{ s: 'BTCUSDT', pa: '0.001', ep: '45000.00000000' }],
    });
  },
);

it('tells of conditional orders, leverage, funding and deposits', async () => {
  const { until } = await listen((listenKey) => `/ws/${listenKey}`);
  await call(exchange, 'POST', '/fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: 10 });
  await call(exchange, 'POST', '/fapi/v1/algoOrder', {
    symbol: 'BTCUSDT',
    side: 'SELL',
    algoType: 'CONDITIONAL',
    type: 'STOP_MARKET',
    quantity: '0.01',
    triggerPrice: '45000',
  });
  await paper(exchange, 'POST', 'deposit', { key: exchange.key, amount: '5' });
  const events = await until(3);
  expect(events).toMatchObject([
    { e: 'ACCOUNT_CONFIG_UPDATE', ac: { s: 'BTCUSDT', l: 10 } },
    { e: 'ALGO_UPDATE', o: { X: 'NEW', tp: '45000.0' } },
    { e: 'ACCOUNT_UPDATE', a: { m: 'DEPOSIT', B: [{ bc: '5.00000000' }] } },
  ]);
});

it('tells the unrealised profit at mark, also after the price was moved without a trade', async () => {
  await call(exchange, 'POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1' });
  const { until } = await listen((listenKey) => `/ws/${listenKey}`);
  await paper(exchange, 'POST', 'price', { symbol: 'BTCUSDT', price: 51_000 });
  await paper(exchange, 'POST', 'funding', { symbol: 'BTCUSDT', rate: 0.0001, settle: true });
  const [event] = await until(1);
  const rows = (await call(exchange, 'GET', '/fapi/v3/positionRisk')).body as unknown as Record<string, string>[];
  const [row] = rows.filter((position) => position['symbol'] === 'BTCUSDT');
  expect(Number(row?.['unRealizedProfit'])).toBeGreaterThan(90);
  expect(event?.a).toMatchObject({ m: 'FUNDING_FEE', P: [{ up: row?.['unRealizedProfit'] }] });
});

it('gives one key per account for sixty minutes, keeps it alive, and says when it has expired', async () => {
  const { events, until, socket } = await listen((listenKey) => `/ws/${listenKey}`);
  const { listenKey } = await key('POST');
  await paper(exchange, 'POST', 'clock', { advance: 50 * 60_000 });
  expect(await key('PUT')).toEqual({ listenKey });
  await paper(exchange, 'POST', 'clock', { advance: 50 * 60_000 });
  expect(await key('POST')).toEqual({ listenKey });
  expect(events).toEqual([]);
  const closed = once(socket, 'close');
  await paper(exchange, 'POST', 'clock', { advance: 60 * 60_000 });
  expect(await key('PUT')).toMatchObject({ code: -1125 });
  expect(await until(1)).toMatchObject([{ e: 'listenKeyExpired', listenKey }]);
  await closed;
});

it('closes the connection with the key, and lets nobody in without one', async () => {
  const { socket } = await listen((listenKey) => `/ws/${listenKey}`);
  const closed = once(socket, 'close');
  await key('DELETE');
  await closed;
  const stranger = new WebSocket(`${exchange.url.replace('http', 'ws')}/ws/${'0'.repeat(64)}`);
  sockets.push(stranger);
  const [error] = (await once(stranger, 'error')) as [Error];
  expect(error.message).toMatch(/404/);
});

it('does not tell one account of another’s orders', async () => {
  const { events } = await listen((listenKey) => `/ws/${listenKey}`);
  await call(exchange, 'POST', '/fapi/v1/order', order, exchange.createAccount());
  await call(exchange, 'GET', '/fapi/v3/balance');
  expect(events).toEqual([]);
});

it.each([
  ['/ws/abc', 'abc'],
  ['/pm/ws/abc', 'abc'],
  ['/private/ws?listenKey=abc', 'abc'],
  ['/stream?streams=abc', 'abc'],
  ['/ws/', null],
  ['/other/abc', null],
  ['/ws/a/b', null],
])('%s names the key %s', (url, listenKey) => {
  expect(listenKeyIn(url)).toBe(listenKey);
});

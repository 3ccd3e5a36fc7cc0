import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PaperExchange, startExchange } from '../index.ts';
import { call, paper } from '../test/wire.ts';

let exchange: PaperExchange;
let logged: string[];
beforeEach(async () => {
  logged = [];
  exchange = await startExchange({ log: (line) => logged.push(line) });
});
afterEach(async () => {
  await exchange.close();
  expect(logged).toEqual([]);
});

const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.001', price: '45000' };
const place = async (): Promise<number> =>
  (await call(exchange, 'POST', '/fapi/v1/order', order)).body['orderId'] as number;
const status = async (orderId: number): Promise<unknown> =>
  (await call(exchange, 'GET', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId })).body['status'];
const cancel = (orderId: number) => call(exchange, 'DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId });
const fault = (values: object) =>
  paper(exchange, 'POST', 'faults', { method: 'DELETE', path: '/fapi/v1/order', ...values });

describe('faults', () => {
  it('drop: the call is applied and the connection cut, so the caller cannot know', async () => {
    const orderId = await place();
    await fault({ kind: 'drop' });
    await expect(cancel(orderId)).rejects.toThrow();
    expect(await status(orderId)).toBe('CANCELED');
    expect((await cancel(orderId)).body.code).toBe(-2011);
  });

  it('cut: the connection is cut and nothing applied', async () => {
    const orderId = await place();
    await fault({ kind: 'cut' });
    await expect(cancel(orderId)).rejects.toThrow();
    expect(await status(orderId)).toBe('NEW');
  });

  it.each([
    [{ kind: 'reply' }, 503, 'NEW'],
    [{ kind: 'reply', apply: 'first' }, 503, 'CANCELED'],
    [{ kind: 'reply', status: 504 }, 504, 'NEW'],
    [{ kind: 'reply', status: 429, retryAfter: 7 }, 429, 'NEW'],
    [{ kind: 'reply', status: 418 }, 418, 'NEW'],
  ])('%j answers %i and leaves the order %s', async (values, code, left) => {
    const orderId = await place();
    await fault(values);
    const answer = await cancel(orderId);
    expect(answer.status).toBe(code);
    if (code === 429) expect(answer.headers.get('retry-after')).toBe('7');
    expect(await status(orderId)).toBe(left);
  });

  it.each([
    ['first', 'CANCELED'],
    ['last', 'NEW'],
  ])('delay applies the call %s, so that meanwhile the order is %s', async (apply, meanwhile) => {
    const orderId = await place();
    await fault({ kind: 'delay', ms: 300, apply });
    const late = cancel(orderId);
    // The fault is counted down once the call has arrived.
    while (((await paper(exchange, 'GET', 'faults')).body as unknown as unknown[]).length > 0)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await status(orderId)).toBe(meanwhile);
    expect((await late).body['status']).toBe('CANCELED');
  });

  it('strike as often as they are told, on the route they name', async () => {
    await paper(exchange, 'POST', 'faults', { kind: 'reply', path: '/fapi/v1/*', times: 2 });
    const answers = [];
    for (let i = 0; i < 3; i += 1) answers.push((await call(exchange, 'GET', '/fapi/v1/openOrders')).status);
    answers.push((await call(exchange, 'GET', '/fapi/v3/balance')).status);
    expect(answers).toEqual([503, 503, 200, 200]);
  });

  it('are taken back with DELETE, and nonsense is refused', async () => {
    await fault({ kind: 'cut', times: 5 });
    expect((await paper(exchange, 'DELETE', 'faults')).body).toEqual({ faults: 0 });
    expect((await call(exchange, 'DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: 1 })).body.code).toBe(-2011);
    expect((await fault({ kind: 'explode' })).body.msg).toMatch(/'kind'/);
    expect((await fault({ kind: 'cut', path: '/paper/v1/state' })).body.msg).toMatch(/not a Binance route/);
    expect((await fault({ kind: 'cut', times: 0 })).status).toBe(400);
  });
});

describe('the control plane', () => {
  it('does not obey an API key, nor a web page, nor another host name', async () => {
    for (const headers of [{ 'X-MBX-APIKEY': exchange.key }, { Origin: 'https://evil.example' }]) {
      const answer = await paper(exchange, 'POST', 'reset', {}, headers);
      expect([answer.status, answer.body.code]).toEqual([403, -1002]);
    }
    const url = new URL(exchange.url);
    const rebound = await new Promise<number | undefined>((resolve, reject) => {
      const sent = request(
        {
          host: url.hostname,
          port: url.port,
          path: '/paper/v1/reset',
          method: 'POST',
          headers: { Host: 'evil.example' },
        },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      sent.on('error', reject);
      sent.end();
    });
    expect(rebound).toBe(403);
    expect(await status(await place())).toBe('NEW');
  });

  it('names its routes when asked for another, and says what is wrong with a body', async () => {
    expect(await paper(exchange, 'GET', 'nothing')).toMatchObject({
      status: 404,
      body: { msg: expect.stringContaining('GET /paper/v1/state') },
    });
    expect((await paper(exchange, 'POST', 'price', [1])).body.msg).toMatch(/must be a JSON object/);
    const broken = await fetch(`${exchange.url}/paper/v1/price`, { method: 'POST', body: '{' });
    expect(((await broken.json()) as { msg: string }).msg).toMatch(/is not JSON/);
    expect((await paper(exchange, 'POST', 'price', { symbol: 'BTCUSDT', price: -1 })).status).toBe(400);
    expect((await paper(exchange, 'POST', 'price', { symbol: 'NOPE', price: 1 })).body.code).toBe(-1121);
    expect((await paper(exchange, 'POST', 'clock', { set: 1 })).body.msg).toMatch(/time only moves on/);
    expect((await paper(exchange, 'POST', 'deposit', { key: exchange.key, amount: '-10001' })).body.code).toBe(-2018);
    expect((await paper(exchange, 'POST', 'deposit', { key: 'nobody', amount: '1' })).body.msg).toMatch(/API key/);
  });

  it('resets to a fresh market with the same keys', async () => {
    await call(exchange, 'POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1' });
    const before = await fetch(`${exchange.url}/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=5`);
    await paper(exchange, 'POST', 'reset', { seed: 99 });
    const after = await fetch(`${exchange.url}/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=5`);
    expect(await after.json()).not.toEqual(await before.json());
    expect((await call(exchange, 'GET', '/fapi/v3/account')).body).toMatchObject({
      totalWalletBalance: '10000.00000000',
      positions: [],
    });
  });

  it('opens further accounts, of either kind, and each has its own', async () => {
    const answer = await paper(exchange, 'POST', 'accounts', { kind: 'portfolio', key: 'chosen', secret: 'chosen' });
    const account = answer.body as unknown as { key: string; secret: string };
    expect(account.key).toMatch(/^[0-9a-f]{64}$/);
    expect((await call(exchange, 'GET', '/papi/v1/account', {}, account)).status).toBe(200);
    const second = exchange.createAccount();
    await call(exchange, 'POST', '/fapi/v1/order', order, second);
    expect((await call(exchange, 'GET', '/fapi/v1/openOrders')).body).toEqual([]);
  });

  it('leaves avgPrice and cumQuote out of order replies when strict', async () => {
    await paper(exchange, 'POST', 'settings', { strict: true });
    const { body } = await call(exchange, 'POST', '/fapi/v1/order', order);
    expect(body).not.toHaveProperty('avgPrice');
    expect(body).not.toHaveProperty('cumQuote');
    expect(
      (await call(exchange, 'GET', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: Number(body['orderId']) })).body,
    ).toHaveProperty('cumQuote');
  });
});

describe('requests', () => {
  it('take an empty body that calls itself JSON, and a form body', async () => {
    const response = await fetch(`${exchange.url}/fapi/v1/order?symbol=BTCUSDT`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-MBX-APIKEY': exchange.key },
    });
    expect(((await response.json()) as { code: number }).code).toBe(-1102);
  });

  it('that are too large are refused without ending the exchange', async () => {
    const response = await fetch(`${exchange.url}/fapi/v1/order`, { method: 'POST', body: 'a'.repeat(2_000_000) });
    expect(response.status).toBe(413);
    expect((await fetch(`${exchange.url}/fapi/v1/ping`)).status).toBe(200);
  });
});

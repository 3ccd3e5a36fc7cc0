import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PaperExchange, startExchange } from '../../../paper-exchange/index.ts';
import { type Desk, openDesk } from '../../test/desk.ts';
import { type Flaky, openFlaky } from '../../test/flaky.ts';

let exchange: PaperExchange;
let flaky: Flaky;
/** One for all tests that leave it as they found it, and the one of the running test. */
let shared: Desk;
let desk: Desk;

beforeAll(async () => {
  exchange = await startExchange();
  flaky = await openFlaky(exchange.url);
});
afterAll(async () => {
  await flaky.close();
  await exchange.close();
});

/** A desk of its own account, so that no test sees another's margin. */
async function freshDesk(env: Record<string, string> = {}): Promise<Desk> {
  const { key, secret } = exchange.createAccount();
  const fresh = await openDesk({
    args: ['--exchange', flaky.url],
    env: { BINANCE_API_KEY: key, BINANCE_API_SECRET: secret, ...env },
  });
  await fresh.ok('binance_futures_change_leverage', { symbol: 'BTCUSDT', leverage: 10 });
  return fresh;
}

beforeAll(async () => {
  shared = await freshDesk();
});
afterAll(async () => shared.close());
beforeEach(() => {
  desk = shared;
});
afterEach(async () => {
  flaky.clear();
  if (desk === shared) await shared.ok('binance_futures_cancel_all_orders', { symbol: 'BTCUSDT' });
  else await desk.close();
});

async function place(more: Record<string, unknown> = {}): Promise<string> {
  const placed = await desk.ok('binance_futures_place_order', {
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'LIMIT',
    quantity: '0.001',
    price: '45000',
    ...more,
  });
  return placed.structured.orderId ?? placed.structured.algoId;
}

const cancel = (more: Record<string, unknown>) =>
  desk.call('binance_futures_cancel_order', { symbol: 'BTCUSDT', ...more });
const DELETE = { method: 'DELETE', path: '/fapi/v1/order' } as const;
const QUERY = { method: 'GET', path: '/fapi/v1/order' } as const;

describe('the documented example: 0.001 BTC at 45,000 and 10x', () => {
  it('releases 4.5 USDT and says so in text and structure', async () => {
    desk = await freshDesk();
    const orderId = await place();
    const result = await cancel({ orderId });
    expect(result.isError).toBe(false);
    expect(result.structured).toMatchObject({
      orderId,
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      positionSide: 'BOTH',
      timeInForce: 'GTC',
      reduceOnly: false,
      status: 'CANCELED',
      origQty: '0.001',
      executedQty: '0.000',
      cancelledQty: '0.001',
      reconciled: false,
      marginChange: {
        asset: 'USDT',
        openOrderInitialMargin: { before: '4.50000000', after: '0.00000000', released: '4.50000000' },
        availableBalance: { before: '9995.50000000', after: '10000.00000000', change: '4.50000000' },
        source: 'exchange',
      },
    });
    expect(result.text).toContain('released margin: 4.5 USDT');
    expect(result.text).toContain('available balance: +4.5 USDT');
    expect(result.text).toContain('position margin: unchanged');
    expect(result.text).toContain('final status: cancelled');
  });

  it('says the same in Chinese', async () => {
    desk = await freshDesk({ BINANCE_MCP_LANG: 'zh' });
    const result = await cancel({ orderId: await place() });
    expect(result.text).toContain('最终状态: 已撤销');
    expect(result.text).toContain('释放保证金: 4.5 USDT');
    expect(result.text).toContain('持仓保证金: 不变');
  });

  it('frees margin that the next order can use at once', async () => {
    desk = await freshDesk();
    const orderId = await place({ quantity: '2.2' }); // locks 9,900 of 10,000
    const more = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', quantity: '1', price: '45000' };
    const refused = await desk.call('binance_futures_place_order', more);
    expect(refused.structured.error).toMatchObject({ code: -2019 });
    expect((await cancel({ orderId })).structured.marginChange.openOrderInitialMargin.released).toBe('9900.00000000');
    await desk.ok('binance_futures_place_order', more);
  });
});

describe("margin is the exchange's own figure, not price x quantity / leverage", () => {
  it('releases nothing for the smaller side of two, and 2 for the larger', async () => {
    const buy = await place({ quantity: '0.010', price: '44000' });
    const sell = await place({ side: 'SELL', quantity: '0.010', price: '55000' });
    const first = await cancel({ orderId: buy });
    expect(first.structured.marginChange.openOrderInitialMargin).toMatchObject({
      before: '55.00000000',
      after: '55.00000000',
      released: '0.00000000',
    });
    const second = await cancel({ orderId: sell });
    expect(second.structured.marginChange.openOrderInitialMargin.released).toBe('55.00000000');
  });
});

describe('which order', () => {
  it('takes the client order id', async () => {
    await place({ newClientOrderId: 'desk-1' });
    const result = await cancel({ clientOrderId: 'desk-1' });
    expect(result.structured).toMatchObject({ clientOrderId: 'desk-1', status: 'CANCELED' });
  });

  it('takes an order id as text or as a whole number', async () => {
    const result = await cancel({ orderId: Number(await place()) });
    expect(result.structured.status).toBe('CANCELED');
  });

  it('cancels an untriggered conditional order by algoId, which frees no margin', async () => {
    const algoId = await place({ type: 'STOP_MARKET', side: 'SELL', price: undefined, stopPrice: '46000' });
    const result = await cancel({ algoId });
    expect(result.structured).toMatchObject({
      algoId,
      status: 'CANCELED',
      marginChange: { openOrderInitialMargin: { released: '0.00000000' } },
    });
    const again = await cancel({ algoId });
    expect(again.structured.error).toMatchObject({ code: -2011, finalStatus: 'CANCELED' });
  });

  it('never falls through from an order id to a conditional order of that number', async () => {
    const algoId = await place({ type: 'STOP_MARKET', side: 'SELL', price: undefined, stopPrice: '46000' });
    const result = await cancel({ orderId: algoId });
    expect(result.structured.error.code).toBe(-2011);
    expect(result.text).toContain('was not touched');
    const open = await desk.ok('binance_futures_open_orders', { symbol: 'BTCUSDT' });
    expect(open.structured.orders.map((row: { algoId: string }) => row.algoId)).toEqual([algoId]);
  });

  it.each([
    ['no symbol', { symbol: undefined, orderId: '1' }, -1102],
    ['a symbol in lower case', { symbol: 'btcusdt', orderId: '1' }, -1121],
    ['a symbol with blanks around it', { symbol: ' BTCUSDT ', orderId: '1' }, -1121],
    ['no id', {}, -1102],
    ['two ids', { orderId: '1', clientOrderId: 'a' }, -1128],
    ['an order id of zero', { orderId: 0 }, -1130],
    ['an order id that a JSON number cannot hold', { orderId: 2 ** 53 }, -1130],
    ['a fractional order id', { orderId: 1.5 }, -1130],
    ['an argument that it does not know', { orderId: '1', force: true }, -1106],
  ])('refuses %s without sending anything', async (_what, args, code) => {
    flaky.forget();
    const result = await cancel(args);
    expect(result.isError).toBe(true);
    expect(result.structured.error.code).toBe(code);
    expect(flaky.seen()).toEqual([]);
  });
});

describe('orders that cannot be cancelled', () => {
  it.each([
    ['an id that never was', { orderId: '999999999999' }, -2011],
    ['a client id that never was', { clientOrderId: 'nobody' }, -2011],
    ['a coin-margined contract', { symbol: 'BTCUSD_PERP', orderId: '1' }, -1121],
    ['a symbol that is not listed', { symbol: 'NOSUCHUSDT', orderId: '1' }, -1121],
    ['an algo id that never was', { algoId: '999999999999' }, -2011],
  ])('refuses %s', async (_what, args, code) => {
    const result = await cancel(args);
    expect(result.isError).toBe(true);
    expect(result.structured.error.code).toBe(code);
    expect(result.structured.error.next).toBeTypeOf('string');
  });

  it('says that the order was filled', async () => {
    const filled = await desk.ok('binance_futures_place_order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'MARKET',
      quantity: '0.001',
    });
    flaky.forget();
    const result = await cancel({ orderId: filled.structured.orderId });
    expect(result.structured.error).toMatchObject({ code: -2011, finalStatus: 'FILLED' });
    expect(result.text).toContain('Unknown order sent.');
    expect(flaky.seen()).not.toContain('DELETE /fapi/v1/order');
  });

  it('says that it was cancelled already, and changes nothing', async () => {
    const orderId = await place();
    await cancel({ orderId });
    const again = await cancel({ orderId });
    expect(again.structured.error).toMatchObject({ code: -2011, finalStatus: 'CANCELED' });
  });

  it('refuses the order of another account', async () => {
    const orderId = await place();
    const other = await freshDesk();
    const result = await other.call('binance_futures_cancel_order', { symbol: 'BTCUSDT', orderId });
    await other.close();
    expect(result.structured.error.code).toBe(-2011);
    expect((await cancel({ orderId })).isError).toBe(false);
  });

  it('refuses the right id under the wrong symbol', async () => {
    const orderId = await place();
    const result = await cancel({ symbol: 'ETHUSDT', orderId });
    expect(result.structured.error.code).toBe(-2011);
    expect((await cancel({ orderId })).isError).toBe(false);
  });
});

describe('when the exchange says no', () => {
  it.each([
    [
      'the clock is off',
      { status: 400, body: '{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}' },
      -1021,
      'refused-by-exchange',
    ],
    [
      'it rate limits',
      { status: 429, body: '{"code":-1003,"msg":"Too many requests"}', headers: { 'retry-after': '0' } },
      -1003,
      'rate-limited',
    ],
    [
      'it has banned us',
      { status: 418, body: '{"code":-1003,"msg":"banned"}', headers: { 'retry-after': '0' } },
      -1003,
      'rate-limited',
    ],
  ])('passes on that %s, with the code and what to do', async (_what, answer, code, reason) => {
    const orderId = await place();
    flaky.next({ ...DELETE, act: { kind: 'answer', ...answer } });
    const result = await cancel({ orderId });
    expect(result.structured.error).toMatchObject({ code, reason });
    expect(result.structured.error.next).toBeTypeOf('string');
  });

  it('waits as long as Retry-After says before it sends anything again', async () => {
    desk = await freshDesk();
    const orderId = await place();
    flaky.next({
      ...DELETE,
      act: {
        kind: 'answer',
        status: 429,
        body: '{"code":-1003,"msg":"Too many requests"}',
        headers: { 'retry-after': '7' },
      },
    });
    const first = await cancel({ orderId });
    expect(first.structured.error.retryAfterSeconds).toBe(7);
    flaky.forget();
    const second = await cancel({ orderId });
    expect(second.structured.error.reason).toBe('rate-limited');
    expect(flaky.seen()).toEqual([]);
  });

  it('says that the wait is not known when the exchange does not say', async () => {
    desk = await freshDesk();
    const orderId = await place();
    flaky.next({ ...DELETE, act: { kind: 'answer', status: 429, body: '{"code":-1003,"msg":"Too many requests"}' } });
    const result = await cancel({ orderId });
    expect(result.structured.error.retryAfterSeconds).toBe(1);
    expect(result.text).toContain('did not say how long');
  });

  it('reports a wrong secret as a bad signature, and a wrong key as unknown', async () => {
    const { key } = exchange.createAccount();
    for (const [credentials, code, status] of [
      [{ BINANCE_API_KEY: key, BINANCE_API_SECRET: 'x'.repeat(64) }, -1022, 400],
      [{ BINANCE_API_KEY: 'y'.repeat(64), BINANCE_API_SECRET: 'x'.repeat(64) }, -2015, 401],
    ] as const) {
      const wrong = await openDesk({ args: ['--exchange', flaky.url], env: credentials });
      const result = await wrong.call('binance_futures_cancel_order', { symbol: 'BTCUSDT', orderId: '1' });
      await wrong.close();
      expect(result.structured.error).toMatchObject({ code, httpStatus: status });
      expect(`${result.text}${wrong.stderr()}`).not.toContain('x'.repeat(64));
    }
  });
});

describe('when the answer is lost', () => {
  it.each([
    ['the connection drops after the exchange acted', { kind: 'drop-after' as const }],
    [
      'a 503 comes back although the exchange acted',
      {
        kind: 'answer' as const,
        status: 503,
        body: '{"msg":"Unknown error, please check your request or try again later."}',
        applied: true,
      },
    ],
    [
      '-1006 comes back although the exchange acted',
      { kind: 'answer' as const, status: 400, body: '{"code":-1006,"msg":"unexpected response"}', applied: true },
    ],
    [
      '-1007 comes back although the exchange acted',
      { kind: 'answer' as const, status: 408, body: '{"code":-1007,"msg":"timeout"}', applied: true },
    ],
    [
      'half an answer comes back although the exchange acted',
      { kind: 'answer' as const, status: 200, body: '{"orderId":1', applied: true },
    ],
    [
      '-2011 comes back although the exchange acted',
      { kind: 'answer' as const, status: 400, body: '{"code":-2011,"msg":"Unknown order sent."}', applied: true },
    ],
  ])('finds out that it was cancelled: %s', async (_what, act) => {
    const orderId = await place();
    flaky.forget();
    flaky.next({ ...DELETE, act });
    const result = await cancel({ orderId });
    expect(result.isError).toBe(false);
    expect(result.structured).toMatchObject({
      orderId,
      status: 'CANCELED',
      reconciled: true,
      marginChange: { openOrderInitialMargin: { released: '4.50000000' } },
    });
    expect(result.text).toContain('cancelled (reconciled)');
    expect(flaky.seen().filter((each) => each === 'DELETE /fapi/v1/order')).toHaveLength(1);
  });

  it('says unknown when the exchange never got it and the order still stands', async () => {
    const orderId = await place();
    flaky.next({ ...DELETE, act: { kind: 'drop-before' } });
    const result = await cancel({ orderId });
    expect(result.structured.error).toMatchObject({ reason: 'unknown' });
    expect(result.text).toContain('unknown, not confirmed');
    expect((await cancel({ orderId })).structured).toMatchObject({ status: 'CANCELED', reconciled: false });
  });

  it('says unknown when the order cannot be queried either', async () => {
    const orderId = await place();
    // The query before the cancel passes; those after it find nobody.
    flaky.next({
      ...DELETE,
      act: { kind: 'drop-after' },
      afterwards: [{ ...QUERY, act: { kind: 'answer', status: 503, body: '{}' }, times: 20 }],
    });
    const result = await cancel({ orderId });
    expect(result.structured.error.reason).toBe('unknown');
    expect(result.isError).toBe(true);
  });

  it('says that it was filled before the cancel arrived, with the executed quantity', async () => {
    const orderId = await place();
    const filled = {
      orderId: Number(orderId),
      symbol: 'BTCUSDT',
      status: 'FILLED',
      origQty: '0.001',
      executedQty: '0.001',
      side: 'BUY',
      type: 'LIMIT',
      price: '45000',
    };
    flaky.next({
      ...DELETE,
      act: { kind: 'answer', status: 400, body: '{"code":-2011,"msg":"Unknown order sent."}' },
      afterwards: [{ ...QUERY, act: { kind: 'answer', status: 200, body: JSON.stringify(filled) } }],
    });
    const result = await cancel({ orderId });
    expect(result.structured.error).toMatchObject({
      code: -2011,
      reason: 'filled-before-cancel',
      executedQty: '0.001',
      finalStatus: 'FILLED',
    });
    expect(result.text).toContain('filled before the cancel arrived');
  });

  it('does not call a cancel a failure because the margin could not be read afterwards', async () => {
    const orderId = await place();
    flaky.next({
      method: 'GET',
      path: '/fapi/v3/account',
      act: { kind: 'answer', status: 503, body: '{}' },
      times: 50,
    });
    const result = await cancel({ orderId });
    expect(result.isError).toBe(false);
    expect(result.structured).toMatchObject({ status: 'CANCELED', marginChange: null });
    expect(result.text).toContain('margin change: not known');
  });
});

it('rehearses with dryRun and leaves the order open', async () => {
  const orderId = await place();
  const result = await cancel({ orderId, dryRun: true });
  expect(result.structured.dryRun).toMatchObject({ checkedBy: 'local' });
  expect((await cancel({ orderId })).structured.status).toBe('CANCELED');
});

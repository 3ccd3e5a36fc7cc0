import { DerivativesTradingUsdsFutures } from '@binance/derivatives-trading-usds-futures';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type PaperExchange, startExchange } from '../../../paper-exchange/index.ts';
import { type Desk, openDesk } from '../../test/desk.ts';
import { type Flaky, openFlaky } from '../../test/flaky.ts';

let exchange: PaperExchange;
let flaky: Flaky;
let desk: Desk & { key: string; secret: string };
beforeAll(async () => {
  exchange = await startExchange();
  flaky = await openFlaky(exchange.url);
  desk = await openOwn();
});
afterAll(async () => {
  await desk.close();
  await flaky.close();
  await exchange.close();
});
afterEach(async () => {
  flaky.clear();
  await desk.ok('binance_futures_cancel_all_orders', BTC);
  await desk.call('binance_futures_close_position', BTC); // refuses when there is nothing, which is as good
});

const BTC = { symbol: 'BTCUSDT' };

async function openOwn(): Promise<Desk & { key: string; secret: string }> {
  const { key, secret } = exchange.createAccount();
  const opened = await openDesk({
    args: ['--exchange', flaky.url],
    env: { BINANCE_API_KEY: key, BINANCE_API_SECRET: secret },
  });
  await opened.ok('binance_futures_change_leverage', { ...BTC, leverage: 10 });
  return { ...opened, key, secret };
}

async function control(action: string, body: object): Promise<void> {
  const response = await fetch(`${exchange.url}/paper/v1/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
}

describe('a partly filled order', () => {
  it("releases the margin of what was not filled, and keeps the position's", async () => {
    const { orderId } = (
      await desk.ok('binance_futures_place_order', {
        ...BTC,
        side: 'BUY',
        type: 'LIMIT',
        quantity: '0.010',
        price: '45000',
      })
    ).structured;
    await control('fill', { orderId, quantity: '0.004' });
    const result = await desk.ok('binance_futures_cancel_order', { ...BTC, orderId });
    expect(result.structured).toMatchObject({
      status: 'CANCELED',
      origQty: '0.010',
      executedQty: '0.004',
      cancelledQty: '0.006',
    });
    expect(result.structured.marginChange.openOrderInitialMargin.released).toBe('27.00000000');
    expect(Number(result.structured.marginChange.positionInitialMargin.after)).toBeGreaterThan(0);
  });
});

describe('several cancels at once', () => {
  it("each report their own margin, not one another's", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      ids.push(
        (
          await desk.ok('binance_futures_place_order', {
            ...BTC,
            side: 'BUY',
            type: 'LIMIT',
            quantity: '0.001',
            price: '45000',
          })
        ).structured.orderId,
      );
    }
    const results = await Promise.all(
      ids.map((orderId) => desk.ok('binance_futures_cancel_order', { ...BTC, orderId })),
    );
    expect(results.map((result) => result.structured.marginChange.openOrderInitialMargin.released)).toEqual(
      ids.map(() => '4.50000000'),
    );
  });
});

describe('a minimum notional of 100, as on the real exchange', () => {
  it('refuses the documented example with -4164', async () => {
    await control('filters', { ...BTC, minNotional: '100' });
    const result = await desk.call('binance_futures_place_order', {
      ...BTC,
      side: 'BUY',
      type: 'LIMIT',
      quantity: '0.001',
      price: '45000',
    });
    await control('filters', { ...BTC, minNotional: '5' });
    expect(result.structured.error).toMatchObject({ code: -4164, next: expect.any(String) });
  });
});

describe('a position larger than one market order', () => {
  it('is closed in parts', async () => {
    await desk.ok('binance_futures_place_order', { ...BTC, side: 'SELL', type: 'MARKET', quantity: '0.05' });
    const rules = { symbols: [{ ...BTC, filters: [{ filterType: 'MARKET_LOT_SIZE', maxQty: '0.02' }] }] };
    flaky.next({
      method: 'GET',
      path: '/fapi/v1/exchangeInfo',
      act: { kind: 'answer', status: 200, body: JSON.stringify(rules) },
    });
    const result = await desk.ok('binance_futures_close_position', BTC);
    expect(
      result.structured.results.map((part: { side: string; closedAmount: string }) => [part.side, part.closedAmount]),
    ).toEqual([
      ['BUY', '0.02'],
      ['BUY', '0.02'],
      ['BUY', '0.01'],
    ]);
    expect((await desk.ok('binance_futures_positions')).structured.count).toBe(0);
  });

  it('that needs more orders than one call may send is not called closed', async () => {
    await desk.ok('binance_futures_place_order', { ...BTC, side: 'BUY', type: 'MARKET', quantity: '0.025' });
    const rules = { symbols: [{ ...BTC, filters: [{ filterType: 'MARKET_LOT_SIZE', maxQty: '0.001' }] }] };
    flaky.next({
      method: 'GET',
      path: '/fapi/v1/exchangeInfo',
      act: { kind: 'answer', status: 200, body: JSON.stringify(rules) },
    });
    const result = await desk.call('binance_futures_close_position', BTC);
    expect(result.isError).toBe(true);
    expect(result.text).toContain('0.005 is left');
    await desk.ok('binance_futures_close_position', BTC);
  });
});

describe('a close whose first part has no answer', () => {
  it('sends no second part on top', async () => {
    await desk.ok('binance_futures_place_order', { ...BTC, side: 'BUY', type: 'MARKET', quantity: '0.05' });
    const rules = { symbols: [{ ...BTC, filters: [{ filterType: 'MARKET_LOT_SIZE', maxQty: '0.02' }] }] };
    flaky.next(
      {
        method: 'GET',
        path: '/fapi/v1/exchangeInfo',
        act: { kind: 'answer', status: 200, body: JSON.stringify(rules) },
      },
      { method: 'POST', path: '/fapi/v1/order', act: { kind: 'drop-before' } },
    );
    flaky.forget();
    const result = await desk.call('binance_futures_close_position', BTC);
    expect(result.structured.error).toMatchObject({ reason: 'unknown', results: [{ status: 'UNKNOWN' }] });
    expect(flaky.seen().filter((each) => each === 'POST /fapi/v1/order')).toHaveLength(1);
  });
});

describe('hedge mode', () => {
  it('trades, shows, cancels and closes leg by leg', async () => {
    const client = new DerivativesTradingUsdsFutures({
      configurationRestAPI: { apiKey: desk.key, apiSecret: desk.secret, basePath: exchange.url, retries: 0 },
    });
    await client.restAPI.changePositionMode({ dualSidePosition: 'true' as never });
    const market = (side: string, positionSide: string | undefined, quantity: string, more: object = {}) =>
      desk.call('binance_futures_place_order', {
        ...BTC,
        side,
        type: 'MARKET',
        quantity,
        ...(positionSide === undefined ? {} : { positionSide }),
        ...more,
      });
    expect((await market('BUY', undefined, '0.01')).structured.error.code).toBe(-4061);
    expect((await market('BUY', 'LONG', '0.01', { reduceOnly: true })).structured.error.code).toBe(-1106);
    expect((await market('BUY', 'LONG', '0.03')).structured.status).toBe('FILLED');
    expect((await market('SELL', 'SHORT', '0.01')).structured.status).toBe('FILLED');
    const order = await desk.ok('binance_futures_place_order', {
      ...BTC,
      side: 'BUY',
      type: 'LIMIT',
      quantity: '0.001',
      price: '45000',
      positionSide: 'LONG',
    });
    const cancelled = await desk.ok('binance_futures_cancel_order', { ...BTC, orderId: order.structured.orderId });
    expect(cancelled.structured).toMatchObject({
      positionSide: 'LONG',
      marginChange: { openOrderInitialMargin: { released: '4.50000000' } },
    });
    const long = await desk.ok('binance_futures_close_position', { ...BTC, positionSide: 'LONG' });
    expect(long.structured).toMatchObject({
      totalPositions: 1,
      closed: 1,
      results: [{ positionSide: 'LONG', side: 'SELL', closedAmount: '0.03' }],
    });
    expect(
      (await desk.ok('binance_futures_positions')).structured.positions.map(
        (row: { positionSide: string; positionAmt: string }) => [row.positionSide, row.positionAmt],
      ),
    ).toEqual([['SHORT', '-0.010']]);
    expect((await desk.ok('binance_futures_close_position', BTC)).structured).toMatchObject({
      closed: 1,
      results: [{ positionSide: 'SHORT', side: 'BUY' }],
    });
    await client.restAPI.changePositionMode({ dualSidePosition: 'false' as never });
  });
});

describe('a conditional order that was triggered', () => {
  it('cannot be cancelled by its algoId, and names the order it became', async () => {
    const algo = {
      algoId: 4711,
      symbol: 'BTCUSDT',
      algoStatus: 'TRIGGERED',
      orderType: 'STOP',
      actualOrderId: '815',
      quantity: '0.001',
      side: 'SELL',
    };
    flaky.next({
      method: 'GET',
      path: '/fapi/v1/algoOrder',
      act: { kind: 'answer', status: 200, body: JSON.stringify(algo) },
    });
    const result = await desk.call('binance_futures_cancel_order', { ...BTC, algoId: '4711' });
    expect(result.structured.error).toMatchObject({ code: -2011, finalStatus: 'TRIGGERED' });
    expect(result.text).toContain('it became order 815');
  });

  it('is found cancelled when the answer to its cancel was lost', async () => {
    const placed = await desk.ok('binance_futures_place_order', {
      ...BTC,
      side: 'SELL',
      type: 'STOP_MARKET',
      stopPrice: '40000',
      quantity: '0.001',
    });
    flaky.next({ method: 'DELETE', path: '/fapi/v1/algoOrder', act: { kind: 'drop-after' } });
    const result = await desk.ok('binance_futures_cancel_order', { ...BTC, algoId: placed.structured.algoId });
    expect(result.structured).toMatchObject({ status: 'CANCELED', reconciled: true });
  });
});

describe('the trade history', () => {
  it('takes a first id or a time window, not both', async () => {
    for (const tool of ['binance_futures_trade_history', 'binance_spot_trade_history']) {
      expect((await desk.call(tool, { ...BTC, fromId: '1', startTime: Date.now() - 1000 })).structured.error.code).toBe(
        -1128,
      );
    }
  });
});

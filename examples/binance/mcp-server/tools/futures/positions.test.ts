import { DerivativesTradingUsdsFutures } from '@binance/derivatives-trading-usds-futures';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PaperExchange, startExchange } from '../../../paper-exchange/index.ts';
import { type Desk, openDesk } from '../../test/desk.ts';
import { type Flaky, openFlaky } from '../../test/flaky.ts';

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

async function openOwn(): Promise<Desk & { key: string; secret: string }> {
  const { key, secret } = exchange.createAccount();
  const desk = await openDesk({
    args: ['--exchange', flaky.url],
    env: { BINANCE_API_KEY: key, BINANCE_API_SECRET: secret },
  });
  await desk.ok('binance_futures_change_leverage', { ...BTC, leverage: 10 });
  return { ...desk, key, secret };
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
    const desk = await openOwn();
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
    await desk.close();
  });
});

describe('several cancels at once', () => {
  it("each report their own margin, not one another's", async () => {
    const desk = await openOwn();
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
    await desk.close();
  });
});

describe('a minimum notional of 100, as on the real exchange', () => {
  it('refuses the documented example with -4164', async () => {
    const desk = await openOwn();
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
    await desk.close();
  });
});

describe('a position larger than one market order', () => {
  it('is closed in parts', async () => {
    const desk = await openOwn();
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
    await desk.close();
  });

  it('that needs more orders than one call may send is not called closed', async () => {
    const desk = await openOwn();
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
    await desk.close();
  });
});

describe('hedge mode', () => {
  it('trades, shows, cancels and closes leg by leg', async () => {
    const desk = await openOwn();
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
    await desk.close();
  });
});

describe('a conditional order that was triggered', () => {
  it('cannot be cancelled by its algoId, and names the order it became', async () => {
    const desk = await openOwn();
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
    await desk.close();
  });

  it('is found cancelled when the answer to its cancel was lost', async () => {
    const desk = await openOwn();
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
    await desk.close();
  });
});

describe('the trade history', () => {
  it('takes a first id or a time window, not both', async () => {
    const desk = await openOwn();
    for (const tool of ['binance_futures_trade_history', 'binance_spot_trade_history']) {
      expect((await desk.call(tool, { ...BTC, fromId: '1', startTime: Date.now() - 1000 })).structured.error.code).toBe(
        -1128,
      );
    }
    await desk.close();
  });
});

import { describe, expect, it } from 'vitest';
import { Desk, type Values } from '../test/harness.ts';

const base: Values = { symbol: 'BTCUSDT', algoType: 'CONDITIONAL', quantity: '0.010' };

function desk(position: 'long' | 'short' | 'flat' = 'flat'): Desk {
  const made = new Desk();
  made.price('50000');
  if (position !== 'flat')
    made.ok('POST', '/fapi/v1/order', {
      symbol: 'BTCUSDT',
      side: position === 'long' ? 'BUY' : 'SELL',
      type: 'MARKET',
      quantity: '0.010',
    });
  return made;
}

const place = (made: Desk, values: Values): number =>
  made.ok('POST', '/fapi/v1/algoOrder', { ...base, ...values }).algoId as number;
const look = (made: Desk, algoId: number): Record<string, string> =>
  made.ok('GET', '/fapi/v1/algoOrder', { algoId }) as Record<string, string>;

describe('conditional orders', () => {
  it.each([
    ['STOP_MARKET', 'BUY', '51000', '50999.9', '51000'],
    ['STOP_MARKET', 'SELL', '49000', '49000.1', '49000'],
    ['TAKE_PROFIT_MARKET', 'BUY', '49000', '49000.1', '49000'],
    ['TAKE_PROFIT_MARKET', 'SELL', '51000', '50999.9', '51000'],
  ])('%s %s with trigger %s waits at %s and fires at %s', (type, side, triggerPrice, before, at) => {
    const made = desk();
    const id = place(made, { type, side, triggerPrice });
    made.price(before);
    expect(look(made, id)['algoStatus']).toBe('NEW');
    expect(made.position()).toBeUndefined();
    made.price(at);
    expect(look(made, id)).toMatchObject({ algoStatus: 'FINISHED', actualType: 'MARKET', actualQty: '0.010' });
    expect(made.position().positionAmt).toBe(side === 'BUY' ? '0.010' : '-0.010');
  });

  it('are told as history: the latest, or the first from a time on', () => {
    const made = desk();
    const startTime = made.exchange.clock.now();
    const ids = ['51000', '51100', '51200'].map((triggerPrice) => {
      made.advance(1_000);
      return place(made, { type: 'STOP_MARKET', side: 'BUY', triggerPrice });
    });
    const told = (values: Values): number[] =>
      (made.ok('GET', '/fapi/v1/allAlgoOrders', { symbol: 'BTCUSDT', ...values }) as { algoId: number }[]).map(
        (row) => row.algoId,
      );
    expect(told({})).toEqual(ids);
    expect(told({ limit: 1 })).toEqual([ids[2]]);
    expect(told({ limit: 1, startTime })).toEqual([ids[0]]);
    expect(told({ algoId: ids[1] })).toEqual(ids.slice(1));
  });

  it('lock no margin while they wait', () => {
    const made = desk();
    place(made, { type: 'STOP_MARKET', side: 'BUY', triggerPrice: '51000', quantity: '3' });
    expect(made.balances().availableBalance).toBe('10000.00000000');
  });

  it('become a resting order when they are limited, which then shows in the book of orders', () => {
    const made = desk();
    const id = place(made, {
      type: 'STOP',
      side: 'BUY',
      triggerPrice: '51000',
      price: '50500',
      clientAlgoId: 'my-stop',
    });
    made.price('51000');
    const algo = look(made, id);
    expect(algo['algoStatus']).toBe('TRIGGERED');
    expect(made.ok('GET', '/fapi/v1/openOrders')).toMatchObject([
      { type: 'LIMIT', origType: 'STOP', price: '50500.0', clientOrderId: 'my-stop' },
    ]);
    made.ok('DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: algo['actualOrderId'] ?? '' });
    expect(look(made, id)['algoStatus']).toBe('FINISHED');
  });

  it('are rejected at the trigger when the margin is not there', () => {
    const made = desk();
    const id = place(made, { type: 'STOP_MARKET', side: 'BUY', triggerPrice: '51000', quantity: '9' });
    made.price('51000');
    expect(look(made, id)['algoStatus']).toBe('REJECTED');
    expect(made.position()).toBeUndefined();
  });

  it('watch the mark when they are told to', () => {
    const made = desk();
    const id = place(made, { type: 'STOP_MARKET', side: 'BUY', triggerPrice: '51000', workingType: 'MARK_PRICE' });
    made.paper('price', { symbol: 'BTCUSDT', price: '51500', mark: '50900' });
    expect(look(made, id)['algoStatus']).toBe('NEW');
    made.paper('price', { symbol: 'BTCUSDT', price: '51500', mark: '51000' });
    expect(look(made, id)['algoStatus']).toBe('FINISHED');
  });

  it('with price protection expire when mark and last are too far apart', () => {
    const made = desk();
    const id = place(made, { type: 'STOP_MARKET', side: 'BUY', triggerPrice: '51000', priceProtect: true });
    made.paper('price', { symbol: 'BTCUSDT', price: '54000', mark: '50000' });
    expect(look(made, id)['algoStatus']).toBe('EXPIRED');
  });

  it.each([
    ['long', 'SELL', '49000'],
    ['short', 'BUY', '51000'],
  ] as const)('close the whole %s position with closePosition', (position, side, triggerPrice) => {
    const made = desk(position);
    const id = place(made, { type: 'STOP_MARKET', side, triggerPrice, quantity: undefined, closePosition: true });
    made.ok('POST', '/fapi/v1/order', {
      symbol: 'BTCUSDT',
      side: side === 'SELL' ? 'BUY' : 'SELL',
      type: 'MARKET',
      quantity: '0.005',
    });
    made.price(triggerPrice);
    expect(look(made, id)).toMatchObject({ algoStatus: 'FINISHED', actualQty: '0.015' });
    expect(made.position()).toBeUndefined();
  });

  it('with closePosition and nothing to close expire', () => {
    const made = desk();
    const id = place(made, {
      type: 'STOP_MARKET',
      side: 'SELL',
      triggerPrice: '49000',
      quantity: undefined,
      closePosition: true,
    });
    made.price('49000');
    expect(look(made, id)['algoStatus']).toBe('EXPIRED');
  });

  it('trail the best price by the callback rate', () => {
    const made = desk('long');
    const id = place(made, { type: 'TRAILING_STOP_MARKET', side: 'SELL', callbackRate: '2' });
    for (const price of ['52000', '51000', '53000', '51940.1']) made.price(price);
    expect(look(made, id)['algoStatus']).toBe('NEW');
    made.price('51940');
    expect(look(made, id)['algoStatus']).toBe('FINISHED');
    expect(made.position()).toBeUndefined();
  });

  it('trail only from the activation price on', () => {
    const made = desk('long');
    const id = place(made, { type: 'TRAILING_STOP_MARKET', side: 'SELL', callbackRate: '1', activatePrice: '52000' });
    for (const price of ['51500', '50000', '51999']) made.price(price);
    expect(look(made, id)['algoStatus']).toBe('NEW');
    made.price('52000');
    made.price('51480');
    expect(look(made, id)['algoStatus']).toBe('FINISHED');
  });

  it('are cancelled one by one and all together, and not twice', () => {
    const made = desk();
    const id = place(made, { type: 'STOP_MARKET', side: 'SELL', triggerPrice: '45000', clientAlgoId: 'stop-1' });
    place(made, { type: 'STOP_MARKET', side: 'SELL', triggerPrice: '44000' });
    expect(made.ok('DELETE', '/fapi/v1/algoOrder', { clientAlgoId: 'stop-1' })).toEqual({
      algoId: id,
      clientAlgoId: 'stop-1',
      code: '200',
      msg: 'success',
    });
    expect(made.call('DELETE', '/fapi/v1/algoOrder', { algoId: id }).body.code).toBe(-2011);
    expect(made.ok('GET', '/fapi/v1/openAlgoOrders')).toHaveLength(1);
    expect(made.ok('DELETE', '/fapi/v1/algoOpenOrders', { symbol: 'BTCUSDT' }).code).toBe(200);
    expect(made.ok('GET', '/fapi/v1/openAlgoOrders')).toEqual([]);
    expect(
      (made.ok('GET', '/fapi/v1/allAlgoOrders', { symbol: 'BTCUSDT' }) as { algoStatus: string }[]).map(
        (row) => row.algoStatus,
      ),
    ).toEqual(['CANCELED', 'CANCELED']);
  });

  it('never answer to an order id: the two kinds of ids are apart', () => {
    const made = desk();
    const algoId = place(made, { type: 'STOP_MARKET', side: 'SELL', triggerPrice: '45000' });
    expect(made.call('DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: algoId }).body.code).toBe(-2011);
    expect(look(made, algoId)['algoStatus']).toBe('NEW');
  });

  it('number 200 at most', () => {
    const made = desk();
    for (let i = 0; i < 200; i += 1) place(made, { type: 'STOP_MARKET', side: 'SELL', triggerPrice: '45000' });
    expect(
      made.call('POST', '/fapi/v1/algoOrder', { ...base, type: 'STOP_MARKET', side: 'SELL', triggerPrice: '45000' })
        .body.code,
    ).toBe(-4045);
  });

  it('fire while nobody looks, when the seeded market gets there', () => {
    const made = new Desk();
    const id = place(made, { type: 'STOP_MARKET', side: 'BUY', triggerPrice: '50001', workingType: 'MARK_PRICE' });
    made.advance(24 * 3_600_000);
    const algo = look(made, id);
    expect(algo['algoStatus']).toBe('FINISHED');
    expect(Number(algo['triggerTime'])).toBeLessThan(made.exchange.clock.now());
  });
});

describe('time in force and timers', () => {
  it('a good-till-date order expires at its date', () => {
    const made = desk();
    const goodTillDate = made.exchange.clock.now() + 700_000;
    const { orderId } = made.limit('BUY', '0.010', '45000', { timeInForce: 'GTD', goodTillDate });
    made.advance(699_000);
    expect(made.ok('GET', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId }).status).toBe('NEW');
    made.advance(1_000);
    expect(made.ok('GET', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId }).status).toBe('EXPIRED');
    expect(made.balances().availableBalance).toBe('10000.00000000');
  });

  it('the dead man’s switch cancels everything unless it is renewed', () => {
    const made = desk();
    made.limit('BUY', '0.010', '45000');
    made.ok('POST', '/fapi/v1/countdownCancelAll', { symbol: 'BTCUSDT', countdownTime: 10_000 });
    made.advance(9_000);
    made.ok('POST', '/fapi/v1/countdownCancelAll', { symbol: 'BTCUSDT', countdownTime: 10_000 });
    made.advance(9_000);
    expect(made.ok('GET', '/fapi/v1/openOrders')).toHaveLength(1);
    made.advance(2_000);
    expect(made.ok('GET', '/fapi/v1/openOrders')).toEqual([]);
  });

  it('reduce-only orders shrink to the position and end with it', () => {
    const made = desk('long');
    const { orderId } = made.limit('SELL', '0.025', '51000', { reduceOnly: true });
    expect(made.position().openOrderInitialMargin).toBe('0.00000000');
    made.fill(orderId);
    expect(made.ok('GET', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId })).toMatchObject({
      status: 'EXPIRED',
      executedQty: '0.010',
    });
    expect(made.position()).toBeUndefined();
  });

  it('a resting order is filled in parts as the market crosses it, at its own price', () => {
    const made = desk();
    const { orderId } = made.limit('BUY', '3.500', '49900');
    made.price('49800');
    const first = made.ok('GET', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId });
    expect(first.status).toBe('PARTIALLY_FILLED');
    made.advance(60_000);
    expect(made.ok('GET', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId })).toMatchObject({
      status: 'FILLED',
      avgPrice: '49900.00000000',
    });
  });

  it('an acknowledgement tells nothing of fills; the result, and a query, do', () => {
    const made = desk();
    const market = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.010' };
    const acknowledged = made.ok('POST', '/fapi/v1/order', market);
    expect(acknowledged).toMatchObject({ status: 'NEW', executedQty: '0.000', cumQuote: '0.00000000' });
    expect(made.ok('GET', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: acknowledged.orderId }).status).toBe(
      'FILLED',
    );
    expect(made.ok('POST', '/fapi/v1/order', { ...market, newOrderRespType: 'RESULT' })).toMatchObject({
      status: 'FILLED',
      executedQty: '0.010',
    });
  });

  it('an account has at most 200 orders open in a market', () => {
    const made = desk();
    for (let i = 0; i < 200; i += 1) made.limit('BUY', '0.001', '45000');
    const answer = made.call('POST', '/fapi/v1/order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity: '0.001',
      price: '45000',
    });
    expect(answer.body.code).toBe(-2025);
    expect(
      made.call('POST', '/fapi/v1/order', {
        symbol: 'ETHUSDT',
        side: 'BUY',
        type: 'LIMIT',
        timeInForce: 'GTC',
        quantity: '0.010',
        price: '2900',
      }).status,
    ).toBe(200);
  });

  it('batches answer order by order, refusals inline', () => {
    const made = desk();
    const one = {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity: '0.010',
      price: '45000',
    };
    const placed = made.ok('POST', '/fapi/v1/batchOrders', {
      batchOrders: JSON.stringify([one, { ...one, quantity: '9' }]),
    });
    expect(placed).toMatchObject([{ status: 'NEW' }, { code: -2019 }]);
    const orderIdList = JSON.stringify([String(placed[0].orderId), '42']);
    expect(made.ok('DELETE', '/fapi/v1/batchOrders', { symbol: 'BTCUSDT', orderIdList })).toMatchObject([
      { status: 'CANCELED' },
      { code: -2011, msg: 'Unknown order sent.' },
    ]);
    expect(
      made.call('DELETE', '/fapi/v1/batchOrders', { symbol: 'BTCUSDT', orderIdList: '[1,2,3,4,5,6,7,8,9,10,11]' }).body
        .code,
    ).toBe(-4083);
    expect(made.call('POST', '/fapi/v1/batchOrders', { batchOrders: '{"a":1}' }).body.code).toBe(-1130);
  });

  it('ids beyond 2^53 are written as bare digits and found again', () => {
    const made = new Desk({ firstOrderId: 4_611_875_134_427_365_123n });
    made.limit('BUY', '0.010', '45000');
    const [row] = made.ok('GET', '/fapi/v1/openOrders') as { orderId: string }[];
    expect(row?.orderId).toBe('4611875134427365123');
    expect(
      made.ok('DELETE', '/fapi/v1/batchOrders', { symbol: 'BTCUSDT', orderidlist: '[4611875134427365123]' }),
    ).toMatchObject([{ status: 'CANCELED' }]);
  });
});

import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Desk, encode, type Values } from '../test/harness.ts';

/** A desk whose price stands at 50,000; one row's preparation changes it. */
function desk(prepare?: (made: Desk) => void): Desk {
  const made = new Desk();
  made.price('50000');
  prepare?.(made);
  return made;
}

const futures: Values = {
  symbol: 'BTCUSDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: '0.010',
  price: '45000',
};
const spot: Values = {
  symbol: 'BTCUSDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: '0.01',
  price: '45000',
};
const algo: Values = {
  symbol: 'BTCUSDT',
  side: 'SELL',
  algoType: 'CONDITIONAL',
  type: 'STOP_MARKET',
  quantity: '0.010',
  triggerPrice: '45000',
};
const market: Values = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.010' };

const hedge = (made: Desk): void => void made.ok('POST', '/fapi/v1/positionSide/dual', { dualSidePosition: true });
const long = (made: Desk): void => void made.ok('POST', '/fapi/v1/order', market);
const resting = (made: Desk): void => void made.ok('POST', '/fapi/v1/order', { ...futures, newClientOrderId: 'rests' });
const isolated = (made: Desk): void =>
  void made.ok('POST', '/fapi/v1/marginType', { symbol: 'BTCUSDT', marginType: 'ISOLATED' });

type Row = [
  what: string,
  method: string,
  path: string,
  values: Values,
  code: number,
  message: RegExp,
  prepare?: (made: Desk) => void,
];

const rows: readonly Row[] = [
  // Parameters, both families.
  ['no symbol', 'DELETE', '/fapi/v1/order', { orderId: 1 }, -1102, /'symbol' was not sent/],
  ['a symbol in lower case', 'DELETE', '/fapi/v1/order', { symbol: 'btcusdt', orderId: 1 }, -1121, /Invalid symbol/],
  [
    'a coin-margined symbol',
    'DELETE',
    '/fapi/v1/order',
    { symbol: 'BTCUSD_PERP', orderId: 1 },
    -1121,
    /Invalid symbol/,
  ],
  ['neither id', 'DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT' }, -1102, /both were empty\/null!/],
  [
    'an id that is not a number',
    'DELETE',
    '/fapi/v1/order',
    { symbol: 'BTCUSDT', orderId: '1e3' },
    -1100,
    /Illegal characters found in parameter 'orderId'/,
  ],
  ['an unknown id', 'DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: 42 }, -2011, /Unknown order sent/],
  [
    'an unknown client id',
    'DELETE',
    '/fapi/v1/order',
    { symbol: 'BTCUSDT', origClientOrderId: 'nobody' },
    -2011,
    /Unknown order sent/,
  ],
  [
    'the right id under the wrong symbol',
    'DELETE',
    '/fapi/v1/order',
    { symbol: 'ETHUSDT', origClientOrderId: 'rests' },
    -2011,
    /Unknown order sent/,
    resting,
  ],
  [
    'an order that is not there',
    'GET',
    '/fapi/v1/order',
    { symbol: 'BTCUSDT', orderId: 42 },
    -2013,
    /Order does not exist/,
  ],
  ['a bad side', 'POST', '/fapi/v1/order', { ...futures, side: 'buy' }, -1117, /Invalid side/],
  ['a bad type', 'POST', '/fapi/v1/order', { ...futures, type: 'LIMITED' }, -1116, /Invalid orderType/],
  ['a bad time in force', 'POST', '/fapi/v1/order', { ...futures, timeInForce: 'DAY' }, -1115, /Invalid timeInForce/],
  [
    'a limit order without one',
    'POST',
    '/fapi/v1/order',
    { ...futures, timeInForce: undefined },
    -1102,
    /'timeInForce'/,
  ],
  [
    'a market order with one',
    'POST',
    '/fapi/v1/order',
    { ...market, timeInForce: 'GTC' },
    -1106,
    /'timeInForce' sent when not required/,
  ],
  ['no quantity', 'POST', '/fapi/v1/order', { ...futures, quantity: undefined }, -1102, /'quantity'/],
  ['a quantity with an exponent', 'POST', '/fapi/v1/order', { ...futures, quantity: '1e-2' }, -1100, /'quantity'/],
  ['a quantity that is not a number', 'POST', '/fapi/v1/order', { ...futures, quantity: 'NaN' }, -1100, /'quantity'/],
  ['a bad interval', 'GET', '/fapi/v1/klines', { symbol: 'BTCUSDT', interval: '7m' }, -1120, /Invalid interval/],
  ['too many decimals', 'POST', '/fapi/v1/order', { ...futures, quantity: '0.0101' }, -1111, /Precision/],
  ['a recvWindow over a minute', 'GET', '/fapi/v3/balance', { recvWindow: 60_001 }, -1131, /less than 60000/],
  [
    'a client id with a blank',
    'POST',
    '/fapi/v1/order',
    { ...futures, newClientOrderId: 'a b' },
    -4015,
    /Client order id/,
  ],
  // Futures filters and rules.
  ['price zero', 'POST', '/fapi/v1/order', { ...futures, price: '0' }, -4001, /Price/],
  ['price above the most', 'POST', '/fapi/v1/order', { ...futures, price: '9000000' }, -4002, /max price/],
  ['price off the tick', 'POST', '/fapi/v1/order', { ...futures, price: '45000.05' }, -1111, /Precision/],
  ['quantity zero', 'POST', '/fapi/v1/order', { ...futures, quantity: '0' }, -4003, /less than or equal to zero/],
  [
    'a negative quantity',
    'POST',
    '/fapi/v1/order',
    { ...futures, quantity: '-0.010' },
    -4003,
    /less than or equal to zero/,
  ],
  ['quantity above the most', 'POST', '/fapi/v1/order', { ...futures, quantity: '1001' }, -4005, /max quantity/],
  [
    'a market quantity above its own most',
    'POST',
    '/fapi/v1/order',
    { ...market, quantity: '101' },
    -4005,
    /max quantity/,
  ],
  [
    'a bid above the band',
    'POST',
    '/fapi/v1/order',
    { ...futures, price: '75000.1' },
    -4016,
    /higher than the mark-price cap/,
  ],
  [
    'an offer below the band',
    'POST',
    '/fapi/v1/order',
    { ...futures, side: 'SELL', price: '24999.9' },
    -4024,
    /lower than the mark-price floor/,
  ],
  [
    'too small a notional',
    'POST',
    '/fapi/v1/order',
    { ...futures, quantity: '0.001', price: '4000' },
    -4164,
    /no smaller than 5 /,
  ],
  [
    'the real minimum notional, when set',
    'POST',
    '/fapi/v1/order',
    { ...futures, quantity: '0.001' },
    -4164,
    /no smaller than 100 /,
    (made) => void made.paper('filters', { symbol: 'BTCUSDT', minNotional: '100' }),
  ],
  ['more than the margin', 'POST', '/fapi/v1/order', { ...futures, quantity: '5' }, -2019, /Margin is insufficient/],
  [
    'more than the bracket',
    'POST',
    '/fapi/v1/order',
    { ...futures, quantity: '300' },
    -2027,
    /maximum allowable position/,
  ],
  [
    'reduce-only without a position',
    'POST',
    '/fapi/v1/order',
    { ...futures, reduceOnly: true },
    -2022,
    /ReduceOnly Order is rejected/,
  ],
  [
    'reduce-only on the wrong side',
    'POST',
    '/fapi/v1/order',
    { ...futures, reduceOnly: true },
    -2022,
    /ReduceOnly Order is rejected/,
    long,
  ],
  ['a leg in one-way mode', 'POST', '/fapi/v1/order', { ...futures, positionSide: 'LONG' }, -4061, /position side/],
  ['no leg in hedge mode', 'POST', '/fapi/v1/order', futures, -4061, /position side/, hedge],
  [
    'reduce-only in hedge mode',
    'POST',
    '/fapi/v1/order',
    { ...futures, positionSide: 'LONG', reduceOnly: true },
    -1106,
    /'reduceonly' sent when not required/,
    hedge,
  ],
  [
    'closing more than the leg',
    'POST',
    '/fapi/v1/order',
    { ...futures, side: 'SELL', price: '51000', positionSide: 'LONG' },
    -2022,
    /ReduceOnly/,
    hedge,
  ],
  [
    'post-only that would take',
    'POST',
    '/fapi/v1/order',
    { ...futures, timeInForce: 'GTX', price: '50100' },
    -5022,
    /executed as maker/,
  ],
  [
    'fill-or-kill that cannot be filled',
    'POST',
    '/fapi/v1/order',
    { ...futures, timeInForce: 'FOK' },
    -5021,
    /FOK order has been rejected/,
  ],
  [
    'good-till-date without a date',
    'POST',
    '/fapi/v1/order',
    { ...futures, timeInForce: 'GTD' },
    -1102,
    /'goodTillDate'/,
  ],
  [
    'good-till-date too soon',
    'POST',
    '/fapi/v1/order',
    { ...futures, timeInForce: 'GTD', goodTillDate: Date.UTC(2026, 5, 1, 12, 9) },
    -5040,
    /goodTillDate/,
  ],
  [
    'a conditional type on the order endpoint',
    'POST',
    '/fapi/v1/order',
    { ...futures, type: 'STOP_MARKET', stopPrice: '45000' },
    -4120,
    /Algo Order API/,
  ],
  [
    'a market order without a counterparty in bounds',
    'POST',
    '/fapi/v1/order',
    market,
    -4131,
    /counterparty's best price/,
    (made) => void made.paper('price', { symbol: 'BTCUSDT', price: '60000', mark: '50000' }),
  ],
  [
    'an open client id again',
    'POST',
    '/fapi/v1/order',
    { ...futures, newClientOrderId: 'rests' },
    -4116,
    /duplicated/,
    resting,
  ],
  [
    'modifying to what it is',
    'PUT',
    '/fapi/v1/order',
    { symbol: 'BTCUSDT', origClientOrderId: 'rests', side: 'BUY', quantity: '0.010', price: '45000' },
    -5027,
    /No need to modify/,
    resting,
  ],
  [
    'modifying what is not there',
    'PUT',
    '/fapi/v1/order',
    { symbol: 'BTCUSDT', orderId: 42, side: 'BUY', quantity: '0.010', price: '45000' },
    -2013,
    /does not exist/,
  ],
  ['leverage zero', 'POST', '/fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: 0 }, -4028, /Leverage/],
  ['leverage above the most', 'POST', '/fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: 126 }, -4028, /Leverage/],
  [
    'leverage the symbol does not have',
    'POST',
    '/fapi/v1/leverage',
    { symbol: 'DOGEUSDT', leverage: 100 },
    -4028,
    /Leverage/,
  ],
  [
    'leverage the balance cannot carry',
    'POST',
    '/fapi/v1/leverage',
    { symbol: 'BTCUSDT', leverage: 1 },
    -2028,
    /insufficient margin/,
    (made) => void made.ok('POST', '/fapi/v1/order', { ...futures, quantity: '2' }),
  ],
  [
    'leverage the bracket cannot carry',
    'POST',
    '/fapi/v1/leverage',
    { symbol: 'BTCUSDT', leverage: 125 },
    -2027,
    /maximum allowable/,
    (made) => void made.ok('POST', '/fapi/v1/order', { ...futures, quantity: '2' }),
  ],
  [
    'lower leverage on an isolated position',
    'POST',
    '/fapi/v1/leverage',
    { symbol: 'BTCUSDT', leverage: 5 },
    -4161,
    /Isolated Margin Mode/,
    (made) => (isolated(made), long(made)),
  ],
  [
    'the margin type it has',
    'POST',
    '/fapi/v1/marginType',
    { symbol: 'BTCUSDT', marginType: 'CROSSED' },
    -4046,
    /No need to change margin type/,
  ],
  [
    'another margin type with orders',
    'POST',
    '/fapi/v1/marginType',
    { symbol: 'BTCUSDT', marginType: 'ISOLATED' },
    -4047,
    /open orders/,
    resting,
  ],
  [
    'another margin type with a position',
    'POST',
    '/fapi/v1/marginType',
    { symbol: 'BTCUSDT', marginType: 'ISOLATED' },
    -4048,
    /position/,
    long,
  ],
  [
    'the position mode it has',
    'POST',
    '/fapi/v1/positionSide/dual',
    { dualSidePosition: false },
    -4059,
    /No need to change position side/,
  ],
  [
    'another position mode with orders',
    'POST',
    '/fapi/v1/positionSide/dual',
    { dualSidePosition: true },
    -4067,
    /open orders/,
    resting,
  ],
  [
    'another position mode with a position',
    'POST',
    '/fapi/v1/positionSide/dual',
    { dualSidePosition: true },
    -4068,
    /position/,
    long,
  ],
  [
    'margin for a cross position',
    'POST',
    '/fapi/v1/positionMargin',
    { symbol: 'BTCUSDT', amount: '10', type: 1 },
    -4054,
    /isolated/,
    long,
  ],
  [
    'more margin than there is',
    'POST',
    '/fapi/v1/positionMargin',
    { symbol: 'BTCUSDT', amount: '20000', type: 1 },
    -4051,
    /Isolated balance insufficient/,
    (made) => (isolated(made), long(made)),
  ],
  [
    'taking out margin that is needed',
    'POST',
    '/fapi/v1/positionMargin',
    { symbol: 'BTCUSDT', amount: '20', type: 2 },
    -4051,
    /Isolated balance insufficient/,
    (made) => (isolated(made), long(made)),
  ],
  ['multi-assets mode', 'POST', '/fapi/v1/multiAssetsMargin', { multiAssetsMargin: true }, -4171, /Multi-Assets/],
  [
    'a history window over a week',
    'GET',
    '/fapi/v1/allOrders',
    { symbol: 'BTCUSDT', startTime: 1, endTime: 604_800_002 },
    -4165,
    /7 days/,
  ],
  [
    'trades by id and time',
    'GET',
    '/fapi/v1/userTrades',
    { symbol: 'BTCUSDT', fromId: 1, startTime: 1 },
    -1128,
    /Combination/,
  ],
  // Conditional orders.
  [
    'a stop that would fire at once',
    'POST',
    '/fapi/v1/algoOrder',
    { ...algo, triggerPrice: '55000' },
    -2021,
    /immediately trigger/,
  ],
  [
    'a stop without a trigger',
    'POST',
    '/fapi/v1/algoOrder',
    { ...algo, triggerPrice: undefined },
    -1102,
    /'triggerPrice'/,
  ],
  [
    'a close-position stop with a quantity',
    'POST',
    '/fapi/v1/algoOrder',
    { ...algo, closePosition: true },
    -4137,
    /Quantity must be zero/,
  ],
  [
    'a close-position stop with reduce-only',
    'POST',
    '/fapi/v1/algoOrder',
    { ...algo, quantity: undefined, closePosition: true, reduceOnly: true },
    -1106,
    /'reduceOnly'/,
  ],
  [
    'a close-position limit',
    'POST',
    '/fapi/v1/algoOrder',
    { ...algo, type: 'STOP', price: '44000', quantity: undefined, closePosition: true },
    -4136,
    /closePosition/,
  ],
  [
    'a callback of 11 percent',
    'POST',
    '/fapi/v1/algoOrder',
    { ...algo, type: 'TRAILING_STOP_MARKET', triggerPrice: undefined, callbackRate: '11' },
    -2007,
    /callBack rate/,
  ],
  [
    'an activation on the wrong side',
    'POST',
    '/fapi/v1/algoOrder',
    { ...algo, type: 'TRAILING_STOP_MARKET', triggerPrice: undefined, callbackRate: '1', activatePrice: '45000' },
    -2021,
    /immediately trigger/,
  ],
  [
    'cancelling an unknown conditional order',
    'DELETE',
    '/fapi/v1/algoOrder',
    { algoId: 42 },
    -2011,
    /Unknown order sent/,
  ],
  ['neither id of a conditional order', 'DELETE', '/fapi/v1/algoOrder', {}, -1102, /both were empty/],
  // Spot.
  ['a price off the tick', 'POST', '/api/v3/order', { ...spot, price: '45000.001' }, -1111, /Precision/],
  ['a price of zero', 'POST', '/api/v3/order', { ...spot, price: '0' }, -1013, /PRICE_FILTER/],
  ['a quantity of zero', 'POST', '/api/v3/order', { ...spot, quantity: '0' }, -1013, /LOT_SIZE/],
  [
    'too large a market order',
    'POST',
    '/api/v3/order',
    { symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '901' },
    -1013,
    /MARKET_LOT_SIZE/,
  ],
  ['too small a notional on spot', 'POST', '/api/v3/order', { ...spot, quantity: '0.0001' }, -1013, /NOTIONAL/],
  ['a price out of the band', 'POST', '/api/v3/order', { ...spot, price: '80000' }, -1013, /PERCENT_PRICE_BY_SIDE/],
  ['more than the balance', 'POST', '/api/v3/order', { ...spot, quantity: '1' }, -2010, /insufficient balance/],
  [
    'a maker order that would take',
    'POST',
    '/api/v3/order',
    { ...spot, type: 'LIMIT_MAKER', timeInForce: undefined, price: '50100' },
    -2010,
    /immediately match and take/,
  ],
  [
    'a stop that would fire',
    'POST',
    '/api/v3/order',
    { ...spot, type: 'STOP_LOSS_LIMIT', stopPrice: '49000' },
    -2010,
    /trigger immediately/,
  ],
  [
    'time in force on a market order',
    'POST',
    '/api/v3/order',
    { symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.01', timeInForce: 'GTC' },
    -1106,
    /'timeInForce'/,
  ],
  [
    'both sizes',
    'POST',
    '/api/v3/order',
    { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01', quoteOrderQty: '100' },
    -1128,
    /Combination/,
  ],
  ['an iceberg', 'POST', '/api/v3/order', { ...spot, icebergQty: '0.005' }, -1106, /'icebergQty'/],
  ['an unknown spot order', 'DELETE', '/api/v3/order', { symbol: 'BTCUSDT', orderId: 42 }, -2011, /Unknown order sent/],
  ['nothing to cancel', 'DELETE', '/api/v3/openOrders', { symbol: 'BTCUSDT' }, -2011, /Unknown order sent/],
  [
    'a bad cancel restriction',
    'DELETE',
    '/api/v3/order',
    { symbol: 'BTCUSDT', orderId: 42, cancelRestrictions: 'ONLY_OLD' },
    -1145,
    /cancelRestrictions/,
  ],
  [
    'a restriction that is not met',
    'DELETE',
    '/api/v3/order',
    { symbol: 'BTCUSDT', origClientOrderId: 's', cancelRestrictions: 'ONLY_PARTIALLY_FILLED' },
    -2011,
    /cancel restrictions/,
    (made) => void made.ok('POST', '/api/v3/order', { ...spot, newClientOrderId: 's' }),
  ],
  [
    'a client id that is not the order’s',
    'DELETE',
    '/api/v3/order',
    { symbol: 'BTCUSDT', orderId: 1_000_000_001, origClientOrderId: 'other' },
    -2039,
    /not correct for this order/,
    (made) => void made.ok('POST', '/api/v3/order', spot),
  ],
  [
    'a window over a day',
    'GET',
    '/api/v3/allOrders',
    { symbol: 'BTCUSDT', startTime: 1, endTime: 86_400_002 },
    -1127,
    /24 hours/,
  ],
  [
    'an undocumented combination',
    'GET',
    '/api/v3/myTrades',
    { symbol: 'BTCUSDT', orderId: 1, startTime: 1 },
    -1128,
    /Combination/,
  ],
  [
    'symbol and symbols',
    'GET',
    '/api/v3/ticker/price',
    { symbol: 'BTCUSDT', symbols: '["BTCUSDT"]' },
    -1128,
    /Combination/,
  ],
];

describe('a refusal names code and reason, with HTTP 400, and changes nothing', () => {
  it.each(rows)('%s (%s %s)', (_what, method, path, values, code, message, prepare) => {
    const made = desk(prepare);
    const look = (): string =>
      JSON.stringify([
        made.balances(),
        made.ok('GET', '/fapi/v1/openOrders'),
        made.ok('GET', '/api/v3/account'),
        made.ok('GET', '/api/v3/openOrders'),
      ]);
    const before = look();
    const answer = made.call(method, path, values);
    expect([answer.status, answer.body.code]).toEqual([400, code]);
    expect(answer.body.msg).toMatch(message);
    expect(look()).toBe(before);
  });
});

describe('who is calling', () => {
  it.each([
    ['no key', undefined, -2014, /format invalid/],
    ['a malformed key', 'a b', -2014, /format invalid/],
    ['an unknown key', 'x'.repeat(64), -2015, /, request ip: 127\.0\.0\.1$/],
  ])('%s is answered with 401', (_what, key, code, message) => {
    const answer = desk().send('GET', '/fapi/v3/balance', 'timestamp=1&signature=1', key);
    expect([answer.status, answer.body.code]).toEqual([401, code]);
    expect(answer.body.msg).toMatch(message);
  });

  it.each(['timestamp', 'signature'])('a missing %s is -1102', (name) => {
    const made = desk();
    const query = name === 'timestamp' ? 'signature=1' : `timestamp=${made.exchange.clock.now()}`;
    expect(made.send('GET', '/fapi/v3/balance', query, made.account.key)).toMatchObject({
      status: 400,
      body: { code: -1102, msg: expect.stringContaining(`'${name}'`) },
    });
  });

  it('another account’s order cannot be seen or cancelled', () => {
    const made = desk(resting);
    const other = made.open();
    const named = { symbol: 'BTCUSDT', orderId: 1_000_000_001 };
    expect(made.call('DELETE', '/fapi/v1/order', named, other).body.code).toBe(-2011);
    expect(made.call('GET', '/fapi/v1/order', named, other).body.code).toBe(-2013);
    expect(made.ok('GET', '/fapi/v1/order', named).status).toBe('NEW');
  });

  it.each([
    ['classic', '/papi/v1/account'],
    ['portfolio', '/fapi/v3/account'],
  ] as const)('a %s account is not let into %s', (kind, path) => {
    const made = desk();
    const account = made.open(kind);
    expect(made.call('GET', path, {}, account)).toMatchObject({ status: 401, body: { code: -2015 } });
  });

  it('the query counts when a parameter is in query and body', () => {
    const made = desk();
    const query = encode({ symbol: 'BTCUSDT', timestamp: made.exchange.clock.now() });
    const body = 'symbol=ETHUSDT';
    const signature = createHmac('sha256', made.account.secret)
      .update(query + body)
      .digest('hex');
    const answer = made.send(
      'DELETE',
      '/fapi/v1/order',
      `${query}&orderId=1&signature=${signature}`,
      made.account.key,
      body,
    );
    expect(answer.body.code).toBe(-1022);
    const all = `${query}&marginType=CROSSED`;
    const good = createHmac('sha256', made.account.secret)
      .update(all + body)
      .digest('hex');
    expect(made.send('POST', '/fapi/v1/marginType', `${all}&signature=${good}`, made.account.key, body).body.code).toBe(
      -4046,
    );
    expect(made.account.holdings.has('ETHUSDT')).toBe(false);
  });

  it('broken percent encoding is refused, and an unknown route is a 404 that is not JSON', () => {
    expect(desk().send('GET', '/fapi/v1/depth', 'symbol=%zz').body.code).toBe(-1100);
    const answer = desk().send('GET', '/fapi/v1/<script>', '');
    expect(answer.status).toBe(404);
    expect(answer.body).not.toContain('<script>');
  });
});

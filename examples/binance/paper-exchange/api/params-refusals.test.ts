import { describe, it } from 'vitest';
import { expectRefusal, futures, market, type Row, resting } from '../test/refusals.ts';

const rows: readonly Row[] = [
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
];

describe('a parameter that is wrong is refused by name, and nothing changes', () => {
  it.each(rows.map((row) => ({ row, what: `${row[0]} (${row[1]} ${row[2]})` })))('$what', ({ row }) => {
    expectRefusal(row);
  });
});

import { describe, it } from 'vitest';
import { expectRefusal, type Row, spot } from '../test/refusals.ts';

const rows: readonly Row[] = [
  ['a price off the tick', 'POST', '/api/v3/order', { ...spot, price: '45000.001' }, -1013, /PRICE_FILTER/],
  ['a quantity off the step', 'POST', '/api/v3/order', { ...spot, quantity: '0.0100001' }, -1013, /LOT_SIZE/],
  [
    'more decimals than an asset has',
    'POST',
    '/api/v3/order',
    { ...spot, quantity: '0.010000001' },
    -1111,
    /Precision/,
  ],
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

describe('spot refuses with the documented code and reason, and nothing changes', () => {
  it.each(rows.map((row) => ({ row, what: `${row[0]} (${row[1]} ${row[2]})` })))('$what', ({ row }) => {
    expectRefusal(row);
  });
});

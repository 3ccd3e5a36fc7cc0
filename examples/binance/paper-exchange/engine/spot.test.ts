import { describe, expect, it } from 'vitest';
import { Desk, type Values } from '../test/harness.ts';

function desk(): Desk {
  const made = new Desk();
  made.price('50000');
  return made;
}

// oxlint-disable-next-line typescript/no-explicit-any -- a reply, read freely
const place = (made: Desk, values: Values): any =>
  made.ok('POST', '/api/v3/order', { symbol: 'BTCUSDT', ...values }) as unknown;
const limit = { type: 'LIMIT', timeInForce: 'GTC' };

function balance(made: Desk, asset: string): { free: string; locked: string } {
  const { balances } = made.ok('GET', '/api/v3/account') as {
    balances: { asset: string; free: string; locked: string }[];
  };
  const { free, locked } = balances.find((row) => row.asset === asset) ?? { free: '', locked: '' };
  return { free, locked };
}

describe('spot', () => {
  it('locks quote for a bid and base for an offer, and gives back what is left on cancel', () => {
    const made = desk();
    const bid = place(made, { ...limit, side: 'BUY', quantity: '0.1', price: '45000' });
    const offer = place(made, { ...limit, side: 'SELL', quantity: '0.2', price: '55000' });
    expect(balance(made, 'USDT')).toEqual({ free: '5500.00000000', locked: '4500.00000000' });
    expect(balance(made, 'BTC')).toEqual({ free: '0.80000000', locked: '0.20000000' });
    made.fill(bid.orderId, '0.04');
    expect(balance(made, 'USDT')).toEqual({ free: '5500.00000000', locked: '2700.00000000' });
    expect(balance(made, 'BTC').free).toBe('0.83996000');
    const cancelled = made.ok('DELETE', '/api/v3/order', {
      symbol: 'BTCUSDT',
      orderId: bid.orderId,
      newClientOrderId: 'the-cancel',
    });
    expect(cancelled).toMatchObject({
      status: 'CANCELED',
      executedQty: '0.04000000',
      origClientOrderId: bid.clientOrderId,
      clientOrderId: 'the-cancel',
    });
    expect(made.ok('DELETE', '/api/v3/openOrders', { symbol: 'BTCUSDT' })).toMatchObject([
      { orderId: offer.orderId, status: 'CANCELED' },
    ]);
    expect(balance(made, 'USDT')).toEqual({ free: '8200.00000000', locked: '0.00000000' });
  });

  it('a bid filled below its limit pays the better price', () => {
    const made = desk();
    const bought = place(made, { ...limit, side: 'BUY', quantity: '0.01', price: '50500' });
    expect(bought).toMatchObject({ status: 'FILLED', cummulativeQuoteQty: '500.00010000' });
    expect(bought.fills).toMatchObject([{ price: '50000.01000000', commission: '0.00001000', commissionAsset: 'BTC' }]);
    expect(balance(made, 'USDT')).toEqual({ free: '9499.99990000', locked: '0.00000000' });
  });

  it('a market order sized in quote spends no more than that, and becomes as large as what it got', () => {
    const made = desk();
    const bought = place(made, { type: 'MARKET', side: 'BUY', quoteOrderQty: '777.77' });
    expect(bought).toMatchObject({
      status: 'FILLED',
      origQuoteOrderQty: '777.77000000',
      origQty: '0.01555000',
      executedQty: '0.01555000',
    });
    const sold = place(made, { type: 'MARKET', side: 'SELL', quoteOrderQty: '100' });
    expect(Number(sold.cummulativeQuoteQty)).toBeLessThanOrEqual(100);
    expect(Number(sold.cummulativeQuoteQty)).toBeGreaterThan(99);
  });

  it('immediate-or-cancel and fill-or-kill leave nothing behind', () => {
    const made = desk();
    expect(
      place(made, { type: 'LIMIT', timeInForce: 'IOC', side: 'BUY', quantity: '0.01', price: '45000' }),
    ).toMatchObject({ status: 'EXPIRED', executedQty: '0.00000000' });
    expect(
      place(made, { type: 'LIMIT', timeInForce: 'FOK', side: 'BUY', quantity: '0.01', price: '45000' }),
    ).toMatchObject({ status: 'EXPIRED', executedQty: '0.00000000' });
    expect(made.ok('GET', '/api/v3/openOrders')).toEqual([]);
    expect(balance(made, 'USDT')).toEqual({ free: '10000.00000000', locked: '0.00000000' });
    expect(made.ok('GET', '/api/v3/allOrders', { symbol: 'BTCUSDT' })).toHaveLength(2);
  });

  it.each([
    ['STOP_LOSS', 'SELL', '49000', '48999'],
    ['STOP_LOSS', 'BUY', '51000', '51001'],
    ['TAKE_PROFIT', 'SELL', '51000', '51001'],
    ['TAKE_PROFIT', 'BUY', '49000', '48999'],
  ])('%s %s at %s locks its funds, waits, and trades once the price is %s', (type, side, stopPrice, at) => {
    const made = desk();
    const order = place(made, { type, side, quantity: '0.1', stopPrice, newOrderRespType: 'RESULT' });
    expect(order.status).toBe('NEW');
    const locked = side === 'SELL' ? balance(made, 'BTC').locked : balance(made, 'USDT').locked;
    expect(locked).toBe(side === 'SELL' ? '0.10000000' : `${(Number(stopPrice) / 10).toFixed(8)}`);
    expect(made.ok('GET', '/api/v3/order', { symbol: 'BTCUSDT', orderId: order.orderId }).isWorking).toBe(false);
    made.price(at);
    expect(made.ok('GET', '/api/v3/order', { symbol: 'BTCUSDT', orderId: order.orderId })).toMatchObject({
      status: 'FILLED',
      isWorking: true,
    });
    expect([balance(made, 'BTC').locked, balance(made, 'USDT').locked]).toEqual(['0.00000000', '0.00000000']);
  });

  it('a stop-limit order rests at its limit once triggered', () => {
    const made = desk();
    const order = place(made, {
      type: 'STOP_LOSS_LIMIT',
      side: 'SELL',
      quantity: '0.1',
      stopPrice: '49000',
      price: '49500',
      timeInForce: 'GTC',
    });
    expect(order).toEqual({
      symbol: 'BTCUSDT',
      orderId: order.orderId,
      orderListId: -1,
      clientOrderId: order.clientOrderId,
      transactTime: order.transactTime,
    });
    made.price('48900');
    expect(made.ok('GET', '/api/v3/openOrders')).toMatchObject([
      { status: 'NEW', isWorking: true, price: '49500.00000000', stopPrice: '49000.00000000' },
    ]);
    made.price('49600');
    expect(made.ok('GET', '/api/v3/openOrders')).toEqual([]);
  });

  it('two users trade with each other inside the house’s spread', () => {
    const made = desk();
    const other = made.open();
    const bid = place(made, { ...limit, side: 'BUY', quantity: '0.02', price: '50000' });
    const sold = made.ok(
      'POST',
      '/api/v3/order',
      { symbol: 'BTCUSDT', ...limit, side: 'SELL', quantity: '0.01', price: '50000' },
      other,
    );
    expect(sold.status).toBe('FILLED');
    expect(made.ok('GET', '/api/v3/myTrades', { symbol: 'BTCUSDT', orderId: bid.orderId })).toMatchObject([
      { qty: '0.01000000', isBuyer: true, isMaker: true, commissionAsset: 'BTC' },
    ]);
    expect(made.ok('GET', '/api/v3/myTrades', { symbol: 'BTCUSDT' }, other)).toMatchObject([
      { isBuyer: false, isMaker: false, commission: '0.50000000', commissionAsset: 'USDT' },
    ]);
  });

  it('the test endpoint checks and creates nothing', () => {
    const made = desk();
    expect(
      made.ok('POST', '/api/v3/order/test', {
        symbol: 'BTCUSDT',
        ...limit,
        side: 'BUY',
        quantity: '0.1',
        price: '45000',
      }),
    ).toEqual({});
    expect(
      made.call('POST', '/api/v3/order/test', {
        symbol: 'BTCUSDT',
        ...limit,
        side: 'BUY',
        quantity: '1',
        price: '45000',
      }).body.code,
    ).toBe(-2010);
    expect(made.ok('GET', '/api/v3/openOrders')).toEqual([]);
  });

  it('five stop orders may wait at a time', () => {
    const made = desk();
    const stop = { type: 'STOP_LOSS', side: 'SELL', quantity: '0.01', stopPrice: '49000' };
    for (let i = 0; i < 5; i += 1) place(made, stop);
    const answer = made.call('POST', '/api/v3/order', { symbol: 'BTCUSDT', ...stop });
    expect([answer.body.code, answer.body.msg]).toEqual([-1013, 'Filter failure: MAX_NUM_ALGO_ORDERS']);
  });

  it('a market order sized in quote that empties the book expires with what it got', () => {
    const made = desk();
    made.paper('deposit', { key: made.account.key, wallet: 'spot', asset: 'USDT', amount: '1000000000' });
    const bought = place(made, { type: 'MARKET', side: 'BUY', quoteOrderQty: '900000000' });
    expect(bought.status).toBe('EXPIRED');
    expect(bought.origQty).toBe(bought.executedQty);
    expect(Number(bought.executedQty)).toBeGreaterThan(10);
  });
});

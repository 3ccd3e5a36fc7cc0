import { describe, expect, it } from 'vitest';
import { Desk } from '../test/harness.ts';

const desk = (): Desk => new Desk({ limits: true });
const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.001', price: '45000' };

describe('request weights', () => {
  it('are charged as documented and told in the headers', () => {
    const made = desk();
    const used: (string | undefined)[] = [];
    for (const [path, query] of [
      ['/fapi/v1/ping', ''],
      ['/fapi/v1/depth', 'symbol=BTCUSDT&limit=1000'],
      ['/fapi/v1/ticker/24hr', ''],
      ['/fapi/v1/klines', 'symbol=BTCUSDT&interval=1m&limit=99'],
    ] as const) {
      used.push(made.send('GET', path, query).headers['X-MBX-USED-WEIGHT-1M']);
    }
    expect(used).toEqual(['1', '21', '61', '62']);
    const spot = made.send('GET', '/api/v3/exchangeInfo', '');
    expect(spot.headers).toMatchObject({ 'X-MBX-USED-WEIGHT': '20', 'X-MBX-USED-WEIGHT-1M': '20' });
  });

  it('over the limit answer 429 with Retry-After, and those who go on are banned with 418', () => {
    const made = desk();
    const call = () => made.send('GET', '/fapi/v1/ticker/24hr', '');
    for (let i = 0; i < 60; i += 1) expect(call().status).toBe(200);
    made.advance(20_000);
    const refused = call();
    expect([refused.status, refused.body.code, refused.headers['Retry-After']]).toEqual([429, -1003, '40']);
    expect(refused.body.msg).toContain('2400 requests per minute');
    for (let i = 0; i < 50; i += 1) call();
    expect(call()).toMatchObject({ status: 418, body: { code: -1003 } });
    made.advance(60_000);
    expect(call().status).toBe(418);
    made.advance(60_000);
    expect(call().status).toBe(200);
  });

  it('begin again with the next minute', () => {
    const made = desk();
    made.send('GET', '/fapi/v1/ticker/24hr', '');
    made.advance(60_000);
    expect(made.send('GET', '/fapi/v1/ping', '').headers['X-MBX-USED-WEIGHT-1M']).toBe('1');
  });
});

describe('order rates', () => {
  it('are counted per account, told in the headers, and refused with -1015 when exceeded', () => {
    const made = desk();
    const first = made.call('POST', '/fapi/v1/order', order);
    expect(first.headers).toMatchObject({ 'X-MBX-ORDER-COUNT-10S': '1', 'X-MBX-ORDER-COUNT-1M': '1' });
    const ids = [first.body.orderId];
    for (let i = 1; i < 300; i += 1) {
      const answer = made.call('POST', '/fapi/v1/order', order);
      if (answer.status === 200) ids.push(answer.body.orderId);
      if (ids.length > 100) made.ok('DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: ids.shift() });
    }
    const refused = made.call('POST', '/fapi/v1/order', order);
    expect([refused.status, refused.body.code, refused.body.msg]).toEqual([
      429,
      -1015,
      'Too many new orders; current limit is 300 orders per 10 SECONDS.',
    ]);
    expect(made.call('POST', '/fapi/v1/order', order, made.open()).status).toBe(200);
    made.advance(10_000);
    expect(made.call('POST', '/fapi/v1/order', order).status).toBe(200);
  });

  it('of spot are told by day and asked by rateLimit/order', () => {
    const made = desk();
    const answer = made.call('POST', '/api/v3/order', { ...order, quantity: '0.01' });
    expect(answer.headers).toMatchObject({ 'X-MBX-ORDER-COUNT-10S': '1', 'X-MBX-ORDER-COUNT-1D': '1' });
    expect(made.ok('GET', '/api/v3/rateLimit/order')).toMatchObject([
      { interval: 'SECOND', count: 1 },
      { interval: 'DAY', count: 1 },
    ]);
  });
});

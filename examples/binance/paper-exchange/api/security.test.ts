import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encode } from '../test/harness.ts';
import { desk, resting } from '../test/refusals.ts';

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

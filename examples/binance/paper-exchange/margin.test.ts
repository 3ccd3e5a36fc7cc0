import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signedText } from './api/security.ts';
import { Desk, encode, type Values } from './test/harness.ts';
import { units } from './test/invariants.ts';

const RUNS = { numRuns: 40 };

const order = fc.record({
  side: fc.constantFrom('BUY' as const, 'SELL' as const),
  lots: fc.integer({ min: 1, max: 60 }),
  away: fc.integer({ min: 1, max: 60 }),
});
type Plain = { side: 'BUY' | 'SELL'; lots: number; away: number };

/** A resting order well away from the price, which stands at 50,000. */
function rest(desk: Desk, { side, lots, away }: Plain): string {
  const price = side === 'BUY' ? 50_000 - away * 100 : 50_000 + away * 100;
  return String(desk.limit(side, (lots / 1000).toFixed(3), String(price)).orderId);
}

function quiet(): Desk {
  const desk = new Desk();
  desk.price('50000');
  desk.leverage(10);
  return desk;
}

const cancel = (desk: Desk, orderId: string): unknown =>
  desk.call('DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId });
const margin = (desk: Desk): bigint => units(desk.position()?.openOrderInitialMargin ?? '0');
const available = (desk: Desk): bigint => units(desk.balances().availableBalance);

describe('cancelling', () => {
  it('releases exactly the drop of the symbol’s open-order margin and touches nothing else (5)', () => {
    fc.assert(
      fc.property(fc.array(order, { minLength: 1, maxLength: 6 }), fc.nat(), fc.boolean(), (list, pick, holds) => {
        const desk = quiet();
        if (holds)
          desk.ok('POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.050' });
        desk.ok('POST', '/fapi/v1/order', {
          symbol: 'ETHUSDT',
          side: 'BUY',
          type: 'LIMIT',
          timeInForce: 'GTC',
          quantity: '0.100',
          price: '2900',
        });
        const ids = list.map((item) => rest(desk, item));
        const before = {
          margin: margin(desk),
          available: available(desk),
          position: desk.position(),
          eth: desk.position('ETHUSDT'),
          wallet: desk.balances().totalWalletBalance,
        };
        expect((cancel(desk, ids[pick % ids.length] ?? '') as { status: number }).status).toBe(200);
        const released = before.margin - margin(desk);
        expect(released).toBeGreaterThanOrEqual(0n);
        expect(available(desk) - before.available).toBe(released);
        expect(desk.position('ETHUSDT')).toEqual(before.eth);
        expect(desk.balances().totalWalletBalance).toBe(before.wallet);
        expect(desk.position()?.positionAmt ?? '0.000').toBe(before.position.positionAmt);
      }),
      RUNS,
    );
  });

  it('restores the account when nothing was filled (6)', () => {
    fc.assert(
      fc.property(fc.array(order, { minLength: 1, maxLength: 6 }), (list) => {
        const desk = quiet();
        const look = (): string =>
          JSON.stringify([
            desk.balances(),
            desk.position() ?? null,
            desk.ok('GET', '/fapi/v3/balance'),
            desk.ok('GET', '/fapi/v1/openOrders'),
          ]);
        const before = look();
        for (const id of list.map((item) => rest(desk, item))) cancel(desk, id);
        expect(look()).toBe(before);
      }),
      RUNS,
    );
  });

  it('is refused a second time with -2011 and then changes nothing; any order of cancels releases the same (7)', () => {
    fc.assert(
      fc.property(fc.array(order, { minLength: 2, maxLength: 6 }), fc.infiniteStream(fc.nat()), (list, random) => {
        const totals = [list, list].map((again, round) => {
          const desk = quiet();
          const ids = again.map((item) => rest(desk, item));
          const shuffled =
            round === 0
              ? ids
              : ids
                  .map((id) => ({ id, at: random.next().value as number }))
                  .sort((a, b) => a.at - b.at)
                  .map(({ id }) => id);
          const before = available(desk);
          for (const id of shuffled) {
            cancel(desk, id);
            const state = JSON.stringify([desk.balances(), desk.ok('GET', '/fapi/v1/openOrders')]);
            expect(cancel(desk, id)).toMatchObject({ status: 400, body: { code: -2011, msg: 'Unknown order sent.' } });
            expect(JSON.stringify([desk.balances(), desk.ok('GET', '/fapi/v1/openOrders')])).toBe(state);
          }
          return available(desk) - before;
        });
        expect(totals[0]).toBe(totals[1]);
      }),
      RUNS,
    );
  });

  it('makes its margin spendable at once: what was refused with -2019 is accepted (8)', () => {
    const desk = quiet();
    desk.wallet('100');
    const held = rest(desk, { side: 'BUY', lots: 20, away: 50 });
    const wanted: Values = {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity: '0.010',
      price: '45000',
    };
    expect(desk.call('POST', '/fapi/v1/order', wanted)).toMatchObject({ status: 400, body: { code: -2019 } });
    cancel(desk, held);
    expect(desk.call('POST', '/fapi/v1/order', wanted).status).toBe(200);
  });

  it.each(['FILLED', 'EXPIRED', 'CANCELED'])('an order that is %s cannot be cancelled', (status) => {
    const desk = quiet();
    const id = rest(desk, { side: 'BUY', lots: 10, away: 10 });
    if (status === 'FILLED') desk.fill(id);
    if (status === 'CANCELED') cancel(desk, id);
    if (status === 'EXPIRED') {
      desk.ok('POST', '/fapi/v1/order', {
        symbol: 'BTCUSDT',
        side: 'BUY',
        type: 'LIMIT',
        timeInForce: 'IOC',
        quantity: '0.010',
        price: '40000',
        newClientOrderId: 'ioc',
      });
      expect(desk.call('DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'ioc' }).body.code).toBe(
        -2011,
      );
      return;
    }
    const before = desk.ok('GET', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: id });
    expect(before.status).toBe(status);
    expect(cancel(desk, id)).toMatchObject({ status: 400, body: { code: -2011 } });
    expect(desk.ok('GET', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: id })).toEqual(before);
  });
});

describe('liquidation (12)', () => {
  it.each(['BUY', 'SELL'] as const)('comes at the reported price and not a tick before it (%s)', (side) => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 1_900 }), fc.constantFrom('CROSSED', 'ISOLATED'), (lots, marginType) => {
        const desk = quiet();
        if (marginType === 'ISOLATED') desk.ok('POST', '/fapi/v1/marginType', { symbol: 'BTCUSDT', marginType });
        const id = desk.limit(side, (lots / 1000).toFixed(3), side === 'BUY' ? '49990' : '50010').orderId as number;
        desk.fill(id);
        const at = units(desk.position().liquidationPrice);
        if (at === 0n) return;
        const tick = units('0.1');
        const worse = side === 'BUY' ? -tick : tick;
        const text = (value: bigint): string =>
          `${value / 100_000_000n}.${(value % 100_000_000n).toString().padStart(8, '0')}`;
        // A tick on the safe side of the reported price, and one beyond it.
        desk.price(text((at / tick) * tick - (side === 'BUY' ? -2n : 1n) * tick));
        expect(desk.position()?.positionAmt).toBe(
          side === 'BUY' ? (lots / 1000).toFixed(3) : `-${(lots / 1000).toFixed(3)}`,
        );
        desk.price(text((at / tick) * tick + (side === 'BUY' ? 0n : 1n) * tick + worse));
        expect(desk.position()).toBeUndefined();
        expect(units(desk.balances().totalWalletBalance)).toBeGreaterThanOrEqual(0n);
      }),
      RUNS,
    );
  });

  it('takes no more than the isolated wallet, whatever the price', () => {
    const desk = quiet();
    desk.ok('POST', '/fapi/v1/marginType', { symbol: 'BTCUSDT', marginType: 'ISOLATED' });
    desk.fill(desk.limit('BUY', '0.500', '49990').orderId);
    const rest = units(desk.balances().totalWalletBalance) - units(desk.position().isolatedWallet);
    desk.price('20000');
    expect(desk.position()).toBeUndefined();
    expect(units(desk.balances().totalWalletBalance)).toBe(rest);
    const forced = desk.ok('GET', '/fapi/v1/forceOrders', { symbol: 'BTCUSDT' }) as Record<string, string>[];
    expect(forced).toHaveLength(1);
    expect(forced[0]).toMatchObject({ side: 'SELL', executedQty: '0.500', status: 'FILLED' });
  });

  it('ends the account’s open orders and leaves a cross wallet at zero, never below', () => {
    const desk = quiet();
    desk.fill(desk.limit('BUY', '1.500', '49990').orderId);
    rest(desk, { side: 'BUY', lots: 10, away: 60 });
    desk.price('30000');
    expect(desk.ok('GET', '/fapi/v1/openOrders')).toEqual([]);
    expect(desk.balances()).toMatchObject({ totalWalletBalance: '0.00000000', availableBalance: '0.00000000' });
  });
});

describe('leverage and funding (13)', () => {
  it('changing leverage keeps the wallet, and raising it never lowers what is available', () => {
    fc.assert(
      fc.property(
        fc.array(order, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 124 }),
        fc.integer({ min: 1, max: 124 }),
        (list, first, more) => {
          const desk = quiet();
          desk.call('POST', '/fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: first });
          for (const item of list)
            desk.call('POST', '/fapi/v1/order', {
              symbol: 'BTCUSDT',
              side: item.side,
              type: 'LIMIT',
              timeInForce: 'GTC',
              quantity: (item.lots / 1000).toFixed(3),
              price: item.side === 'BUY' ? '49000' : '51000',
            });
          const before = { wallet: desk.balances().totalWalletBalance, available: available(desk) };
          const { body } = desk.call('POST', '/fapi/v1/leverage', {
            symbol: 'BTCUSDT',
            leverage: Math.min(125, first + more),
          });
          expect(body.leverage).toBe(Math.min(125, first + more));
          expect(desk.balances().totalWalletBalance).toBe(before.wallet);
          expect(available(desk)).toBeGreaterThanOrEqual(before.available);
        },
      ),
      RUNS,
    );
  });

  it('funding of all users and the house sums to zero', () => {
    const desk = quiet();
    const other = desk.open();
    desk.fill(desk.limit('BUY', '0.300', '49990').orderId);
    desk.fill(desk.limit('SELL', '0.100', '50010', {}, other).orderId);
    const wallets = (): bigint => desk.account.wallet + other.wallet + (desk.venue.ledger.house.get('USDT') ?? 0n);
    const before = wallets();
    desk.paper('funding', { symbol: 'BTCUSDT', rate: '0.00037', settle: true });
    expect(wallets()).toBe(before);
    expect(desk.ok('GET', '/fapi/v1/income', { incomeType: 'FUNDING_FEE' })).toMatchObject([{ income: '-5.55000000' }]);
    expect(desk.ok('GET', '/fapi/v1/income', { incomeType: 'FUNDING_FEE' }, other)).toMatchObject([
      { income: '1.85000000' },
    ]);
  });

  it('settles by itself at 00, 08 and 16 UTC', () => {
    const desk = quiet();
    desk.paper('funding', { symbol: 'BTCUSDT', rate: '0.0001' });
    desk.fill(desk.limit('BUY', '0.100', '49990').orderId);
    desk.advance(24 * 3_600_000);
    const rows = desk.ok('GET', '/fapi/v1/income', { incomeType: 'FUNDING_FEE' }) as { income: string; time: number }[];
    expect(rows.map((row) => [row.income, new Date(row.time).toISOString().slice(11, 16)])).toEqual([
      ['-0.50000000', '16:00'],
      ['-0.50000000', '00:00'],
      ['-0.50000000', '08:00'],
    ]);
  });
});

describe('signatures (16)', () => {
  it('compute Binance’s published examples', () => {
    const secret = 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j';
    const query =
      'symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559';
    const sign = (call: { query: string; body: string }): string =>
      createHmac('sha256', secret).update(signedText(call)).digest('hex');
    const expected = 'c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71';
    expect(sign({ query, body: '' })).toBe(expected);
    expect(sign({ query: '', body: `${query}&signature=x` })).toBe(expected);
    expect(sign({ query: query.slice(0, 50), body: query.slice(50) })).toBe(expected);
  });

  it('any changed character of query, body or secret is refused with -1022', () => {
    const desk = quiet();
    const query = encode({ symbol: 'BTCUSDT', timestamp: desk.exchange.clock.now(), recvWindow: 5000 });
    const sign = (text: string, secret: string): string => createHmac('sha256', secret).update(text).digest('hex');
    const { key, secret } = desk.account;
    fc.assert(
      fc.property(fc.constantFrom('query', 'secret', 'body'), fc.nat(), (what, at) => {
        const spoil = (text: string): string =>
          `${text.slice(0, at % text.length)}${text[at % text.length] === '0' ? '1' : '0'}${text.slice((at % text.length) + 1)}`;
        const body = 'note=abc';
        const signature = sign(query + body, what === 'secret' ? spoil(secret) : secret);
        // The names must stay, or another check comes first.
        const spoiled = what === 'query' ? query.replace('BTCUSDT', spoil('BTCUSDT')) : query;
        const answer = desk.send(
          'GET',
          '/fapi/v1/openOrders',
          `${spoiled}&signature=${signature}`,
          key,
          what === 'body' ? `note=${spoil('abc')}` : body,
        );
        expect(answer).toMatchObject({ status: 400, body: { code: -1022 } });
      }),
    );
    const good = sign(query, secret);
    expect(desk.send('GET', '/fapi/v1/openOrders', `signature=${good.toUpperCase()}&${query}`, key).status).toBe(200);
  });

  it.each([
    [999, 200],
    [1000, -1021],
    [-5000, 200],
    [-5001, -1021],
  ])('a timestamp %i ms from the server’s is answered with %i', (skew, expected) => {
    const desk = quiet();
    const query = encode({ timestamp: desk.exchange.clock.now() + skew });
    const signature = createHmac('sha256', desk.account.secret).update(query).digest('hex');
    const answer = desk.send('GET', '/fapi/v3/balance', `${query}&signature=${signature}`, desk.account.key);
    expect(expected === 200 ? answer.status : answer.body.code).toBe(expected);
  });
});

it('repeating a client order id while the order is open is refused and creates nothing (17)', () => {
  const desk = quiet();
  const values: Values = {
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'GTC',
    quantity: '0.010',
    price: '45000',
    newClientOrderId: 'mine',
  };
  const first = desk.ok('POST', '/fapi/v1/order', values);
  expect(desk.call('POST', '/fapi/v1/order', values)).toMatchObject({ status: 400, body: { code: -4116 } });
  expect(desk.ok('GET', '/fapi/v1/openOrders')).toHaveLength(1);
  expect(desk.ok('GET', '/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'mine' }).orderId).toBe(
    first.orderId,
  );
  desk.ok('DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'mine' });
  expect(desk.ok('POST', '/fapi/v1/order', values).orderId).not.toBe(first.orderId);
  const spot: Values = {
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'GTC',
    quantity: '0.01',
    price: '45000',
    newClientOrderId: 'mine',
  };
  desk.ok('POST', '/api/v3/order', spot);
  expect(desk.call('POST', '/api/v3/order', spot)).toMatchObject({
    status: 400,
    body: { code: -2010, msg: 'Duplicate order sent.' },
  });
});

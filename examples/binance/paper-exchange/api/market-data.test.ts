import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Path } from '../engine/path.ts';
import { Desk, START } from '../test/harness.ts';
import { units } from '../test/invariants.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- a reply, read freely
const get = (desk: Desk, path: string, query: string): any => desk.send('GET', path, query).body as unknown;

describe('the seeded market', () => {
  it('starts at exactly 50,000 and stays within five percent, whatever the seed', () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 31 - 1),
        fc.integer({ min: 0, max: 4_000_000_000 }),
        fc.integer({ min: -3e7, max: 3e7 }),
        (seed, origin, away) => {
          const path = new Path(seed, 'BTCUSDT', origin);
          expect(path.ticksWithBasis(500_000, origin)).toBe(500_000);
          const there = path.ticksWithBasis(500_000, origin + away);
          expect(there).toBeGreaterThanOrEqual(475_000);
          expect(there).toBeLessThanOrEqual(525_000);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('is the same in whatever order its seconds are asked', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(fc.integer({ min: -2e6, max: 2e6 }), { minLength: 2, maxLength: 20 }),
        (seed, seconds) => {
          const forward = new Path(seed, 'ETHUSDT', 1_000_000);
          const backward = new Path(seed, 'ETHUSDT', 1_000_000);
          const ask = (path: Path, list: number[]): [number, number][] =>
            list.map((second) => [second, path.ticks(300_000, 1_000_000 + second)]);
          expect(new Map(ask(forward, seconds))).toEqual(new Map(ask(backward, seconds.toReversed())));
        },
      ),
    );
  });

  it.each([
    ['/fapi/v1', 'BTCUSDT'],
    ['/fapi/v1', '1000PEPEUSDT'],
    ['/api/v3', 'BTCUSDT'],
    ['/api/v3', 'DOGEUSDT'],
  ])('%s %s has twenty levels a side and depth close to the price', (prefix, symbol) => {
    const desk = new Desk();
    const { bids, asks } = get(desk, `${prefix}/depth`, `symbol=${symbol}&limit=100`) as {
      bids: [string, string][];
      asks: [string, string][];
    };
    for (const [rows, better] of [
      [bids, -1],
      [asks, 1],
    ] as const) {
      expect(rows.length).toBeGreaterThanOrEqual(20);
      const prices = rows.map(([price]) => Number(price));
      expect(prices).toEqual(prices.toSorted((a, b) => better * (a - b)));
      const start = prices[0] ?? 0;
      const near = rows
        .filter(([price]) => Math.abs(Number(price) / start - 1) <= 0.001)
        .reduce((sum, [price, size]) => sum + Number(price) * Number(size), 0);
      // One bitcoin at 50,000, or as much of anything else.
      expect(near).toBeGreaterThan(50_000);
    }
  });

  it.each(['/fapi/v1/klines', '/api/v3/klines'])(
    '%s reach back thirty days, and a day is the sum of its hours',
    (path) => {
      const desk = new Desk();
      const days = get(desk, path, 'symbol=BTCUSDT&interval=1d&limit=40') as string[][];
      expect(days.length).toBeGreaterThanOrEqual(30);
      const [openTime, open, high, low, close, volume, closeTime, quote, trades] = days[10] ?? [];
      const hours = get(
        desk,
        path,
        `symbol=BTCUSDT&interval=1h&startTime=${openTime}&endTime=${closeTime}`,
      ) as string[][];
      expect(hours).toHaveLength(24);
      const sum = (at: number): bigint => hours.reduce((total, row) => total + units(String(row[at])), 0n);
      expect([hours[0]?.[1], hours[23]?.[4]]).toEqual([open, close]);
      expect(hours.map((row) => units(row[2] ?? '')).reduce((a, b) => (a > b ? a : b))).toBe(units(high ?? ''));
      expect(hours.map((row) => units(row[3] ?? '')).reduce((a, b) => (a < b ? a : b))).toBe(units(low ?? ''));
      expect([sum(5), sum(7)]).toEqual([units(volume ?? ''), units(quote ?? '')]);
      expect(hours.reduce((total, row) => total + Number(row[8]), 0)).toBe(trades);
    },
  );

  it('klines end where the price is now, and start on their interval', () => {
    const desk = new Desk();
    desk.advance(12_345_678);
    const { price } = get(desk, '/fapi/v1/ticker/price', 'symbol=ETHUSDT');
    for (const [interval, ms] of [
      ['1m', 60_000],
      ['15m', 900_000],
      ['4h', 14_400_000],
      ['1w', 604_800_000],
    ] as const) {
      const rows = get(desk, '/fapi/v1/klines', `symbol=ETHUSDT&interval=${interval}&limit=3`) as [
        number,
        string,
        string,
        string,
        string,
      ][];
      expect(rows.at(-1)?.[4]).toBe(price);
      for (const [openTime] of rows) expect((openTime - (interval === '1w' ? 345_600_000 : 0)) % ms).toBe(0);
    }
    const month = get(desk, '/fapi/v1/klines', 'symbol=ETHUSDT&interval=1M&limit=1') as number[][];
    expect(month[0]?.[0]).toBe(Date.UTC(2026, 5, 1));
  });

  it('a scripted price is index, mark and last, shows in the candles, and can be handed back', () => {
    const desk = new Desk();
    desk.price('61234.5');
    expect(get(desk, '/fapi/v1/premiumIndex', 'symbol=BTCUSDT')).toMatchObject({
      markPrice: '61234.50000000',
      indexPrice: '61234.50000000',
    });
    expect(get(desk, '/fapi/v1/ticker/price', 'symbol=BTCUSDT').price).toBe('61234.5');
    expect(get(desk, '/api/v3/ticker/price', 'symbol=BTCUSDT').price).toBe('61234.50');
    desk.advance(60_000);
    desk.paper('price', { symbol: 'BTCUSDT', clear: true });
    desk.advance(60_000);
    const last = Number(get(desk, '/fapi/v1/ticker/price', 'symbol=BTCUSDT').price);
    expect(Math.abs(last - 50_000)).toBeLessThan(2_500);
    const rows = get(desk, '/fapi/v1/klines', `symbol=BTCUSDT&interval=1m&startTime=${START}`) as string[][];
    expect(rows[0]?.[2]).toBe('61234.5');
  });

  it('plays a script in time', () => {
    const desk = new Desk();
    desk.paper('price', {
      symbol: 'BTCUSDT',
      points: JSON.stringify([
        [START, '50000'],
        [START + 5_000, '49000'],
        [START + 10_000, '52000.5'],
      ]),
    });
    const price = (): string => get(desk, '/fapi/v1/premiumIndex', 'symbol=BTCUSDT').markPrice as string;
    const seen = [price()];
    for (let i = 0; i < 2; i += 1) {
      desk.advance(5_000);
      seen.push(price());
    }
    expect(seen).toEqual(['50000.00000000', '49000.00000000', '52000.50000000']);
  });

  it('answers every public route for one symbol and for all', () => {
    const desk = new Desk();
    for (const path of [
      '/fapi/v1/premiumIndex',
      '/fapi/v1/ticker/24hr',
      '/fapi/v1/ticker/price',
      '/fapi/v2/ticker/price',
      '/fapi/v1/ticker/bookTicker',
    ]) {
      expect(get(desk, path, 'symbol=ETHUSDT')).toMatchObject({ symbol: 'ETHUSDT' });
      expect(get(desk, path, '')).toHaveLength(7);
    }
    for (const path of ['/api/v3/ticker/24hr', '/api/v3/ticker/price', '/api/v3/ticker/bookTicker']) {
      expect(get(desk, path, 'symbol=ETHUSDT')).toMatchObject({ symbol: 'ETHUSDT' });
      expect(get(desk, path, 'symbols=["ETHUSDT","BTCUSDT"]')).toHaveLength(2);
      expect(get(desk, path, '')).toHaveLength(6);
    }
    expect(
      get(desk, '/api/v3/exchangeInfo', 'symbol=BTCUSDT').symbols[0].filters.map(
        (row: { filterType: string }) => row.filterType,
      ),
    ).toContain('NOTIONAL');
    expect(
      get(desk, '/fapi/v1/exchangeInfo', '').symbols.find((row: { symbol: string }) => row.symbol === 'BTCUSDT')
        .filters,
    ).toContainEqual({ filterType: 'MIN_NOTIONAL', notional: '5' });
    expect(get(desk, '/fapi/v1/fundingRate', 'symbol=BTCUSDT&limit=5')).toHaveLength(5);
    expect(get(desk, '/fapi/v1/trades', 'symbol=BTCUSDT&limit=5')).toHaveLength(5);
    expect(get(desk, '/api/v3/aggTrades', 'symbol=BTCUSDT&limit=5')).toHaveLength(5);
    expect(get(desk, '/api/v3/avgPrice', 'symbol=BTCUSDT').mins).toBe(5);
    expect(get(desk, '/fapi/v1/markPriceKlines', 'symbol=BTCUSDT&interval=1h&limit=2')).toHaveLength(2);
  });

  it('open interest is what is held, by users or by the house against them', () => {
    const desk = new Desk();
    desk.ok('POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.200' });
    expect(get(desk, '/fapi/v1/openInterest', 'symbol=BTCUSDT').openInterest).toBe('0.200');
  });

  it('the funding rate is the interest rate plus the gap between perpetual and index', () => {
    const desk = new Desk();
    desk.advance(30 * 3_600_000);
    const path = desk.venue.futures.get('BTCUSDT')?.path;
    const basis = path?.basis(desk.venue.second) ?? 0;
    expect(basis).not.toBe(0);
    expect(units(get(desk, '/fapi/v1/premiumIndex', 'symbol=BTCUSDT').lastFundingRate)).toBe(BigInt(10_000 + basis));
  });
});

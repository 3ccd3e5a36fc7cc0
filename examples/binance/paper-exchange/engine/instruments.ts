/** The instruments listed on the paper exchange: their filters, fees and leverage brackets. Constants only. */

import { abs, decimal, max, mul, ONE } from './decimal.ts';

/** One leverage bracket. Notionals in 1e-8 USDT, `rate` and `cum` in 1e-8. */
export type Bracket = Readonly<
  Record<'bracket' | 'leverage', number> & Record<'floor' | 'cap' | 'rate' | 'cum', bigint>
>;

/** Builds the table; `cum` follows the documented recurrence `floor * (rate - previous rate) + previous cum`. */
function brackets(text: string): readonly Bracket[] {
  const rows = text.split(';').map((row) => row.trim().split(' '));
  const table: Bracket[] = [];
  rows.slice(0, -1).forEach(([floorText = '', leverage, rateText = ''], index) => {
    const [floor, rate, cap] = [decimal(floorText), decimal(rateText), decimal(rows[index + 1]?.[0] ?? '')];
    const before = table.at(-1);
    const cum = before === undefined ? 0n : before.cum + mul(floor, rate - before.rate);
    table.push(Object.freeze({ bracket: index + 1, leverage: Number(leverage), floor, cap, rate, cum }));
  });
  return Object.freeze(table);
}

/** Floors in USDT, each with its leverage and its rate; the last number is the cap of the last bracket. */
export const MAJOR_BRACKETS = brackets(
  `0 125 0.004; 50000 100 0.005; 250000 50 0.01; 1000000 20 0.025; 10000000 10 0.05; 20000000 5 0.1;
  50000000 4 0.125; 100000000 3 0.15; 200000000 2 0.25; 300000000 1 0.5; 500000000`,
);
const MINOR_BRACKETS = brackets(
  `0 75 0.0065; 10000 50 0.01; 50000 25 0.02; 250000 20 0.025; 1000000 10 0.05; 5000000 5 0.1;
  10000000 4 0.125; 20000000 2 0.25; 50000000 1 0.5; 100000000`,
);

/** The bracket a position notional (1e-8 USDT, >= 0) falls in: above its floor, up to and including its cap. */
export function bracketOf(table: readonly Bracket[], notional: bigint): Bracket {
  let found = table[0];
  for (const row of table) if (notional > row.floor) found = row;
  if (found === undefined) throw new Error('a bracket table has at least one row');
  return found;
}

/** The largest notional allowed at `leverage`. */
export function notionalCap(table: readonly Bracket[], leverage: number): bigint {
  let cap = 0n;
  for (const row of table) if (row.leverage >= leverage) cap = max(cap, row.cap);
  return cap;
}

/** Maintenance margin of a signed notional: `|P| * rate - cum`. */
export function maintenanceMargin(table: readonly Bracket[], notional: bigint): bigint {
  const { rate, cum } = bracketOf(table, abs(notional));
  return mul(abs(notional), rate) - cum;
}

/** Where a base's price starts, and for its perpetual and its spot pair: tick, step and largest quantity. */
type Listing = { readonly base: string; readonly start: string; readonly futures: Listed; readonly spot?: Listed };
type Listed = readonly [tick: string, step: string, quantityMax: string, pricePrecision?: number];
const MAJORS = ['BTC', 'ETH'];

const LISTINGS: readonly Listing[] = [
  { base: 'BTC', start: '50000', futures: ['0.1', '0.001', '1000', 2], spot: ['0.01', '0.00001', '9000'] },
  { base: 'ETH', start: '3000', futures: ['0.01', '0.001', '10000'], spot: ['0.01', '0.0001', '9000'] },
  { base: 'BNB', start: '600', futures: ['0.01', '0.01', '20000'], spot: ['0.01', '0.001', '900000'] },
  { base: 'SOL', start: '150', futures: ['0.01', '0.01', '100000'], spot: ['0.01', '0.001', '900000'] },
  { base: 'XRP', start: '0.6', futures: ['0.0001', '0.1', '2000000'], spot: ['0.0001', '1', '9000000'] },
  { base: 'DOGE', start: '0.15', futures: ['0.00001', '1', '30000000'], spot: ['0.00001', '1', '90000000'] },
  { base: '1000PEPE', start: '0.01', futures: ['0.0000001', '1', '300000000'] },
];

const places = (unit: string): number => unit.split('.')[1]?.length ?? 0;

/**
 * What both kinds of instrument have, in 1e-8. `start` is where the seeded path starts; a price must lie within the
 * bands, multiples of the mark or average price. Places are shown, precisions may be sent: more decimals are -1111,
 * fewer off the tick or step a filter.
 */
function instrument({ base, start }: Listing, [tick, step, quantityMax, precision]: Listed, fees: [string, string]) {
  return {
    symbol: `${base}USDT`,
    base,
    quote: 'USDT',
    tick: decimal(tick),
    step: decimal(step),
    pricePlaces: places(tick),
    quantityPlaces: places(step),
    pricePrecision: precision ?? places(tick),
    quantityPrecision: places(step),
    priceMin: decimal(tick),
    priceMax: decimal(start) * 100n,
    quantityMin: decimal(step),
    quantityMax: decimal(quantityMax),
    marketQuantityMax: decimal(quantityMax) / 10n,
    notionalMin: decimal('5'),
    bandUp: decimal('1.5'),
    bandDown: decimal('0.5'),
    ordersMax: 200,
    start: decimal(start),
    makerFee: decimal(fees[0]),
    takerFee: decimal(fees[1]),
  };
}

const perpetual = (row: Listing) =>
  Object.freeze({
    ...instrument(row, row.futures, ['0.0002', '0.0005']),
    kind: 'futures' as const,
    brackets: MAJORS.includes(row.base) ? MAJOR_BRACKETS : MINOR_BRACKETS,
    triggerProtect: decimal('0.05'),
    liquidationFee: decimal('0.0125'),
    marketTakeBound: decimal('0.05'),
  });

const spotPair = (row: Listing, sizes: Listed) => {
  const precisions = { pricePrecision: 8, quantityPrecision: 8 };
  return Object.freeze({ ...instrument(row, sizes, ['0.001', '0.001']), ...precisions, kind: 'spot' as const });
};

export type Instrument = Readonly<ReturnType<typeof instrument>>;
export type Perpetual = ReturnType<typeof perpetual>;
export type SpotPair = ReturnType<typeof spotPair>;
export const PERPETUALS: readonly Perpetual[] = LISTINGS.map(perpetual);
export const SPOT_PAIRS: readonly SpotPair[] = LISTINGS.flatMap((row) => (row.spot ? [spotPair(row, row.spot)] : []));

/** Every asset a spot wallet can hold. */
export const ASSETS: readonly string[] = ['USDT', ...SPOT_PAIRS.map((pair) => pair.base)];

// A price times a quantity must be exact in 1e-8; a listing that breaks this would leak money one unit at a time.
for (const item of [...PERPETUALS, ...SPOT_PAIRS]) {
  if ((item.tick * item.step) % ONE !== 0n)
    throw new Error(`tick times step of ${item.kind} ${item.symbol} is not a multiple of 1e-8`);
}

/** The instruments listed on the paper exchange: their filters, fees and leverage brackets. Constants only. */

import { abs, decimal, max, mul, ONE } from './decimal.ts';

/** One leverage bracket. Notionals in 1e-8 USDT, `rate` and `cum` in 1e-8. */
export interface Bracket {
  readonly bracket: number;
  readonly leverage: number;
  readonly floor: bigint;
  readonly cap: bigint;
  readonly rate: bigint;
  readonly cum: bigint;
}

/** What both kinds of instrument have. Prices and quantities in 1e-8. */
export interface Instrument {
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  readonly tick: bigint;
  readonly step: bigint;
  readonly pricePlaces: number;
  readonly quantityPlaces: number;
  /** Decimals that a request may carry, as exchangeInfo says; more of them is -1111, fewer off the tick or step a filter. */
  readonly pricePrecision: number;
  readonly quantityPrecision: number;
  readonly priceMin: bigint;
  readonly priceMax: bigint;
  readonly quantityMin: bigint;
  readonly quantityMax: bigint;
  readonly marketQuantityMax: bigint;
  readonly notionalMin: bigint;
  /** A price must lie within these multiples (1e-8) of the mark or average price. */
  readonly bandUp: bigint;
  readonly bandDown: bigint;
  readonly ordersMax: number;
  /** Where the seeded price path starts. */
  readonly start: bigint;
  readonly makerFee: bigint;
  readonly takerFee: bigint;
}

export interface Perpetual extends Instrument {
  readonly kind: 'futures';
  readonly brackets: readonly Bracket[];
  readonly triggerProtect: bigint;
  readonly liquidationFee: bigint;
  readonly marketTakeBound: bigint;
}

export interface SpotPair extends Instrument {
  readonly kind: 'spot';
}

/** Conditional futures orders an account may have open over all symbols. */
export const ALGO_ORDERS_MAX = 200;

type BracketRow = [floor: string, leverage: number, rate: string];

/** Builds the table; `cum` follows the documented recurrence `floor * (rate - previous rate) + previous cum`. */
function brackets(rows: readonly BracketRow[], lastCap: string): readonly Bracket[] {
  const table: Bracket[] = [];
  let cum = 0n;
  let previousRate = 0n;
  rows.forEach(([floorText, leverage, rateText], index) => {
    const floor = decimal(floorText);
    const rate = decimal(rateText);
    cum += index === 0 ? 0n : mul(floor, rate - previousRate);
    const cap = decimal(rows[index + 1]?.[0] ?? lastCap);
    table.push(Object.freeze({ bracket: index + 1, leverage, floor, cap, rate, cum }));
    previousRate = rate;
  });
  return Object.freeze(table);
}

export const MAJOR_BRACKETS = brackets(
  [
    ['0', 125, '0.004'],
    ['50000', 100, '0.005'],
    ['250000', 50, '0.01'],
    ['1000000', 20, '0.025'],
    ['10000000', 10, '0.05'],
    ['20000000', 5, '0.1'],
    ['50000000', 4, '0.125'],
    ['100000000', 3, '0.15'],
    ['200000000', 2, '0.25'],
    ['300000000', 1, '0.5'],
  ],
  '500000000',
);

const MINOR_BRACKETS = brackets(
  [
    ['0', 75, '0.0065'],
    ['10000', 50, '0.01'],
    ['50000', 25, '0.02'],
    ['250000', 20, '0.025'],
    ['1000000', 10, '0.05'],
    ['5000000', 5, '0.1'],
    ['10000000', 4, '0.125'],
    ['20000000', 2, '0.25'],
    ['50000000', 1, '0.5'],
  ],
  '100000000',
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
  const size = abs(notional);
  const row = bracketOf(table, size);
  return mul(size, row.rate) - row.cum;
}

interface Listing {
  base: string;
  start: string;
  futures: { tick: string; step: string; quantityMax: string; major: boolean; pricePrecision?: number };
  spot?: { tick: string; step: string; quantityMax: string };
}

const LISTINGS: readonly Listing[] = [
  {
    base: 'BTC',
    start: '50000',
    futures: { tick: '0.1', step: '0.001', quantityMax: '1000', major: true, pricePrecision: 2 },
    spot: { tick: '0.01', step: '0.00001', quantityMax: '9000' },
  },
  {
    base: 'ETH',
    start: '3000',
    futures: { tick: '0.01', step: '0.001', quantityMax: '10000', major: true },
    spot: { tick: '0.01', step: '0.0001', quantityMax: '9000' },
  },
  {
    base: 'BNB',
    start: '600',
    futures: { tick: '0.01', step: '0.01', quantityMax: '20000', major: false },
    spot: { tick: '0.01', step: '0.001', quantityMax: '900000' },
  },
  {
    base: 'SOL',
    start: '150',
    futures: { tick: '0.01', step: '0.01', quantityMax: '100000', major: false },
    spot: { tick: '0.01', step: '0.001', quantityMax: '900000' },
  },
  {
    base: 'XRP',
    start: '0.6',
    futures: { tick: '0.0001', step: '0.1', quantityMax: '2000000', major: false },
    spot: { tick: '0.0001', step: '1', quantityMax: '9000000' },
  },
  {
    base: 'DOGE',
    start: '0.15',
    futures: { tick: '0.00001', step: '1', quantityMax: '30000000', major: false },
    spot: { tick: '0.00001', step: '1', quantityMax: '90000000' },
  },
  {
    base: '1000PEPE',
    start: '0.01',
    futures: { tick: '0.0000001', step: '1', quantityMax: '300000000', major: false },
  },
];

const places = (unit: string): number => unit.split('.')[1]?.length ?? 0;

function perpetual({ base, start, futures }: Listing): Perpetual {
  const startPrice = decimal(start);
  return Object.freeze({
    kind: 'futures',
    symbol: `${base}USDT`,
    base,
    quote: 'USDT',
    tick: decimal(futures.tick),
    step: decimal(futures.step),
    pricePlaces: places(futures.tick),
    quantityPlaces: places(futures.step),
    pricePrecision: futures.pricePrecision ?? places(futures.tick),
    quantityPrecision: places(futures.step),
    priceMin: decimal(futures.tick),
    priceMax: startPrice * 100n,
    quantityMin: decimal(futures.step),
    quantityMax: decimal(futures.quantityMax),
    marketQuantityMax: decimal(futures.quantityMax) / 10n,
    notionalMin: decimal('5'),
    bandUp: decimal('1.5'),
    bandDown: decimal('0.5'),
    ordersMax: 200,
    start: startPrice,
    makerFee: decimal('0.0002'),
    takerFee: decimal('0.0005'),
    brackets: futures.major ? MAJOR_BRACKETS : MINOR_BRACKETS,
    triggerProtect: decimal('0.05'),
    liquidationFee: decimal('0.0125'),
    marketTakeBound: decimal('0.05'),
  });
}

function spotPair({ base, start, spot }: Listing & { spot: NonNullable<Listing['spot']> }): SpotPair {
  const startPrice = decimal(start);
  return Object.freeze({
    kind: 'spot',
    symbol: `${base}USDT`,
    base,
    quote: 'USDT',
    tick: decimal(spot.tick),
    step: decimal(spot.step),
    pricePlaces: places(spot.tick),
    quantityPlaces: places(spot.step),
    pricePrecision: 8,
    quantityPrecision: 8,
    priceMin: decimal(spot.tick),
    priceMax: startPrice * 100n,
    quantityMin: decimal(spot.step),
    quantityMax: decimal(spot.quantityMax),
    marketQuantityMax: decimal(spot.quantityMax) / 10n,
    notionalMin: decimal('5'),
    bandUp: decimal('1.5'),
    bandDown: decimal('0.5'),
    ordersMax: 200,
    start: startPrice,
    makerFee: decimal('0.001'),
    takerFee: decimal('0.001'),
  });
}

export const PERPETUALS: readonly Perpetual[] = LISTINGS.map(perpetual);
export const SPOT_PAIRS: readonly SpotPair[] = LISTINGS.flatMap((row) =>
  row.spot ? [spotPair({ ...row, spot: row.spot })] : [],
);

/** Every asset a spot wallet can hold. */
export const ASSETS: readonly string[] = ['USDT', ...SPOT_PAIRS.map((pair) => pair.base)];

// A price times a quantity must be exact in 1e-8; a listing that breaks this would leak money one unit at a time.
for (const item of [...PERPETUALS, ...SPOT_PAIRS]) {
  if ((item.tick * item.step) % ONE !== 0n)
    throw new Error(`tick times step of ${item.kind} ${item.symbol} is not a multiple of 1e-8`);
}

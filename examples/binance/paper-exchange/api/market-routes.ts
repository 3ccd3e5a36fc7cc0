/** The public routes of /api/v3 and /fapi, and the few others clients ask before they trade. */

import { candles, MINUTE } from '../engine/candles.ts';
import { mulDiv, ONE } from '../engine/decimal.ts';
import { FUNDING_INTERVAL_MS, fundingRateAt, index, last, mark, nextFundingTime } from '../engine/prices.ts';
import { Refusal, refuse } from '../engine/refusal.ts';
import type { Market } from '../engine/state.ts';
import { type Json, money } from './json.ts';
import { bookTicker, depth, klines, priceText, quantityText, ticker24h, tradeRows } from './market-data.ts';
import type { Params } from './params.ts';
import { byLimit, bySymbol, type OpenCall, open, type Route } from './route.ts';
import { AVERAGE_MINUTES, futuresInfo, spotInfo } from './symbols.ts';

const DEPTH_LIMITS = ['5', '10', '20', '50', '100', '500', '1000'] as const;
const SPOT_DEPTH_MAX = 5000;
const SPOT_KLINES_MAX = 1000;
const FUTURES_KLINES_MAX = 1500;
const FUNDING_ROWS_MAX = 1000;
const FUNDING_DAYS = 30;

const spotDepth = byLimit(
  100,
  [
    [100, 5],
    [500, 25],
    [1000, 50],
  ],
  250,
);
const futuresDepth = byLimit(
  500,
  [
    [50, 2],
    [100, 5],
    [500, 10],
  ],
  20,
);
const futuresKlines = byLimit(
  500,
  [
    [99, 1],
    [499, 2],
    [1000, 5],
  ],
  10,
);
const spotSymbols = (params: Params): number =>
  params.has('symbol') ? 1 : (params.text('symbols')?.split(',').length ?? Infinity);
const spotTicker = (params: Params): number => (spotSymbols(params) === 1 ? 2 : 4);
const spotStats = (params: Params): number => {
  const count = spotSymbols(params);
  return count <= 20 ? 2 : count <= 100 ? 40 : 80;
};

/** The names in `symbols=["BTCUSDT","ETHUSDT"]`, or `symbol`; null when the call names none. */
function namedPairs({ params }: OpenCall): string[] | null {
  const text = params.text('symbols');
  const symbol = params.text('symbol');
  if (text === null) return symbol === null ? null : [symbol];
  if (symbol !== null) throw refuse(-1128);
  if (!/^\["[A-Z0-9_]{1,30}"(,"[A-Z0-9_]{1,30}")*\]$/.test(text)) {
    const legal = '\'^\\["[A-Z0-9_.]{1,20}"(,"[A-Z0-9_.]{1,20}"){0,}\\]$\'';
    throw new Refusal(-1100, `Illegal characters found in parameter 'symbols'; legal range is ${legal}.`);
  }
  return JSON.parse(text) as string[];
}

/** One pair's answer for `symbol`; those of the named pairs, or of all, as a list. */
function perPair(call: OpenCall, answer: (market: Market) => Json): Json {
  const markets = namedPairs(call)?.map((symbol) => call.pairNamed(symbol)) ?? [...call.venue.spot.values()];
  const answers = markets.map(answer);
  return call.params.has('symbol') ? (answers[0] ?? null) : answers;
}

/** One perpetual's answer when a symbol is given, else those of all. */
function perPerpetual({ params, perpetuals }: OpenCall, answer: (market: OpenCall['perpetual']) => Json): Json {
  const answers = perpetuals.map(answer);
  return params.has('symbol') ? (answers[0] ?? null) : answers;
}

const perPerpetualRoute = (
  path: string,
  [single, all]: [number, number],
  answer: (market: OpenCall['perpetual']) => Json,
): Route => open(path, bySymbol(single, all), (call) => perPerpetual(call, answer));

const symbolOf = ({ spec }: Market): string => spec.symbol;
const lastPrice = (market: Market) => ({ symbol: symbolOf(market), price: priceText(market, last(market)) });
const futuresPrice = (market: Market) => ({ ...lastPrice(market), time: market.venue.now });

export const marketRoutes: readonly Route[] = [
  ...['/api/v3', '/fapi/v1', '/papi/v1', '/dapi/v1'].map((prefix) => open(`${prefix}/ping`, 1, () => ({}))),
  ...['/api/v3', '/fapi/v1', '/dapi/v1'].map((prefix) =>
    open(`${prefix}/time`, 1, ({ venue }) => ({ serverTime: venue.now })),
  ),

  open('/api/v3/exchangeInfo', 20, (call) => spotInfo(call, namedPairs(call))),
  open('/api/v3/depth', spotDepth, ({ params, pair }) =>
    depth(pair, params.integer('limit', 100, { min: 1, max: SPOT_DEPTH_MAX })),
  ),
  ...['klines', 'uiKlines'].map((name) =>
    open(`/api/v3/${name}`, 2, ({ params, pair }) => klines(pair, params, SPOT_KLINES_MAX)),
  ),
  open('/api/v3/trades', 25, ({ params, pair }) => tradeRows(pair, params, false)),
  open('/api/v3/aggTrades', 4, ({ params, pair }) => tradeRows(pair, params, true)),
  open('/api/v3/avgPrice', 2, ({ venue, pair }) => ({
    mins: AVERAGE_MINUTES,
    price: money(averagePrice(pair)),
    closeTime: venue.now,
  })),
  open('/api/v3/ticker/24hr', spotStats, (call) => {
    const isMini = call.params.choice('type', ['FULL', 'MINI'], 'FULL') === 'MINI';
    return perPair(call, (market) => (isMini ? miniTicker(market) : fullTicker(market)));
  }),
  open('/api/v3/ticker/price', spotTicker, (call) => perPair(call, lastPrice)),
  open('/api/v3/ticker/bookTicker', spotTicker, (call) => perPair(call, bookTicker)),

  open('/fapi/v1/exchangeInfo', 1, ({ venue }) => futuresInfo(venue)),
  open('/fapi/v1/depth', futuresDepth, ({ venue, params, perpetual }) => {
    const limit = Number(params.choice('limit', DEPTH_LIMITS, '500', -4021));
    return { E: venue.now, T: venue.now, ...depth(perpetual, limit) };
  }),
  open('/fapi/v1/trades', 5, ({ params, perpetual }) => tradeRows(perpetual, params, false)),
  open('/fapi/v1/aggTrades', 20, ({ params, perpetual }) => tradeRows(perpetual, params, true)),
  open('/fapi/v1/klines', futuresKlines, ({ params, perpetual }) => klines(perpetual, params, FUTURES_KLINES_MAX)),
  open('/fapi/v1/markPriceKlines', futuresKlines, ({ params, perpetual }) =>
    klines(perpetual, params, FUTURES_KLINES_MAX, 'mark'),
  ),
  perPerpetualRoute('/fapi/v1/premiumIndex', [1, 10], (market) => ({
    symbol: symbolOf(market),
    markPrice: money(mark(market)),
    indexPrice: money(index(market)),
    estimatedSettlePrice: money(index(market)),
    lastFundingRate: money(fundingRateAt(market, market.venue.now)),
    interestRate: '0.00010000',
    nextFundingTime: nextFundingTime(market.venue.now),
    time: market.venue.now,
  })),
  open('/fapi/v1/fundingRate', 1, fundingHistory),
  open('/fapi/v1/fundingInfo', 0, ({ venue }) =>
    [...venue.futures.keys()].map((symbol) => ({
      symbol,
      adjustedFundingRateCap: '0.00750000',
      adjustedFundingRateFloor: '-0.00750000',
      fundingIntervalHours: 8,
      disclaimer: false,
    })),
  ),
  perPerpetualRoute('/fapi/v1/ticker/24hr', [1, 40], ticker24h),
  perPerpetualRoute('/fapi/v1/ticker/price', [1, 2], futuresPrice),
  perPerpetualRoute('/fapi/v2/ticker/price', [1, 2], futuresPrice),
  perPerpetualRoute('/fapi/v1/ticker/bookTicker', [2, 5], (market) => ({
    ...bookTicker(market),
    time: market.venue.now,
  })),
  open('/fapi/v1/openInterest', 1, ({ venue, perpetual }) => ({
    openInterest: quantityText(perpetual, openInterest(perpetual)),
    symbol: symbolOf(perpetual),
    time: venue.now,
  })),

  open('/sapi/v1/system/status', 1, () => ({ status: 0, msg: 'normal' })),
  open('/dapi/v1/exchangeInfo', 1, ({ venue }) => ({
    timezone: 'UTC',
    serverTime: venue.now,
    rateLimits: [],
    exchangeFilters: [],
    symbols: [],
  })),
];

/** Volume-weighted over the last five minutes. */
function averagePrice(market: Market): bigint {
  const rows = candles(market, MINUTE, { start: null, end: market.venue.now, limit: AVERAGE_MINUTES });
  const volume = rows.reduce((sum, row) => sum + row.volume, 0n);
  const quote = rows.reduce((sum, row) => sum + row.quote, 0n);
  return volume === 0n ? last(market) : mulDiv(quote, ONE, volume);
}

function fullTicker(market: Market): Json {
  const stats = ticker24h(market);
  return { ...stats, ...bookTicker(market), prevClosePrice: stats['openPrice'] };
}

function miniTicker(market: Market): Json {
  const omitted = { priceChange: undefined, priceChangePercent: undefined, weightedAvgPrice: undefined };
  return { ...ticker24h(market), ...omitted, lastQty: undefined };
}

/** What all longs hold together. The house is the other side of what users do not hold against each other. */
function openInterest(market: OpenCall['perpetual']): bigint {
  const positive = (quantity: bigint): bigint => (quantity > 0n ? quantity : 0n);
  let sum = positive(market.houseQuantity);
  for (const { holdings } of market.holders) {
    for (const { quantity } of Object.values(holdings.get(market.spec.symbol)?.positions ?? {}))
      sum += positive(quantity);
  }
  return sum;
}

/** Settled rates: the recorded ones, and before the venue started those the path would have given. */
function fundingHistory({ venue, params, perpetuals }: OpenCall): Json {
  const limit = params.integer('limit', 100, { min: 1, max: FUNDING_ROWS_MAX });
  const start = params.integer('startTime', null);
  const end = Math.min(params.integer('endTime', venue.now), venue.now);
  const recorded = new Map(venue.funding.map((row) => [`${row.symbol}:${row.time}`, row]));
  const step = FUNDING_INTERVAL_MS;
  const latest = Math.floor(end / step) * step;
  const from = Math.max(start ?? latest - limit * step, venue.origin - FUNDING_DAYS * 86_400_000);
  const rows: Json[] = [];
  for (let time = Math.ceil(from / step) * step; time <= latest; time += step) {
    for (const market of perpetuals) {
      const symbol = symbolOf(market);
      const seeded = { rate: fundingRateAt(market, time), mark: mark(market, time) };
      const row = recorded.get(`${symbol}:${time}`) ?? seeded;
      const markPrice = money(row.mark);
      rows.push({ symbol, fundingRate: money(row.rate), fundingTime: time, markPrice, rateType: 'Regular' });
    }
  }
  return start === null ? rows.slice(-limit) : rows.slice(0, limit);
}

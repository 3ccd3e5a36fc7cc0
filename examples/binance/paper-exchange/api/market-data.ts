/** Public market data, the same for spot and futures but for a few fields. */

import { type Candle, candles, INTERVALS, intervalStart } from '../engine/candles.ts';
import { formatDecimal, max, min, mulDiv, ONE } from '../engine/decimal.ts';
import { last, quoteHouse } from '../engine/prices.ts';
import { tradeIdBase } from '../engine/records.ts';
import { refuse } from '../engine/refusal.ts';
import { seededTrades } from '../engine/seeded-trades.ts';
import type { Market, PublicTrade, Side, Venue } from '../engine/state.ts';
import type { Fields } from './futures-shape.ts';
import type { Json } from './json.ts';
import type { Params } from './params.ts';

type AnyMarket = Market;

export const priceText = (market: AnyMarket, units: bigint): string => formatDecimal(units, market.spec.pricePlaces);
export const quantityText = (market: AnyMarket, units: bigint): string =>
  formatDecimal(units, market.spec.quantityPlaces);

const UPDATES_PER_SECOND = 1_000_000;
const updateId = (venue: Venue, market: AnyMarket): number =>
  venue.second * UPDATES_PER_SECOND + (market.changes % UPDATES_PER_SECOND);

/** Price levels of one side, users and house together, best first. */
function levels(venue: Venue, market: AnyMarket, side: Side, limit: number): [price: bigint, quantity: bigint][] {
  quoteHouse(venue, market);
  const merged = new Map<bigint, bigint>();
  for (const quote of market.house.side(side)) merged.set(quote.price, quote.left);
  let taken = 0;
  for (const level of market.book.side(side)) {
    merged.set(level.price, (merged.get(level.price) ?? 0n) + level.total);
    taken += 1;
    if (taken >= limit) break;
  }
  const rows = [...merged].sort(([a], [b]) => (a === b ? 0 : a < b === (side === 'BUY') ? 1 : -1));
  return rows.slice(0, limit);
}

export function depth(venue: Venue, market: AnyMarket, limit: number): Fields {
  const shown = (side: Side): Json =>
    levels(venue, market, side, limit).map(([at, size]) => [priceText(market, at), quantityText(market, size)]);
  return { lastUpdateId: updateId(venue, market), bids: shown('BUY'), asks: shown('SELL') };
}

const KLINES_DEFAULT = 500;

/** Kline rows for the request's interval and window. */
export function klines(
  venue: Venue,
  market: AnyMarket,
  params: Params,
  limitMax: number,
  kind: 'last' | 'mark' = 'last',
): Json {
  const interval = INTERVALS.get(params.required('interval'));
  if (interval === undefined) throw refuse(-1120);
  const limit = params.integer('limit', KLINES_DEFAULT, { min: 1, max: limitMax });
  const start = params.integer('startTime', null);
  const end = Math.min(params.integer('endTime', venue.now), venue.now);
  if (start !== null && start > end) return [];
  const rows = candles(venue, market, interval, { start, end, limit });
  return rows.map((row) => klineRow(market, row, kind));
}

function klineRow(market: AnyMarket, candle: Candle, kind: 'last' | 'mark'): Json {
  const shown = (units: bigint): string => (kind === 'mark' ? formatDecimal(units, 8) : priceText(market, units));
  const volumes = kind === 'mark' ? ZERO_VOLUMES : volumeFields(market, candle);
  return [
    candle.openTime,
    shown(candle.open),
    shown(candle.high),
    shown(candle.low),
    shown(candle.close),
    volumes.volume,
    candle.closeTime,
    volumes.quote,
    candle.trades,
    volumes.takerBase,
    volumes.takerQuote,
    '0',
  ];
}

const ZERO_VOLUMES = { volume: '0', quote: '0', takerBase: '0', takerQuote: '0' };

function volumeFields(market: AnyMarket, candle: Candle): typeof ZERO_VOLUMES {
  return {
    volume: quantityText(market, candle.volume),
    quote: formatDecimal(candle.quote, 8),
    takerBase: quantityText(market, candle.takerVolume),
    takerQuote: formatDecimal(candle.takerQuote, 8),
  };
}

const DAY_MS = 86_400_000;

interface Day {
  readonly open: bigint;
  readonly high: bigint;
  readonly low: bigint;
  readonly last: bigint;
  readonly volume: bigint;
  readonly quote: bigint;
  readonly trades: number;
  readonly openTime: number;
}

/** The last 24 hours of a market, from its one-minute candles. */
function day(venue: Venue, market: AnyMarket): Day {
  const minute = INTERVALS.get('1m') ?? { unit: 'ms', size: 60_000 };
  const openTime = intervalStart(minute, venue.now - DAY_MS) + 60_000;
  const rows = candles(venue, market, minute, { start: openTime, end: venue.now, limit: 1_440 });
  const first = rows[0];
  const now = last(venue, market);
  const sum: { high: bigint; low: bigint; volume: bigint; quote: bigint; trades: number } = {
    high: now,
    low: now,
    volume: 0n,
    quote: 0n,
    trades: 0,
  };
  for (const row of rows) {
    sum.high = max(sum.high, row.high);
    sum.low = min(sum.low, row.low);
    sum.volume += row.volume;
    sum.quote += row.quote;
    sum.trades += row.trades;
  }
  return { ...sum, open: first?.open ?? now, last: now, openTime };
}

/** The fields spot and futures share in a 24 hour ticker. */
export function ticker24h(venue: Venue, market: AnyMarket): Fields {
  const stats = day(venue, market);
  const difference = stats.last - stats.open;
  const firstId = tradeIdBase(venue, Math.floor(stats.openTime / 1000));
  return {
    symbol: market.spec.symbol,
    priceChange: priceText(market, difference),
    priceChangePercent: formatDecimal(mulDiv(difference, 100n * ONE, stats.open), 3),
    weightedAvgPrice: priceText(market, stats.volume === 0n ? stats.last : mulDiv(stats.quote, ONE, stats.volume)),
    lastPrice: priceText(market, stats.last),
    lastQty: quantityText(market, recentTrades(venue, market, 1)[0]?.quantity ?? 0n),
    openPrice: priceText(market, stats.open),
    highPrice: priceText(market, stats.high),
    lowPrice: priceText(market, stats.low),
    volume: quantityText(market, stats.volume),
    quoteVolume: formatDecimal(stats.quote, 8),
    openTime: stats.openTime,
    closeTime: venue.now,
    firstId,
    lastId: Math.max(market.lastTradeId, firstId + stats.trades),
    count: stats.trades,
  };
}

export function bookTicker(venue: Venue, market: AnyMarket): Fields {
  const [bid] = levels(venue, market, 'BUY', 1);
  const [ask] = levels(venue, market, 'SELL', 1);
  return {
    symbol: market.spec.symbol,
    bidPrice: priceText(market, bid?.[0] ?? 0n),
    bidQty: quantityText(market, bid?.[1] ?? 0n),
    askPrice: priceText(market, ask?.[0] ?? 0n),
    askQty: quantityText(market, ask?.[1] ?? 0n),
  };
}

/** The latest trades, oldest first: the path's own, and what users traded. */
export function recentTrades(venue: Venue, market: AnyMarket, limit: number): PublicTrade[] {
  const all = [...seededTrades(venue, market, limit), ...market.trades];
  all.sort((a, b) => a.id - b.id);
  return all.slice(-limit);
}

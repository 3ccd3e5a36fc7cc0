/** Public market data, the same for spot and futures but for a few fields. */

import type { Side } from '../engine/book.ts';
import { type Candle, candles, INTERVALS, intervalStart, MINUTE } from '../engine/candles.ts';
import { formatDecimal, max, min, mul, mulDiv, ONE } from '../engine/decimal.ts';
import { bestFirst, last, quoteHouse } from '../engine/prices.ts';
import { tradeIdBase } from '../engine/records.ts';
import { refuse } from '../engine/refusal.ts';
import { seededTrades } from '../engine/seeded-trades.ts';
import type { Market, PublicTrade } from '../engine/state.ts';
import { type Fields, type Json, money } from './json.ts';
import type { Params } from './params.ts';

export const priceText = ({ spec }: Market, units: bigint): string => formatDecimal(units, spec.pricePlaces);
export const quantityText = ({ spec }: Market, units: bigint): string => formatDecimal(units, spec.quantityPlaces);

const DAY_MS = 86_400_000;
const MINUTES_A_DAY = 1_440;
const KLINES_DEFAULT = 500;
const UPDATES_PER_SECOND = 1_000_000;

/** Price levels of one side, users and house together, best first. */
function levels(market: Market, side: Side, limit: number): { price: bigint; size: bigint }[] {
  quoteHouse(market);
  const merged = new Map(market.house.side(side).map((quote) => [quote.price, quote.left]));
  let taken = 0;
  for (const level of market.book.side(side)) {
    merged.set(level.price, (merged.get(level.price) ?? 0n) + level.total);
    taken += 1;
    if (taken >= limit) break;
  }
  return Array.from(merged, ([price, size]) => ({ price, size }))
    .sort(bestFirst(side))
    .slice(0, limit);
}

export function depth(market: Market, limit: number): Fields {
  const shown = (side: Side): Json =>
    levels(market, side, limit).map(({ price, size }) => [priceText(market, price), quantityText(market, size)]);
  const lastUpdateId = market.venue.second * UPDATES_PER_SECOND + (market.changes % UPDATES_PER_SECOND);
  return { lastUpdateId, bids: shown('BUY'), asks: shown('SELL') };
}

/** Kline rows for the request's interval and window. */
export function klines(market: Market, params: Params, limitMax: number, kind: 'last' | 'mark' = 'last'): Json {
  const { now } = market.venue;
  const interval = INTERVALS.get(params.required('interval'));
  if (interval === undefined) throw refuse(-1120);
  const limit = params.integer('limit', KLINES_DEFAULT, { min: 1, max: limitMax });
  const start = params.integer('startTime', null);
  const end = Math.min(params.integer('endTime', now), now);
  if (start !== null && start > end) return [];
  return candles(market, interval, { start, end, limit }).map((row) => klineRow(market, row, kind));
}

/** The mark has no volume. */
function klineRow(market: Market, candle: Candle, kind: 'last' | 'mark'): Json {
  const isMark = kind === 'mark';
  const price = (units: bigint): string => (isMark ? money(units) : priceText(market, units));
  const volume = (units: bigint): string => (isMark ? '0' : quantityText(market, units));
  const quote = (units: bigint): string => (isMark ? '0' : money(units));
  return [
    candle.openTime,
    ...[candle.open, candle.high, candle.low, candle.close].map(price),
    volume(candle.volume),
    candle.closeTime,
    quote(candle.quote),
    candle.trades,
    volume(candle.takerVolume),
    quote(candle.takerQuote),
    '0',
  ];
}

/** The fields spot and futures share in a 24 hour ticker, from the market's one-minute candles. */
export function ticker24h(market: Market): Fields {
  const { venue } = market;
  const now = last(market);
  const openTime = intervalStart(MINUTE, venue.now - DAY_MS) + 60_000;
  const rows = candles(market, MINUTE, { start: openTime, end: venue.now, limit: MINUTES_A_DAY });
  const open = rows[0]?.open ?? now;
  let [high, low, volume, quote, trades] = [now, now, 0n, 0n, 0];
  for (const row of rows) {
    high = max(high, row.high);
    low = min(low, row.low);
    volume += row.volume;
    quote += row.quote;
    trades += row.trades;
  }
  const firstId = tradeIdBase(venue, Math.floor(openTime / 1000));
  return {
    symbol: market.spec.symbol,
    priceChange: priceText(market, now - open),
    priceChangePercent: formatDecimal(mulDiv(now - open, 100n * ONE, open), 3),
    weightedAvgPrice: priceText(market, volume === 0n ? now : mulDiv(quote, ONE, volume)),
    lastPrice: priceText(market, now),
    lastQty: quantityText(market, recentTrades(market, 1)[0]?.quantity ?? 0n),
    openPrice: priceText(market, open),
    highPrice: priceText(market, high),
    lowPrice: priceText(market, low),
    volume: quantityText(market, volume),
    quoteVolume: money(quote),
    openTime,
    closeTime: venue.now,
    firstId,
    lastId: Math.max(market.lastTradeId, firstId + trades),
    count: trades,
  };
}

export function bookTicker(market: Market): Fields {
  const [bid] = levels(market, 'BUY', 1);
  const [ask] = levels(market, 'SELL', 1);
  return {
    symbol: market.spec.symbol,
    bidPrice: priceText(market, bid?.price ?? 0n),
    bidQty: quantityText(market, bid?.size ?? 0n),
    askPrice: priceText(market, ask?.price ?? 0n),
    askQty: quantityText(market, ask?.size ?? 0n),
  };
}

/** The latest trades, oldest first: the path's own, and what users traded. */
function recentTrades(market: Market, limit: number): PublicTrade[] {
  const all = [...seededTrades(market, limit), ...market.trades];
  return all.sort((a, b) => a.id - b.id).slice(-limit);
}

/** The rows of `trades` or, each trade being its own aggregate, of `aggTrades`. */
export function tradeRows(market: Market, params: Params, isAggregate: boolean): Json {
  const isSpot = market.spec.kind === 'spot';
  return recentTrades(market, params.integer('limit', 500, { min: 1, max: 1000 })).map((trade) => {
    const { id, time, buyerIsMaker } = trade;
    const price = priceText(market, trade.price);
    const qty = quantityText(market, trade.quantity);
    if (isAggregate)
      return { a: id, p: price, q: qty, f: id, l: id, T: time, m: buyerIsMaker, ...(isSpot ? { M: true } : {}) };
    const quoteQty = money(mul(trade.price, trade.quantity));
    return { id, price, qty, quoteQty, time, isBuyerMaker: buyerIsMaker, ...(isSpot ? { isBestMatch: true } : {}) };
  });
}

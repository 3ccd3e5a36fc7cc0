/**
 * Klines, made from the price path second by second and kept per minute. Longer intervals are sums of minutes, so that
 * an hour's high is the highest of its minutes. Thirty days exist before the venue starts.
 */

import { max, min, mul, ONE } from './decimal.ts';
import { fairTicks } from './prices.ts';
import type { Market } from './state.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const HISTORY_MS = 30 * DAY_MS;
/** Prices, volumes and quote volumes in 1e-8. */
export type Candle = Readonly<ReturnType<typeof makeMinute>>;

/** A length in ms counted from `offset`, or calendar months. */
type Interval = { readonly size: number | 'month'; readonly offset: number };
const MINUTES = { '1m': 1, '3m': 3, '5m': 5, '15m': 15, '30m': 30, '1h': 60, '2h': 120, '4h': 240, '6h': 360 } as const;
const LONGER = { '8h': 480, '12h': 720, '1d': 1440, '3d': 4320 } as const;
export const MINUTE: Interval = { size: MINUTE_MS, offset: 0 };
export const INTERVALS = new Map<string, Interval>([
  // Weeks start on Monday; 1970-01-05 was one.
  ['1w', { size: 7 * DAY_MS, offset: 4 * DAY_MS }],
  ['1M', { size: 'month', offset: 0 }],
]);
for (const [name, count] of Object.entries({ ...MINUTES, ...LONGER }))
  INTERVALS.set(name, { size: count * MINUTE_MS, offset: 0 });

export function intervalStart({ size, offset }: Interval, time: number): number {
  if (size !== 'month') return Math.floor((time - offset) / size) * size + offset;
  const date = new Date(time);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

function intervalEnd({ size }: Interval, start: number): number {
  if (size !== 'month') return start + size;
  const date = new Date(start);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

type Window = { readonly start: number | null; readonly end: number; readonly limit: number };

/** The candles whose open time lies in [start, end], oldest first, at most `limit`: the first ones when `start` is given, else the last. */
export function candles(market: Market, interval: Interval, { start, end, limit }: Window): Candle[] {
  const oldest = Math.ceil((market.venue.origin - HISTORY_MS) / MINUTE_MS) * MINUTE_MS;
  const starts: number[] = [];
  if (start === null) {
    let at = intervalStart(interval, end);
    for (; starts.length < limit && intervalEnd(interval, at) > oldest; at = intervalStart(interval, at - 1))
      starts.unshift(at);
  } else {
    let at = intervalStart(interval, Math.max(start, oldest));
    if (at < start) at = intervalEnd(interval, at);
    for (; at <= end && starts.length < limit; at = intervalEnd(interval, at)) starts.push(at);
  }
  return starts.map((at) => candleBetween(market, Math.max(at, oldest), intervalEnd(interval, at), at));
}

/** The one candle of the minutes from `from` on that have begun, up to `end`. */
export function candleBetween(market: Market, from: number, end: number, openTime = from): Candle {
  const sum = { ...minuteCandle(market, from), openTime, closeTime: end - 1 };
  const stop = Math.min(end, market.venue.now + 1);
  for (let minute = from + MINUTE_MS; minute < stop; minute += MINUTE_MS) {
    const next = minuteCandle(market, minute);
    sum.high = max(sum.high, next.high);
    sum.low = min(sum.low, next.low);
    sum.close = next.close;
    sum.volume += next.volume;
    sum.quote += next.quote;
    sum.takerVolume += next.takerVolume;
    sum.takerQuote += next.takerQuote;
    sum.trades += next.trades;
  }
  return sum;
}

const CACHED_MINUTES_MAX = 100_000;
const cache = new WeakMap<Market, Map<number, Candle>>();

/** A minute that is over never changes, because scripts only set prices from now on; it is kept. */
function minuteCandle(market: Market, start: number): Candle {
  const kept = cache.get(market) ?? new Map<number, Candle>();
  cache.set(market, kept);
  const candle = kept.get(start) ?? makeMinute(market, start);
  if (kept.size >= CACHED_MINUTES_MAX) kept.clear();
  if (start + MINUTE_MS <= market.venue.now) kept.set(start, candle);
  return candle;
}

const PURPOSE = { volume: 503, taker: 509, trades: 521 } as const;
const MINUTE_USDT: readonly [number, number] = [20_000, 900_000];

function makeMinute(market: Market, start: number) {
  const { spec, path, venue } = market;
  const end = Math.min(start + MINUTE_MS - 1, venue.now);
  const prices = pricesOf(market, start, end);
  const minute = start / MINUTE_MS;
  const part = BigInt(Math.min(60, Math.floor((end - start) / 1000) + 1));
  const usdt = (BigInt(path.draw(PURPOSE.volume, minute, ...MINUTE_USDT)) * ONE * part) / 60n;
  const volume = ((usdt * ONE) / (spec.start * spec.step)) * spec.step;
  const takerVolume = ((volume * BigInt(path.draw(PURPOSE.taker, minute, 35, 65))) / 100n / spec.step) * spec.step;
  const middle = (prices.high + prices.low) / 2n;
  const quotes = { quote: mul(volume, middle), takerQuote: mul(takerVolume, middle) };
  const trades = Math.floor((path.draw(PURPOSE.trades, minute, 20, 900) * Number(part)) / 60);
  return { openTime: start, closeTime: start + MINUTE_MS - 1, ...prices, volume, takerVolume, ...quotes, trades };
}

/** In plain numbers, because thirty days are two and a half million seconds. */
function pricesOf(market: Market, start: number, end: number) {
  const open = fairTicks(market, start);
  let [high, low, close] = [open, open, open];
  const see = (time: number): void => {
    close = fairTicks(market, time);
    if (close > high) high = close;
    if (close < low) low = close;
  };
  // Every second, and every moment a script set a price in between.
  const points = market.venue.scripts.get(market.spec.symbol) ?? [];
  const scripted = points.map((point) => point.time).filter((time) => time >= start && time <= end);
  for (let second = start; second <= end; second += 1000) {
    see(second);
    for (const time of scripted) if (time >= second && time < second + 1000) see(time);
  }
  const price = (ticks: number): bigint => BigInt(ticks) * market.spec.tick;
  return { open: price(open), high: price(high), low: price(low), close: price(close) };
}

/**
 * Klines, made from the price path second by second and kept per minute. Longer intervals are sums of minutes, so that
 * an hour's high is the highest of its minutes. Thirty days exist before the venue starts.
 */

import { max, min, mul, ONE } from './decimal.ts';
import { fairAt, pathTicks } from './prices.ts';
import type { Market, Venue } from './state.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const HISTORY_MS = 30 * DAY_MS;

/** Prices, volumes and quote volumes in 1e-8. */
export interface Candle {
  readonly openTime: number;
  readonly closeTime: number;
  readonly open: bigint;
  readonly high: bigint;
  readonly low: bigint;
  readonly close: bigint;
  readonly volume: bigint;
  readonly quote: bigint;
  readonly takerVolume: bigint;
  readonly takerQuote: bigint;
  readonly trades: number;
}

/** A length in ms counted from `offset`, or calendar months. */
export type Interval =
  | { readonly unit: 'ms'; readonly size: number; readonly offset?: number }
  | { readonly unit: 'month' };

const minutes = (count: number): Interval => ({ unit: 'ms', size: count * MINUTE_MS });

export const INTERVALS: ReadonlyMap<string, Interval> = new Map<string, Interval>([
  ['1m', minutes(1)],
  ['3m', minutes(3)],
  ['5m', minutes(5)],
  ['15m', minutes(15)],
  ['30m', minutes(30)],
  ['1h', minutes(60)],
  ['2h', minutes(120)],
  ['4h', minutes(240)],
  ['6h', minutes(360)],
  ['8h', minutes(480)],
  ['12h', minutes(720)],
  ['1d', minutes(1440)],
  ['3d', minutes(4320)],
  // Weeks start on Monday; 1970-01-05 was one.
  ['1w', { unit: 'ms', size: 7 * DAY_MS, offset: 4 * DAY_MS }],
  ['1M', { unit: 'month' }],
]);

export function intervalStart(interval: Interval, time: number): number {
  if (interval.unit === 'month') {
    const date = new Date(time);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
  }
  const offset = interval.offset ?? 0;
  return Math.floor((time - offset) / interval.size) * interval.size + offset;
}

function intervalEnd(interval: Interval, start: number): number {
  if (interval.unit === 'ms') return start + interval.size;
  const date = new Date(start);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

/** The candles whose open time lies in [start, end], oldest first, at most `limit`: the first ones when `start` is given, else the last. */
export function candles(
  venue: Venue,
  market: Market,
  interval: Interval,
  window: { start: number | null; end: number; limit: number },
): Candle[] {
  const oldest = Math.ceil((venue.origin - HISTORY_MS) / MINUTE_MS) * MINUTE_MS;
  const starts: number[] = [];
  if (window.start === null) {
    for (
      let at = intervalStart(interval, window.end);
      starts.length < window.limit && intervalEnd(interval, at) > oldest;
    ) {
      starts.unshift(at);
      at = intervalStart(interval, at - 1);
    }
  } else {
    let at = intervalStart(interval, Math.max(window.start, oldest));
    if (at < window.start) at = intervalEnd(interval, at);
    for (; at <= window.end && starts.length < window.limit; at = intervalEnd(interval, at)) starts.push(at);
  }
  return starts.map((start) =>
    combine(venue, market, Math.max(start, oldest), { openTime: start, end: intervalEnd(interval, start) }),
  );
}

function combine(venue: Venue, market: Market, from: number, at: { openTime: number; end: number }): Candle {
  const first = minuteCandle(venue, market, from);
  let { high, low, close, volume, quote, takerVolume, takerQuote, trades } = first;
  const stop = Math.min(at.end, venue.now + 1);
  for (let minute = from + MINUTE_MS; minute < stop; minute += MINUTE_MS) {
    const next = minuteCandle(venue, market, minute);
    high = max(high, next.high);
    low = min(low, next.low);
    close = next.close;
    volume += next.volume;
    quote += next.quote;
    takerVolume += next.takerVolume;
    takerQuote += next.takerQuote;
    trades += next.trades;
  }
  return {
    openTime: at.openTime,
    closeTime: at.end - 1,
    open: first.open,
    high,
    low,
    close,
    volume,
    quote,
    takerVolume,
    takerQuote,
    trades,
  };
}

const CACHED_MINUTES_MAX = 100_000;
const cache = new WeakMap<Market, Map<number, Candle>>();

/** A minute that is over never changes, because scripts only set prices from now on; it is kept. */
function minuteCandle(venue: Venue, market: Market, start: number): Candle {
  const over = start + MINUTE_MS <= venue.now;
  const kept = cache.get(market) ?? new Map<number, Candle>();
  cache.set(market, kept);
  const found = kept.get(start);
  if (found !== undefined) return found;
  const candle = makeMinute(venue, market, start);
  if (over) {
    if (kept.size >= CACHED_MINUTES_MAX) kept.clear();
    kept.set(start, candle);
  }
  return candle;
}

const PURPOSE = { volume: 503, taker: 509, trades: 521 } as const;
const MINUTE_USDT: readonly [number, number] = [20_000, 900_000];

function makeMinute(venue: Venue, market: Market, start: number): Candle {
  const { spec, path } = market;
  const end = Math.min(start + MINUTE_MS - 1, venue.now);
  const { open, high, low, close } = venue.scripts.has(spec.symbol)
    ? scriptedPrices(venue, market, start, end)
    : pathPrices(market, start, end);
  const minute = start / MINUTE_MS;
  const part = BigInt(Math.min(60, Math.floor((end - start) / 1000) + 1));
  const usdt = (BigInt(path.draw(PURPOSE.volume, minute, MINUTE_USDT[0], MINUTE_USDT[1])) * ONE * part) / 60n;
  const volume = ((usdt * ONE) / (spec.start * spec.step)) * spec.step;
  const takerVolume = ((volume * BigInt(path.draw(PURPOSE.taker, minute, 35, 65))) / 100n / spec.step) * spec.step;
  const middle = (high + low) / 2n;
  return {
    openTime: start,
    closeTime: start + MINUTE_MS - 1,
    open,
    high,
    low,
    close,
    volume,
    quote: mul(volume, middle),
    takerVolume,
    takerQuote: mul(takerVolume, middle),
    trades: Math.floor((path.draw(PURPOSE.trades, minute, 20, 900) * Number(part)) / 60),
  };
}

interface Prices {
  readonly open: bigint;
  readonly high: bigint;
  readonly low: bigint;
  readonly close: bigint;
}

/** The common case, in plain numbers because thirty days are two and a half million seconds. */
function pathPrices(market: Market, start: number, end: number): Prices {
  const open = pathTicks(market, start / 1000);
  let [high, low, close] = [open, open, open];
  for (let second = start / 1000; second * 1000 <= end; second += 1) {
    close = pathTicks(market, second);
    if (close > high) high = close;
    if (close < low) low = close;
  }
  const { tick } = market.spec;
  return { open: BigInt(open) * tick, high: BigInt(high) * tick, low: BigInt(low) * tick, close: BigInt(close) * tick };
}

function scriptedPrices(venue: Venue, market: Market, start: number, end: number): Prices {
  const open = fairAt(venue, market, start);
  let [high, low, close] = [open, open, open];
  for (const at of moments(venue, market, start, end)) {
    close = fairAt(venue, market, at);
    high = max(high, close);
    low = min(low, close);
  }
  return { open, high, low, close };
}

/** Every second of the window, and every moment a script set a price in it. */
function* moments(venue: Venue, market: Market, start: number, end: number): Generator<number> {
  const points = (venue.scripts.get(market.spec.symbol) ?? []).filter(
    (point) => point.time >= start && point.time <= end,
  );
  let next = 0;
  for (let second = start; second <= end; second += 1000) {
    yield second;
    for (; points[next] !== undefined && (points[next]?.time ?? 0) < second + 1000; next += 1)
      yield points[next]?.time ?? second;
  }
}

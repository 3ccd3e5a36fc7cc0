/**
 * Klines, made from the price path second by second and kept per minute. Longer intervals are sums of minutes, so that
 * an hour's high is the highest of its minutes. Thirty days exist before the venue starts.
 */

import { max, min, mul, ONE } from './decimal.ts';
import { fairAt, pathTicks } from './prices.ts';
import type { Market } from './state.ts';

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
interface Interval {
  readonly size: number | 'month';
  readonly offset: number;
}

const MINUTES = { '1m': 1, '3m': 3, '5m': 5, '15m': 15, '30m': 30, '1h': 60, '2h': 120, '4h': 240, '6h': 360 } as const;
const LONGER = { '8h': 480, '12h': 720, '1d': 1440, '3d': 4320 } as const;

export const MINUTE: Interval = { size: MINUTE_MS, offset: 0 };
export const INTERVALS: ReadonlyMap<string, Interval> = new Map<string, Interval>([
  ...Object.entries({ ...MINUTES, ...LONGER }).map(([name, count]): [string, Interval] => [
    name,
    { size: count * MINUTE_MS, offset: 0 },
  ]),
  // Weeks start on Monday; 1970-01-05 was one.
  ['1w', { size: 7 * DAY_MS, offset: 4 * DAY_MS }],
  ['1M', { size: 'month', offset: 0 }],
]);

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

interface Window {
  readonly start: number | null;
  readonly end: number;
  readonly limit: number;
}

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
  return starts.map((openTime) =>
    combine(market, Math.max(openTime, oldest), openTime, intervalEnd(interval, openTime)),
  );
}

/** The candle from `openTime` to `end`, of the minutes from `from` on that have begun. */
function combine(market: Market, from: number, openTime: number, end: number): Candle {
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
  const over = start + MINUTE_MS <= market.venue.now;
  const kept = cache.get(market) ?? new Map<number, Candle>();
  cache.set(market, kept);
  const found = kept.get(start);
  if (found !== undefined) return found;
  const candle = makeMinute(market, start);
  if (over) {
    if (kept.size >= CACHED_MINUTES_MAX) kept.clear();
    kept.set(start, candle);
  }
  return candle;
}

const PURPOSE = { volume: 503, taker: 509, trades: 521 } as const;
const MINUTE_USDT: readonly [number, number] = [20_000, 900_000];

function makeMinute(market: Market, start: number): Candle {
  const { spec, path, venue } = market;
  const end = Math.min(start + MINUTE_MS - 1, venue.now);
  const prices = venue.scripts.has(spec.symbol) ? scriptedPrices(market, start, end) : pathPrices(market, start, end);
  const minute = start / MINUTE_MS;
  const part = BigInt(Math.min(60, Math.floor((end - start) / 1000) + 1));
  const usdt = (BigInt(path.draw(PURPOSE.volume, minute, ...MINUTE_USDT)) * ONE * part) / 60n;
  const volume = ((usdt * ONE) / (spec.start * spec.step)) * spec.step;
  const takerVolume = ((volume * BigInt(path.draw(PURPOSE.taker, minute, 35, 65))) / 100n / spec.step) * spec.step;
  const middle = (prices.high + prices.low) / 2n;
  return {
    openTime: start,
    closeTime: start + MINUTE_MS - 1,
    ...prices,
    volume,
    quote: mul(volume, middle),
    takerVolume,
    takerQuote: mul(takerVolume, middle),
    trades: Math.floor((path.draw(PURPOSE.trades, minute, 20, 900) * Number(part)) / 60),
  };
}

type Prices = Pick<Candle, 'open' | 'high' | 'low' | 'close'>;

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

function scriptedPrices(market: Market, start: number, end: number): Prices {
  const open = fairAt(market, start);
  let [high, low, close] = [open, open, open];
  for (const at of moments(market, start, end)) {
    close = fairAt(market, at);
    high = max(high, close);
    low = min(low, close);
  }
  return { open, high, low, close };
}

/** Every second of the window, and every moment a script set a price in it. */
function* moments({ venue, spec }: Market, start: number, end: number): Generator<number> {
  const points = venue.scripts.get(spec.symbol) ?? [];
  const times = points.map((point) => point.time).filter((time) => time >= start && time <= end);
  for (let second = start; second <= end; second += 1000) {
    yield second;
    yield* times.filter((time) => time < second + 1000 && time >= second);
  }
}

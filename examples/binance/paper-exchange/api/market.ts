/** Public market data of /api/v3 and /fapi, the same but for a few fields, and what else clients ask before they trade. */

import type { Side } from '../engine/book.ts';
import { type Candle, candleBetween, candles, INTERVALS, intervalStart, MINUTE } from '../engine/candles.ts';
import { formatDecimal, max, min, mul, mulDiv, ONE } from '../engine/decimal.ts';
import { quantityFor } from '../engine/house.ts';
import type { Perpetual } from '../engine/instruments.ts';
import * as prices from '../engine/prices.ts';
import { tradeIdBase } from '../engine/records.ts';
import { Refusal, refuse } from '../engine/refusal.ts';
import type { Market, PublicTrade } from '../engine/state.ts';
import { type Fields, type Json, money, shape } from './json.ts';
import type { Params } from './params.ts';
import { byLimit, bySymbol, listed, type OpenCall, open, type Route } from './route.ts';
import { AVERAGE_MINUTES, futuresInfo, info, spotInfo } from './symbols.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const KLINES_DEFAULT = 500;
const UPDATES_PER_SECOND = 1_000_000;
/** A seeded trade's size is drawn between these amounts of USDT. */
const SEEDED_USDT: readonly [number, number] = [50, 5_000];
const DEPTH_LIMITS = ['5', '10', '20', '50', '100', '500', '1000'] as const;
const SPOT_DEPTHS = { min: 1, max: 5000 };
const SPOT_KLINES_MAX = 1000;
const FUTURES_KLINES_MAX = 1500;
const FUNDING_ROWS_MAX = 1000;
const FUNDING_DAYS = 30;
const spotDepth = byLimit(100, { 100: 5, 500: 25, 1000: 50 }, 250);
const futuresDepth = byLimit(500, { 50: 2, 100: 5, 500: 10 }, 20);
const futuresKlines = byLimit(500, { 99: 1, 499: 2, 1000: 5 }, 10);
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
  const markets = namedPairs(call)?.map((symbol) => listed(call.venue.spot, symbol)) ?? [...call.venue.spot.values()];
  const answers = markets.map(answer);
  return call.params.has('symbol') ? (answers[0] ?? null) : answers;
}

type PerPerpetual = (market: Market<Perpetual>) => Json;

/** One perpetual's answer when a symbol is given, else those of all; weighs accordingly. */
const perPerpetualRoute = (path: string, [single, all]: [number, number], answer: PerPerpetual): Route =>
  open(path, bySymbol(single, all), ({ params, perpetuals }) => {
    const answers = perpetuals.map(answer);
    return params.has('symbol') ? (answers[0] ?? null) : answers;
  });

const symbolOf = ({ spec }: Market): Fields => ({ symbol: spec.symbol });
const timeOf = ({ venue }: Market): Fields => ({ time: venue.now });
const lastPrice = (market: Market): Fields => ({ ...symbolOf(market), price: priceText(market, prices.last(market)) });
const futuresPrice = (market: Market): Fields => ({ ...lastPrice(market), ...timeOf(market) });
const FUNDING = 'adjustedFundingRateCap:"0.00750000" adjustedFundingRateFloor:"-0.00750000" fundingIntervalHours:8';
const fundingInfo = shape<Perpetual>({}, 'symbol', FUNDING, 'disclaimer:false');
const premiumIndex = shape<Market<Perpetual>>(
  {
    symbol: ({ spec }) => spec.symbol,
    mark: (market) => money(prices.mark(market)),
    index: (market) => money(prices.index(market)),
    rate: (market) => money(prices.fundingRateAt(market, market.venue.now)),
    next: ({ venue }) => prices.nextFundingTime(venue.now),
    time: ({ venue }) => venue.now,
  },
  'symbol markPrice=mark indexPrice=index estimatedSettlePrice=index lastFundingRate=rate interestRate:"0.00010000"',
  'nextFundingTime=next time',
);

export const marketRoutes: readonly Route[] = [
  ...['/api/v3', '/fapi/v1', '/papi/v1', '/dapi/v1'].map((prefix) => open(`${prefix}/ping`, 1, () => ({}))),
  ...['/api/v3', '/fapi/v1', '/dapi/v1'].map((prefix) =>
    open(`${prefix}/time`, 1, ({ venue }) => ({ serverTime: venue.now })),
  ),

  open('/api/v3/exchangeInfo', 20, (call) => spotInfo(call, namedPairs(call))),
  open('/api/v3/depth', spotDepth, ({ params, pair }) => depth(pair, params.integer('limit', 100, SPOT_DEPTHS))),
  open('/api/v3/klines', 2, ({ params, pair }) => klines(pair, params, SPOT_KLINES_MAX)),
  open('/api/v3/uiKlines', 2, ({ params, pair }) => klines(pair, params, SPOT_KLINES_MAX)),
  open('/api/v3/trades', 25, ({ params, pair }) => tradeRows(pair, params, false)),
  open('/api/v3/aggTrades', 4, ({ params, pair }) => tradeRows(pair, params, true)),
  open('/api/v3/avgPrice', 2, ({ venue, pair }) => {
    return { mins: AVERAGE_MINUTES, price: money(averagePrice(pair)), closeTime: venue.now };
  }),
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
    klines(perpetual, params, FUTURES_KLINES_MAX, true),
  ),
  perPerpetualRoute('/fapi/v1/premiumIndex', [1, 10], premiumIndex),
  open('/fapi/v1/fundingRate', 1, fundingHistory),
  open('/fapi/v1/fundingInfo', 0, ({ venue }) => Array.from(venue.futures.values(), ({ spec }) => fundingInfo(spec))),
  perPerpetualRoute('/fapi/v1/ticker/24hr', [1, 40], ticker24h),
  perPerpetualRoute('/fapi/v1/ticker/price', [1, 2], futuresPrice),
  perPerpetualRoute('/fapi/v2/ticker/price', [1, 2], futuresPrice),
  perPerpetualRoute('/fapi/v1/ticker/bookTicker', [2, 5], (market) => ({ ...bookTicker(market), ...timeOf(market) })),
  open('/fapi/v1/openInterest', 1, ({ perpetual: market }) => {
    return { openInterest: quantityText(market, openInterest(market)), ...symbolOf(market), ...timeOf(market) };
  }),

  open('/sapi/v1/system/status', 1, () => ({ status: 0, msg: 'normal' })),
  open('/dapi/v1/exchangeInfo', 1, ({ venue }) => info(venue, [], [])),
];

/** Volume-weighted over the last five minutes. */
function averagePrice(market: Market): bigint {
  const from = intervalStart(MINUTE, market.venue.now) - (AVERAGE_MINUTES - 1) * MINUTE_MS;
  const { volume, quote } = candleBetween(market, from, Infinity);
  return volume === 0n ? prices.last(market) : mulDiv(quote, ONE, volume);
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
function openInterest(market: Market<Perpetual>): bigint {
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
  const step = prices.FUNDING_INTERVAL_MS;
  const latest = Math.floor(end / step) * step;
  const from = Math.max(start ?? latest - limit * step, venue.origin - FUNDING_DAYS * 86_400_000);
  const rows: Json[] = [];
  for (let time = Math.ceil(from / step) * step; time <= latest; time += step) {
    for (const market of perpetuals) {
      const { symbol } = market.spec;
      const seeded = { rate: prices.fundingRateAt(market, time), mark: prices.mark(market, time) };
      const row = recorded.get(`${symbol}:${time}`) ?? seeded;
      const markPrice = money(row.mark);
      rows.push({ symbol, fundingRate: money(row.rate), fundingTime: time, markPrice, rateType: 'Regular' });
    }
  }
  return start === null ? rows.slice(-limit) : rows.slice(0, limit);
}

const priceText = ({ spec }: Market, units: bigint): string => formatDecimal(units, spec.pricePlaces);
const quantityText = ({ spec }: Market, units: bigint): string => formatDecimal(units, spec.quantityPlaces);

function depth(market: Market, limit: number): Fields {
  const shown = (side: Side): Json =>
    prices.levels(market, side, limit).map(({ price, size }) => [priceText(market, price), quantityText(market, size)]);
  const lastUpdateId = market.venue.second * UPDATES_PER_SECOND + (market.changes % UPDATES_PER_SECOND);
  return { lastUpdateId, bids: shown('BUY'), asks: shown('SELL') };
}

function klines(market: Market, params: Params, limitMax: number, isMark = false): Json {
  const { now } = market.venue;
  const interval = INTERVALS.get(params.required('interval'));
  if (interval === undefined) throw refuse(-1120);
  const limit = params.integer('limit', KLINES_DEFAULT, { min: 1, max: limitMax });
  const start = params.integer('startTime', null);
  const end = Math.min(params.integer('endTime', now), now);
  if (start !== null && start > end) return [];
  return candles(market, interval, { start, end, limit }).map((row) => klineRow(market, row, isMark));
}

/** The mark has no volume. */
function klineRow(market: Market, candle: Candle, isMark: boolean): Json {
  const price = (units: bigint): string => (isMark ? money(units) : priceText(market, units));
  const volume = (units: bigint): string => (isMark ? '0' : quantityText(market, units));
  const quote = (units: bigint): string => (isMark ? '0' : money(units));
  const { openTime, closeTime, open, high, low, close, trades } = candle;
  const taken = [volume(candle.takerVolume), quote(candle.takerQuote)];
  const traded = [volume(candle.volume), closeTime, quote(candle.quote), trades];
  return [openTime, ...[open, high, low, close].map(price), ...traded, ...taken, '0'];
}

/** The fields spot and futures share in a 24 hour ticker. */
function ticker24h(market: Market): Fields {
  const { venue } = market;
  const now = prices.last(market);
  const openTime = intervalStart(MINUTE, venue.now - DAY_MS) + MINUTE_MS;
  const { open, volume, quote, trades: count, ...day } = candleBetween(market, openTime, Infinity);
  const firstId = tradeIdBase(venue, Math.floor(openTime / 1000));
  const [price, quantity] = [priceText.bind(null, market), quantityText.bind(null, market)];
  const average = volume === 0n ? now : mulDiv(quote, ONE, volume);
  const lastQty = quantity(recentTrades(market, 1)[0]?.quantity ?? 0n);
  return {
    ...symbolOf(market),
    lastPrice: price(now),
    lastQty,
    openPrice: price(open),
    weightedAvgPrice: price(average),
    highPrice: price(max(now, day.high)),
    lowPrice: price(min(now, day.low)),
    volume: quantity(volume),
    quoteVolume: money(quote),
    priceChange: price(now - open),
    priceChangePercent: formatDecimal(mulDiv(now - open, 100n * ONE, open), 3),
    openTime,
    closeTime: venue.now,
    firstId,
    lastId: Math.max(market.lastTradeId, firstId + count),
    count,
  };
}

function bookTicker(market: Market): Fields {
  const [bid, ask] = [prices.levels(market, 'BUY', 1)[0], prices.levels(market, 'SELL', 1)[0]];
  const [bidPrice, askPrice] = [priceText(market, bid?.price ?? 0n), priceText(market, ask?.price ?? 0n)];
  const [bidQty, askQty] = [quantityText(market, bid?.size ?? 0n), quantityText(market, ask?.size ?? 0n)];
  return { ...symbolOf(market), bidPrice, bidQty, askPrice, askQty };
}

/** The trades others make: one per second, a pure function of the path, so that a market without users is not dead. */
function seededTrade(market: Market, second: number): PublicTrade {
  const { spec, path, venue } = market;
  const time = second * 1000;
  const quantity = quantityFor(spec, path.draw(401, second, ...SEEDED_USDT));
  const buyerIsMaker = path.draw(409, second, 0, 1) === 1;
  return { id: tradeIdBase(venue, second), price: prices.fairAt(market, time), quantity, time, buyerIsMaker };
}

/** The latest trades, oldest first: the path's own, and what users traded. */
function recentTrades(market: Market, count: number): PublicTrade[] {
  const seeded = Array.from({ length: count }, (_, i) => seededTrade(market, market.venue.second - count + 1 + i));
  return [...seeded, ...market.trades].sort((a, b) => a.id - b.id).slice(-count);
}

/** The rows of `trades` or, each trade being its own aggregate, of `aggTrades`. */
function tradeRows(market: Market, params: Params, isAggregate: boolean): Json {
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

/** The public half of /fapi. */

import { formatDecimal, formatShort, mul, ONE } from '../engine/decimal.ts';
import { PERPETUALS, type Perpetual } from '../engine/instruments.ts';
import {
  FUNDING_INTERVAL_MS,
  fundingRateAt,
  index,
  last,
  mark,
  minNotional,
  nextFundingTime,
} from '../engine/prices.ts';
import { refuse } from '../engine/refusal.ts';
import type { Market, Venue } from '../engine/state.ts';
import type { Json } from './json.ts';
import { money } from './json.ts';
import { bookTicker, depth, klines, priceText, quantityText, recentTrades, ticker24h } from './market-data.ts';
import type { Params } from './params.ts';
import { open, type Route } from './route.ts';

/** The market a call names; -1121 for one that is not listed, in any other spelling too. */
export function futuresMarket(venue: Venue, params: Params): Market<Perpetual> {
  const market = venue.futures.get(params.required('symbol'));
  if (market === undefined) throw refuse(-1121);
  return market;
}

/** One market's answer when a symbol is given, else all markets' answers. */
function oneOrAll(venue: Venue, params: Params, answer: (market: Market<Perpetual>) => Json): Json {
  if (params.text('symbol') !== null) return answer(futuresMarket(venue, params));
  return [...venue.futures.values()].map(answer);
}

const depthWeight = (params: Params): number => {
  const limit = Number(params.text('limit') ?? 500);
  if (limit <= 50) return 2;
  if (limit <= 100) return 5;
  return limit <= 500 ? 10 : 20;
};

const klineWeight = (params: Params): number => {
  const limit = Number(params.text('limit') ?? 500);
  if (limit < 100) return 1;
  if (limit < 500) return 2;
  return limit <= 1000 ? 5 : 10;
};

const DEPTH_LIMITS = ['5', '10', '20', '50', '100', '500', '1000'] as const;
const KLINES_MAX = 1500;

const bySymbol =
  (one: number, all: number) =>
  (params: Params): number =>
    params.text('symbol') === null ? all : one;

export const futuresMarketRoutes: readonly Route[] = [
  open('/fapi/v1/ping', 1, () => ({})),
  open('/fapi/v1/time', 1, ({ venue }) => ({ serverTime: venue.now })),
  open('/fapi/v1/exchangeInfo', 1, ({ venue }) => exchangeInfo(venue)),
  open('/fapi/v1/depth', depthWeight, ({ venue, params }) => {
    const market = futuresMarket(venue, params);
    const limit = Number(
      params.choice('limit', DEPTH_LIMITS, '500', { code: -4021, message: 'Depth limit is not valid.' }),
    );
    const { lastUpdateId, ...sides } = depth(venue, market, limit);
    return { lastUpdateId, E: venue.now, T: venue.now, ...sides };
  }),
  open('/fapi/v1/trades', 5, ({ venue, params }) => {
    const market = futuresMarket(venue, params);
    return recentTrades(venue, market, params.integer('limit', 500, { min: 1, max: 1000 })).map((trade) => ({
      id: trade.id,
      price: priceText(market, trade.price),
      qty: quantityText(market, trade.quantity),
      quoteQty: formatDecimal(mul(trade.price, trade.quantity), 8),
      time: trade.time,
      isBuyerMaker: trade.buyerIsMaker,
    }));
  }),
  open('/fapi/v1/aggTrades', 20, ({ venue, params }) => {
    const market = futuresMarket(venue, params);
    return recentTrades(venue, market, params.integer('limit', 500, { min: 1, max: 1000 })).map((trade) => ({
      a: trade.id,
      p: priceText(market, trade.price),
      q: quantityText(market, trade.quantity),
      f: trade.id,
      l: trade.id,
      T: trade.time,
      m: trade.buyerIsMaker,
    }));
  }),
  open('/fapi/v1/klines', klineWeight, ({ venue, params }) =>
    klines(venue, futuresMarket(venue, params), params, KLINES_MAX),
  ),
  open('/fapi/v1/markPriceKlines', klineWeight, ({ venue, params }) =>
    klines(venue, futuresMarket(venue, params), params, KLINES_MAX, 'mark'),
  ),
  open('/fapi/v1/premiumIndex', bySymbol(1, 10), ({ venue, params }) =>
    oneOrAll(venue, params, (market) => premiumIndex(venue, market)),
  ),
  open('/fapi/v1/fundingRate', 1, ({ venue, params }) => fundingHistory(venue, params)),
  open('/fapi/v1/fundingInfo', 0, ({ venue }) =>
    [...venue.futures.keys()].map((symbol) => ({
      symbol,
      adjustedFundingRateCap: '0.00750000',
      adjustedFundingRateFloor: '-0.00750000',
      fundingIntervalHours: 8,
      disclaimer: false,
    })),
  ),
  open('/fapi/v1/ticker/24hr', bySymbol(1, 40), ({ venue, params }) =>
    oneOrAll(venue, params, (market) => ticker24h(venue, market)),
  ),
  open('/fapi/v1/ticker/price', bySymbol(1, 2), ({ venue, params }) =>
    oneOrAll(venue, params, (market) => tickerPrice(venue, market)),
  ),
  open('/fapi/v2/ticker/price', bySymbol(1, 2), ({ venue, params }) =>
    oneOrAll(venue, params, (market) => tickerPrice(venue, market)),
  ),
  open('/fapi/v1/ticker/bookTicker', bySymbol(2, 5), ({ venue, params }) =>
    oneOrAll(venue, params, (market) => ({ ...bookTicker(venue, market), time: venue.now })),
  ),
  open('/fapi/v1/openInterest', 1, ({ venue, params }) => {
    const market = futuresMarket(venue, params);
    let sum = 0n;
    for (const account of market.holders) {
      const positions = account.holdings.get(market.spec.symbol)?.positions;
      for (const position of positions === undefined ? [] : Object.values(positions))
        if (position.quantity > 0n) sum += position.quantity;
    }
    // The house is the other side of what users do not hold against each other.
    if (market.houseQuantity > 0n) sum += market.houseQuantity;
    return { openInterest: quantityText(market, sum), symbol: market.spec.symbol, time: venue.now };
  }),
];

const tickerPrice = (venue: Venue, market: Market<Perpetual>): Json => ({
  symbol: market.spec.symbol,
  price: priceText(market, last(venue, market)),
  time: venue.now,
});

function premiumIndex(venue: Venue, market: Market<Perpetual>): Json {
  return {
    symbol: market.spec.symbol,
    markPrice: money(mark(venue, market)),
    indexPrice: money(index(venue, market)),
    estimatedSettlePrice: money(index(venue, market)),
    lastFundingRate: formatDecimal(fundingRateAt(venue, market, venue.now), 8),
    interestRate: '0.00010000',
    nextFundingTime: nextFundingTime(venue.now),
    time: venue.now,
  };
}

const FUNDING_ROWS_MAX = 1000;

/** Settled rates: the recorded ones, and before the venue started those the path would have given. */
function fundingHistory(venue: Venue, params: Params): Json {
  const symbol = params.text('symbol');
  if (symbol !== null) futuresMarket(venue, params);
  const limit = params.integer('limit', 100, { min: 1, max: FUNDING_ROWS_MAX });
  const start = params.integer('startTime', null);
  const end = Math.min(params.integer('endTime', venue.now), venue.now);
  const recorded = new Map(venue.funding.map((row) => [`${row.symbol}:${row.time}`, row]));
  const rows: { symbol: string; fundingRate: string; fundingTime: number; markPrice: string; rateType: string }[] = [];
  const markets = symbol === null ? [...venue.futures.values()] : [futuresMarket(venue, params)];
  const oldest = venue.origin - 30 * 86_400_000;
  const latest = Math.floor(end / FUNDING_INTERVAL_MS) * FUNDING_INTERVAL_MS;
  const from = Math.max(start ?? latest - limit * FUNDING_INTERVAL_MS, oldest);
  for (
    let time = Math.ceil(from / FUNDING_INTERVAL_MS) * FUNDING_INTERVAL_MS;
    time <= latest;
    time += FUNDING_INTERVAL_MS
  ) {
    for (const market of markets) {
      const row = recorded.get(`${market.spec.symbol}:${time}`) ?? {
        rate: fundingRateAt(venue, market, time),
        mark: mark(venue, market, time),
      };
      rows.push({
        symbol: market.spec.symbol,
        fundingRate: formatDecimal(row.rate, 8),
        fundingTime: time,
        markPrice: money(row.mark),
        rateType: 'Regular',
      });
    }
  }
  return start === null ? rows.slice(-limit) : rows.slice(0, limit);
}

const CONDITIONAL_TYPES = ['STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'];

function exchangeInfo(venue: Venue): Json {
  return {
    timezone: 'UTC',
    serverTime: venue.now,
    futuresType: 'U_MARGINED',
    rateLimits: FUTURES_RATE_LIMITS,
    exchangeFilters: [],
    assets: [{ asset: 'USDT', marginAvailable: true, autoAssetExchange: '-10000' }],
    symbols: PERPETUALS.map((spec) => symbolInfo(venue, spec)),
  };
}

export const FUTURES_RATE_LIMITS: Json = [
  { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 2400 },
  { rateLimitType: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: 1200 },
  { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 300 },
];

function symbolInfo(venue: Venue, spec: Perpetual): Json {
  const p = (units: bigint): string => formatShort(units);
  return {
    symbol: spec.symbol,
    pair: spec.symbol,
    contractType: 'PERPETUAL',
    deliveryDate: 4_133_404_800_000,
    onboardDate: 1_569_398_400_000,
    status: 'TRADING',
    maintMarginPercent: '2.5000',
    requiredMarginPercent: '5.0000',
    baseAsset: spec.base,
    quoteAsset: spec.quote,
    marginAsset: spec.quote,
    pricePrecision: spec.pricePrecision,
    quantityPrecision: spec.quantityPrecision,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: 'COIN',
    underlyingSubType: ['PoW'],
    settlePlan: 0,
    triggerProtect: formatDecimal(spec.triggerProtect, 4),
    liquidationFee: formatDecimal(spec.liquidationFee, 6),
    marketTakeBound: formatDecimal(spec.marketTakeBound, 2),
    maxMoveOrderLimit: 10_000,
    filters: [
      { filterType: 'PRICE_FILTER', minPrice: p(spec.priceMin), maxPrice: p(spec.priceMax), tickSize: p(spec.tick) },
      { filterType: 'LOT_SIZE', minQty: p(spec.quantityMin), maxQty: p(spec.quantityMax), stepSize: p(spec.step) },
      {
        filterType: 'MARKET_LOT_SIZE',
        minQty: p(spec.quantityMin),
        maxQty: p(spec.marketQuantityMax),
        stepSize: p(spec.step),
      },
      { filterType: 'MAX_NUM_ORDERS', limit: spec.ordersMax },
      { filterType: 'MIN_NOTIONAL', notional: p(minNotional(venue, spec)) },
      {
        filterType: 'PERCENT_PRICE',
        multiplierUp: formatDecimal(spec.bandUp, 4),
        multiplierDown: formatDecimal(spec.bandDown, 4),
        multiplierDecimal: '4',
      },
    ],
    orderTypes: ['LIMIT', 'MARKET', ...CONDITIONAL_TYPES],
    timeInForce: ['GTC', 'IOC', 'FOK', 'GTX', 'GTD'],
  };
}

export const leverageBrackets = (market: Market<Perpetual>): Json => ({
  symbol: market.spec.symbol,
  notionalCoef: 1,
  brackets: market.spec.brackets.map((row) => ({
    bracket: row.bracket,
    initialLeverage: row.leverage,
    notionalCap: Number(row.cap / ONE),
    notionalFloor: Number(row.floor / ONE),
    maintMarginRatio: Number(formatShort(row.rate)),
    cum: Number(formatShort(row.cum)),
  })),
});

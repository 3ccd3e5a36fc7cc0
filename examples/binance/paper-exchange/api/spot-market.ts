/** The public half of /api/v3. */

import { candles, INTERVALS } from '../engine/candles.ts';
import { formatDecimal, formatShort, mul, mulDiv } from '../engine/decimal.ts';
import { SPOT_PAIRS, type SpotPair } from '../engine/instruments.ts';
import { last, minNotional } from '../engine/prices.ts';
import { Refusal, refuse } from '../engine/refusal.ts';
import { SPOT_NOTIONAL_MAX, SPOT_STOPS_MAX, SPOT_TYPES } from '../engine/spot.ts';
import type { Market, Venue } from '../engine/state.ts';
import type { Json } from './json.ts';
import { bookTicker, depth, klines, priceText, quantityText, recentTrades, ticker24h } from './market-data.ts';
import { missing, type Params } from './params.ts';
import { open, type Route } from './route.ts';

/** The pair a call names; -1121 for one that is not listed, in any other spelling too. */
export function spotMarket(venue: Venue, params: Params): Market<SpotPair> {
  return pair(venue, params.required('symbol'));
}

function pair(venue: Venue, symbol: string): Market<SpotPair> {
  const market = venue.spot.get(symbol);
  if (market === undefined) throw refuse(-1121);
  return market;
}

/** The names in `symbols=["BTCUSDT","ETHUSDT"]`; null when the parameter is absent. */
function symbolList(params: Params): string[] | null {
  const text = params.text('symbols');
  if (text === null) return null;
  if (params.text('symbol') !== null) throw refuse(-1128);
  if (!/^\["[A-Z0-9_]{1,30}"(,"[A-Z0-9_]{1,30}")*\]$/.test(text)) {
    throw new Refusal(
      -1100,
      'Illegal characters found in parameter \'symbols\'; legal range is \'^\\["[A-Z0-9_.]{1,20}"(,"[A-Z0-9_.]{1,20}"){0,}\\]$\'.',
    );
  }
  return JSON.parse(text) as string[];
}

function oneOrMany(venue: Venue, params: Params, answer: (market: Market<SpotPair>) => Json): Json {
  const list = symbolList(params);
  if (list !== null) return list.map((symbol) => answer(pair(venue, symbol)));
  if (params.text('symbol') !== null) return answer(spotMarket(venue, params));
  return [...venue.spot.values()].map(answer);
}

const count = (params: Params): number =>
  params.text('symbol') === null ? (params.text('symbols')?.split(',').length ?? Infinity) : 1;

const tickerWeight = (params: Params): number => {
  const symbols = count(params);
  if (symbols <= 20) return 2;
  return symbols <= 100 ? 40 : 80;
};

const depthWeight = (params: Params): number => {
  const limit = Number(params.text('limit') ?? 100);
  if (limit <= 100) return 5;
  if (limit <= 500) return 25;
  return limit <= 1000 ? 50 : 250;
};

const SPOT_KLINES_MAX = 1000;
const DEPTH_MAX = 5000;
const AVERAGE_MINUTES = 5;

export const spotMarketRoutes: readonly Route[] = [
  open('/api/v3/ping', 1, () => ({})),
  open('/api/v3/time', 1, ({ venue }) => ({ serverTime: venue.now })),
  open('/api/v3/exchangeInfo', 20, ({ venue, params }) => exchangeInfo(venue, params)),
  open('/api/v3/depth', depthWeight, ({ venue, params }) =>
    depth(venue, spotMarket(venue, params), params.integer('limit', 100, { min: 1, max: DEPTH_MAX })),
  ),
  open('/api/v3/klines', 2, ({ venue, params }) => klines(venue, spotMarket(venue, params), params, SPOT_KLINES_MAX)),
  open('/api/v3/uiKlines', 2, ({ venue, params }) => klines(venue, spotMarket(venue, params), params, SPOT_KLINES_MAX)),
  open('/api/v3/trades', 25, ({ venue, params }) => {
    const market = spotMarket(venue, params);
    return recentTrades(venue, market, params.integer('limit', 500, { min: 1, max: 1000 })).map((trade) => ({
      id: trade.id,
      price: priceText(market, trade.price),
      qty: quantityText(market, trade.quantity),
      quoteQty: formatDecimal(mul(trade.price, trade.quantity), 8),
      time: trade.time,
      isBuyerMaker: trade.buyerIsMaker,
      isBestMatch: true,
    }));
  }),
  open('/api/v3/aggTrades', 4, ({ venue, params }) => {
    const market = spotMarket(venue, params);
    return recentTrades(venue, market, params.integer('limit', 500, { min: 1, max: 1000 })).map((trade) => ({
      a: trade.id,
      p: priceText(market, trade.price),
      q: quantityText(market, trade.quantity),
      f: trade.id,
      l: trade.id,
      T: trade.time,
      m: trade.buyerIsMaker,
      M: true,
    }));
  }),
  open('/api/v3/avgPrice', 2, ({ venue, params }) => {
    const market = spotMarket(venue, params);
    return { mins: AVERAGE_MINUTES, price: formatDecimal(averagePrice(venue, market), 8), closeTime: venue.now };
  }),
  open('/api/v3/ticker/24hr', tickerWeight, ({ venue, params }) => {
    const mini = params.choice('type', ['FULL', 'MINI'], 'FULL') === 'MINI';
    return oneOrMany(venue, params, (market) => (mini ? miniTicker(venue, market) : spotTicker(venue, market)));
  }),
  open(
    '/api/v3/ticker/price',
    (params) => (count(params) === 1 ? 2 : 4),
    ({ venue, params }) =>
      oneOrMany(venue, params, (market) => ({
        symbol: market.spec.symbol,
        price: priceText(market, last(venue, market)),
      })),
  ),
  open(
    '/api/v3/ticker/bookTicker',
    (params) => (count(params) === 1 ? 2 : 4),
    ({ venue, params }) => oneOrMany(venue, params, (market) => bookTicker(venue, market)),
  ),
];

/** Volume-weighted over the last five minutes. */
function averagePrice(venue: Venue, market: Market<SpotPair>): bigint {
  const minute = INTERVALS.get('1m');
  if (minute === undefined) return last(venue, market);
  const rows = candles(venue, market, minute, { start: null, end: venue.now, limit: AVERAGE_MINUTES });
  const volume = rows.reduce((sum, row) => sum + row.volume, 0n);
  if (volume === 0n) return last(venue, market);
  return mulDiv(
    rows.reduce((sum, row) => sum + row.quote, 0n),
    100_000_000n,
    volume,
  );
}

function spotTicker(venue: Venue, market: Market<SpotPair>): Json {
  const { symbol, bidPrice, bidQty, askPrice, askQty } = bookTicker(venue, market);
  const stats = ticker24h(venue, market);
  return { ...stats, symbol, prevClosePrice: stats['openPrice'], bidPrice, bidQty, askPrice, askQty };
}

function miniTicker(venue: Venue, market: Market<SpotPair>): Json {
  const {
    priceChange: _c,
    priceChangePercent: _p,
    weightedAvgPrice: _w,
    lastQty: _q,
    ...mini
  } = ticker24h(venue, market);
  return mini;
}

const SPOT_RATE_LIMITS: Json = [
  { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 6000 },
  { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 100 },
  { rateLimitType: 'ORDERS', interval: 'DAY', intervalNum: 1, limit: 200_000 },
  { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: 61_000 },
];

function exchangeInfo(venue: Venue, params: Params): Json {
  const one = params.text('symbol');
  const list = symbolList(params) ?? (one === null ? null : [one]);
  for (const symbol of list ?? []) pair(venue, symbol);
  const specs = list === null ? SPOT_PAIRS : SPOT_PAIRS.filter((spec) => list.includes(spec.symbol));
  if (list !== null && list.length === 0) throw missing('symbols');
  return {
    timezone: 'UTC',
    serverTime: venue.now,
    rateLimits: SPOT_RATE_LIMITS,
    exchangeFilters: [],
    symbols: specs.map((spec) => symbolInfo(venue, spec)),
  };
}

function symbolInfo(venue: Venue, spec: SpotPair): Json {
  const eight = (units: bigint): string => formatDecimal(units, 8);
  const band = { up: formatShort(spec.bandUp), down: formatShort(spec.bandDown) };
  return {
    symbol: spec.symbol,
    status: 'TRADING',
    baseAsset: spec.base,
    baseAssetPrecision: 8,
    quoteAsset: spec.quote,
    quotePrecision: 8,
    quoteAssetPrecision: 8,
    baseCommissionPrecision: 8,
    quoteCommissionPrecision: 8,
    orderTypes: [...SPOT_TYPES],
    icebergAllowed: false,
    ocoAllowed: false,
    otoAllowed: false,
    opoAllowed: false,
    quoteOrderQtyMarketAllowed: true,
    allowTrailingStop: false,
    cancelReplaceAllowed: false,
    amendAllowed: false,
    pegInstructionsAllowed: false,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: [
      {
        filterType: 'PRICE_FILTER',
        minPrice: eight(spec.priceMin),
        maxPrice: eight(spec.priceMax),
        tickSize: eight(spec.tick),
      },
      {
        filterType: 'LOT_SIZE',
        minQty: eight(spec.quantityMin),
        maxQty: eight(spec.quantityMax),
        stepSize: eight(spec.step),
      },
      { filterType: 'MARKET_LOT_SIZE', minQty: eight(0n), maxQty: eight(spec.marketQuantityMax), stepSize: eight(0n) },
      {
        filterType: 'PERCENT_PRICE_BY_SIDE',
        bidMultiplierUp: band.up,
        bidMultiplierDown: band.down,
        askMultiplierUp: band.up,
        askMultiplierDown: band.down,
        avgPriceMins: AVERAGE_MINUTES,
      },
      {
        filterType: 'NOTIONAL',
        minNotional: eight(minNotional(venue, spec)),
        applyMinToMarket: true,
        maxNotional: eight(SPOT_NOTIONAL_MAX),
        applyMaxToMarket: false,
        avgPriceMins: AVERAGE_MINUTES,
      },
      { filterType: 'MAX_NUM_ORDERS', maxNumOrders: spec.ordersMax },
      { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: SPOT_STOPS_MAX },
    ],
    permissions: [],
    permissionSets: [['SPOT']],
    defaultSelfTradePreventionMode: 'NONE',
    allowedSelfTradePreventionModes: ['NONE', 'EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH'],
  };
}

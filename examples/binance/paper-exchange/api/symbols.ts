/** What exchangeInfo says of limits and symbols, and the leverage brackets. */

import { ALGO_TYPES } from '../engine/algo.ts';
import { formatDecimal, formatShort, ONE } from '../engine/decimal.ts';
import type { Perpetual, SpotPair } from '../engine/instruments.ts';
import { minNotional } from '../engine/prices.ts';
import { SPOT_NOTIONAL_MAX, SPOT_STOPS_MAX } from '../engine/spot.ts';
import type { Market, Venue } from '../engine/state.ts';
import { each, type Json, money } from './json.ts';
import { LIMITS, limitRows } from './limits.ts';
import { SPOT_TYPES, STP_MODES, TIMES_IN_FORCE } from './order-request.ts';
import { missing } from './params.ts';
import type { OpenCall } from './route.ts';

/** How many minutes an average price is taken over. */
export const AVERAGE_MINUTES = 5;

/** All pairs, or the named ones in the order they are listed. */
export function spotInfo(call: OpenCall, names: readonly string[] | null): Json {
  const named = names?.map((name) => call.pairNamed(name));
  if (named?.length === 0) throw missing('symbols');
  const weight = { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: LIMITS.spot.weight };
  const raw = { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: 61_000 };
  return {
    timezone: 'UTC',
    serverTime: call.venue.now,
    rateLimits: [weight, ...limitRows('spot'), raw],
    exchangeFilters: [],
    symbols: [...call.venue.spot.values()].filter((market) => named?.includes(market) ?? true).map(pairInfo),
  };
}

export function futuresInfo(venue: Venue): Json {
  const weight = { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: LIMITS.futures.weight };
  return {
    timezone: 'UTC',
    serverTime: venue.now,
    futuresType: 'U_MARGINED',
    rateLimits: [weight, ...limitRows('futures')],
    exchangeFilters: [],
    assets: [{ asset: 'USDT', marginAvailable: true, autoAssetExchange: '-10000' }],
    symbols: [...venue.futures.values()].map(perpetualInfo),
  };
}

function pairInfo(market: Market<SpotPair>): Json {
  const { spec } = market;
  const { lot, price } = sizeFilters(market, money);
  return {
    symbol: spec.symbol,
    status: 'TRADING',
    baseAsset: spec.base,
    quoteAsset: spec.quote,
    ...each(
      'baseAssetPrecision quotePrecision quoteAssetPrecision baseCommissionPrecision quoteCommissionPrecision',
      8,
    ),
    orderTypes: SPOT_TYPES,
    ...each('icebergAllowed ocoAllowed otoAllowed opoAllowed allowTrailingStop cancelReplaceAllowed', false),
    ...each('amendAllowed pegInstructionsAllowed isMarginTradingAllowed', false),
    ...each('quoteOrderQtyMarketAllowed isSpotTradingAllowed', true),
    filters: [
      price,
      lot,
      { ...each('minQty stepSize', money(0n)), filterType: 'MARKET_LOT_SIZE', maxQty: money(spec.marketQuantityMax) },
      {
        filterType: 'PERCENT_PRICE_BY_SIDE',
        ...each('bidMultiplierUp askMultiplierUp', formatShort(spec.bandUp)),
        ...each('bidMultiplierDown askMultiplierDown', formatShort(spec.bandDown)),
        avgPriceMins: AVERAGE_MINUTES,
      },
      {
        filterType: 'NOTIONAL',
        minNotional: money(minNotional(market)),
        applyMinToMarket: true,
        maxNotional: money(SPOT_NOTIONAL_MAX),
        applyMaxToMarket: false,
        avgPriceMins: AVERAGE_MINUTES,
      },
      { filterType: 'MAX_NUM_ORDERS', maxNumOrders: spec.ordersMax },
      { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: SPOT_STOPS_MAX },
    ],
    permissions: [],
    permissionSets: [['SPOT']],
    defaultSelfTradePreventionMode: 'NONE',
    allowedSelfTradePreventionModes: STP_MODES,
  };
}

/** PRICE_FILTER and LOT_SIZE. */
function sizeFilters(
  { spec }: Market,
  text: (units: bigint) => string,
): Record<'price' | 'lot', { [name: string]: Json }> {
  const [minPrice, maxPrice, tickSize] = [spec.priceMin, spec.priceMax, spec.tick].map(text) as [
    string,
    string,
    string,
  ];
  const [minQty, maxQty, stepSize] = [spec.quantityMin, spec.quantityMax, spec.step].map(text) as [
    string,
    string,
    string,
  ];
  return {
    price: { filterType: 'PRICE_FILTER', minPrice, maxPrice, tickSize },
    lot: { filterType: 'LOT_SIZE', minQty, maxQty, stepSize },
  };
}

function perpetualInfo(market: Market<Perpetual>): Json {
  const { spec } = market;
  const { lot, price } = sizeFilters(market, formatShort);
  return {
    ...each('symbol pair', spec.symbol),
    contractType: 'PERPETUAL',
    deliveryDate: 4_133_404_800_000,
    onboardDate: 1_569_398_400_000,
    status: 'TRADING',
    maintMarginPercent: '2.5000',
    requiredMarginPercent: '5.0000',
    baseAsset: spec.base,
    ...each('quoteAsset marginAsset', spec.quote),
    pricePrecision: spec.pricePrecision,
    quantityPrecision: spec.quantityPrecision,
    ...each('baseAssetPrecision quotePrecision', 8),
    underlyingType: 'COIN',
    underlyingSubType: ['PoW'],
    settlePlan: 0,
    triggerProtect: formatDecimal(spec.triggerProtect, 4),
    liquidationFee: formatDecimal(spec.liquidationFee, 6),
    marketTakeBound: formatDecimal(spec.marketTakeBound, 2),
    maxMoveOrderLimit: 10_000,
    filters: [
      price,
      lot,
      { ...lot, filterType: 'MARKET_LOT_SIZE', maxQty: formatShort(spec.marketQuantityMax) },
      { filterType: 'MAX_NUM_ORDERS', limit: spec.ordersMax },
      { filterType: 'MIN_NOTIONAL', notional: formatShort(minNotional(market)) },
      {
        filterType: 'PERCENT_PRICE',
        multiplierUp: formatDecimal(spec.bandUp, 4),
        multiplierDown: formatDecimal(spec.bandDown, 4),
        multiplierDecimal: '4',
      },
    ],
    orderTypes: ['LIMIT', 'MARKET', ...ALGO_TYPES],
    timeInForce: TIMES_IN_FORCE,
  };
}

export const leverageBrackets = ({ spec }: Market<Perpetual>): Json => ({
  symbol: spec.symbol,
  notionalCoef: 1,
  brackets: spec.brackets.map((row) => ({
    bracket: row.bracket,
    initialLeverage: row.leverage,
    notionalCap: Number(row.cap / ONE),
    notionalFloor: Number(row.floor / ONE),
    maintMarginRatio: Number(formatShort(row.rate)),
    cum: Number(formatShort(row.cum)),
  })),
});

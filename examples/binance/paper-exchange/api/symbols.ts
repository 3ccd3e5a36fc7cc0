/** What exchangeInfo says of limits and symbols, and the leverage brackets. */

import { ALGO_TYPES } from '../engine/algo.ts';
import { formatDecimal, formatShort, ONE } from '../engine/decimal.ts';
import type { Perpetual, SpotPair } from '../engine/instruments.ts';
import { minNotional } from '../engine/prices.ts';
import { SPOT_NOTIONAL_MAX, SPOT_STOPS_MAX } from '../engine/spot.ts';
import type { Market, Venue } from '../engine/state.ts';
import { constants, type Fields, type Json, money, shape, written } from './json.ts';
import { limitRows } from './limits.ts';
import { SPOT_TYPES, STP_MODES, TIMES_IN_FORCE } from './order-request.ts';
import { missing } from './params.ts';
import { listed, type OpenCall } from './route.ts';

/** How many minutes an average price is taken over. */
export const AVERAGE_MINUTES = 5;
const AVERAGE = `avgPriceMins:${AVERAGE_MINUTES}`;

export function info(venue: Venue, rateLimits: Json, symbols: Json): Fields {
  return { timezone: 'UTC', serverTime: venue.now, rateLimits, exchangeFilters: [], symbols };
}

export function spotInfo(call: OpenCall, names: readonly string[] | null): Json {
  const named = names?.map((name) => listed(call.venue.spot, name));
  if (named?.length === 0) throw missing('symbols');
  const pairs = [...call.venue.spot.values()].filter((market) => named?.includes(market) ?? true);
  const raw = { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: 61_000 };
  return info(call.venue, [...limitRows('spot'), raw], pairs.map(pairInfo));
}

export const futuresInfo = (venue: Venue): Json => ({
  ...info(venue, limitRows('futures'), Array.from(venue.futures.values(), perpetualInfo)),
  futuresType: 'U_MARGINED',
  assets: [constants('asset:"USDT" marginAvailable:true autoAssetExchange:"-10000"')],
});

/** PRICE_FILTER, LOT_SIZE and the quantities of MARKET_LOT_SIZE, written by `text`. */
function sizes<Spec extends Perpetual | SpotPair>(text: (units: bigint) => string): ((spec: Spec) => Fields)[] {
  const prices = written<Spec>(text, 'priceMin', 'priceMax', 'tick');
  const quantities = written<Spec>(text, 'quantityMin', 'quantityMax', 'step', 'marketQuantityMax');
  return [
    shape(prices, 'filterType:"PRICE_FILTER" minPrice=priceMin maxPrice=priceMax tickSize=tick'),
    shape(quantities, 'filterType:"LOT_SIZE" minQty=quantityMin maxQty=quantityMax stepSize=step'),
    shape(quantities, 'filterType:"MARKET_LOT_SIZE" minQty=quantityMin maxQty=marketQuantityMax stepSize=step'),
  ];
}
const spotSizes = sizes<SpotPair>(money);
const futuresSizes = sizes<Perpetual>(formatShort);

const pairFields = shape<SpotPair>(
  {},
  'symbol status:"TRADING" baseAsset=base baseAssetPrecision:8 quoteAsset=quote quotePrecision:8 quoteAssetPrecision:8',
  'baseCommissionPrecision:8 quoteCommissionPrecision:8 icebergAllowed:false ocoAllowed:false otoAllowed:false',
  'opoAllowed:false quoteOrderQtyMarketAllowed:true allowTrailingStop:false cancelReplaceAllowed:false amendAllowed:false',
  'pegInstructionsAllowed:false isSpotTradingAllowed:true isMarginTradingAllowed:false permissions:[]',
  'permissionSets:[["SPOT"]] defaultSelfTradePreventionMode:"NONE"',
);
const percentPrice = shape(
  written<SpotPair>(formatShort, 'bandUp', 'bandDown'),
  'filterType:"PERCENT_PRICE_BY_SIDE" bidMultiplierUp=bandUp bidMultiplierDown=bandDown askMultiplierUp=bandUp',
  'askMultiplierDown=bandDown',
  AVERAGE,
);

function pairInfo(market: Market<SpotPair>): Json {
  const { spec } = market;
  const notional = { minNotional: money(minNotional(market)), maxNotional: money(SPOT_NOTIONAL_MAX) };
  const [price, lot, marketLot] = spotSizes.map((filter) => filter(spec));
  const filters: Json = [
    price ?? null,
    lot ?? null,
    // Market orders have no least quantity and no step of their own.
    { ...marketLot, minQty: money(0n), stepSize: money(0n) },
    percentPrice(spec),
    { ...constants('filterType:"NOTIONAL" applyMinToMarket:true applyMaxToMarket:false', AVERAGE), ...notional },
    { filterType: 'MAX_NUM_ORDERS', maxNumOrders: spec.ordersMax },
    { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: SPOT_STOPS_MAX },
  ];
  return { ...pairFields(spec), orderTypes: SPOT_TYPES, filters, allowedSelfTradePreventionModes: STP_MODES };
}

const perpetualFields = shape<Perpetual>(
  {
    triggerProtect: ({ triggerProtect }) => formatDecimal(triggerProtect, 4),
    liquidationFee: ({ liquidationFee }) => formatDecimal(liquidationFee, 6),
    marketTakeBound: ({ marketTakeBound }) => formatDecimal(marketTakeBound, 2),
  },
  'symbol pair=symbol contractType:"PERPETUAL" deliveryDate:4133404800000 onboardDate:1569398400000 status:"TRADING"',
  'maintMarginPercent:"2.5000" requiredMarginPercent:"5.0000" baseAsset=base quoteAsset=quote marginAsset=quote',
  'pricePrecision quantityPrecision baseAssetPrecision:8 quotePrecision:8 underlyingType:"COIN" underlyingSubType:["PoW"]',
  'settlePlan:0 triggerProtect liquidationFee marketTakeBound maxMoveOrderLimit:10000',
);

function perpetualInfo(market: Market<Perpetual>): Json {
  const { spec } = market;
  const [multiplierUp, multiplierDown] = [formatDecimal(spec.bandUp, 4), formatDecimal(spec.bandDown, 4)];
  const filters = [
    ...futuresSizes.map((filter) => filter(spec)),
    { filterType: 'MAX_NUM_ORDERS', limit: spec.ordersMax },
    { filterType: 'MIN_NOTIONAL', notional: formatShort(minNotional(market)) },
    { filterType: 'PERCENT_PRICE', multiplierUp, multiplierDown, multiplierDecimal: '4' },
  ];
  const orderTypes = ['LIMIT', 'MARKET', ...ALGO_TYPES];
  return { ...perpetualFields(spec), filters, orderTypes, timeInForce: TIMES_IN_FORCE };
}

/** JSON numbers, unlike everything else. */
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

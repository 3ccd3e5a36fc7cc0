/** Conditional orders: /fapi/v1/algoOrder and friends, and the same under /papi/v1/um/algo and its older alias. */

import { ALGO_TYPES, type AlgoRequest, cancelAlgo, cancelAllAlgos, findAlgo, placeAlgo } from '../engine/algo.ts';
import type { Perpetual } from '../engine/instruments.ts';
import { Refusal, refuse } from '../engine/refusal.ts';
import type { AlgoOrder, Market } from '../engine/state.ts';
import { futuresMarket } from './futures-market.ts';
import { timeWindow } from './futures-orders.ts';
import {
  BAD_TIME_IN_FORCE,
  BAD_TYPE,
  readClientId,
  readSide,
  readUnits,
  STP_MODES,
  TIMES_IN_FORCE,
} from './futures-request.ts';
import { algoRow, type Fields } from './futures-shape.ts';
import { missing, type Params } from './params.ts';
import { change, type Route, read, type SignedCall } from './route.ts';

const one = (): number => 1;

/** Placing, asking for and cancelling conditional orders of a classic account. */
export const algoRoutes: readonly Route[] = [
  change('POST', '/fapi/v1/algoOrder', 0, (call) => algoRow(place(call)), one),
  read('/fapi/v1/algoOrder', 1, (call) => algoRow(known(lookUp(call)))),
  change('DELETE', '/fapi/v1/algoOrder', 1, (call) => {
    const algo = cancelAlgo(call.venue, lookUp(call));
    return { algoId: algo.id, clientAlgoId: algo.clientId, code: '200', msg: 'success' };
  }),
  read(
    '/fapi/v1/openAlgoOrders',
    (params) => (params.text('symbol') === null ? 40 : 1),
    (call) => openAlgos(call).map(algoRow),
  ),
  read('/fapi/v1/allAlgoOrders', 5, (call) => allAlgos(call).map(algoRow)),
  change('DELETE', '/fapi/v1/algoOpenOrders', 1, ({ venue, params, account }) => {
    cancelAllAlgos(venue, account, futuresMarket(venue, params));
    return { code: 200, msg: 'The operation of cancel all open order is done.' };
  }),
];

/** Portfolio margin under its present names. */
export const portfolioAlgoRoutes: readonly Route[] = [
  change('POST', '/papi/v1/um/algo/order', 1, (call) => algoRow(place(call)), one),
  change('DELETE', '/papi/v1/um/algo/order', 1, (call) => {
    cancelAlgo(call.venue, lookUp(call));
    return { complete: true };
  }),
  change('DELETE', '/papi/v1/um/algo/allOpenOrders', 1, ({ venue, params, account }) => {
    cancelAllAlgos(venue, account, futuresMarket(venue, params));
    return { complete: true };
  }),
  read(
    '/papi/v1/um/algo/openAlgoOrders',
    (params) => (params.text('symbol') === null ? 40 : 1),
    (call) => openAlgos(call).map(algoRow),
  ),
  read('/papi/v1/um/algo/allAlgoOrders', 5, (call) => allAlgos(call).map(algoRow)),
  read('/papi/v1/um/algo/algoOrder', 1, (call) => algoRow(known(lookUp(call)))),
];

/** Portfolio margin under the names clients knew before; the ids are called strategies there. */
export const strategyRoutes: readonly Route[] = [
  change('POST', '/papi/v1/um/conditional/order', 1, (call) => strategyRow(place(call)), one),
  change('DELETE', '/papi/v1/um/conditional/order', 1, (call) => strategyRow(cancelAlgo(call.venue, lookUp(call)))),
  change('DELETE', '/papi/v1/um/conditional/allOpenOrders', 1, ({ venue, params, account }) => {
    cancelAllAlgos(venue, account, futuresMarket(venue, params));
    return { code: '200', msg: 'The operation of cancel all conditional open order is done.' };
  }),
  read('/papi/v1/um/conditional/openOrder', 1, (call) => {
    const algo = known(lookUp(call));
    if (algo.status !== 'NEW') throw refuse(-2013);
    return strategyRow(algo);
  }),
  read(
    '/papi/v1/um/conditional/openOrders',
    (params) => (params.text('symbol') === null ? 40 : 1),
    (call) => openAlgos(call).map(strategyRow),
  ),
  read(
    '/papi/v1/um/conditional/allOrders',
    (params) => (params.text('symbol') === null ? 40 : 1),
    (call) => allAlgos(call).map(strategyRow),
  ),
  read('/papi/v1/um/conditional/orderHistory', 1, (call) => strategyRow(known(lookUp(call)))),
];

function strategyRow(algo: AlgoOrder): Fields {
  const row = algoRow(algo);
  return {
    newClientStrategyId: algo.clientId,
    strategyId: algo.id,
    strategyStatus: row['algoStatus'],
    strategyType: algo.type,
    origQty: row['quantity'],
    price: row['price'],
    reduceOnly: algo.reduceOnly,
    side: algo.side,
    positionSide: algo.positionSide,
    stopPrice: row['triggerPrice'],
    symbol: row['symbol'],
    timeInForce: algo.timeInForce,
    activatePrice: row['activatePrice'],
    priceRate: row['callbackRate'],
    bookTime: algo.createTime,
    updateTime: algo.updateTime,
    workingType: algo.workingType,
    priceProtect: algo.priceProtect,
    selfTradePreventionMode: algo.stp,
    goodTillDate: algo.goodTillDate,
    priceMatch: algo.priceMatch,
    ...(algo.actualOrder === null
      ? {}
      : {
          orderId: algo.actualOrder.id,
          status: algo.actualOrder.status,
          triggerTime: algo.triggerTime,
          type: algo.actualOrder.type,
        }),
  };
}

function place({ venue, params, account }: SignedCall): AlgoOrder {
  const market = futuresMarket(venue, params);
  return placeAlgo(venue, account, market, readAlgo(market, params, account.kind === 'classic' ? 36 : 32));
}

/** Old and new parameter names for the same thing. */
const first = (params: Params, ...names: string[]): string =>
  names.find((name) => params.text(name) !== null) ?? names[0] ?? '';

function readAlgo(market: Market<Perpetual>, params: Params, longest: 36 | 32): AlgoRequest {
  if (params.choice('algoType', ['CONDITIONAL'], 'CONDITIONAL') !== 'CONDITIONAL') throw refuse(-1116);
  const side = readSide(params);
  const typeName = first(params, 'type', 'strategyType');
  const type = params.choice(typeName, ALGO_TYPES, null, BAD_TYPE);
  if (type === null) throw missing('type');
  const trailing = type === 'TRAILING_STOP_MARKET';
  const limited = type === 'STOP' || type === 'TAKE_PROFIT';
  const closePosition = params.boolean('closePosition');
  const quantity = readUnits(market, params, 'quantity', 'quantity');
  if (closePosition) checkClosePosition(type, params);
  else if (quantity === null) throw missing('quantity');
  const triggerName = first(params, 'triggerPrice', 'stopPrice');
  const triggerPrice = readUnits(market, params, triggerName, 'price');
  if (trailing) params.forbid('triggerPrice', 'stopPrice');
  else if (triggerPrice === null) throw missing('triggerPrice');
  const priceMatch = params.text('priceMatch') ?? 'NONE';
  const price = readUnits(market, params, 'price', 'price');
  if (!limited) params.forbid('price');
  else if (price === null && priceMatch === 'NONE') throw missing('price');
  const timeInForce = params.choice('timeInForce', TIMES_IN_FORCE, 'GTC', BAD_TIME_IN_FORCE);
  return {
    type,
    side,
    positionSide: params.choice('positionSide', ['BOTH', 'LONG', 'SHORT'], 'BOTH'),
    timeInForce,
    quantity: quantity ?? 0n,
    price: price ?? 0n,
    triggerPrice: triggerPrice ?? 0n,
    workingType: params.choice('workingType', ['MARK_PRICE', 'CONTRACT_PRICE'], 'CONTRACT_PRICE'),
    priceProtect: params.boolean('priceProtect'),
    reduceOnly: params.boolean('reduceOnly'),
    closePosition,
    activatePrice: readUnits(market, params, first(params, 'activatePrice', 'activationPrice'), 'price') ?? 0n,
    callbackRate: trailing ? readCallbackRate(params) : 0n,
    clientId: readClientId(params, first(params, 'clientAlgoId', 'newClientStrategyId', 'newClientOrderId'), longest),
    stp: params.choice('selfTradePreventionMode', STP_MODES, 'NONE'),
    priceMatch,
    goodTillDate: timeInForce === 'GTD' ? (params.integer('goodTillDate', null) ?? fail(missing('goodTillDate'))) : 0,
  };
}

function fail(refusal: Refusal): never {
  throw refusal;
}

function checkClosePosition(type: string, params: Params): void {
  if (type !== 'STOP_MARKET' && type !== 'TAKE_PROFIT_MARKET')
    throw new Refusal(-4136, 'Target strategy invalid for orderType with closePosition.');
  if (params.text('quantity') !== null) throw refuse(-4137);
  params.forbid('reduceOnly');
}

/** 0.1 .. 10 percent, to hundredths of a percent. */
function readCallbackRate(params: Params): bigint {
  const rate = params.decimal('callbackRate');
  if (rate === null) throw missing('callbackRate');
  const hundredths = rate / 1_000_000n;
  if (rate % 10_000_000n !== 0n || hundredths < 10n || hundredths > 1_000n) {
    throw new Refusal(-2007, 'Invalid callBack rate: 0.1 to 10 percent in steps of 0.1.');
  }
  return hundredths;
}

function lookUp({ venue, account, params }: SignedCall): AlgoOrder | null {
  const algoId = params.id(first(params, 'algoId', 'strategyId'));
  const clientId = params.text(first(params, 'clientAlgoId', 'newClientStrategyId'));
  if (algoId === null && clientId === null) {
    throw new Refusal(-1102, "Param 'algoId' or 'clientAlgoId' must be sent, but both were empty/null!");
  }
  return findAlgo(venue, account, { algoId, clientId });
}

function known(algo: AlgoOrder | null): AlgoOrder {
  if (algo === null) throw refuse(-2013);
  return algo;
}

function openAlgos({ venue, params, account }: SignedCall): AlgoOrder[] {
  const market = params.text('symbol') === null ? null : futuresMarket(venue, params);
  const algoId = params.id('algoId');
  return [...account.algoOpen.values()].filter(
    (algo) => (market === null || algo.market === market) && (algoId === null || algo.id === algoId),
  );
}

function allAlgos({ venue, params, account }: SignedCall): AlgoOrder[] {
  const market = params.text('symbol') === null ? null : futuresMarket(venue, params);
  const limit = params.integer('limit', 500, { min: 1, max: 1000 });
  const fromId = params.id(first(params, 'algoId', 'strategyId'));
  const window = timeWindow(venue, params, fromId !== null);
  const all = [...account.algoDone, ...account.algoOpen.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const found = all.filter(
    (algo) =>
      (market === null || algo.market === market) &&
      (fromId === null || algo.id >= fromId) &&
      algo.createTime >= window.start &&
      algo.createTime <= window.end,
  );
  return fromId === null ? found.slice(-limit) : found.slice(0, limit);
}

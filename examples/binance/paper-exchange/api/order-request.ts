/** Reads an order from parameters: presence, enums, precision. What needs the account's state is the engine's. */

import { ALGO_TYPES, isLimited } from '../engine/algo.ts';
import type { Side } from '../engine/book.ts';
import { PLAIN_ORDER } from '../engine/orders.ts';
import { refuse } from '../engine/refusal.ts';
import type { AccountKind, AlgoRequest, Market, OrderRequest } from '../engine/state.ts';
import { missing, must, type Params, unwanted } from './params.ts';

export const STP_MODES = ['NONE', 'EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH'] as const;
export const TIMES_IN_FORCE = ['GTC', 'IOC', 'FOK', 'GTX', 'GTD'] as const;
export const readSide = (params: Params): Side => must('side', params.choice('side', ['BUY', 'SELL'], null, -1117));
export const readPositionSide = (params: Params): OrderRequest['positionSide'] =>
  params.choice('positionSide', ['BOTH', 'LONG', 'SHORT'], 'BOTH');

/** A client order id, which portfolio margin wants shorter; null when absent. */
export function readClientId(params: Params, name: string, family: AccountKind = 'classic'): string | null {
  const id = params.text(name);
  const longest = family === 'classic' ? 36 : 32;
  if (id !== null && (id.length > longest || !/^[.A-Z:/a-z0-9_-]+$/.test(id))) throw refuse(-4015);
  return id;
}

/** A quantity or (any other name) a price of a market; refuses more decimals than the market takes. */
export function readUnits({ spec }: Market, params: Params, name: string): bigint | null {
  const units = params.decimal(name);
  const decimals = name === 'quantity' ? spec.quantityPrecision : spec.pricePrecision;
  if (units !== null && units % 10n ** BigInt(8 - decimals) !== 0n) throw refuse(-1111);
  return units;
}

export function readFuturesOrder(market: Market, params: Params, family: AccountKind): OrderRequest {
  const side = readSide(params);
  const type = must('type', params.choice('type', ['LIMIT', 'MARKET', ...ALGO_TYPES], null, -1116));
  if (type !== 'LIMIT' && type !== 'MARKET') throw refuse(-4120);
  const isLimit = type === 'LIMIT';
  const priceMatch = params.text('priceMatch') ?? 'NONE';
  const timeInForce = params.choice('timeInForce', TIMES_IN_FORCE, null, -1115);
  if (params.boolean('closePosition')) throw refuse(-4120);
  if (!isLimit) params.forbid('timeInForce', 'price', 'goodTillDate');
  if (isLimit) must('timeInForce', timeInForce);
  const quantity = must('quantity', readUnits(market, params, 'quantity'));
  if (priceMatch !== 'NONE') params.forbid('price');
  const price = readUnits(market, params, 'price');
  if (isLimit && priceMatch === 'NONE') must('price', price);
  if (!isLimit && priceMatch !== 'NONE') throw unwanted('priceMatch');
  const goodTillDate = params.integer('goodTillDate', 0);
  if (timeInForce !== 'GTD') params.forbid('goodTillDate');
  else if (goodTillDate === 0) throw missing('goodTillDate');
  return {
    ...PLAIN_ORDER,
    side,
    type,
    quantity,
    priceMatch,
    price: price ?? 0n,
    positionSide: readPositionSide(params),
    timeInForce: timeInForce ?? 'GTC',
    reduceOnly: params.boolean('reduceOnly'),
    clientId: readClientId(params, 'newClientOrderId', family),
    stp: params.choice('selfTradePreventionMode', STP_MODES, 'NONE'),
    // Only whole seconds count.
    goodTillDate: Math.floor(goodTillDate / 1000) * 1000,
  };
}

/** Each type of spot order and what it needs; what it does not need it may not carry. */
const SPOT_NEEDS = {
  LIMIT: ['timeInForce', 'price'],
  MARKET: [],
  STOP_LOSS: ['stopPrice'],
  STOP_LOSS_LIMIT: ['timeInForce', 'price', 'stopPrice'],
  TAKE_PROFIT: ['stopPrice'],
  TAKE_PROFIT_LIMIT: ['timeInForce', 'price', 'stopPrice'],
  LIMIT_MAKER: ['price'],
} as const;

export const SPOT_TYPES = Object.keys(SPOT_NEEDS) as (keyof typeof SPOT_NEEDS)[];

export function readSpotOrder(market: Market, params: Params): OrderRequest {
  const side = readSide(params);
  const type = must('type', params.choice('type', SPOT_TYPES, null, -1116));
  const needs: readonly string[] = SPOT_NEEDS[type];
  for (const name of ['timeInForce', 'price', 'stopPrice']) {
    if (needs.includes(name)) params.required(name);
    else params.forbid(name);
  }
  const timeInForce = params.choice('timeInForce', ['GTC', 'IOC', 'FOK'], 'GTC', -1115);
  if (type !== 'MARKET') params.forbid('quoteOrderQty');
  // No trailing stops and no icebergs: refused rather than ignored, because ignoring them would be another order.
  params.forbid('trailingDelta', 'icebergQty');
  const quoteQuantity = params.decimal('quoteOrderQty');
  const quantity = readUnits(market, params, 'quantity');
  if (quantity !== null && quoteQuantity !== null) throw refuse(-1128);
  must('quantity', quantity ?? quoteQuantity);
  if (quoteQuantity !== null && quoteQuantity <= 0n) throw missing('quoteOrderQty');
  return {
    ...PLAIN_ORDER,
    side,
    type,
    timeInForce,
    quantity: quantity ?? 0n,
    quoteQuantity: quoteQuantity ?? 0n,
    price: readUnits(market, params, 'price') ?? 0n,
    stopPrice: readUnits(market, params, 'stopPrice') ?? 0n,
    clientId: params.matching('newClientOrderId', /^[a-zA-Z0-9-_]{1,36}$/),
    stp: params.choice('selfTradePreventionMode', STP_MODES, 'NONE'),
  };
}

/** A conditional order. Portfolio margin has older names for some parameters; both are taken. */
export function readAlgo(market: Market, params: Params, family: AccountKind): AlgoRequest {
  params.choice('algoType', ['CONDITIONAL'], null);
  const side = readSide(params);
  const type = must('type', params.choice(params.spelled('type', 'strategyType'), ALGO_TYPES, null, -1116));
  const trailing = type === 'TRAILING_STOP_MARKET';
  const closePosition = params.boolean('closePosition');
  const quantity = readUnits(market, params, 'quantity');
  if (closePosition) checkClosePosition(type, params);
  else must('quantity', quantity);
  const triggerPrice = readUnits(market, params, params.spelled('triggerPrice', 'stopPrice'));
  if (trailing) params.forbid('triggerPrice', 'stopPrice');
  else must('triggerPrice', triggerPrice);
  const priceMatch = params.text('priceMatch') ?? 'NONE';
  const price = readUnits(market, params, 'price');
  if (!isLimited(type)) params.forbid('price');
  else if (priceMatch === 'NONE') must('price', price);
  const timeInForce = params.choice('timeInForce', TIMES_IN_FORCE, 'GTC', -1115);
  const clientIdName = params.spelled('clientAlgoId', 'newClientStrategyId', 'newClientOrderId');
  return {
    type,
    side,
    timeInForce,
    priceMatch,
    closePosition,
    quantity: quantity ?? 0n,
    price: price ?? 0n,
    triggerPrice: triggerPrice ?? 0n,
    positionSide: readPositionSide(params),
    workingType: params.choice('workingType', ['MARK_PRICE', 'CONTRACT_PRICE'], 'CONTRACT_PRICE'),
    priceProtect: params.boolean('priceProtect'),
    reduceOnly: params.boolean('reduceOnly'),
    activatePrice: readUnits(market, params, params.spelled('activatePrice', 'activationPrice')) ?? 0n,
    callbackRate: trailing ? readCallbackRate(params) : 0n,
    clientId: readClientId(params, clientIdName, family),
    stp: params.choice('selfTradePreventionMode', STP_MODES, 'NONE'),
    goodTillDate: timeInForce === 'GTD' ? must('goodTillDate', params.integer('goodTillDate', null)) : 0,
  };
}

function checkClosePosition(type: string, params: Params): void {
  if (type !== 'STOP_MARKET' && type !== 'TAKE_PROFIT_MARKET') throw refuse(-4136);
  if (params.has('quantity')) throw refuse(-4137);
  params.forbid('reduceOnly');
}

/** 0.1 .. 10 percent, as hundredths of a percent. */
function readCallbackRate(params: Params): bigint {
  const rate = params.requiredDecimal('callbackRate');
  const hundredths = rate / 1_000_000n;
  if (rate % 10_000_000n !== 0n || hundredths < 10n || hundredths > 1_000n) throw refuse(-2007);
  return hundredths;
}

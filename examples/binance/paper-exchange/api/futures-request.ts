/** Reads a futures order from parameters: presence, enums, precision. What needs the account's state is the engine's. */

import type { FuturesRequest } from '../engine/futures.ts';
import type { Perpetual } from '../engine/instruments.ts';
import { Refusal, refuse } from '../engine/refusal.ts';
import type { Market, SelfTradePrevention, Side } from '../engine/state.ts';
import { missing, type Params } from './params.ts';

export const STP_MODES = [
  'NONE',
  'EXPIRE_TAKER',
  'EXPIRE_MAKER',
  'EXPIRE_BOTH',
] as const satisfies readonly SelfTradePrevention[];
export const TIMES_IN_FORCE = ['GTC', 'IOC', 'FOK', 'GTX', 'GTD'] as const;
const CONDITIONALS = ['STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'] as const;
const CLIENT_ID_36 = /^[.A-Z:/a-z0-9_-]{1,36}$/;
const CLIENT_ID_32 = /^[.A-Z:/a-z0-9_-]{1,32}$/;

const BAD_SIDE = { code: -1117, message: 'Invalid side.' };
export const BAD_TYPE = { code: -1116, message: 'Invalid orderType.' };
export const BAD_TIME_IN_FORCE = { code: -1115, message: 'Invalid timeInForce.' };

export function readSide(params: Params): Side {
  const side = params.choice('side', ['BUY', 'SELL'], null, BAD_SIDE);
  if (side === null) throw missing('side');
  return side;
}

/** A client order id in the family's spelling; null when absent. */
export function readClientId(params: Params, name: string, longest: 36 | 32): string | null {
  const id = params.text(name);
  if (id === null) return null;
  if (!(longest === 36 ? CLIENT_ID_36 : CLIENT_ID_32).test(id)) throw refuse(-4015);
  return id;
}

/** A price or quantity of a market; refuses more decimals than the market takes. */
export function readUnits(market: Market, params: Params, name: string, kind: 'price' | 'quantity'): bigint | null {
  const units = params.decimal(name);
  if (units === null) return null;
  const decimals = kind === 'price' ? market.spec.pricePrecision : market.spec.quantityPrecision;
  if (units % 10n ** BigInt(8 - decimals) !== 0n) throw refuse(-1111);
  return units;
}

export function readFuturesOrder(
  market: Market<Perpetual>,
  params: Params,
  family: 'classic' | 'portfolio',
): FuturesRequest {
  const side = readSide(params);
  const type = params.choice('type', ['LIMIT', 'MARKET', ...CONDITIONALS], null, BAD_TYPE);
  if (type === null) throw missing('type');
  if (type !== 'LIMIT' && type !== 'MARKET') throw refuse(-4120);
  const priceMatch = params.text('priceMatch') ?? 'NONE';
  const timeInForce = params.choice('timeInForce', TIMES_IN_FORCE, null, BAD_TIME_IN_FORCE);
  if (params.boolean('closePosition')) throw refuse(-4120);
  if (type === 'MARKET') params.forbid('timeInForce', 'price', 'goodTillDate');
  if (type === 'LIMIT' && timeInForce === null) throw missing('timeInForce');
  const quantity = readUnits(market, params, 'quantity', 'quantity');
  if (quantity === null) throw missing('quantity');
  if (priceMatch !== 'NONE') params.forbid('price');
  const price = readUnits(market, params, 'price', 'price');
  if (type === 'LIMIT' && price === null && priceMatch === 'NONE') throw missing('price');
  if (type === 'MARKET' && priceMatch !== 'NONE')
    throw new Refusal(-1106, "Parameter 'priceMatch' sent when not required.");
  const goodTillDate = params.integer('goodTillDate', 0);
  if (timeInForce === 'GTD' && goodTillDate === 0) throw missing('goodTillDate');
  if (timeInForce !== 'GTD') params.forbid('goodTillDate');
  return {
    side,
    type,
    positionSide: params.choice('positionSide', ['BOTH', 'LONG', 'SHORT'], 'BOTH'),
    timeInForce: timeInForce ?? 'GTC',
    quantity,
    price: price ?? 0n,
    reduceOnly: params.boolean('reduceOnly'),
    clientId: readClientId(params, 'newClientOrderId', family === 'classic' ? 36 : 32),
    stp: params.choice('selfTradePreventionMode', STP_MODES, 'NONE'),
    priceMatch,
    // Only whole seconds count.
    goodTillDate: Math.floor(goodTillDate / 1000) * 1000,
  };
}

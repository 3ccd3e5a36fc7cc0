/** Placing, cancelling and modifying futures orders. Everything is checked before anything changes. */

import { opposite, remaining, type Side } from './book.ts';
import { abs, max, min, mul, mulDiv } from './decimal.ts';
import { takeBound } from './futures-fill.ts';
import { notionalCap, type Perpetual } from './instruments.ts';
import { placementCost, reducible, type Sized, summarize } from './margin.ts';
import { canFill, endOrder, execute, unrest } from './match.ts';
import { clientKey, holdingOf, isOpen, newOrder, onlyReduces, openOrder } from './orders.ts';
import { best, levels, mark, minNotional, wouldTake } from './prices.ts';
import { Refusal, refuse } from './refusal.ts';
import type { Account, Holding, Market, Order, OrderRequest, PositionSide } from './state.ts';

const GOOD_TILL_MS_MIN = 600_000;
const GOOD_TILL_MS_MAX = 253_402_300_799_000;

/** Checks and places an order; returns it with whatever was filled at once. Throws a `Refusal` and then nothing has changed. */
export function placeFutures(account: Account, market: Market<Perpetual>, request: OrderRequest): Order {
  const holding = holdingOf(account, market);
  const priced = { ...request, price: matchedPrice(market, request) };
  checkFutures(holding, priced);
  checkExecution(holding, priced);
  const order = newOrder(account, market, priced);
  openOrder(order);
  market.venue.emit({ kind: 'order', order, execution: 'NEW' });
  execute(order);
  return order;
}

/** All checks but those of execution (post-only, FOK); what the test endpoint runs. */
export function checkFutures(holding: Holding, request: OrderRequest): void {
  const { account, market } = holding;
  checkFilters(market, request);
  if (request.clientId !== null && account.byClientId.has(clientKey(market, request.clientId))) throw refuse(-4116);
  if (request.type === 'LIMIT' && holding.open.size >= market.spec.ordersMax) throw refuse(-2025);
  checkMode(account, request);
  const closing = checkReduction(holding, request);
  if (onlyReduces(request)) return;
  const price = request.type === 'MARKET' ? assumedPrice(market, request.side) : request.price;
  const least = minNotional(market);
  if (mul(request.quantity, price) < least) {
    const shown = least / 100_000_000n;
    throw new Refusal(-4164, `Order's notional must be no smaller than ${shown} (unless you choose reduce only).`);
  }
  checkMargin(holding, { ...request, price, closing });
}

type Filtered = Pick<OrderRequest, 'side' | 'type' | 'timeInForce' | 'quantity' | 'price' | 'goodTillDate'>;

export function checkFilters(market: Market<Perpetual>, request: Filtered): void {
  const { spec, venue } = market;
  if (request.quantity <= 0n) throw refuse(-4003);
  if (request.quantity < spec.quantityMin) throw refuse(-4004);
  if (request.quantity > (request.type === 'MARKET' ? spec.marketQuantityMax : spec.quantityMax)) throw refuse(-4005);
  if (request.quantity % spec.step !== 0n) throw refuse(-4023);
  if (request.timeInForce === 'GTD') {
    const earliest = venue.now + GOOD_TILL_MS_MIN;
    if (request.goodTillDate <= earliest || request.goodTillDate >= GOOD_TILL_MS_MAX) throw refuse(-5040);
  }
  if (request.type !== 'LIMIT') return;
  if (request.price <= 0n) throw refuse(-4001);
  checkPrice(market, request.price);
  const markPrice = mark(market);
  if (request.side === 'BUY' && request.price > mul(markPrice, spec.bandUp)) throw refuse(-4016);
  if (request.side === 'SELL' && request.price < mul(markPrice, spec.bandDown)) throw refuse(-4024);
}

/** The price filter, for limit and trigger prices alike. */
export function checkPrice({ spec }: Market, price: bigint): void {
  if (price < spec.priceMin) throw refuse(-4013);
  if (price > spec.priceMax) throw refuse(-4002);
  if (price % spec.tick !== 0n) throw refuse(-4014);
}

/** The order's position side must fit the account's mode; hedge mode has no reduceOnly. */
export function checkMode(account: Account, request: { positionSide: PositionSide; reduceOnly: boolean }): void {
  if (account.dualSide === (request.positionSide === 'BOTH')) throw refuse(-4061);
  if (account.dualSide && request.reduceOnly)
    throw new Refusal(-1106, "Parameter 'reduceonly' sent when not required.");
}

/** Refuses an order that may only reduce and cannot; returns how much of the order closes. */
function checkReduction(holding: Holding, request: OrderRequest): bigint {
  const room = reducible(holding.positions[request.positionSide], request.side);
  if (!onlyReduces(request)) return request.positionSide === 'BOTH' ? min(room, request.quantity) : 0n;
  if (room === 0n) throw refuse(-2022);
  if (request.reduceOnly) return min(room, request.quantity);
  // Hedge mode: all closing orders together cannot exceed the position.
  let promised = request.quantity;
  for (const order of holding.open) {
    if (order.positionSide === request.positionSide && order.side === request.side) promised += remaining(order);
  }
  if (promised > room) throw refuse(-2022);
  return request.quantity;
}

/** Refuses what exceeds the bracket's notional at this leverage, or the free margin. */
function checkMargin(holding: Holding, request: Sized): void {
  const { market, account } = holding;
  const notional = mul(request.price, request.quantity);
  const position = mul(holding.positions[request.positionSide].quantity, mark(market));
  const side =
    request.side === 'BUY'
      ? abs(position + holding.bidNotional + notional)
      : abs(position - holding.askNotional - notional);
  const grows = request.quantity > request.closing;
  if (grows && side > notionalCap(market.spec.brackets, holding.leverage)) throw refuse(-2027);
  const cost = placementCost(holding, request);
  if (cost > 0n && summarize(account).free < cost) throw refuse(-2019);
}

/** What a market order is assumed to cost: a little over the best ask, or the better of bid and mark. */
function assumedPrice(market: Market<Perpetual>, side: Side): bigint {
  const touch = best(market, opposite(side));
  const markPrice = mark(market);
  if (touch === null) return markPrice;
  return side === 'BUY' ? mulDiv(touch, 10_005n, 10_000n) : max(touch, markPrice);
}

const DEPTHS: Readonly<Record<string, number>> = { '': 1, _5: 5, _10: 10, _20: 20 };

/** The price of a LIMIT order that names a place in the book (`QUEUE_5`, `OPPONENT`) instead of a price. */
function matchedPrice(market: Market<Perpetual>, request: OrderRequest): bigint {
  if (request.priceMatch === 'NONE') return request.price;
  const [, kind, suffix] = /^(OPPONENT|QUEUE)(|_5|_10|_20)$/.exec(request.priceMatch) ?? [];
  const depth = DEPTHS[suffix ?? ''] ?? 1;
  const side = kind === 'QUEUE' ? request.side : opposite(request.side);
  const price = levels(market, side, depth)[depth - 1]?.price;
  if (kind === undefined || price === undefined)
    throw new Refusal(-1130, "Data sent for parameter 'priceMatch' is not valid.");
  return price;
}

/** The checks a resting order would not need: how far a market order reaches, post-only, fill-or-kill. */
function checkExecution(holding: Holding, request: OrderRequest): void {
  const { account, market } = holding;
  const { side, price } = request;
  if (request.type === 'MARKET') {
    const touch = best(market, opposite(side));
    if (touch !== null && abs(touch - mark(market)) > takeBound(market)) throw refuse(-4131);
    return;
  }
  if (request.timeInForce === 'GTX' && wouldTake(market, side, price)) throw refuse(-5022);
  if (request.timeInForce === 'FOK') {
    const room = reducible(holding.positions[request.positionSide], side);
    if (onlyReduces(request) && room < request.quantity) throw refuse(-5021);
    if (!canFill(market, newOrder(account, market, request, true), price)) throw refuse(-5021);
  }
}

export function cancelAllFutures(holding: Holding): void {
  for (const order of holding.open) if (isOpen(order)) endOrder(order, 'CANCELED');
}

/**
 * Changes price and quantity of an open LIMIT order. A smaller quantity at the same price keeps its place in the queue,
 * anything else goes to the back. Cancels instead when nothing is left or when a post-only order would take.
 */
export function modifyFutures(
  holding: Holding,
  order: Order,
  side: Side,
  change: { quantity: bigint; price: bigint },
): void {
  const { market } = holding;
  const { price, quantity } = change;
  if (order.type !== 'LIMIT' || order.side !== side) throw refuse(-4509);
  if (order.price === price && order.quantity === quantity) throw refuse(-5027);
  checkFilters(market, { ...order, timeInForce: 'GTC', ...change });
  if (quantity > order.executed && !onlyReduces(order)) checkModifiedMargin(holding, order, change);
  const takes = order.timeInForce === 'GTX' && wouldTake(market, side, price);
  if (quantity <= order.executed || takes) endOrder(order, 'CANCELED');
  else applyModification(order, change);
}

/** Measures the changed order as if the old one were already gone. */
function checkModifiedMargin(holding: Holding, order: Order, change: { quantity: bigint; price: bigint }): void {
  const quantity = change.quantity - order.executed;
  const { side, positionSide, market } = order;
  market.rules.lock(order, -remaining(order));
  try {
    const room = positionSide === 'BOTH' ? reducible(holding.positions.BOTH, side) : 0n;
    checkMargin(holding, { side, positionSide, price: change.price, quantity, closing: min(room, quantity) });
  } finally {
    market.rules.lock(order, remaining(order));
  }
}

function applyModification(order: Order, change: { quantity: bigint; price: bigint }): void {
  const { market } = order;
  const { venue } = market;
  const less = order.quantity - change.quantity;
  if (change.price === order.price && less > 0n && order.level !== null) {
    order.level.total -= less;
    market.rules.lock(order, -less);
    order.quantity = change.quantity;
    market.changes += 1;
  } else {
    unrest(order);
    order.price = change.price;
    order.quantity = change.quantity;
    venue.nextId += 1;
    order.priority = venue.nextId;
  }
  order.updateTime = venue.now;
  venue.emit({ kind: 'order', order, execution: 'AMENDMENT' });
  if (order.level === null) execute(order);
}

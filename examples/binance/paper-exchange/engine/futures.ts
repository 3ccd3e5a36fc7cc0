/** Placing, cancelling and modifying futures orders. Everything is checked before anything changes. */

import { remaining } from './book.ts';
import { abs, max, min, mul, mulDiv } from './decimal.ts';
import { endOrder, futuresRules, holdingOf, onlyReduces, rest, unrest } from './futures-fill.ts';
import { notionalCap, type Perpetual } from './instruments.ts';
import { placementCost, reducible, summarize } from './margin.ts';
import { canFill, isOpen, match, opposite } from './match.ts';
import { best, mark, minNotional } from './prices.ts';
import { Refusal, refuse } from './refusal.ts';
import type {
  Account,
  Holding,
  Market,
  Order,
  PositionSide,
  SelfTradePrevention,
  Side,
  TimeInForce,
  Venue,
} from './state.ts';

export interface FuturesRequest {
  readonly side: Side;
  readonly type: 'LIMIT' | 'MARKET';
  readonly origType?: string;
  readonly positionSide: PositionSide;
  readonly timeInForce: TimeInForce;
  readonly quantity: bigint;
  /** 0 for MARKET. */
  readonly price: bigint;
  readonly reduceOnly: boolean;
  readonly closePosition?: boolean;
  readonly clientId: string | null;
  readonly stp: SelfTradePrevention;
  readonly priceMatch: string;
  readonly goodTillDate: number;
}

const GOOD_TILL_MS_MIN = 600_000;
const GOOD_TILL_MS_MAX = 253_402_300_799_000;

/** Checks and places an order; returns it with whatever was filled at once. Throws a `Refusal` and then nothing has changed. */
export function placeFutures(
  venue: Venue,
  account: Account,
  market: Market<Perpetual>,
  request: FuturesRequest,
): Order {
  const holding = holdingOf(account, market);
  const priced = { ...request, price: matchedPrice(venue, market, request) };
  checkFutures(venue, holding, priced);
  checkExecution(venue, market, account, priced);
  const order = newOrder(venue, account, market, priced);
  venue.orders.set(order.id, order);
  holding.open.add(order);
  account.byClientId.set(`futures:${market.spec.symbol}:${order.clientId}`, order);
  venue.emit({ kind: 'order', order, execution: 'NEW' });
  execute(venue, market, holding, order);
  return order;
}

/** All checks but those of execution (post-only, FOK); what the test endpoint runs. */
export function checkFutures(venue: Venue, holding: Holding, request: FuturesRequest): void {
  const { account, market } = holding;
  checkFilters(venue, market, request);
  if (request.clientId !== null && account.byClientId.has(`futures:${market.spec.symbol}:${request.clientId}`))
    throw refuse(-4116);
  if (request.type === 'LIMIT' && holding.open.size >= market.spec.ordersMax) throw refuse(-2025);
  checkMode(account, request);
  const closing = checkReduction(holding, request);
  const price = request.type === 'MARKET' ? assumedPrice(venue, market, request.side) : request.price;
  const least = minNotional(venue, market.spec);
  if (!onlyReduces(request) && mul(request.quantity, price) < least) {
    const shown = least / 100_000_000n;
    throw new Refusal(-4164, `Order's notional must be no smaller than ${shown} (unless you choose reduce only).`);
  }
  if (onlyReduces(request)) return;
  checkMargin(venue, holding, { ...request, price, closing });
}

export function checkFilters(venue: Venue, market: Market<Perpetual>, request: FuturesRequest): void {
  const { spec } = market;
  if (request.quantity <= 0n) throw refuse(-4003);
  if (request.quantity < spec.quantityMin) throw refuse(-4004);
  if (request.quantity > (request.type === 'MARKET' ? spec.marketQuantityMax : spec.quantityMax)) throw refuse(-4005);
  if (request.quantity % spec.step !== 0n) throw refuse(-4023);
  if (request.timeInForce === 'GTD') {
    const earliest = venue.now + GOOD_TILL_MS_MIN;
    if (request.goodTillDate <= earliest || request.goodTillDate >= GOOD_TILL_MS_MAX) throw refuse(-5040);
  }
  if (request.type === 'LIMIT') checkPrice(venue, market, request.side, request.price);
}

function checkPrice(venue: Venue, market: Market<Perpetual>, side: Side, price: bigint): void {
  const { spec } = market;
  if (price <= 0n) throw refuse(-4001);
  if (price < spec.priceMin) throw refuse(-4013);
  if (price > spec.priceMax) throw refuse(-4002);
  if (price % spec.tick !== 0n) throw refuse(-4014);
  const markPrice = mark(venue, market);
  if (side === 'BUY' && price > mul(markPrice, spec.bandUp)) throw refuse(-4016);
  if (side === 'SELL' && price < mul(markPrice, spec.bandDown)) throw refuse(-4024);
}

/** The order's position side must fit the account's mode; hedge mode has no reduceOnly. */
export function checkMode(account: Account, request: { positionSide: PositionSide; reduceOnly: boolean }): void {
  if (account.dualSide === (request.positionSide === 'BOTH')) throw refuse(-4061);
  if (account.dualSide && request.reduceOnly)
    throw new Refusal(-1106, "Parameter 'reduceonly' sent when not required.");
}

/** Refuses an order that may only reduce and cannot; returns how much of the order closes. */
function checkReduction(holding: Holding, request: FuturesRequest): bigint {
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

interface MarginRequest {
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly price: bigint;
  readonly quantity: bigint;
  readonly closing: bigint;
}

/** Refuses what exceeds the bracket's notional at this leverage, or the free margin. */
function checkMargin(venue: Venue, holding: Holding, request: MarginRequest): void {
  const { market, account } = holding;
  const notional = mul(request.price, request.quantity);
  const position = mul(holding.positions[request.positionSide].quantity, mark(venue, market));
  const side =
    request.side === 'BUY'
      ? abs(position + holding.bidNotional + notional)
      : abs(position - holding.askNotional - notional);
  const grows = request.quantity > request.closing;
  if (grows && side > notionalCap(market.spec.brackets, holding.leverage)) throw refuse(-2027);
  const cost = placementCost(venue, holding, request.positionSide, request);
  if (cost > 0n && summarize(venue, account).free < cost) throw refuse(-2019);
}

/** What a market order is assumed to cost: a little over the best ask, or the better of bid and mark. */
function assumedPrice(venue: Venue, market: Market<Perpetual>, side: Side): bigint {
  const touch = best(venue, market, opposite(side));
  const markPrice = mark(venue, market);
  if (touch === null) return markPrice;
  return side === 'BUY' ? mulDiv(touch, 10_005n, 10_000n) : max(touch, markPrice);
}

const DEPTHS: Readonly<Record<string, number>> = { '': 1, _5: 5, _10: 10, _20: 20 };

/** The price of a LIMIT order that names a place in the book (`QUEUE_5`, `OPPONENT`) instead of a price. */
function matchedPrice(venue: Venue, market: Market<Perpetual>, request: FuturesRequest): bigint {
  if (request.priceMatch === 'NONE') return request.price;
  const [, kind, suffix] = /^(OPPONENT|QUEUE)(|_5|_10|_20)$/.exec(request.priceMatch) ?? [];
  const depth = DEPTHS[suffix ?? ''];
  if (kind === undefined || depth === undefined)
    throw new Refusal(-1130, "Data sent for parameter 'priceMatch' is not valid.");
  best(venue, market, 'BUY');
  const side = kind === 'QUEUE' ? request.side : opposite(request.side);
  const prices = [...[...market.book.side(side)].slice(0, depth), ...market.house.side(side).slice(0, depth)].map(
    (level) => level.price,
  );
  prices.sort((a, b) => (a === b ? 0 : a < b === (side === 'BUY') ? 1 : -1));
  const price = [...new Set(prices)][depth - 1];
  if (price === undefined) throw new Refusal(-1130, "Data sent for parameter 'priceMatch' is not valid.");
  return price;
}

function checkExecution(venue: Venue, market: Market<Perpetual>, account: Account, request: FuturesRequest): void {
  if (request.type === 'MARKET') {
    const touch = best(venue, market, opposite(request.side));
    const markPrice = mark(venue, market);
    if (touch !== null && abs(touch - markPrice) > mul(markPrice, market.spec.marketTakeBound)) throw refuse(-4131);
    return;
  }
  if (request.timeInForce === 'GTX' && wouldTake(venue, market, request.side, request.price)) throw refuse(-5022);
  if (request.timeInForce === 'FOK') {
    const position = holdingOf(account, market).positions[request.positionSide];
    if (onlyReduces(request) && reducible(position, request.side) < request.quantity) throw refuse(-5021);
    const probe = { ...newOrder(venue, account, market, request, false) };
    if (!canFill(venue, market, probe, request.price)) throw refuse(-5021);
  }
}

export function wouldTake(venue: Venue, market: Market, side: Side, price: bigint): boolean {
  const touch = best(venue, market, opposite(side));
  return touch !== null && (side === 'BUY' ? price >= touch : price <= touch);
}

function newOrder(
  venue: Venue,
  account: Account,
  market: Market<Perpetual>,
  request: FuturesRequest,
  counted = true,
): Order {
  const id = venue.nextOrderId;
  if (counted) {
    venue.nextOrderId += 1n;
    venue.nextId += 1;
  }
  return {
    id,
    account,
    market,
    clientId: request.clientId ?? `paper-${id}`,
    side: request.side,
    type: request.type,
    origType: request.origType ?? request.type,
    timeInForce: request.timeInForce,
    positionSide: request.positionSide,
    reduceOnly: request.reduceOnly,
    closePosition: request.closePosition ?? false,
    stp: request.stp,
    priceMatch: request.priceMatch,
    goodTillDate: request.goodTillDate,
    price: request.price,
    quantity: request.quantity,
    executed: 0n,
    cumQuote: 0n,
    status: 'NEW',
    time: venue.now,
    updateTime: venue.now,
    priority: venue.nextId,
    stopPrice: 0n,
    working: true,
    workingTime: venue.now,
    quoteQuantity: 0n,
    icebergQuantity: 0n,
    level: null,
    previous: null,
    next: null,
  };
}

/** Matches a new or modified order and then rests or ends what is left. */
function execute(venue: Venue, market: Market<Perpetual>, holding: Holding, order: Order): void {
  match(venue, market, order, limitOf(venue, market, order), futuresRules(venue, market));
  if (!isOpen(order)) return;
  const rests = order.type === 'LIMIT' && order.timeInForce !== 'IOC' && order.timeInForce !== 'FOK';
  if (!rests || (onlyReduces(order) && reducible(holding.positions[order.positionSide], order.side) === 0n)) {
    endOrder(venue, market, order, 'EXPIRED');
    return;
  }
  rest(market, holding, order);
  if (order.timeInForce === 'GTD') venue.gtd.add(order);
}

/** A market order may walk the book only as far as the market's take bound. */
function limitOf(venue: Venue, market: Market<Perpetual>, order: Order): bigint {
  if (order.type === 'LIMIT') return order.price;
  const markPrice = mark(venue, market);
  const bound = mul(markPrice, market.spec.marketTakeBound);
  return order.side === 'BUY' ? markPrice + bound : markPrice - bound;
}

/** An account's order by id, else by client id. Null when it is not there or not the account's. */
export function findFutures(
  venue: Venue,
  account: Account,
  market: Market,
  by: { orderId: bigint | null; clientId: string | null },
): Order | null {
  if (by.orderId !== null) {
    const order = venue.orders.get(by.orderId);
    return order !== undefined && order.account === account && order.market === market ? order : null;
  }
  if (by.clientId === null) return null;
  const open = account.byClientId.get(`${market.spec.kind}:${market.spec.symbol}:${by.clientId}`);
  if (open !== undefined) return open;
  const done = account[market.spec.kind === 'futures' ? 'holdings' : 'pairs'].get(market.spec.symbol)?.done ?? [];
  for (let i = done.length - 1; i >= 0; i -= 1) if (done[i]?.clientId === by.clientId) return done[i] ?? null;
  return null;
}

/** Cancels an open order; -2011 for anything else. */
export function cancelFutures(venue: Venue, market: Market<Perpetual>, order: Order | null): Order {
  if (order === null || !isOpen(order)) throw refuse(-2011);
  endOrder(venue, market, order, 'CANCELED');
  return order;
}

export function cancelAllFutures(venue: Venue, holding: Holding): number {
  const open = [...holding.open];
  for (const order of open) if (isOpen(order)) endOrder(venue, holding.market, order, 'CANCELED');
  return open.length;
}

/**
 * Changes price and quantity of an open LIMIT order. A smaller quantity at the same price keeps its place in the queue,
 * anything else goes to the back. Cancels instead when nothing is left or when a post-only order would take.
 */
export function modifyFutures(
  venue: Venue,
  holding: Holding,
  order: Order | null,
  change: { side: Side; quantity: bigint; price: bigint },
): Order {
  const { market } = holding;
  if (order === null || !isOpen(order)) throw refuse(-2013);
  if (order.type !== 'LIMIT' || order.side !== change.side)
    throw new Refusal(-4509, 'Only limit orders can be modified, and their side stays.');
  if (order.price === change.price && order.quantity === change.quantity) throw refuse(-5027);
  const filters = {
    ...order,
    type: 'LIMIT' as const,
    timeInForce: 'GTC' as const,
    price: change.price,
    quantity: change.quantity,
  };
  checkFilters(venue, market, filters);
  if (change.quantity <= order.executed) {
    endOrder(venue, market, order, 'CANCELED');
    return order;
  }
  const open = change.quantity - order.executed;
  if (!onlyReduces(order)) checkModifiedMargin(venue, holding, order, { price: change.price, open });
  if (order.timeInForce === 'GTX' && wouldTake(venue, market, order.side, change.price)) {
    endOrder(venue, market, order, 'CANCELED');
    return order;
  }
  applyModification(venue, holding, order, change);
  return order;
}

/** Measures the changed order as if the old one were already gone. */
function checkModifiedMargin(
  venue: Venue,
  holding: Holding,
  order: Order,
  changed: { price: bigint; open: bigint },
): void {
  const locked = mul(order.price, remaining(order));
  const side = order.side === 'BUY' ? 'bidNotional' : 'askNotional';
  holding[side] -= locked;
  try {
    const room = order.positionSide === 'BOTH' ? reducible(holding.positions.BOTH, order.side) : 0n;
    checkMargin(venue, holding, {
      side: order.side,
      positionSide: order.positionSide,
      price: changed.price,
      quantity: changed.open,
      closing: min(room, changed.open),
    });
  } finally {
    holding[side] += locked;
  }
}

function applyModification(
  venue: Venue,
  holding: Holding,
  order: Order,
  change: { quantity: bigint; price: bigint },
): void {
  const { market } = holding;
  const keepsPlace = change.price === order.price && change.quantity < order.quantity;
  if (keepsPlace && order.level !== null) {
    const less = order.quantity - change.quantity;
    order.level.total -= less;
    if (!onlyReduces(order)) holding[order.side === 'BUY' ? 'bidNotional' : 'askNotional'] -= mul(order.price, less);
    order.quantity = change.quantity;
    market.changes += 1;
  } else {
    unrest(market, holding, order);
    order.price = change.price;
    order.quantity = change.quantity;
    venue.nextId += 1;
    order.priority = venue.nextId;
  }
  order.updateTime = venue.now;
  venue.emit({ kind: 'order', order, execution: 'AMENDMENT' });
  if (order.level === null) execute(venue, market, holding, order);
}

/** Spot orders: funds are locked when an order is placed and move when it trades. Checked before anything changes. */

import { remaining } from './book.ts';
import { min, mul, mulDiv, ONE } from './decimal.ts';
import { wouldTake } from './futures.ts';
import type { SpotPair } from './instruments.ts';
import { canFill, isOpen, match, type TradeRules } from './match.ts';
import { last, minNotional, quoteHouse } from './prices.ts';
import { credit, finish, nextTradeId, recordPublic, recordTrade } from './records.ts';
import { Refusal, refuse } from './refusal.ts';
import type {
  Account,
  Balance,
  Market,
  Order,
  PairHolding,
  SelfTradePrevention,
  Side,
  TimeInForce,
  Trade,
  Venue,
} from './state.ts';
import { balanceOf } from './wallets.ts';

export const SPOT_TYPES = [
  'LIMIT',
  'MARKET',
  'STOP_LOSS',
  'STOP_LOSS_LIMIT',
  'TAKE_PROFIT',
  'TAKE_PROFIT_LIMIT',
  'LIMIT_MAKER',
] as const;
export type SpotType = (typeof SPOT_TYPES)[number];

export interface SpotRequest {
  readonly side: Side;
  readonly type: SpotType;
  readonly timeInForce: TimeInForce;
  /** 0 when the order is sized by `quoteQuantity`. */
  readonly quantity: bigint;
  readonly quoteQuantity: bigint;
  readonly price: bigint;
  readonly stopPrice: bigint;
  readonly icebergQuantity: bigint;
  readonly clientId: string | null;
  readonly stp: SelfTradePrevention;
}

/** Stop orders an account may have waiting per pair, and the largest limit order in 1e-8 USDT. */
export const SPOT_STOPS_MAX = 5;
export const SPOT_NOTIONAL_MAX = 9_000_000n * ONE;

const isStop = (type: string): boolean => type.startsWith('STOP_LOSS') || type.startsWith('TAKE_PROFIT');
const isPriced = (type: string): boolean => type === 'LIMIT' || type === 'LIMIT_MAKER' || type.endsWith('_LIMIT');

const filterFailure = (filter: string): Refusal => new Refusal(-1013, `Filter failure: ${filter}`);
const rejected = (message: string): Refusal => new Refusal(-2010, message);

export function pairOf(account: Account, market: Market<SpotPair>): PairHolding {
  const found = account.pairs.get(market.spec.symbol);
  if (found !== undefined) return found;
  const holding: PairHolding = { market, open: new Set(), done: [], trades: [] };
  account.pairs.set(market.spec.symbol, holding);
  return holding;
}

/** Checks and places an order; returns it with whatever was filled at once. Throws a `Refusal` and then nothing has changed. */
export function placeSpot(venue: Venue, account: Account, market: Market<SpotPair>, request: SpotRequest): Order {
  checkSpot(venue, account, market, request);
  const holding = pairOf(account, market);
  const order = newSpotOrder(venue, account, market, request);
  if (order.timeInForce === 'FOK' && !isStop(order.type) && !canFill(venue, market, order, order.price))
    return recordUnfilled(venue, holding, order);
  venue.orders.set(order.id, order);
  holding.open.add(order);
  account.byClientId.set(`spot:${market.spec.symbol}:${order.clientId}`, order);
  lockFunds(order, 1n);
  if (isStop(order.type)) market.stops.add(order);
  else executeSpot(venue, market, order);
  return order;
}

/** A fill-or-kill order that cannot be filled exists, but only in the history. */
function recordUnfilled(venue: Venue, holding: PairHolding, order: Order): Order {
  order.status = 'EXPIRED';
  venue.orders.set(order.id, order);
  finish(venue, holding, order);
  return order;
}

export function checkSpot(venue: Venue, account: Account, market: Market<SpotPair>, request: SpotRequest): void {
  const { spec } = market;
  checkPrices(venue, market, request);
  checkQuantity(venue, market, request);
  if (request.clientId !== null && account.byClientId.has(`spot:${spec.symbol}:${request.clientId}`))
    throw rejected('Duplicate order sent.');
  if (pairOf(account, market).open.size >= spec.ordersMax && request.type !== 'MARKET')
    throw filterFailure('MAX_NUM_ORDERS');
  if (isStop(request.type) && stopsOf(account, market) >= SPOT_STOPS_MAX) throw filterFailure('MAX_NUM_ALGO_ORDERS');
  if (isStop(request.type) && triggers(request, last(venue, market)))
    throw rejected('Order would trigger immediately.');
  if (needed(venue, market, request) > fundsFor(account, market, request.side).free)
    throw rejected('Account has insufficient balance for requested action.');
  if (request.type === 'LIMIT_MAKER' && wouldTake(venue, market, request.side, request.price))
    throw rejected('Order would immediately match and take.');
}

function stopsOf(account: Account, market: Market<SpotPair>): number {
  let count = 0;
  for (const order of pairOf(account, market).open) if (isStop(order.type) && !order.working) count += 1;
  return count;
}

function checkPrices(venue: Venue, market: Market<SpotPair>, request: SpotRequest): void {
  const { spec } = market;
  const prices = [
    ...(isPriced(request.type) ? [request.price] : []),
    ...(isStop(request.type) ? [request.stopPrice] : []),
  ];
  for (const price of prices) {
    if (price < spec.priceMin || price > spec.priceMax || price % spec.tick !== 0n) throw filterFailure('PRICE_FILTER');
  }
  if (!isPriced(request.type)) return;
  const reference = last(venue, market);
  if (request.price > mul(reference, spec.bandUp) || request.price < mul(reference, spec.bandDown))
    throw filterFailure('PERCENT_PRICE_BY_SIDE');
}

function checkQuantity(venue: Venue, market: Market<SpotPair>, request: SpotRequest): void {
  const { spec } = market;
  const least = minNotional(venue, spec);
  if (request.quoteQuantity > 0n) {
    if (request.quoteQuantity < least) throw filterFailure('NOTIONAL');
    return;
  }
  const { quantity } = request;
  if (quantity < spec.quantityMin || quantity > spec.quantityMax || quantity % spec.step !== 0n)
    throw filterFailure('LOT_SIZE');
  if (!isPriced(request.type) && quantity > spec.marketQuantityMax) throw filterFailure('MARKET_LOT_SIZE');
  const price = isPriced(request.type) ? request.price : isStop(request.type) ? request.stopPrice : last(venue, market);
  const notional = mul(price, quantity);
  if (notional < least || (isPriced(request.type) && notional > SPOT_NOTIONAL_MAX)) throw filterFailure('NOTIONAL');
}

const fundsFor = (account: Account, market: Market<SpotPair>, side: Side): Balance =>
  balanceOf(account, side === 'BUY' ? market.spec.quote : market.spec.base);

/** What must be free to place the order. A market buy is measured by walking the book. */
function needed(venue: Venue, market: Market<SpotPair>, request: SpotRequest): bigint {
  if (request.side === 'SELL')
    return request.quoteQuantity > 0n ? mulDiv(request.quoteQuantity, ONE, last(venue, market)) : request.quantity;
  if (request.quoteQuantity > 0n) return request.quoteQuantity;
  if (isPriced(request.type)) return mul(request.price, request.quantity);
  if (isStop(request.type)) return mul(request.stopPrice, request.quantity);
  return costToBuy(venue, market, request.quantity);
}

function costToBuy(venue: Venue, market: Market<SpotPair>, quantity: bigint): bigint {
  quoteHouse(venue, market);
  const offers = market.house.asks.map((quote) => ({ price: quote.price, size: quote.left }));
  for (const level of market.book.asks) offers.push({ price: level.price, size: level.total });
  offers.sort((a, b) => (a.price < b.price ? -1 : a.price > b.price ? 1 : 0));
  let left = quantity;
  let cost = 0n;
  for (const offer of offers) {
    if (left === 0n) break;
    const part = min(left, offer.size);
    cost += mul(part, offer.price);
    left -= part;
  }
  return cost;
}

function newSpotOrder(venue: Venue, account: Account, market: Market<SpotPair>, request: SpotRequest): Order {
  const id = venue.nextOrderId;
  venue.nextOrderId += 1n;
  venue.nextId += 1;
  const waits = isStop(request.type);
  return {
    id,
    account,
    market,
    clientId: request.clientId ?? `paper-${id}`,
    side: request.side,
    type: request.type,
    origType: request.type,
    timeInForce: request.timeInForce,
    positionSide: 'BOTH',
    reduceOnly: false,
    closePosition: false,
    stp: request.stp,
    priceMatch: 'NONE',
    goodTillDate: 0,
    price: isPriced(request.type) ? request.price : 0n,
    quantity: request.quantity > 0n ? request.quantity : quoteSized(market, request.quoteQuantity),
    executed: 0n,
    cumQuote: 0n,
    status: 'NEW',
    time: venue.now,
    updateTime: venue.now,
    priority: venue.nextId,
    stopPrice: request.stopPrice,
    working: !waits,
    workingTime: waits ? -1 : venue.now,
    quoteQuantity: request.quoteQuantity,
    icebergQuantity: request.icebergQuantity,
    level: null,
    previous: null,
    next: null,
  };
}

/** An upper bound for a quote-sized order's quantity; what it trades is decided by `room`, and then this is set to it. */
const quoteSized = (market: Market<SpotPair>, quote: bigint): bigint => {
  const lots = (quote * ONE) / (market.spec.priceMin * market.spec.step);
  return lots * market.spec.step;
};

/** Locks (+1) or frees (-1) what the open part of an order has to keep ready. Market orders keep nothing. */
function lockFunds(order: Order, sign: 1n | -1n): void {
  const amount = lockedBy(order);
  if (amount === 0n) return;
  const balance = fundsFor(order.account, order.market as Market<SpotPair>, order.side);
  balance.free -= sign * amount;
  balance.locked += sign * amount;
}

/** What an open spot order keeps locked, in 1e-8 of base (SELL) or quote (BUY). */
function lockedBy(order: Order): bigint {
  const waits = isStop(order.type) && !order.working;
  if (!isPriced(order.type) && !waits) return 0n;
  const left = remaining(order);
  if (order.side === 'SELL') return left;
  return mul(isPriced(order.type) ? order.price : order.stopPrice, left);
}

function executeSpot(venue: Venue, market: Market<SpotPair>, order: Order): void {
  match(venue, market, order, isPriced(order.type) ? order.price : null, spotRules(venue, market));
  if (order.quoteQuantity > 0n) settleQuoteSized(venue, market, order);
  if (!isOpen(order)) return;
  if (!isPriced(order.type) || order.timeInForce === 'IOC' || order.timeInForce === 'FOK') {
    endSpot(venue, market, order, 'EXPIRED');
    return;
  }
  market.book.add(order);
  market.changes += 1;
}

/** A quote-sized order's quantity is what it got; it is filled when less than one step is left of its budget. */
function settleQuoteSized(venue: Venue, market: Market<SpotPair>, order: Order): void {
  order.quantity = order.executed;
  const left = order.quoteQuantity - order.cumQuote;
  if (order.executed > 0n && left < mul(market.lastPrice, market.spec.step)) close(venue, market, order, 'FILLED');
}

export function spotRules(venue: Venue, market: Market<SpotPair>): TradeRules {
  return {
    room: (order, price) => spotRoom(market, order, price),
    fill: (taker, maker, price, quantity) => {
      const id = nextTradeId(venue, market);
      recordPublic(venue, market, { id, price, quantity, buyerIsMaker: taker.side === 'SELL' });
      if (maker === null) spotHouse(venue, market, taker.side, price, quantity);
      fillSpot(venue, market, taker, { id, price, quantity, maker: false });
      if (maker !== null) fillSpot(venue, market, maker, { id, price, quantity, maker: true });
    },
    taken: (maker, quantity) => {
      const id = nextTradeId(venue, market);
      recordPublic(venue, market, { id, price: maker.price, quantity, buyerIsMaker: maker.side === 'BUY' });
      spotHouse(venue, market, maker.side, maker.price, quantity);
      fillSpot(venue, market, maker, { id, price: maker.price, quantity, maker: true });
    },
    end: (order, status) => endSpot(venue, market, order, status),
  };
}

/** How much an order can pay for at `price`. A priced order has its funds locked; the others spend what is free. */
function spotRoom(market: Market<SpotPair>, order: Order, price: bigint): bigint {
  const left = remaining(order);
  if (isPriced(order.type)) return left;
  const { free } = fundsFor(order.account, market, order.side);
  const { step } = market.spec;
  const wholeSteps = (quantity: bigint): bigint => (quantity / step) * step;
  if (order.quoteQuantity > 0n) {
    const budget = order.quoteQuantity - order.cumQuote;
    const affordable = order.side === 'BUY' ? min(budget, free) : budget;
    const room = wholeSteps(mulDivFloor(affordable, ONE, price));
    return order.side === 'SELL' ? min(room, wholeSteps(free)) : room;
  }
  const affordable = order.side === 'BUY' ? wholeSteps(mulDivFloor(free, ONE, price)) : wholeSteps(free);
  return min(left, affordable);
}

const mulDivFloor = (a: bigint, b: bigint, c: bigint): bigint => (a * b) / c;

function spotHouse(venue: Venue, market: Market<SpotPair>, side: Side, price: bigint, quantity: bigint): void {
  const sign = side === 'BUY' ? -1n : 1n;
  market.houseQuantity += sign * quantity;
  credit(venue.ledger.house, market.spec.base, sign * quantity);
  credit(venue.ledger.house, market.spec.quote, -sign * mul(price, quantity));
}

/** Books one side of a spot trade: funds, fee in what is received, order, record. */
function fillSpot(
  venue: Venue,
  market: Market<SpotPair>,
  order: Order,
  trade: { id: number; price: bigint; quantity: bigint; maker: boolean },
): void {
  const { account } = order;
  const { spec } = market;
  const holding = pairOf(account, market);
  const quote = mul(trade.price, trade.quantity);
  const buys = order.side === 'BUY';
  lockFunds(order, -1n);
  market.book.filled(order, trade.quantity);
  order.executed += trade.quantity;
  order.cumQuote += quote;
  order.updateTime = venue.now;
  order.status = remaining(order) === 0n ? 'FILLED' : 'PARTIALLY_FILLED';
  const rate = trade.maker ? spec.makerFee : spec.takerFee;
  const received = buys ? trade.quantity : quote;
  const fee = mulDiv(received, rate, ONE);
  const feeAsset = buys ? spec.base : spec.quote;
  balanceOf(account, buys ? spec.quote : spec.base).free -= buys ? quote : trade.quantity;
  balanceOf(account, feeAsset).free += received - fee;
  credit(venue.ledger.fees, feeAsset, fee);
  lockFunds(order, 1n);
  account.updateTime = venue.now;
  const { id, price, quantity, maker } = trade;
  const record: Trade = { id, order, price, quantity, quote, fee, feeAsset, realized: 0n, maker, time: venue.now };
  recordTrade(holding, record);
  if (order.status === 'FILLED') close(venue, market, order, 'FILLED');
  venue.emit({ kind: 'order', order, execution: 'TRADE', trade: record });
}

/** Takes an order off book, stop list and client ids, and files it. Its funds must be free already or lock nothing. */
function close(venue: Venue, market: Market<SpotPair>, order: Order, status: Order['status']): void {
  market.book.remove(order);
  market.stops.delete(order);
  order.status = status;
  order.updateTime = venue.now;
  order.account.byClientId.delete(`spot:${market.spec.symbol}:${order.clientId}`);
  finish(venue, pairOf(order.account, market), order);
}

function endSpot(
  venue: Venue,
  market: Market<SpotPair>,
  order: Order,
  status: 'CANCELED' | 'EXPIRED' | 'EXPIRED_IN_MATCH',
): void {
  lockFunds(order, -1n);
  close(venue, market, order, status);
  market.changes += 1;
  venue.emit({ kind: 'order', order, execution: status === 'CANCELED' ? 'CANCELED' : 'EXPIRED' });
}

export type CancelRestriction = 'ONLY_NEW' | 'ONLY_PARTIALLY_FILLED';

export function cancelSpot(
  venue: Venue,
  market: Market<SpotPair>,
  order: Order | null,
  restriction: CancelRestriction | null = null,
): Order {
  if (order === null || !isOpen(order)) throw refuse(-2011);
  const wanted = restriction === 'ONLY_NEW' ? 'NEW' : 'PARTIALLY_FILLED';
  if (restriction !== null && order.status !== wanted)
    throw new Refusal(-2011, 'Order was not canceled due to cancel restrictions.');
  endSpot(venue, market, order, 'CANCELED');
  return order;
}

/** Whether a stop order's trigger is reached at `price`. */
function triggers(order: { type: string; side: Side; stopPrice: bigint }, price: bigint): boolean {
  const rising = order.type.startsWith('STOP_LOSS') === (order.side === 'BUY');
  return rising ? price >= order.stopPrice : price <= order.stopPrice;
}

/** Sends every stop order whose trigger is reached into the market; says whether there was one. */
export function triggerStops(venue: Venue, market: Market<SpotPair>): boolean {
  let fired = false;
  for (const order of market.stops) {
    if (!triggers(order, last(venue, market))) continue;
    fired = true;
    market.stops.delete(order);
    lockFunds(order, -1n);
    order.working = true;
    // It joins the queue now, not when it was placed.
    venue.nextId += 1;
    order.priority = venue.nextId;
    order.workingTime = venue.now;
    order.updateTime = venue.now;
    lockFunds(order, 1n);
    executeSpot(venue, market, order);
  }
  return fired;
}

/** Spot orders: funds are locked when an order is placed and move when it trades. Checked before anything changes. */

import type { Side } from './book.ts';
import { min, mul, mulDiv, ONE } from './decimal.ts';
import type { SpotPair } from './instruments.ts';
import { canFill, endOrder, execute, isPriced, match } from './match.ts';
import { clientKey, closeOrder, dealingsOf, isOpen, newOrder, openOrder } from './orders.ts';
import { last, levels, minNotional, wouldTake } from './prices.ts';
import { balanceOf, credit } from './records.ts';
import { Refusal } from './refusal.ts';
import type { Account, Balance, Fill, Market, MarketRules, Order, OrderRequest, Trade } from './state.ts';

/** Stop orders an account may have waiting per pair, and the largest limit order in 1e-8 USDT. */
export const SPOT_STOPS_MAX = 5;
export const SPOT_NOTIONAL_MAX = 9_000_000n * ONE;
const isStop = (type: string): boolean => type.startsWith('STOP_LOSS') || type.startsWith('TAKE_PROFIT');
const filterFailure = (filter: string): Refusal => new Refusal(-1013, `Filter failure: ${filter}`);
const rejected = (message: string): Refusal => new Refusal(-2010, message);

/** Checks and places an order; returns it with whatever was filled at once. Throws a `Refusal` and then nothing has changed. */
export function placeSpot(account: Account, market: Market<SpotPair>, request: OrderRequest): Order {
  checkSpot(account, market, request);
  const waits = isStop(request.type);
  const quantity = request.quantity > 0n ? request.quantity : quoteSized(market, request.quoteQuantity);
  const order = newOrder(account, market, { ...request, quantity });
  if (waits) Object.assign(order, { working: false, workingTime: -1 });
  const kills = order.timeInForce === 'FOK' && !waits && !canFill(market, order, order.price);
  openOrder(order);
  if (kills) {
    // It exists, but only in the history: it locked nothing and nobody hears of it.
    closeOrder(order, 'EXPIRED');
    return order;
  }
  if (!waits) executePair(order);
  else {
    market.stops.add(order);
    lock(order, order.quantity);
  }
  return order;
}

export function checkSpot(account: Account, market: Market<SpotPair>, request: OrderRequest): void {
  const { side, type, price } = request;
  const { open } = dealingsOf(account, market);
  const stops = [...open].filter((order) => isStop(order.type) && !order.working).length;
  checkPrices(market, request);
  checkQuantity(market, request);
  if (request.clientId !== null && account.byClientId.has(clientKey(market, request.clientId)))
    throw rejected('Duplicate order sent.');
  if (open.size >= market.spec.ordersMax && type !== 'MARKET') throw filterFailure('MAX_NUM_ORDERS');
  if (isStop(type) && stops >= SPOT_STOPS_MAX) throw filterFailure('MAX_NUM_ALGO_ORDERS');
  if (isStop(type) && triggers(request, last(market))) throw rejected('Order would trigger immediately.');
  if (needed(market, request) > fundsFor(account, market, side).free)
    throw rejected('Account has insufficient balance for requested action.');
  if (type === 'LIMIT_MAKER' && wouldTake(market, side, price))
    throw rejected('Order would immediately match and take.');
}

function checkPrices(market: Market<SpotPair>, { type, price, stopPrice }: OrderRequest): void {
  const { spec } = market;
  for (const given of [...(isPriced(type) ? [price] : []), ...(isStop(type) ? [stopPrice] : [])]) {
    if (given < spec.priceMin || given > spec.priceMax || given % spec.tick !== 0n) throw filterFailure('PRICE_FILTER');
  }
  const reference = last(market);
  if (isPriced(type) && (price > mul(reference, spec.bandUp) || price < mul(reference, spec.bandDown)))
    throw filterFailure('PERCENT_PRICE_BY_SIDE');
}

function checkQuantity(market: Market<SpotPair>, request: OrderRequest): void {
  const { type, quantity, quoteQuantity } = request;
  const { spec } = market;
  const least = minNotional(market);
  if (quoteQuantity > 0n) {
    if (quoteQuantity < least) throw filterFailure('NOTIONAL');
    return;
  }
  if (quantity < spec.quantityMin || quantity > spec.quantityMax || quantity % spec.step !== 0n)
    throw filterFailure('LOT_SIZE');
  if (!isPriced(type) && quantity > spec.marketQuantityMax) throw filterFailure('MARKET_LOT_SIZE');
  const notional = mul(priceOf(request) ?? last(market), quantity);
  if (notional < least || (isPriced(type) && notional > SPOT_NOTIONAL_MAX)) throw filterFailure('NOTIONAL');
}

/** The price an order is measured by: its limit or its trigger; null for a market order. */
const priceOf = ({ type, price, stopPrice }: OrderRequest): bigint | null =>
  isPriced(type) ? price : isStop(type) ? stopPrice : null;
const fundsFor = (account: Account, market: Market, side: Side): Balance =>
  balanceOf(account, side === 'BUY' ? market.spec.quote : market.spec.base);

/** What must be free to place the order. A market buy is measured by walking the book. */
function needed(market: Market<SpotPair>, request: OrderRequest): bigint {
  const { side, quantity, quoteQuantity } = request;
  const price = priceOf(request);
  if (side === 'SELL') return quoteQuantity > 0n ? mulDiv(quoteQuantity, ONE, last(market)) : quantity;
  if (quoteQuantity > 0n) return quoteQuantity;
  return price === null ? costToBuy(market, quantity) : mul(price, quantity);
}

function costToBuy(market: Market<SpotPair>, quantity: bigint): bigint {
  let [left, cost] = [quantity, 0n];
  for (const offer of levels(market, 'SELL')) {
    const part = min(left, offer.size);
    cost += mul(part, offer.price);
    left -= part;
  }
  return cost;
}

/** An upper bound for a quote-sized order's quantity; what it trades is decided by `room`, and then this is set to it. */
const quoteSized = ({ spec }: Market<SpotPair>, quote: bigint): bigint =>
  ((quote * ONE) / (spec.priceMin * spec.step)) * spec.step;

/** What an open spot order keeps ready: base (SELL) or quote (BUY). Market orders keep nothing. */
function lock(order: Order, quantity: bigint): void {
  const price = isPriced(order.type) ? order.price : order.working ? 0n : order.stopPrice;
  if (price === 0n) return;
  const amount = order.side === 'SELL' ? quantity : mul(price, quantity);
  const balance = fundsFor(order.account, order.market, order.side);
  balance.free -= amount;
  balance.locked += amount;
}

/** How much an order can pay for at `price`: a priced order all of it, the others what is free allows. */
function room(order: Order, price: bigint): bigint {
  if (isPriced(order.type)) return order.quantity;
  const { free } = fundsFor(order.account, order.market, order.side);
  const { step } = order.market.spec;
  const wholeSteps = (quantity: bigint): bigint => (quantity / step) * step;
  const worth = (quote: bigint): bigint => wholeSteps((quote * ONE) / price);
  const affordable = order.side === 'BUY' ? worth(free) : wholeSteps(free);
  return order.quoteQuantity > 0n ? min(affordable, worth(order.quoteQuantity - order.cumQuote)) : affordable;
}

/** Moves what was sold and what was bought; the fee is taken from what is received. */
function settle(order: Order, fill: Fill, quote: bigint): Pick<Trade, 'fee' | 'feeAsset' | 'realized'> {
  const { account, market } = order;
  const { spec, venue } = market;
  const buys = order.side === 'BUY';
  const [paid, received] = buys ? [quote, fill.quantity] : [fill.quantity, quote];
  const [pays, feeAsset] = buys ? [spec.quote, spec.base] : [spec.base, spec.quote];
  const fee = mul(received, fill.maker ? spec.makerFee : spec.takerFee);
  balanceOf(account, pays).free -= paid;
  balanceOf(account, feeAsset).free += received - fee;
  credit(venue.ledger.fees, feeAsset, fee);
  account.updateTime = venue.now;
  return { fee, feeAsset, realized: 0n };
}

const limit = ({ type, price }: Order): bigint | null => (isPriced(type) ? price : null);
export const spotRules: MarketRules = { room, limit, lock, settle, filled: () => undefined };

/** Matches; a quote-sized order's quantity is what it got, and it is filled when less than one step of its budget is left. */
function executePair(order: Order): void {
  const { market } = order;
  if (order.quoteQuantity === 0n) {
    execute(order);
    return;
  }
  match(market, order, null);
  order.quantity = order.executed;
  const left = order.quoteQuantity - order.cumQuote;
  if (order.executed > 0n && left < mul(market.lastPrice, market.spec.step)) closeOrder(order, 'FILLED');
  if (isOpen(order)) endOrder(order, 'EXPIRED');
}

/** Whether a stop order's trigger is reached at `price`. */
function triggers(order: { type: string; side: Side; stopPrice: bigint }, price: bigint): boolean {
  const rising = order.type.startsWith('STOP_LOSS') === (order.side === 'BUY');
  return rising ? price >= order.stopPrice : price <= order.stopPrice;
}

/** Sends every stop order whose trigger is reached into the market; says whether there was one. */
export function triggerStops(market: Market<SpotPair>): boolean {
  const { venue } = market;
  let fired = false;
  for (const order of market.stops) {
    if (!triggers(order, last(market))) continue;
    fired = true;
    market.stops.delete(order);
    lock(order, -order.quantity);
    order.working = true;
    // It joins the queue now, not when it was placed.
    venue.nextId += 1;
    order.priority = venue.nextId;
    order.workingTime = venue.now;
    order.updateTime = venue.now;
    execute(order);
  }
  return fired;
}

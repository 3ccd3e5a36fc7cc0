/**
 * Matching by price and time, and what it leads to. A taker walks the other side of the book: users before the house at
 * the same price, older orders before newer ones, always at the price of the order that was there first.
 */

import { opposite, remaining, type Side } from './book.ts';
import { min, mul } from './decimal.ts';
import { closeOrder, dealingsOf, isOpen, onlyReduces } from './orders.ts';
import { quoteHouse } from './prices.ts';
import { credit, nextTradeId, pushBounded } from './records.ts';
import type { Ending, Fill, Market, Order } from './state.ts';

const TRADES_MAX = 10_000;
const PUBLIC_TRADES_MAX = 1_000;
export const isPriced = (type: string): boolean => type.endsWith('LIMIT') || type === 'LIMIT_MAKER';

/** Matches an order that is new, changed or triggered, and then rests or ends what is left. */
export function execute(order: Order): void {
  const { market, timeInForce } = order;
  match(market, order, market.rules.limit(order));
  if (!isOpen(order)) return;
  const rests = isPriced(order.type) && timeInForce !== 'IOC' && timeInForce !== 'FOK' && roomOf(order) > 0n;
  if (rests) rest(order);
  else endOrder(order, 'EXPIRED');
}

function rest(order: Order): void {
  const { market } = order;
  market.rules.lock(order, remaining(order));
  market.book.add(order);
  market.changes += 1;
  if (order.timeInForce === 'GTD') market.venue.gtd.add(order);
}

/** Takes a resting order out of the book and frees what it locked; does nothing to one that does not rest. */
export function unrest(order: Order): void {
  const { market } = order;
  if (order.level === null) return;
  market.rules.lock(order, -remaining(order));
  market.book.remove(order);
  market.changes += 1;
}

/** Ends an open order, frees what it locked and tells the stream. */
export function endOrder(order: Order, status: Ending): void {
  const { market } = order;
  if (!order.working) market.rules.lock(order, -remaining(order));
  unrest(order);
  closeOrder(order, status);
  market.venue.emit({ kind: 'order', order, execution: status === 'CANCELED' ? status : 'EXPIRED' });
}

/** How much of the order may trade at `price`. */
export const roomOf = (order: Order, price = order.price): bigint =>
  min(remaining(order), order.market.rules.room(order, price));

/** Books a trade: publicly, with the house in the part of whoever is null, and for each user. */
export function trade(market: Market, taker: Order | null, maker: Order | null, price: bigint, quantity: bigint): void {
  const { venue } = market;
  const id = nextTradeId(market);
  const buyerIsMaker = taker === null ? maker?.side === 'BUY' : taker.side === 'SELL';
  market.lastPrice = price;
  market.lastSecond = venue.second;
  market.changes += 1;
  pushBounded(market.trades, { id, price, quantity, buyerIsMaker, time: venue.now }, PUBLIC_TRADES_MAX);
  const alone = taker === null ? maker : maker === null ? taker : null;
  if (alone !== null) settleWithHouse(alone, price, quantity);
  if (taker !== null) fillOrder(taker, { id, price, quantity, maker: false });
  if (maker !== null) fillOrder(maker, { id, price, quantity, maker: true });
}

/** The house's half of a trade with a user's order: cash against quantity, which on spot is an asset too. */
function settleWithHouse({ side, market }: Order, price: bigint, quantity: bigint): void {
  const { spec, venue } = market;
  const bought = side === 'BUY' ? -quantity : quantity;
  market.houseQuantity += bought;
  if (spec.kind === 'spot') credit(venue.ledger.house, spec.base, bought);
  credit(venue.ledger.house, spec.quote, -mul(price, bought));
}

function fillOrder(order: Order, fill: Fill): void {
  const { account, market } = order;
  const { venue, rules } = market;
  const quote = mul(fill.price, fill.quantity);
  if (order.level !== null) rules.lock(order, -fill.quantity);
  market.book.filled(order, fill.quantity);
  order.executed += fill.quantity;
  order.cumQuote += quote;
  order.updateTime = venue.now;
  order.status = remaining(order) === 0n ? 'FILLED' : 'PARTIALLY_FILLED';
  const booked = { ...fill, quote, ...rules.settle(order, fill, quote), order, time: venue.now };
  pushBounded(dealingsOf(account, market).trades, booked, TRADES_MAX);
  if (order.status === 'FILLED') closeOrder(order, 'FILLED');
  venue.emit({ kind: 'order', order, execution: 'TRADE', trade: booked });
  rules.filled(order);
}

/** Whether an order of `side` limited to `limit` accepts `price`; null accepts every price. */
const accepts = (side: Side, limit: bigint | null, price: bigint): boolean =>
  limit === null || (side === 'BUY' ? price <= limit : price >= limit);

/** Where the next trade of `side` would be made, or null. `user` tells whether a user's order is there. */
function touch(market: Market, side: Side): { price: bigint; user: boolean } | null {
  const user = market.book.against(side).best?.price;
  const house = market.house.side(opposite(side))[0]?.price;
  if (user === undefined) return house === undefined ? null : { price: house, user: false };
  if (house === undefined) return { price: user, user: true };
  const userFirst = side === 'BUY' ? user <= house : user >= house;
  return { price: userFirst ? user : house, user: userFirst };
}

/** Trades `taker` as far as price, its own room and the book allow. What is left is the caller's business. */
export function match(market: Market, taker: Order, limit: bigint | null): void {
  quoteHouse(market);
  while (remaining(taker) > 0n && isOpen(taker)) {
    const next = touch(market, taker.side);
    if (next === null || !accepts(taker.side, limit, next.price)) return;
    const room = roomOf(taker, next.price);
    if (room <= 0n) return;
    if (next.user) tradeWithUser(market, taker, room);
    else tradeWithHouse(market, taker, next.price, room);
  }
}

function tradeWithHouse(market: Market, taker: Order, price: bigint, room: bigint): void {
  const side = opposite(taker.side);
  const quantity = min(room, market.house.side(side)[0]?.left ?? 0n);
  market.house.take(side, quantity);
  trade(market, taker, null, price, quantity);
}

function tradeWithUser(market: Market, taker: Order, room: bigint): void {
  const maker = market.book.against(taker.side).best?.head;
  if (!maker) return;
  if (maker.account === taker.account && taker.stp !== 'NONE') {
    if (taker.stp !== 'EXPIRE_TAKER') endOrder(maker, 'EXPIRED_IN_MATCH');
    if (taker.stp !== 'EXPIRE_MAKER') endOrder(taker, 'EXPIRED_IN_MATCH');
    return;
  }
  const quantity = min(room, roomOf(maker));
  if (quantity > 0n) trade(market, taker, maker, maker.price, quantity);
  else endOrder(maker, 'EXPIRED');
}

/**
 * Whether `quantity` can be traded at once within `limit`, without trading. Own orders that self-trade prevention would
 * end do not count, nor do reduce-only orders, whose room may be used up on the way.
 */
export function canFill(market: Market, taker: Order, limit: bigint): boolean {
  quoteHouse(market);
  let found = 0n;
  for (const level of market.book.against(taker.side)) {
    if (!accepts(taker.side, limit, level.price)) break;
    for (let maker = level.head; maker !== null; maker = maker.next) {
      const own = maker.account === taker.account && taker.stp !== 'NONE';
      if (own && taker.stp !== 'EXPIRE_MAKER') return false;
      if (!own && !onlyReduces(maker)) found += remaining(maker);
      if (found >= taker.quantity) return true;
    }
  }
  for (const quote of market.house.side(opposite(taker.side))) {
    if (!accepts(taker.side, limit, quote.price)) break;
    found += quote.left;
    if (found >= taker.quantity) return true;
  }
  return false;
}

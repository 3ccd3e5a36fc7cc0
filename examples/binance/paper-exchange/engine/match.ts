/**
 * Matching by price and time. A taker walks the other side of the book: users before the house at the same price,
 * older orders before newer ones, always at the price of the order that was there first.
 */

import { remaining } from './book.ts';
import { min } from './decimal.ts';
import { quoteHouse } from './prices.ts';
import type { Market, Order, Side, Venue } from './state.ts';

/** What the market (spot or futures) decides about a trade. */
export interface TradeRules {
  /** How much of the order may trade at `price` now; 0 ends it. */
  room(order: Order, price: bigint): bigint;
  /** Books one trade; `maker` is null when the house is the counterparty. */
  fill(taker: Order, maker: Order | null, price: bigint, quantity: bigint): void;
  /** Books a trade in which the house takes `quantity` from a resting order. */
  taken(maker: Order, quantity: bigint): void;
  /** Ends an order that is still open. */
  end(order: Order, status: 'EXPIRED' | 'EXPIRED_IN_MATCH'): void;
}

export const opposite = (side: Side): Side => (side === 'BUY' ? 'SELL' : 'BUY');

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
export function match(venue: Venue, market: Market, taker: Order, limit: bigint | null, rules: TradeRules): void {
  quoteHouse(venue, market);
  while (remaining(taker) > 0n && isOpen(taker)) {
    const next = touch(market, taker.side);
    if (next === null || !accepts(taker.side, limit, next.price)) return;
    const room = min(remaining(taker), rules.room(taker, next.price));
    if (room <= 0n) return;
    if (next.user) tradeWithUser(market, taker, room, rules);
    else tradeWithHouse(market, taker, next.price, room, rules);
  }
}

export const isOpen = (order: Order): boolean => order.status === 'NEW' || order.status === 'PARTIALLY_FILLED';

function tradeWithHouse(market: Market, taker: Order, price: bigint, room: bigint, rules: TradeRules): void {
  const side = opposite(taker.side);
  const quantity = min(room, market.house.side(side)[0]?.left ?? 0n);
  market.house.take(side, quantity);
  rules.fill(taker, null, price, quantity);
}

function tradeWithUser(market: Market, taker: Order, room: bigint, rules: TradeRules): void {
  const maker = market.book.against(taker.side).best?.head;
  if (!maker) return;
  if (maker.account === taker.account && taker.stp !== 'NONE') {
    if (taker.stp !== 'EXPIRE_TAKER') rules.end(maker, 'EXPIRED_IN_MATCH');
    if (taker.stp !== 'EXPIRE_MAKER') rules.end(taker, 'EXPIRED_IN_MATCH');
    return;
  }
  const makerRoom = min(remaining(maker), rules.room(maker, maker.price));
  if (makerRoom <= 0n) {
    rules.end(maker, 'EXPIRED');
    return;
  }
  rules.fill(taker, maker, maker.price, min(room, makerRoom));
}

/**
 * Whether `quantity` can be traded at once within `limit`, without trading. Own orders that self-trade prevention would
 * end do not count, nor do reduce-only orders, whose room may be used up on the way.
 */
export function canFill(venue: Venue, market: Market, taker: Order, limit: bigint): boolean {
  quoteHouse(venue, market);
  let found = 0n;
  for (const level of market.book.against(taker.side)) {
    if (!accepts(taker.side, limit, level.price)) break;
    for (let maker = level.head; maker !== null; maker = maker.next) {
      const own = maker.account === taker.account && taker.stp !== 'NONE';
      if (own && taker.stp !== 'EXPIRE_MAKER') return false;
      if (!own && !maker.reduceOnly && !closesHedge(maker)) found += remaining(maker);
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

const closesHedge = (order: Order): boolean =>
  (order.positionSide === 'LONG' && order.side === 'SELL') || (order.positionSide === 'SHORT' && order.side === 'BUY');

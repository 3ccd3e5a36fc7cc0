/**
 * Matching by price and time. A taker walks the other side of the book: users before the house at the same price,
 * older orders before newer ones, always at the price of the order that was there first.
 */

import { opposite, remaining, type Side } from './book.ts';
import { min } from './decimal.ts';
import { isOpen, onlyReduces } from './orders.ts';
import { quoteHouse } from './prices.ts';
import type { Market, Order } from './state.ts';

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
    const room = min(remaining(taker), market.rules.room(taker, next.price));
    if (room <= 0n) return;
    if (next.user) tradeWithUser(market, taker, room);
    else tradeWithHouse(market, taker, next.price, room);
  }
}

function tradeWithHouse(market: Market, taker: Order, price: bigint, room: bigint): void {
  const side = opposite(taker.side);
  const quantity = min(room, market.house.side(side)[0]?.left ?? 0n);
  market.house.take(side, quantity);
  market.rules.fill(taker, null, price, quantity);
}

function tradeWithUser({ book, rules }: Market, taker: Order, room: bigint): void {
  const maker = book.against(taker.side).best?.head;
  if (!maker) return;
  if (maker.account === taker.account && taker.stp !== 'NONE') {
    if (taker.stp !== 'EXPIRE_TAKER') rules.end(maker, 'EXPIRED_IN_MATCH');
    if (taker.stp !== 'EXPIRE_MAKER') rules.end(taker, 'EXPIRED_IN_MATCH');
    return;
  }
  const makerRoom = min(remaining(maker), rules.room(maker, maker.price));
  if (makerRoom <= 0n) rules.end(maker, 'EXPIRED');
  else rules.fill(taker, maker, maker.price, min(room, makerRoom));
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

/** One second of market: the house takes what the new price crosses, triggers fire, timers run out, losers are liquidated. */

import { remaining } from './book.ts';
import { min } from './decimal.ts';
import { cancelAllFutures } from './futures.ts';
import { endOrder, fillOrder, futuresRules, settleWithHouse } from './futures-fill.ts';
import { takeVolume } from './house.ts';
import type { Perpetual } from './instruments.ts';
import { fair } from './prices.ts';
import { nextTradeId, recordPublic } from './records.ts';
import type { Market, Order, Side, Venue } from './state.ts';

const SIDES: readonly Side[] = ['BUY', 'SELL'];

/** Plays the second the venue's clock has just reached. */
export function playSecond(venue: Venue): void {
  runTimers(venue);
  for (const market of venue.futures.values()) playFutures(venue, market);
}

/** What follows from a new price in one futures market; also called when a script sets a price within a second. */
export function playFutures(venue: Venue, market: Market<Perpetual>): void {
  if (market.book.bids.size + market.book.asks.size > 0) {
    const price = fair(venue, market);
    for (const side of SIDES) takeCrossed(venue, market, side, price);
  }
}

/** The house fills users' resting orders of `side` that the price has reached, up to this second's volume. */
function takeCrossed(venue: Venue, market: Market<Perpetual>, side: Side, price: bigint): void {
  const levels = market.book.side(side);
  let volume = 0n;
  let drawn = false;
  for (;;) {
    const level = levels.best;
    if (level === undefined || level.head === null) return;
    if (side === 'BUY' ? level.price <= price : level.price >= price) return;
    if (!drawn) volume = takeVolume(market.spec, market.path, venue.second, side);
    drawn = true;
    if (volume <= 0n) return;
    volume -= takeOrder(venue, market, level.head, volume);
  }
}

/** The house trades with one resting order; returns how much. An order that may not trade any more is ended. */
export function takeOrder(venue: Venue, market: Market<Perpetual>, order: Order, most: bigint): bigint {
  const room = min(remaining(order), futuresRules(venue, market).room(order, order.price));
  if (room <= 0n) {
    endOrder(venue, market, order, 'EXPIRED');
    return 0n;
  }
  const quantity = min(room, most);
  const id = nextTradeId(venue, market);
  recordPublic(venue, market, { id, price: order.price, quantity, buyerIsMaker: order.side === 'BUY' });
  settleWithHouse(venue, market, order.side, order.price, quantity);
  fillOrder(venue, market, order, { id, price: order.price, quantity, maker: true });
  return quantity;
}

function runTimers(venue: Venue): void {
  for (const order of venue.gtd) {
    if (order.goodTillDate <= venue.now) endOrder(venue, order.market as Market<Perpetual>, order, 'EXPIRED');
  }
  for (const holding of venue.armed) {
    if (holding.cancelAllAt > venue.now) continue;
    cancelAllFutures(venue, holding);
    holding.cancelAllAt = 0;
    venue.armed.delete(holding);
  }
}

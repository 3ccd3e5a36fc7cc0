/** What follows from a second passing, a price being set or a trade being made: fills, triggers, timers, liquidation. */

import { triggerAlgos } from './algo.ts';
import type { Side } from './book.ts';
import { min } from './decimal.ts';
import { cancelAllFutures } from './futures.ts';
import { takeVolume } from './house.ts';
import { liquidateAll, liquidateTouched } from './liquidation.ts';
import { endOrder, roomOf, trade } from './match.ts';
import { fair, quoteHouse } from './prices.ts';
import { triggerStops } from './spot.ts';
import type { Market, Venue } from './state.ts';

/** Triggers can set each other off; a chain longer than this ends at the next second. */
const TRIGGER_ROUNDS_MAX = 50;

/** Plays the second the venue's clock has just reached. */
export function playSecond(venue: Venue): void {
  runTimers(venue);
  for (const market of [...venue.futures.values(), ...venue.spot.values()]) takeAllCrossed(market);
  runTriggers(venue);
  liquidateAll(venue);
}

/** What one trade or one new price may set off within a second. */
export function react(venue: Venue): void {
  runTriggers(venue);
  liquidateTouched(venue);
}

function runTriggers(venue: Venue): void {
  for (let round = 0; round < TRIGGER_ROUNDS_MAX; round += 1) {
    let fired = false;
    for (const market of venue.futures.values()) if (market.algos.size > 0 && triggerAlgos(market)) fired = true;
    for (const market of venue.spot.values()) if (market.stops.size > 0 && triggerStops(market)) fired = true;
    if (!fired) return;
  }
}

function takeAllCrossed(market: Market): void {
  const { bids, asks } = market.book;
  if (bids.size + asks.size === 0) return;
  const price = fair(market);
  takeCrossed(market, 'BUY', (level) => level > price);
  takeCrossed(market, 'SELL', (level) => level < price);
  // Now, and not when somebody looks: which quotes give way to users must not depend on who reads when.
  if ((bids.best?.price ?? price) > price || (asks.best?.price ?? price) < price) quoteHouse(market);
}

/** The house fills users' resting orders of a side that the price has reached, up to this second's volume. */
function takeCrossed(market: Market, side: Side, isCrossed: (price: bigint) => boolean): void {
  const levels = market.book.side(side);
  let volume: bigint | null = null;
  while (levels.best?.head && isCrossed(levels.best.price)) {
    const order = levels.best.head;
    volume ??= takeVolume(market.spec, market.path, market.venue.second, side);
    if (volume <= 0n) return;
    const quantity = min(roomOf(order), volume);
    if (quantity > 0n) trade(market, null, order, order.price, quantity);
    else endOrder(order, 'EXPIRED');
    volume -= quantity;
  }
}

function runTimers(venue: Venue): void {
  for (const order of venue.gtd) if (order.goodTillDate <= venue.now) endOrder(order, 'EXPIRED');
  for (const holding of venue.armed) {
    if (holding.cancelAllAt > venue.now) continue;
    cancelAllFutures(holding);
    holding.cancelAllAt = 0;
    venue.armed.delete(holding);
  }
}

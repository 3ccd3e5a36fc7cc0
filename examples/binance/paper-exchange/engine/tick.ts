/** What follows from a second passing, a price being set or a trade being made: fills, triggers, timers, liquidation. */

import { triggerAlgos } from './algo.ts';
import { remaining } from './book.ts';
import { min } from './decimal.ts';
import { cancelAllFutures } from './futures.ts';
import { endOrder, futuresRules } from './futures-fill.ts';
import { takeVolume } from './house.ts';
import type { Perpetual } from './instruments.ts';
import { liquidateAll, liquidateTouched } from './liquidation.ts';
import type { TradeRules } from './match.ts';
import { fair, quoteHouse } from './prices.ts';
import { spotRules, triggerStops } from './spot.ts';
import type { Market, Side, Venue } from './state.ts';

const SIDES: readonly Side[] = ['BUY', 'SELL'];

/** Triggers can set each other off; a chain longer than this ends at the next second. */
const TRIGGER_ROUNDS_MAX = 50;

/** Plays the second the venue's clock has just reached. */
export function playSecond(venue: Venue): void {
  runTimers(venue);
  for (const market of venue.futures.values()) takeAllCrossed(venue, market, () => futuresRules(venue, market));
  for (const market of venue.spot.values()) takeAllCrossed(venue, market, () => spotRules(venue, market));
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
    for (const market of venue.futures.values()) if (market.algos.size > 0 && triggerAlgos(venue, market)) fired = true;
    for (const market of venue.spot.values()) if (market.stops.size > 0 && triggerStops(venue, market)) fired = true;
    if (!fired) return;
  }
}

function takeAllCrossed(venue: Venue, market: Market, rules: () => TradeRules): void {
  if (market.book.bids.size + market.book.asks.size === 0) return;
  const price = fair(venue, market);
  for (const side of SIDES) takeCrossed(venue, market, { side, price, rules });
  // Now, and not when somebody looks: which quotes give way to users must not depend on who reads when.
  if (isCrossed(market, price)) quoteHouse(venue, market);
}

/** Whether the house would quote through a user's order at `price`. */
function isCrossed(market: Market, price: bigint): boolean {
  const bid = market.book.bids.best?.price;
  const ask = market.book.asks.best?.price;
  return (bid !== undefined && bid > price) || (ask !== undefined && ask < price);
}

/** The house fills users' resting orders of a side that the price has reached, up to this second's volume. */
function takeCrossed(venue: Venue, market: Market, at: { side: Side; price: bigint; rules: () => TradeRules }): void {
  const levels = market.book.side(at.side);
  const crossed = (level: bigint): boolean => (at.side === 'BUY' ? level > at.price : level < at.price);
  if (levels.best === undefined || !crossed(levels.best.price)) return;
  const rules = at.rules();
  let volume = takeVolume(market.spec, market.path, venue.second, at.side);
  while (volume > 0n && levels.best?.head && crossed(levels.best.price)) {
    const order = levels.best.head;
    const quantity = min(min(remaining(order), rules.room(order, order.price)), volume);
    if (quantity <= 0n) {
      rules.end(order, 'EXPIRED');
      continue;
    }
    volume -= quantity;
    rules.taken(order, quantity);
  }
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

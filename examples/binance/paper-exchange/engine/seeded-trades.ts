/** The trades others make: one per second, a pure function of the path, so that a market without users is not dead. */

import { ONE } from './decimal.ts';
import { fairAt } from './prices.ts';
import { tradeIdBase } from './records.ts';
import type { Market, PublicTrade, Venue } from './state.ts';

const PURPOSE = { size: 401, side: 409 } as const;
const TRADE_USDT: readonly [number, number] = [50, 5_000];

/** The seeded trade of a second. */
function seededTrade(venue: Venue, market: Market, second: number): PublicTrade {
  const { spec, path } = market;
  const usdt = path.draw(PURPOSE.size, second, TRADE_USDT[0], TRADE_USDT[1]);
  const lots = (BigInt(usdt) * ONE * ONE) / (spec.start * spec.step);
  return {
    id: tradeIdBase(venue, second),
    price: fairAt(venue, market, second * 1000),
    quantity: (lots < 1n ? 1n : lots) * spec.step,
    time: second * 1000,
    buyerIsMaker: path.draw(PURPOSE.side, second, 0, 1) === 1,
  };
}

/** The last `count` seeded trades up to now, oldest first. */
export function seededTrades(venue: Venue, market: Market, count: number): PublicTrade[] {
  return Array.from({ length: count }, (_, i) => seededTrade(venue, market, venue.second - count + 1 + i));
}

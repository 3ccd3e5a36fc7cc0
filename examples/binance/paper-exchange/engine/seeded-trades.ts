/** The trades others make: one per second, a pure function of the path, so that a market without users is not dead. */

import { quantityFor } from './house.ts';
import { fairAt } from './prices.ts';
import { tradeIdBase } from './records.ts';
import type { Market, PublicTrade } from './state.ts';

const PURPOSE = { size: 401, side: 409 } as const;
const TRADE_USDT: readonly [number, number] = [50, 5_000];

function seededTrade(market: Market, second: number): PublicTrade {
  const { spec, path, venue } = market;
  return {
    id: tradeIdBase(venue, second),
    price: fairAt(market, second * 1000),
    quantity: quantityFor(spec, path.draw(PURPOSE.size, second, ...TRADE_USDT)),
    time: second * 1000,
    buyerIsMaker: path.draw(PURPOSE.side, second, 0, 1) === 1,
  };
}

/** The last `count` seeded trades up to now, oldest first. */
export const seededTrades = (market: Market, count: number): PublicTrade[] =>
  Array.from({ length: count }, (_, i) => seededTrade(market, market.venue.second - count + 1 + i));

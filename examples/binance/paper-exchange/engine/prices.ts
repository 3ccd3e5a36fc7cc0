/** Fair, last, index and mark price of a market at the venue's time, from the script if one is set, else from the path. */

import { opposite, type Side } from './book.ts';
import { abs, max, min, mul, mulDiv, ONE } from './decimal.ts';
import type { Perpetual } from './instruments.ts';
import type { Market } from './state.ts';

const MS = 1000;
export const FUNDING_INTERVAL_MS = 8 * 3600 * MS;
const INTEREST_RATE = 10_000n;
const PREMIUM_CLAMP = 50_000n;
const FUNDING_CLAMP = 750_000n;

/** What a script sets for a market at `time`: price and mark. Null when the path rules. */
function scripted({ venue, spec }: Market, time: number): { price: bigint; mark: bigint } | null {
  const point = venue.scripts.get(spec.symbol)?.findLast((candidate) => candidate.time <= time);
  if (point === undefined || point.price === null) return null;
  return { price: point.price, mark: point.mark ?? point.price };
}

/** The price the house quotes around at `time`, in ticks. */
export function fairTicks(market: Market, time: number): number {
  const { spec, path } = market;
  const point = scripted(market, time);
  if (point !== null) return Number(max(1n, mulDiv(point.price, 1n, spec.tick)));
  const [startTicks, second] = [Number(spec.start / spec.tick), Math.floor(time / MS)];
  return spec.kind === 'spot' ? path.ticks(startTicks, second) : path.ticksWithBasis(startTicks, second);
}

export const fairAt = (market: Market, time: number): bigint => BigInt(fairTicks(market, time)) * market.spec.tick;
export const fair = (market: Market): bigint => fairAt(market, market.venue.now);

/** The last traded price: a trade of this second, else the fair price. */
export const last = (market: Market): bigint =>
  market.lastPrice > 0n && market.lastSecond === market.venue.second ? market.lastPrice : fair(market);

/** The index: the price of the spot pair. */
export function index(market: Market<Perpetual>, time = market.venue.now): bigint {
  const { tick, start } = market.venue.spot.get(market.spec.symbol)?.spec ?? market.spec;
  const seeded = (): bigint => BigInt(market.path.ticks(Number(start / tick), Math.floor(time / MS))) * tick;
  return scripted(market, time)?.price ?? seeded();
}

/** The mark: index plus half of the basis, or what the script says. */
export function mark(market: Market<Perpetual>, time = market.venue.now): bigint {
  const point = scripted(market, time);
  if (point !== null) return point.mark;
  const basis = Math.trunc(market.path.basis(Math.floor(time / MS)) / 2);
  return mulDiv(index(market, time), ONE + BigInt(basis), ONE);
}

/** The funding rate (1e-8) that would be settled at `time`. */
export function fundingRateAt(market: Market<Perpetual>, time: number): bigint {
  const fixed = market.venue.fundingRates.get(market.spec.symbol);
  if (fixed !== undefined) return fixed;
  const premium = BigInt(market.path.basis(Math.floor(time / MS)));
  const rate = INTEREST_RATE + max(-PREMIUM_CLAMP, min(PREMIUM_CLAMP, premium));
  return max(-FUNDING_CLAMP, min(FUNDING_CLAMP, rate));
}

export const nextFundingTime = (now: number): number =>
  (Math.floor(now / FUNDING_INTERVAL_MS) + 1) * FUNDING_INTERVAL_MS;

/** Brings the house's quotes up to date and takes away those a user's resting order would cross. */
export function quoteHouse(market: Market): void {
  const { house, book } = market;
  house.refresh(market.spec, market.path, market.venue.second, fair(market));
  const bid = book.bids.best;
  while (bid !== undefined && house.asks[0] !== undefined && house.asks[0].price <= bid.price) house.asks.shift();
  const ask = book.asks.best;
  while (ask !== undefined && house.bids[0] !== undefined && house.bids[0].price >= ask.price) house.bids.shift();
}

/** Price levels of one side, users and house together, best first. */
export function levels(market: Market, side: Side, limit = Infinity): { price: bigint; size: bigint }[] {
  quoteHouse(market);
  const merged = new Map(market.house.side(side).map((quote) => [quote.price, quote.left]));
  let taken = 0;
  for (const { price, total } of market.book.side(side)) {
    merged.set(price, (merged.get(price) ?? 0n) + total);
    taken += 1;
    if (taken >= limit) break;
  }
  const rows = Array.from(merged, ([price, size]) => ({ price, size }));
  return rows.sort((a, b) => (a.price < b.price === (side === 'BUY') ? 1 : -1)).slice(0, limit);
}

/** The best price on `side` of the whole book (users and house), or null when that side is empty. */
export function best(market: Market, side: Side): bigint | null {
  quoteHouse(market);
  const user = market.book.side(side).best?.price;
  const house = market.house.side(side)[0]?.price;
  if (user === undefined) return house ?? null;
  if (house === undefined) return user;
  return side === 'BUY' ? max(user, house) : min(user, house);
}

/** Whether an order of `side` limited to `price` would trade at once. */
export function wouldTake(market: Market, side: Side, price: bigint): boolean {
  const touch = best(market, opposite(side));
  return touch !== null && (side === 'BUY' ? price >= touch : price <= touch);
}

/** The smallest notional an order may have, as listed or as set through the control plane. */
export const minNotional = ({ venue, spec }: Market): bigint =>
  venue.minNotionals.get(`${spec.kind}:${spec.symbol}`) ?? spec.notionalMin;

/** Whether mark and last price are as close to each other as priceProtect asks for. */
export function withinProtect(market: Market<Perpetual>): boolean {
  const markPrice = mark(market);
  return abs(last(market) - markPrice) <= mul(markPrice, market.spec.triggerProtect);
}

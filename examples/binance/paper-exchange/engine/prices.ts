/** Fair, last, index and mark price of a market at the venue's time, from the script if one is set, else from the path. */

import { abs, max, min, mul, mulDiv, ONE } from './decimal.ts';
import type { Instrument, Perpetual, SpotPair } from './instruments.ts';
import type { Market, ScriptPoint, Side, Venue } from './state.ts';

const MS = 1000;
export const FUNDING_INTERVAL_MS = 8 * 3600 * MS;
const INTEREST_RATE = 10_000n;
const PREMIUM_CLAMP = 50_000n;
const FUNDING_CLAMP = 750_000n;

/** The script point in force at `time`, or null when the path rules. */
function scripted(venue: Venue, symbol: string, time: number): (ScriptPoint & { price: bigint }) | null {
  const points = venue.scripts.get(symbol);
  if (points === undefined) return null;
  for (let i = points.length - 1; i >= 0; i -= 1) {
    const point = points[i];
    if (point === undefined || point.time > time) continue;
    return point.price === null ? null : { ...point, price: point.price };
  }
  return null;
}

const toTick = (price: bigint, tick: bigint): bigint => max(tick, mulDiv(price, 1n, tick) * tick);

function pathPrice(market: Market, spec: Instrument, second: number): bigint {
  return BigInt(market.path.ticks(Number(spec.start / spec.tick), second)) * spec.tick;
}

/** The seeded price of `second` in ticks, as if no script were set. */
export function pathTicks(market: Market, second: number): number {
  const startTicks = Number(market.spec.start / market.spec.tick);
  return market.spec.kind === 'spot'
    ? market.path.ticks(startTicks, second)
    : market.path.ticksWithBasis(startTicks, second);
}

/** The price the house quotes around at `time` (ms), on the tick. */
export function fairAt(venue: Venue, market: Market, time: number): bigint {
  const point = scripted(venue, market.spec.symbol, time);
  const { tick } = market.spec;
  if (point !== null) return toTick(point.price, tick);
  return BigInt(pathTicks(market, Math.floor(time / MS))) * tick;
}

const withBasis = (index: bigint, basis: number): bigint => mulDiv(index, ONE + BigInt(basis), ONE);

export const fair = (venue: Venue, market: Market): bigint => fairAt(venue, market, venue.now);

/** The last traded price: a trade of this second, else the fair price. */
export function last(venue: Venue, market: Market): bigint {
  if (market.lastPrice > 0n && market.lastSecond === venue.second) return market.lastPrice;
  return fair(venue, market);
}

/** The index: the price of the spot pair. */
export function index(venue: Venue, market: Market<Perpetual>, time = venue.now): bigint {
  const point = scripted(venue, market.spec.symbol, time);
  if (point !== null) return point.price;
  const spot = venue.spot.get(market.spec.symbol);
  return pathPrice(market, spot?.spec ?? market.spec, Math.floor(time / MS));
}

/** The mark: index plus half of the basis, or what the script says. */
export function mark(venue: Venue, market: Market<Perpetual>, time = venue.now): bigint {
  const point = scripted(venue, market.spec.symbol, time);
  if (point !== null) return point.mark ?? point.price;
  const second = Math.floor(time / MS);
  return withBasis(index(venue, market, time), Math.trunc(market.path.basis(second) / 2));
}

/** The funding rate (1e-8) that would be settled at `time`. */
export function fundingRateAt(venue: Venue, market: Market<Perpetual>, time: number): bigint {
  const fixed = venue.fundingRates.get(market.spec.symbol);
  if (fixed !== undefined) return fixed;
  const premium = BigInt(market.path.basis(Math.floor(time / MS)));
  const rate = INTEREST_RATE + max(-PREMIUM_CLAMP, min(PREMIUM_CLAMP, premium));
  return max(-FUNDING_CLAMP, min(FUNDING_CLAMP, rate));
}

export const nextFundingTime = (now: number): number =>
  (Math.floor(now / FUNDING_INTERVAL_MS) + 1) * FUNDING_INTERVAL_MS;

/** Brings the house's quotes up to date and takes away those a user's resting order would cross. */
export function quoteHouse(venue: Venue, market: Market): void {
  const { house, book } = market;
  house.refresh(market.spec, market.path, venue.second, fair(venue, market));
  const bid = book.bids.best;
  while (bid !== undefined && house.asks[0] !== undefined && house.asks[0].price <= bid.price) house.asks.shift();
  const ask = book.asks.best;
  while (ask !== undefined && house.bids[0] !== undefined && house.bids[0].price >= ask.price) house.bids.shift();
}

/** The best price on `side` of the whole book (users and house), or null when that side is empty. */
export function best(venue: Venue, market: Market, side: Side): bigint | null {
  quoteHouse(venue, market);
  const user = market.book.side(side).best?.price;
  const house = market.house.side(side)[0]?.price;
  if (user === undefined) return house ?? null;
  if (house === undefined) return user;
  return side === 'BUY' ? max(user, house) : min(user, house);
}

/** The smallest notional an order may have, as listed or as set through the control plane. */
export function minNotional(venue: Venue, spec: Perpetual | SpotPair): bigint {
  return venue.minNotionals.get(`${spec.kind}:${spec.symbol}`) ?? spec.notionalMin;
}

/** Whether mark and last price are within `bound` (1e-8) of each other: what priceProtect asks for. */
export function withinProtect(venue: Venue, market: Market<Perpetual>): boolean {
  const markPrice = mark(venue, market);
  const gap = abs(last(venue, market) - markPrice);
  return gap <= mul(markPrice, market.spec.triggerProtect);
}

/**
 * The house: an account without limits that quotes both sides of every market around the path's price. Its quotes are
 * a pure function of the second, so they are made only when somebody looks; what is taken from them stays taken until
 * the next second. They never cross a user's resting order.
 */

import type { Side } from './book.ts';
import { ONE } from './decimal.ts';
import type { Instrument } from './instruments.ts';
import type { Path } from './path.ts';

type Quote = { readonly price: bigint; left: bigint };
const NEAR_LEVELS = 50;
const FAR_LEVELS = 50;
const FAR_FACTOR = 5;
/** A level's size is drawn between these amounts of USDT. */
const NEAR_USDT: readonly [number, number] = [4_000, 26_000];
const FAR_USDT: readonly [number, number] = [20_000, 120_000];
/** What the house takes from crossed user orders per second and side, in USDT. */
const TAKE_USDT: readonly [number, number] = [500, 60_000];
const PURPOSE = { BUY: 101, SELL: 211, TAKE: 307 } as const;

/** The distance between two quotes near the price, in ticks: about 0.002 % of the price. */
const spacing = (startTicks: number): number => Math.max(1, Math.round(startTicks / 50_000));

export class HouseQuotes {
  second = Number.NaN;
  fair = 0n;
  bids: Quote[] = [];
  asks: Quote[] = [];

  /** Quotes afresh for `second` around `fair` unless that is what is quoted already. */
  refresh(spec: Instrument, path: Path, second: number, fair: bigint): void {
    if (this.second === second && this.fair === fair) return;
    this.second = second;
    this.fair = fair;
    this.bids = ladder(spec, path, second, fair, 'BUY');
    this.asks = ladder(spec, path, second, fair, 'SELL');
  }

  side(side: Side): Quote[] {
    return side === 'BUY' ? this.bids : this.asks;
  }

  take(side: Side, quantity: bigint): void {
    const quotes = this.side(side);
    const best = quotes[0];
    if (best === undefined) return;
    best.left -= quantity;
    if (best.left <= 0n) quotes.shift();
  }
}

function ladder(spec: Instrument, path: Path, second: number, fair: bigint, side: Side): Quote[] {
  const gap = spacing(Number(spec.start / spec.tick));
  const quotes: Quote[] = [];
  let distance = 1;
  for (let level = 0; level < NEAR_LEVELS + FAR_LEVELS; level += 1) {
    const near = level < NEAR_LEVELS;
    const offset = BigInt(distance) * spec.tick;
    const price = side === 'BUY' ? fair - offset : fair + offset;
    if (price < spec.priceMin) break;
    const usdt = path.draw(PURPOSE[side] + level * 13, second, ...(near ? NEAR_USDT : FAR_USDT));
    quotes.push({ price, left: quantityFor(spec, usdt) });
    distance += near ? gap : gap * FAR_FACTOR;
  }
  return quotes;
}

/** How much of a user's crossed orders the house takes in `second`. */
export function takeVolume(spec: Instrument, path: Path, second: number, side: Side): bigint {
  return quantityFor(spec, path.draw(PURPOSE.TAKE + (side === 'BUY' ? 0 : 1), second, ...TAKE_USDT));
}

/** An amount of USDT as a quantity at the start price, a whole number of steps, at least one. */
export function quantityFor(spec: Instrument, usdt: number): bigint {
  const lots = (BigInt(usdt) * ONE * ONE) / (spec.start * spec.step);
  return (lots < 1n ? 1n : lots) * spec.step;
}

/** What happens to positions without a trade: leverage, margin type, position mode, isolated margin, funding. */

import { abs, max, min, mul, mulDiv } from './decimal.ts';
import { notionalCap, type Perpetual } from './instruments.ts';
import { positionsOf, rowOf, summarize } from './margin.ts';
import { fundingRateAt, mark } from './prices.ts';
import { changeWallet, credit, pushBounded } from './records.ts';
import { refuse } from './refusal.ts';
import type { Account, Holding, Market, PositionSide, Venue } from './state.ts';

const MARGIN_CHANGES_MAX = 2_000;
const hasPosition = (holding: Holding): boolean =>
  Object.values(holding.positions).some((position) => position.quantity !== 0n);

/** Re-margins position and open orders at another leverage; refuses what the free margin or the bracket cannot carry. */
export function setLeverage(holding: Holding, leverage: number): void {
  const { market, account } = holding;
  const { brackets } = market.spec;
  if (leverage > (brackets[0]?.leverage ?? 1)) throw refuse(-4028);
  if (leverage < holding.leverage && holding.isolated && hasPosition(holding)) throw refuse(-4161);
  const markPrice = mark(market);
  for (const side of positionsOf(account)) {
    const position = mul(holding.positions[side].quantity, markPrice);
    const largest = max(abs(position + holding.bidNotional), abs(position - holding.askNotional));
    if (largest > notionalCap(brackets, leverage)) throw refuse(-2027);
  }
  const before = holding.leverage;
  const { free } = summarize(account);
  holding.leverage = leverage;
  const after = summarize(account).free;
  if (after < 0n && after < free) {
    holding.leverage = before;
    throw refuse(-2028);
  }
  account.venue.emit({ kind: 'config', account, holding });
}

export function setMarginType(holding: Holding, isolated: boolean): void {
  if (holding.isolated === isolated) throw refuse(-4046);
  if (holding.open.size > 0) throw refuse(-4047);
  if (hasPosition(holding)) throw refuse(-4048);
  holding.isolated = isolated;
}

export function setDualSide(account: Account, dualSide: boolean): void {
  if (account.dualSide === dualSide) throw refuse(-4059);
  for (const holding of account.holdings.values()) if (holding.open.size > 0) throw refuse(-4067);
  if (account.algoOpen.size > 0) throw refuse(-4067);
  for (const holding of account.holdings.values()) if (hasPosition(holding)) throw refuse(-4068);
  account.dualSide = dualSide;
}

/** Adds (type 1) to or takes (type 2) from the margin of an isolated position. `amount` in 1e-8 USDT, above zero. */
export function moveIsolatedMargin(holding: Holding, side: PositionSide, amount: bigint, type: 1 | 2): void {
  const { account, market } = holding;
  const { venue } = account;
  const { symbol } = market.spec;
  const position = holding.positions[side];
  if (amount <= 0n) throw refuse(-4052);
  if (account.dualSide === (side === 'BOTH')) throw refuse(-4061);
  if (!holding.isolated || position.quantity === 0n) throw refuse(-4054);
  if (type === 1 && summarize(account).free < amount) throw refuse(-4051);
  if (type === 2) {
    // What stays must still carry the position at its leverage, losses included.
    const loss = min(0n, rowOf(holding, side).unrealized);
    const needed = mulDiv(abs(position.cost), 1n, BigInt(holding.leverage));
    if (position.isolatedWallet - amount + loss < needed) throw refuse(-4051);
  }
  position.isolatedWallet += type === 1 ? amount : -amount;
  position.updateTime = venue.now;
  pushBounded(account.marginChanges, { symbol, positionSide: side, amount, type, time: venue.now }, MARGIN_CHANGES_MAX);
  venue.emit({ kind: 'account', account, reason: 'MARGIN_TRANSFER', symbol });
}

const FUNDING_HISTORY_MAX = 5_000;

/** Every eight hours longs pay shorts, or the other way round. Settles at the venue's time and writes the rates to the history. */
export function settleFunding(venue: Venue): void {
  for (const market of venue.futures.values()) {
    const at = settleMarket(market);
    pushBounded(venue.funding, { symbol: market.spec.symbol, ...at, time: venue.now }, FUNDING_HISTORY_MAX);
  }
}

/** What a position of `notional` (signed) pays: positive means it pays. */
export const fundingPayment = (notional: bigint, rate: bigint): bigint => mul(notional, rate);

/** Settles one market now; returns the rate and the mark it was settled at. */
export function settleMarket(market: Market<Perpetual>): { rate: bigint; mark: bigint } {
  const at = { rate: fundingRateAt(market, market.venue.now), mark: mark(market) };
  for (const account of market.holders) settleAccount(market, account, at);
  return at;
}

function settleAccount(market: Market<Perpetual>, account: Account, at: { rate: bigint; mark: bigint }): void {
  const { venue, spec } = market;
  const { symbol } = spec;
  const holding = account.holdings.get(symbol);
  if (holding === undefined) return;
  for (const side of positionsOf(account)) {
    const position = holding.positions[side];
    if (position.quantity === 0n) continue;
    const payment = fundingPayment(mul(position.quantity, at.mark), at.rate);
    // The house holds the opposite of all positions together; it also takes what rounding leaves.
    credit(venue.ledger.house, 'USDT', payment);
    if (holding.isolated) position.isolatedWallet -= payment;
    changeWallet(account, 'FUNDING_FEE', symbol, -payment);
    venue.emit({ kind: 'account', account, reason: 'FUNDING_FEE', symbol, change: -payment });
  }
}

/** Changes of leverage, margin type, position mode and isolated margin. */

import { abs, max, min, mul, mulDiv } from './decimal.ts';
import { notionalCap } from './instruments.ts';
import { positionsOf, rowOf, summarize } from './margin.ts';
import { mark } from './prices.ts';
import { pushBounded } from './records.ts';
import { refuse } from './refusal.ts';
import type { Account, Holding, PositionSide } from './state.ts';

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

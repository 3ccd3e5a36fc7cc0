/** Changes of leverage, margin type, position mode and isolated margin. */

import { abs, max, mul, mulDiv } from './decimal.ts';
import { notionalCap } from './instruments.ts';
import { positionsOf, rowOf, summarize } from './margin.ts';
import { mark } from './prices.ts';
import { pushBounded } from './records.ts';
import { Refusal, refuse } from './refusal.ts';
import type { Account, Holding, PositionSide, Venue } from './state.ts';

const MARGIN_CHANGES_MAX = 2_000;

const hasPosition = (holding: Holding): boolean =>
  Object.values(holding.positions).some((position) => position.quantity !== 0n);

/** Re-margins position and open orders at another leverage; refuses what the free margin or the bracket cannot carry. */
export function setLeverage(venue: Venue, holding: Holding, leverage: number): void {
  const { market, account } = holding;
  const { brackets } = market.spec;
  if (leverage > (brackets[0]?.leverage ?? 1)) throw refuse(-4028);
  if (leverage < holding.leverage && holding.isolated && hasPosition(holding)) throw refuse(-4161);
  const markPrice = mark(venue, market);
  for (const side of positionsOf(account)) {
    const position = mul(holding.positions[side].quantity, markPrice);
    const largest = max(abs(position + holding.bidNotional), abs(position - holding.askNotional));
    if (largest > notionalCap(brackets, leverage)) throw refuse(-2027);
  }
  const before = holding.leverage;
  const { free } = summarize(venue, account);
  holding.leverage = leverage;
  const after = summarize(venue, account).free;
  if (after < 0n && after < free) {
    holding.leverage = before;
    throw refuse(-2028);
  }
  venue.emit({ kind: 'config', account, holding });
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
export function moveIsolatedMargin(
  venue: Venue,
  holding: Holding,
  change: { side: PositionSide; amount: bigint; type: 1 | 2 },
): void {
  const { account, market } = holding;
  const position = holding.positions[change.side];
  if (change.amount <= 0n) throw new Refusal(-4052, 'Amount must be positive.');
  if (account.dualSide === (change.side === 'BOTH')) throw refuse(-4061);
  if (!holding.isolated || position.quantity === 0n) {
    throw new Refusal(-4054, 'Cannot add position margin: position is 0 or not isolated.');
  }
  const signed = change.type === 1 ? change.amount : -change.amount;
  if (change.type === 1 && summarize(venue, account).free < change.amount) throw refuse(-4051);
  if (change.type === 2) {
    // What stays must still carry the position at its leverage, losses included.
    const row = rowOf(holding, change.side, mark(venue, market));
    const loss = row.unrealized < 0n ? row.unrealized : 0n;
    const needed = mulDiv(abs(position.cost), 1n, BigInt(holding.leverage));
    if (position.isolatedWallet + signed + loss < needed) throw refuse(-4051);
  }
  position.isolatedWallet += signed;
  position.updateTime = venue.now;
  const { amount, type, side } = change;
  pushBounded(
    account.marginChanges,
    { symbol: market.spec.symbol, positionSide: side, amount, type, time: venue.now },
    MARGIN_CHANGES_MAX,
  );
  venue.emit({ kind: 'account', account, reason: 'MARGIN_TRANSFER', symbol: market.spec.symbol });
}

/**
 * Liquidation: an account whose margin balance has fallen to its maintenance margin loses its positions at mark to the
 * house. What is then missing the insurance fund pays; what is left after the liquidation fee stays with the account.
 */

import { abs, max, min, mul } from './decimal.ts';
import { collateralOf, crossWalletOf, positionsOf, rowOf, summarize } from './margin.ts';
import { endOrder, trade } from './match.ts';
import { isOpen, newOrder, openOrder, PLAIN_ORDER } from './orders.ts';
import { mark } from './prices.ts';
import { changeWallet, credit, pushBounded } from './records.ts';
import type { Account, Holding, Market, PositionSide, Venue } from './state.ts';

const FORCED_MAX = 1_000;
/** Portfolio margin is liquidated at a uniMMR of 1.05 instead of 1. */
const UNI_MMR_FLOOR = 105_000_000n;

export function liquidateAll(venue: Venue): void {
  const holders = [...venue.futures.values()].flatMap((market: Market) => [...market.holders]);
  for (const account of new Set(holders)) liquidate(account);
  venue.touched.clear();
}

export function liquidateTouched(venue: Venue): void {
  for (const account of venue.touched) {
    venue.touched.delete(account);
    liquidate(account);
  }
}

function liquidate(account: Account): void {
  for (const holding of account.holdings.values()) if (holding.isolated) liquidateIsolated(holding);
  if (isCrossDue(account)) liquidateCross(account);
}

function isCrossDue(account: Account): boolean {
  const summary = summarize(account);
  if (!summary.rows.some((row) => !row.holding.isolated && row.position.quantity !== 0n)) return false;
  const balance = summary.crossWallet + summary.crossUnrealized;
  if (account.kind === 'classic') return balance <= summary.crossMaintenance;
  return balance + collateralOf(account) <= mul(summary.crossMaintenance, UNI_MMR_FLOOR);
}

function liquidateIsolated(holding: Holding): void {
  const { account } = holding;
  for (const side of positionsOf(account)) {
    const { position, unrealized, maintenance } = rowOf(holding, side);
    if (position.quantity === 0n || position.isolatedWallet + unrealized > maintenance) continue;
    expireOrders(holding);
    // The rest of the account must come out as it went in, however large the loss; commission it still owed is let off.
    const rest = max(0n, account.wallet - position.isolatedWallet);
    closeByForce(holding, side);
    insure(holding, min(0n, account.wallet - rest));
  }
}

function liquidateCross(account: Account): void {
  const crossed = [...account.holdings.values()].filter((holding) => !holding.isolated);
  crossed.forEach(expireOrders);
  for (const holding of crossed) {
    for (const side of positionsOf(account)) if (holding.positions[side].quantity !== 0n) closeByForce(holding, side);
  }
  if (crossed[0] !== undefined && account.kind === 'classic') insure(crossed[0], min(0n, crossWalletOf(account)));
}

function expireOrders(holding: Holding): void {
  for (const order of holding.open) if (isOpen(order)) endOrder(order, 'EXPIRED');
}

/** The insurance fund takes `amount` from the account, or pays it when negative. */
function insure({ account, market }: Holding, amount: bigint): void {
  if (amount === 0n) return;
  changeWallet(account, 'INSURANCE_CLEAR', market.spec.symbol, -amount);
  credit(account.venue.ledger.insurance, 'USDT', amount);
}

/** Closes a whole position against the house at mark and takes the liquidation fee from what is left of its margin. */
function closeByForce(holding: Holding, side: PositionSide): void {
  const { account, market } = holding;
  const { venue, spec } = market;
  const position = holding.positions[side];
  const price = mark(market);
  const quantity = abs(position.quantity);
  const margin = holding.isolated ? position.isolatedWallet : crossWalletOf(account);
  const equity = margin + mul(position.quantity, price) - position.cost;
  const order = newOrder(account, market, {
    ...PLAIN_ORDER,
    clientId: `autoclose-${venue.now}-${venue.nextOrderId}`,
    side: position.quantity > 0n ? 'SELL' : 'BUY',
    type: 'LIMIT',
    timeInForce: 'IOC',
    positionSide: side,
    price,
    quantity,
  });
  openOrder(order);
  venue.emit({ kind: 'order', order, execution: 'NEW' });
  trade(market, order, null, price, quantity);
  pushBounded(account.forced, order, FORCED_MAX);
  const notional = mul(quantity, price);
  insure(holding, min(mul(notional, spec.liquidationFee), max(0n, equity - mul(notional, spec.takerFee))));
}

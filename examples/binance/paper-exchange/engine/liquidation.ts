/**
 * Liquidation: an account whose margin balance has fallen to its maintenance margin loses its positions at mark to the
 * house. What is then missing the insurance fund pays; what is left after the liquidation fee stays with the account.
 */

import { abs, max, min, mul } from './decimal.ts';
import { endOrder, fillOrder, settleWithHouse } from './futures-fill.ts';
import { collateralOf, positionsOf, rowOf, summarize } from './margin.ts';
import { isOpen } from './match.ts';
import { mark } from './prices.ts';
import { changeWallet, credit, nextTradeId, pushBounded, recordPublic } from './records.ts';
import type { Account, Holding, Order, PositionSide, Venue } from './state.ts';

const FORCED_MAX = 1_000;

/** Looks at every account that has a position. */
export function liquidateAll(venue: Venue): void {
  const accounts = new Set<Account>();
  for (const market of venue.futures.values()) for (const account of market.holders) accounts.add(account);
  for (const account of accounts) liquidate(venue, account);
  venue.touched.clear();
}

/** Looks at the accounts whose position changed just now. */
export function liquidateTouched(venue: Venue): void {
  for (const account of venue.touched) {
    venue.touched.delete(account);
    liquidate(venue, account);
  }
}

function liquidate(venue: Venue, account: Account): void {
  for (const holding of account.holdings.values()) {
    if (holding.isolated) liquidateIsolated(venue, holding);
  }
  if (isCrossDue(venue, account)) liquidateCross(venue, account);
}

/** Portfolio margin is liquidated at a uniMMR of 1.05 instead of 1. */
const UNI_MMR_FLOOR = 105_000_000n;

function isCrossDue(venue: Venue, account: Account): boolean {
  const summary = summarize(venue, account);
  if (!summary.rows.some((row) => !row.holding.isolated && row.position.quantity !== 0n)) return false;
  const balance = summary.crossWallet + summary.crossUnrealized;
  if (account.kind === 'portfolio')
    return balance + collateralOf(venue, account) <= mul(summary.crossMaintenance, UNI_MMR_FLOOR);
  return balance <= summary.crossMaintenance;
}

function liquidateIsolated(venue: Venue, holding: Holding): void {
  for (const side of positionsOf(holding.account)) {
    const position = holding.positions[side];
    if (position.quantity === 0n) continue;
    const row = rowOf(holding, side, mark(venue, holding.market));
    if (position.isolatedWallet + row.unrealized > row.maintenance) continue;
    expireOrders(venue, holding);
    // The rest of the account must come out as it went in, however large the loss; commission it still owed is let off.
    const rest = max(0n, holding.account.wallet - position.isolatedWallet);
    closeByForce(venue, holding, side);
    settleShortfall(venue, holding, holding.account.wallet - rest);
  }
}

function liquidateCross(venue: Venue, account: Account): void {
  const crossed = [...account.holdings.values()].filter((holding) => !holding.isolated);
  for (const holding of crossed) expireOrders(venue, holding);
  for (const holding of crossed) {
    for (const side of positionsOf(account))
      if (holding.positions[side].quantity !== 0n) closeByForce(venue, holding, side);
  }
  const first = crossed[0];
  if (first === undefined) return;
  const { crossWallet } = summarize(venue, account);
  if (crossWallet < 0n && account.kind === 'classic') settleShortfall(venue, first, crossWallet);
}

function expireOrders(venue: Venue, holding: Holding): void {
  for (const order of holding.open) if (isOpen(order)) endOrder(venue, holding.market, order, 'EXPIRED');
}

/** The insurance fund pays what the position's own wallet could not. */
function settleShortfall(venue: Venue, holding: Holding, left: bigint): void {
  if (left >= 0n) return;
  const { account, market } = holding;
  changeWallet(venue, account, { type: 'INSURANCE_CLEAR', symbol: market.spec.symbol, amount: -left });
  credit(venue.ledger.insurance, 'USDT', left);
}

/** Closes a whole position against the house at mark and takes the liquidation fee from what is left of its margin. */
function closeByForce(venue: Venue, holding: Holding, side: PositionSide): void {
  const { account, market } = holding;
  const position = holding.positions[side];
  const markPrice = mark(venue, market);
  const size = abs(position.quantity);
  const margin = holding.isolated ? position.isolatedWallet : summarize(venue, account).crossWallet;
  const equity = margin + mul(position.quantity, markPrice) - position.cost;
  const order = forcedOrder(venue, holding, side, { size, price: markPrice });
  venue.orders.set(order.id, order);
  holding.open.add(order);
  venue.emit({ kind: 'order', order, execution: 'NEW' });
  const id = nextTradeId(venue, market);
  recordPublic(venue, market, { id, price: markPrice, quantity: size, buyerIsMaker: order.side === 'SELL' });
  settleWithHouse(venue, market, order.side, markPrice, size);
  fillOrder(venue, market, order, { id, price: markPrice, quantity: size, maker: false });
  pushBounded(account.forced, order, FORCED_MAX);
  const notional = mul(size, markPrice);
  const fee = min(mul(notional, market.spec.liquidationFee), max(0n, equity - mul(notional, market.spec.takerFee)));
  changeWallet(venue, account, { type: 'INSURANCE_CLEAR', symbol: market.spec.symbol, amount: -fee });
  credit(venue.ledger.insurance, 'USDT', fee);
}

function forcedOrder(venue: Venue, holding: Holding, side: PositionSide, fill: { size: bigint; price: bigint }): Order {
  const id = venue.nextOrderId;
  venue.nextOrderId += 1n;
  venue.nextId += 1;
  return {
    id,
    account: holding.account,
    market: holding.market,
    clientId: `autoclose-${venue.now}-${id}`,
    side: holding.positions[side].quantity > 0n ? 'SELL' : 'BUY',
    type: 'LIMIT',
    origType: 'LIMIT',
    timeInForce: 'IOC',
    positionSide: side,
    reduceOnly: false,
    closePosition: false,
    stp: 'NONE',
    priceMatch: 'NONE',
    goodTillDate: 0,
    price: fill.price,
    quantity: fill.size,
    executed: 0n,
    cumQuote: 0n,
    status: 'NEW',
    time: venue.now,
    updateTime: venue.now,
    priority: venue.nextId,
    stopPrice: 0n,
    working: true,
    workingTime: venue.now,
    quoteQuantity: 0n,
    icebergQuantity: 0n,
    level: null,
    previous: null,
    next: null,
  };
}

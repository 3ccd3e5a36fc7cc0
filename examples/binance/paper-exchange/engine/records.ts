/** Books what a trade, a fee or a transfer leaves behind: ledger, income, trades, finished orders. All lists are bounded. */

import type { Account, Income, IncomeType, Ledger, Market, Order, Trade, Venue } from './state.ts';

export const FINISHED_ORDERS_MAX = 5_000;
const TRADES_MAX = 10_000;
const INCOME_MAX = 20_000;
const PUBLIC_TRADES_MAX = 1_000;
const TRADES_PER_SECOND_MAX = 1_000_000;

/** Appends, and drops the oldest once the list is a quarter over its bound; `dropped` hears what went. */
export function pushBounded<T>(list: T[], item: T, bound: number, dropped?: (old: T) => void): void {
  list.push(item);
  if (list.length <= bound + bound / 4) return;
  const old = list.splice(0, list.length - bound);
  if (dropped !== undefined) old.forEach(dropped);
}

export function credit(book: Ledger[keyof Ledger], asset: string, amount: bigint): void {
  book.set(asset, (book.get(asset) ?? 0n) + amount);
}

/** Changes a futures wallet and writes the income row that explains it. */
export function changeWallet(
  venue: Venue,
  account: Account,
  change: { type: IncomeType; symbol: string; amount: bigint; info?: string; tradeId?: string },
): void {
  account.wallet += change.amount;
  account.updateTime = venue.now;
  if (change.amount === 0n) return;
  venue.nextId += 1;
  const row: Income = {
    type: change.type,
    symbol: change.symbol,
    amount: change.amount,
    info: change.info ?? change.type,
    time: venue.now,
    id: venue.nextId,
    tradeId: change.tradeId ?? '',
  };
  pushBounded(account.income, row, INCOME_MAX);
}

/** The id of the next trade: the second times a million, so that ids rise with time, then counting. */
export function nextTradeId(venue: Venue, market: Market): number {
  const floor = tradeIdBase(venue, venue.second) + 1;
  market.lastTradeId = Math.max(market.lastTradeId + 1, floor);
  return market.lastTradeId;
}

const HISTORY_S = 31 * 86_400;
export const tradeIdBase = (venue: Venue, second: number): number =>
  Math.max(0, second - Math.floor(venue.origin / 1000) + HISTORY_S) * TRADES_PER_SECOND_MAX;

/** Moves a finished order to the history of its holding; the venue forgets orders that fall out of it. */
export function finish(venue: Venue, holding: { open: Set<Order>; done: Order[] }, order: Order): void {
  holding.open.delete(order);
  pushBounded(holding.done, order, FINISHED_ORDERS_MAX, (old) => venue.orders.delete(old.id));
}

export function recordTrade(holding: { trades: Trade[] }, trade: Trade): void {
  pushBounded(holding.trades, trade, TRADES_MAX);
}

export function recordPublic(
  venue: Venue,
  market: Market,
  trade: { id: number; price: bigint; quantity: bigint; buyerIsMaker: boolean },
): void {
  market.lastPrice = trade.price;
  market.lastSecond = venue.second;
  market.changes += 1;
  pushBounded(market.trades, { ...trade, time: venue.now }, PUBLIC_TRADES_MAX);
}

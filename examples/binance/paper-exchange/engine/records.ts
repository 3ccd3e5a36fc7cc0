/** Books what a trade, a fee or a transfer leaves behind: ledger, wallets, income, trade ids. All lists are bounded. */

import type { Account, Balance, Income, Ledger, Market, Venue } from './state.ts';

const INCOME_MAX = 20_000;
const TRADES_PER_SECOND_MAX = 1_000_000;
const HISTORY_S = 31 * 86_400;

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

/** The account's spot balance of an asset; made on first use. */
export function balanceOf(account: Account, asset: string): Balance {
  const balance = account.spot.get(asset) ?? { free: 0n, locked: 0n };
  account.spot.set(asset, balance);
  return balance;
}

/** Changes a futures wallet and writes the income row that explains it. `trade` is its id, 0 for none. */
export function changeWallet(account: Account, type: Income['type'], symbol: string, amount: bigint, trade = 0): void {
  const { venue } = account;
  account.wallet += amount;
  account.updateTime = venue.now;
  if (amount === 0n) return;
  venue.nextId += 1;
  const tradeId = trade === 0 ? '' : String(trade);
  const row = { type, symbol, amount, time: venue.now, id: venue.nextId, tradeId };
  pushBounded(account.income, row, INCOME_MAX);
}

/** Moves money in (or out, when negative) from outside. The caller has checked that it is there. */
export function deposit(account: Account, wallet: 'futures' | 'spot', asset: string, amount: bigint): void {
  const { venue } = account;
  credit(venue.ledger.deposits, asset, amount);
  if (wallet === 'futures') {
    changeWallet(account, 'TRANSFER', '', amount);
    venue.emit({ kind: 'account', account, reason: amount < 0n ? 'WITHDRAW' : 'DEPOSIT', change: amount });
    return;
  }
  balanceOf(account, asset).free += amount;
  account.updateTime = venue.now;
}

/** The id of the next trade: the second times a million, so that ids rise with time, then counting. */
export function nextTradeId(market: Market): number {
  const floor = tradeIdBase(market.venue, market.venue.second) + 1;
  market.lastTradeId = Math.max(market.lastTradeId + 1, floor);
  return market.lastTradeId;
}

export const tradeIdBase = (venue: Venue, second: number): number =>
  Math.max(0, second - Math.floor(venue.origin / 1000) + HISTORY_S) * TRADES_PER_SECOND_MAX;

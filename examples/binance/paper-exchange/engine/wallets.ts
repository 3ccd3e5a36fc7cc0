/** Spot balances and money from outside. */

import { changeWallet, credit } from './records.ts';
import type { Account, Balance, Venue } from './state.ts';

/** The account's balance of an asset; made on first use. */
export function balanceOf(account: Account, asset: string): Balance {
  const found = account.spot.get(asset);
  if (found !== undefined) return found;
  const balance = { free: 0n, locked: 0n };
  account.spot.set(asset, balance);
  return balance;
}

/** Moves money in (or out, when negative) from outside. The caller has checked that it is there. */
export function deposit(
  venue: Venue,
  account: Account,
  money: { wallet: 'futures' | 'spot'; asset: string; amount: bigint },
): void {
  credit(venue.ledger.deposits, money.asset, money.amount);
  if (money.wallet === 'futures') {
    changeWallet(venue, account, { type: 'TRANSFER', symbol: '', amount: money.amount });
    venue.emit({ kind: 'account', account, reason: money.amount < 0n ? 'WITHDRAW' : 'DEPOSIT', change: money.amount });
    return;
  }
  balanceOf(account, money.asset).free += money.amount;
  account.updateTime = venue.now;
}

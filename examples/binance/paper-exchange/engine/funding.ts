/** Funding: every eight hours longs pay shorts the rate times the position's notional, or the other way round. */

import { mul } from './decimal.ts';
import type { Perpetual } from './instruments.ts';
import { positionsOf } from './margin.ts';
import { fundingRateAt, mark } from './prices.ts';
import { changeWallet, credit, pushBounded } from './records.ts';
import type { Account, Market, Venue } from './state.ts';

const FUNDING_HISTORY_MAX = 5_000;

/** Settles funding at the venue's time and writes the rates to the history. */
export function settleFunding(venue: Venue): void {
  for (const market of venue.futures.values()) {
    const rate = fundingRateAt(venue, market, venue.now);
    const markPrice = mark(venue, market);
    settleMarket(venue, market, { rate, mark: markPrice });
    pushBounded(
      venue.funding,
      { symbol: market.spec.symbol, rate, mark: markPrice, time: venue.now },
      FUNDING_HISTORY_MAX,
    );
  }
}

/** What a position of `notional` (signed) pays: positive means it pays. */
export const fundingPayment = (notional: bigint, rate: bigint): bigint => mul(notional, rate);

export function settleMarket(venue: Venue, market: Market<Perpetual>, at: { rate: bigint; mark: bigint }): void {
  for (const account of market.holders) settleAccount(venue, market, account, at);
}

function settleAccount(
  venue: Venue,
  market: Market<Perpetual>,
  account: Account,
  at: { rate: bigint; mark: bigint },
): void {
  const { symbol } = market.spec;
  const holding = account.holdings.get(symbol);
  if (holding === undefined) return;
  for (const side of positionsOf(account)) {
    const position = holding.positions[side];
    if (position.quantity === 0n) continue;
    const payment = fundingPayment(mul(position.quantity, at.mark), at.rate);
    // The house holds the opposite of all positions together; it also takes what rounding leaves.
    credit(venue.ledger.house, 'USDT', payment);
    if (holding.isolated) position.isolatedWallet -= payment;
    changeWallet(venue, account, { type: 'FUNDING_FEE', symbol, amount: -payment });
    venue.emit({ kind: 'account', account, reason: 'FUNDING_FEE', symbol, change: -payment });
  }
}

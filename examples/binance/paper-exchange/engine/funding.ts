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

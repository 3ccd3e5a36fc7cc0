/** What a futures trade, or the end of an order, does to orders, positions and wallets. */

import { remaining } from './book.ts';
import { abs, min, mul, mulDiv } from './decimal.ts';
import type { Perpetual } from './instruments.ts';
import { reducible } from './margin.ts';
import { closeOrder, countFill, holdingOf, isOpen, onlyReduces, recordTrade, tradeBy } from './orders.ts';
import { changeWallet, credit } from './records.ts';
import type { Ending, Fill, Holding, Market, MarketRules, Order, PositionSide } from './state.ts';

const holdingFor = (order: Order): Holding => holdingOf(order.account, order.market as Market<Perpetual>);

/** How much of a position the order could still close. */
const closable = (order: Order): bigint => reducible(holdingFor(order).positions[order.positionSide], order.side);

/** Whether the order may only reduce, and there is nothing (left) to reduce. */
export const isIdle = (order: Order): boolean => onlyReduces(order) && closable(order) === 0n;

/** Adds (or, when negative, takes away) `quantity` of a resting order from the notional that locks margin. */
export function lock(order: Order, quantity: bigint): void {
  if (onlyReduces(order)) return;
  holdingFor(order)[order.side === 'BUY' ? 'bidNotional' : 'askNotional'] += mul(order.price, quantity);
}

/** Puts what is left of the order into the book and locks its margin. */
export function rest(order: Order): void {
  lock(order, remaining(order));
  order.market.book.add(order);
  order.market.changes += 1;
}

/** Takes a resting order out of the book and frees its margin; does nothing to one that does not rest. */
export function unrest(order: Order): void {
  if (order.level === null) return;
  lock(order, -remaining(order));
  order.market.book.remove(order);
  order.market.changes += 1;
}

/** Ends an open order, frees what it locked and tells the stream. */
export function endOrder(order: Order, status: Ending): void {
  unrest(order);
  closeOrder(order, status);
  order.market.venue.emit({ kind: 'order', order, execution: status === 'CANCELED' ? status : 'EXPIRED' });
}

/** The rules a futures market trades by. */
export const futuresRules = (market: Market<Perpetual>): MarketRules => ({
  room: (order) => (onlyReduces(order) ? min(remaining(order), closable(order)) : remaining(order)),
  fill: tradeBy(market, fillOrder),
  end: endOrder,
});

/** Books one side of a trade: order, position, fee, records, events. */
function fillOrder(order: Order, fill: Fill): void {
  const { account, market } = order;
  const { venue, spec } = market;
  const { symbol } = spec;
  const holding = holdingFor(order);
  if (order.level !== null) lock(order, -fill.quantity);
  const quote = countFill(order, fill);
  const realized = applyToPosition(holding, order, fill.quantity, quote);
  const fee = mul(quote, fill.maker ? spec.makerFee : spec.takerFee);
  changeWallet(account, 'REALIZED_PNL', symbol, realized, fill.id);
  changeWallet(account, 'COMMISSION', symbol, -fee, fill.id);
  credit(venue.ledger.fees, 'USDT', fee);
  const position = holding.positions[order.positionSide];
  if (position.quantity !== 0n) position.fees += fee;
  const trade = recordTrade(order, fill, { quote, fee, feeAsset: 'USDT', realized });
  if (order.status === 'FILLED') closeOrder(order, 'FILLED');
  venue.emit({ kind: 'order', order, execution: 'TRADE', trade });
  venue.emit({ kind: 'account', account, reason: 'ORDER', symbol });
  for (const other of holding.open)
    if (other.level !== null && isOpen(other) && isIdle(other)) endOrder(other, 'EXPIRED');
}

/**
 * Changes a position by an order's fill at a total of `quote`; returns the realised profit. The cost of the closed part
 * is split off half to even; what rounding moves stays in the remaining cost, so nothing is lost.
 */
function applyToPosition(holding: Holding, order: Order, quantity: bigint, quote: bigint): bigint {
  const { account, market } = holding;
  const position = holding.positions[order.positionSide];
  const buys = order.side === 'BUY';
  const held = abs(position.quantity);
  const closed = held !== 0n && position.quantity < 0n === buys ? min(quantity, held) : 0n;
  const closedQuote = mulDiv(quote, closed, quantity);
  let realized = 0n;
  position.updateTime = market.venue.now;
  if (closed > 0n) {
    const cost = mulDiv(position.cost, closed, held);
    realized = (buys ? -closedQuote : closedQuote) - cost;
    position.isolatedWallet -= mulDiv(position.isolatedWallet, closed, held);
    position.fees -= mulDiv(position.fees, closed, held);
    position.cost -= cost;
    position.quantity += buys ? closed : -closed;
  }
  const opened = quantity - closed;
  if (opened > 0n) {
    const openedQuote = quote - closedQuote;
    position.quantity += buys ? opened : -opened;
    position.cost += buys ? openedQuote : -openedQuote;
    if (holding.isolated) position.isolatedWallet += mulDiv(openedQuote, 1n, BigInt(holding.leverage));
  }
  const sides: readonly PositionSide[] = ['BOTH', 'LONG', 'SHORT'];
  if (sides.some((side) => holding.positions[side].quantity !== 0n)) market.holders.add(account);
  else market.holders.delete(account);
  market.venue.touched.add(account);
  return realized;
}

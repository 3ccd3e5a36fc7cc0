/** What a futures trade does to positions and wallets: the rules of a futures market. */

import { abs, min, mul, mulDiv } from './decimal.ts';
import type { Perpetual } from './instruments.ts';
import { reducible } from './margin.ts';
import { endOrder } from './match.ts';
import { holdingOf, isOpen, onlyReduces } from './orders.ts';
import { mark } from './prices.ts';
import { changeWallet, credit } from './records.ts';
import type { Fill, Holding, Market, MarketRules, Order, PositionSide, Trade } from './state.ts';

const SIDES: readonly PositionSide[] = ['BOTH', 'LONG', 'SHORT'];
const holdingFor = (order: Order): Holding => holdingOf(order.account, order.market as Market<Perpetual>);

/** How far from the mark a market order may trade. */
export const takeBound = (market: Market<Perpetual>): bigint => mul(mark(market), market.spec.marketTakeBound);

/** How much an order that may only reduce could still close; any other order may trade whole. */
function room(order: Order): bigint {
  if (!onlyReduces(order)) return order.quantity;
  return reducible(holdingFor(order).positions[order.positionSide], order.side);
}

/** Margin is locked by notional; what only reduces locks none. */
function lock(order: Order, quantity: bigint): void {
  if (onlyReduces(order)) return;
  holdingFor(order)[order.side === 'BUY' ? 'bidNotional' : 'askNotional'] += mul(order.price, quantity);
}

function settle(order: Order, fill: Fill, quote: bigint): Pick<Trade, 'fee' | 'feeAsset' | 'realized'> {
  const { account, market } = order;
  const { spec, venue } = market;
  const holding = holdingFor(order);
  const realized = applyToPosition(holding, order, fill.quantity, quote);
  const fee = mul(quote, fill.maker ? spec.makerFee : spec.takerFee);
  changeWallet(account, 'REALIZED_PNL', spec.symbol, realized, fill.id);
  changeWallet(account, 'COMMISSION', spec.symbol, -fee, fill.id);
  credit(venue.ledger.fees, 'USDT', fee);
  const position = holding.positions[order.positionSide];
  if (position.quantity !== 0n) position.fees += fee;
  return { fee, feeAsset: 'USDT', realized };
}

/** Orders that may only reduce end when there is nothing left to reduce. */
function filled(order: Order): void {
  const { account, market } = order;
  market.venue.emit({ kind: 'account', account, reason: 'ORDER', symbol: market.spec.symbol });
  for (const other of holdingFor(order).open)
    if (other.level !== null && isOpen(other) && room(other) === 0n) endOrder(other, 'EXPIRED');
}

/** A market order may walk the book as far as the take bound. */
function limit({ type, side, price, market }: Order): bigint {
  if (type === 'LIMIT') return price;
  const bound = takeBound(market as Market<Perpetual>);
  return mark(market as Market<Perpetual>) + (side === 'BUY' ? bound : -bound);
}

export const futuresRules: MarketRules = { room, limit, lock, settle, filled };

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
  if (SIDES.some((side) => holding.positions[side].quantity !== 0n)) market.holders.add(account);
  else market.holders.delete(account);
  market.venue.touched.add(account);
  return realized;
}

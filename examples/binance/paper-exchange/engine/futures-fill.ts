/** What a futures trade does to orders, positions and wallets. */

import { remaining } from './book.ts';
import { abs, min, mul, mulDiv } from './decimal.ts';
import type { Perpetual } from './instruments.ts';
import { reducible } from './margin.ts';
import type { TradeRules } from './match.ts';
import { isOpen } from './match.ts';
import { changeWallet, credit, finish, nextTradeId, recordPublic, recordTrade } from './records.ts';
import type { Account, Holding, Market, Order, Position, PositionSide, Side, Trade, Venue } from './state.ts';

const DEFAULT_LEVERAGE = 20;

const flat = (side: PositionSide): Position => ({
  side,
  quantity: 0n,
  cost: 0n,
  isolatedWallet: 0n,
  fees: 0n,
  updateTime: 0,
});

/** The account's holding in a market; made on first use: cross, 20x, flat. */
export function holdingOf(account: Account, market: Market<Perpetual>): Holding {
  const found = account.holdings.get(market.spec.symbol);
  if (found !== undefined) return found;
  const holding: Holding = {
    account,
    market,
    leverage: DEFAULT_LEVERAGE,
    isolated: false,
    positions: { BOTH: flat('BOTH'), LONG: flat('LONG'), SHORT: flat('SHORT') },
    bidNotional: 0n,
    askNotional: 0n,
    open: new Set(),
    done: [],
    trades: [],
    cancelAllAt: 0,
  };
  account.holdings.set(market.spec.symbol, holding);
  return holding;
}

/** Whether the order can only make a position smaller. */
export const onlyReduces = (order: Pick<Order, 'reduceOnly' | 'positionSide' | 'side'>): boolean =>
  order.reduceOnly ||
  (order.positionSide === 'LONG' && order.side === 'SELL') ||
  (order.positionSide === 'SHORT' && order.side === 'BUY');

/** Adds (+1) or takes away (-1) `quantity` of a resting order from the notional that locks margin. */
function lock(holding: Holding, order: Order, quantity: bigint, sign: 1n | -1n): void {
  if (onlyReduces(order)) return;
  const notional = sign * mul(order.price, quantity);
  if (order.side === 'BUY') holding.bidNotional += notional;
  else holding.askNotional += notional;
}

/** Puts what is left of the order into the book and locks its margin. */
export function rest(market: Market<Perpetual>, holding: Holding, order: Order): void {
  lock(holding, order, remaining(order), 1n);
  market.book.add(order);
  market.changes += 1;
}

/** Takes a resting order out of the book and frees its margin; does nothing to one that does not rest. */
export function unrest(market: Market<Perpetual>, holding: Holding, order: Order): void {
  if (order.level === null) return;
  lock(holding, order, remaining(order), -1n);
  market.book.remove(order);
  market.changes += 1;
}

/** Ends an open order, frees what it locked and tells the stream. */
export function endOrder(
  venue: Venue,
  market: Market<Perpetual>,
  order: Order,
  status: 'CANCELED' | 'EXPIRED' | 'EXPIRED_IN_MATCH',
): void {
  const holding = holdingOf(order.account, market);
  unrest(market, holding, order);
  order.status = status;
  order.updateTime = venue.now;
  order.account.byClientId.delete(`futures:${order.market.spec.symbol}:${order.clientId}`);
  venue.gtd.delete(order);
  finish(venue, holding, order);
  venue.emit({ kind: 'order', order, execution: status === 'CANCELED' ? 'CANCELED' : 'EXPIRED' });
}

/** The rules a futures market trades by. */
export function futuresRules(venue: Venue, market: Market<Perpetual>): TradeRules {
  return {
    room: (order) => {
      if (!onlyReduces(order)) return remaining(order);
      const position = holdingOf(order.account, market).positions[order.positionSide];
      return min(remaining(order), reducible(position, order.side));
    },
    fill: (taker, maker, price, quantity) => {
      const id = nextTradeId(venue, market);
      recordPublic(venue, market, { id, price, quantity, buyerIsMaker: taker.side === 'SELL' });
      settleWithHouse(venue, market, maker === null ? taker.side : null, price, quantity);
      fillOrder(venue, market, taker, { id, price, quantity, maker: false });
      if (maker !== null) fillOrder(venue, market, maker, { id, price, quantity, maker: true });
    },
    taken: (maker, quantity) => {
      const id = nextTradeId(venue, market);
      recordPublic(venue, market, { id, price: maker.price, quantity, buyerIsMaker: maker.side === 'BUY' });
      settleWithHouse(venue, market, maker.side, maker.price, quantity);
      fillOrder(venue, market, maker, { id, price: maker.price, quantity, maker: true });
    },
    end: (order, status) => endOrder(venue, market, order, status),
  };
}

/** The house's half of a trade with a user who is on `side`: cash against quantity. Null: the house had no part. */
export function settleWithHouse(
  venue: Venue,
  market: Market,
  side: Side | null,
  price: bigint,
  quantity: bigint,
): void {
  if (side === null) return;
  const sign = side === 'BUY' ? -1n : 1n;
  market.houseQuantity += sign * quantity;
  credit(venue.ledger.house, 'USDT', -sign * mul(price, quantity));
}

/** Books one side of a trade: order, position, fee, records, events. */
export function fillOrder(
  venue: Venue,
  market: Market<Perpetual>,
  order: Order,
  trade: { id: number; price: bigint; quantity: bigint; maker: boolean },
): void {
  const { account } = order;
  const holding = holdingOf(account, market);
  const quote = mul(trade.price, trade.quantity);
  if (order.level !== null) {
    lock(holding, order, trade.quantity, -1n);
    market.book.filled(order, trade.quantity);
  }
  order.executed += trade.quantity;
  order.cumQuote += quote;
  order.updateTime = venue.now;
  order.status = remaining(order) === 0n ? 'FILLED' : 'PARTIALLY_FILLED';
  const signed = order.side === 'BUY' ? trade.quantity : -trade.quantity;
  const realized = applyToPosition(venue, holding, order.positionSide, { signed, quote });
  const fee = mul(quote, trade.maker ? market.spec.makerFee : market.spec.takerFee);
  const { symbol } = market.spec;
  changeWallet(venue, account, { type: 'REALIZED_PNL', symbol, amount: realized, tradeId: String(trade.id) });
  changeWallet(venue, account, { type: 'COMMISSION', symbol, amount: -fee, tradeId: String(trade.id) });
  credit(venue.ledger.fees, 'USDT', fee);
  const position = holding.positions[order.positionSide];
  if (position.quantity !== 0n) position.fees += fee;
  const { price, quantity, maker, id } = trade;
  const record: Trade = { id, order, price, quantity, quote, fee, feeAsset: 'USDT', realized, maker, time: venue.now };
  recordTrade(holding, record);
  if (order.status === 'FILLED') {
    market.book.remove(order);
    account.byClientId.delete(`futures:${symbol}:${order.clientId}`);
    venue.gtd.delete(order);
    finish(venue, holding, order);
  }
  venue.emit({ kind: 'order', order, execution: 'TRADE', trade: record });
  venue.emit({ kind: 'account', account, reason: 'ORDER', symbol });
  expireIdleReducers(venue, market, holding);
}

/**
 * Changes a position by a signed quantity at a total of `quote`; returns the realised profit. The cost of the closed
 * part is split off half to even; what rounding moves stays in the remaining cost, so nothing is lost.
 */
function applyToPosition(
  venue: Venue,
  holding: Holding,
  side: PositionSide,
  trade: { signed: bigint; quote: bigint },
): bigint {
  const position = holding.positions[side];
  const { signed, quote } = trade;
  position.updateTime = venue.now;
  const closes = position.quantity !== 0n && position.quantity < 0n !== signed < 0n;
  const closed = closes ? min(abs(signed), abs(position.quantity)) : 0n;
  const closedQuote = closed === 0n ? 0n : mulDiv(quote, closed, abs(signed));
  let realized = 0n;
  if (closed > 0n) {
    const size = abs(position.quantity);
    const cost = mulDiv(position.cost, closed, size);
    realized = (position.quantity > 0n ? closedQuote : -closedQuote) - cost;
    position.isolatedWallet -= mulDiv(position.isolatedWallet, closed, size);
    position.fees -= mulDiv(position.fees, closed, size);
    position.cost -= cost;
    position.quantity += position.quantity > 0n ? -closed : closed;
  }
  const opened = abs(signed) - closed;
  if (opened > 0n) {
    const openedQuote = quote - closedQuote;
    position.quantity += signed > 0n ? opened : -opened;
    position.cost += signed > 0n ? openedQuote : -openedQuote;
    if (holding.isolated) position.isolatedWallet += mulDiv(openedQuote, 1n, BigInt(holding.leverage));
  }
  trackHolder(holding);
  venue.touched.add(holding.account);
  return realized;
}

function trackHolder(holding: Holding): void {
  const { account } = holding;
  const { BOTH, LONG, SHORT } = holding.positions;
  if (BOTH.quantity !== 0n || LONG.quantity !== 0n || SHORT.quantity !== 0n) holding.market.holders.add(account);
  else holding.market.holders.delete(account);
}

/** Ends resting orders that may only reduce a position that is no longer there. */
function expireIdleReducers(venue: Venue, market: Market<Perpetual>, holding: Holding): void {
  for (const order of holding.open) {
    if (order.level === null || !onlyReduces(order) || !isOpen(order)) continue;
    if (reducible(holding.positions[order.positionSide], order.side) === 0n) endOrder(venue, market, order, 'EXPIRED');
  }
}

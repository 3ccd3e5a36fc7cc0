/** Orders, the same on every market: made, opened, closed, found again; and what an account has of them. */

import { mulDiv, ONE } from './decimal.ts';
import type { Perpetual } from './instruments.ts';
import { pushBounded } from './records.ts';
import { refuse } from './refusal.ts';
import type { Account, Dealings, Holding, Market, Order, OrderRequest, Position, PositionSide } from './state.ts';

export const FINISHED_ORDERS_MAX = 5_000;
const DEFAULT_LEVERAGE = 20;
export const isOpen = (order: Order): boolean => order.status === 'NEW' || order.status === 'PARTIALLY_FILLED';

/** The order, if it is open; else refuses with `code`. */
export function stillOpen(order: Order | null, code: -2011 | -2013): Order {
  if (order === null || !isOpen(order)) throw refuse(code);
  return order;
}

/** Whether the order can only make a position smaller. */
export const onlyReduces = (order: Pick<Order, 'reduceOnly' | 'positionSide' | 'side'>): boolean =>
  order.reduceOnly ||
  (order.positionSide === 'LONG' && order.side === 'SELL') ||
  (order.positionSide === 'SHORT' && order.side === 'BUY');

/** Average fill price, 0 before the first fill. */
export const average = (order: Order): bigint =>
  order.executed === 0n ? 0n : mulDiv(order.cumQuote, ONE, order.executed);
export const clientKey = ({ spec }: Market, clientId: string): string => `${spec.kind}:${spec.symbol}:${clientId}`;

const flat = (side: PositionSide): Position => {
  return { side, quantity: 0n, cost: 0n, isolatedWallet: 0n, fees: 0n, updateTime: 0 };
};

/** A holding as a newcomer has it: cross, 20x, flat. */
export const freshHolding = (account: Account, market: Market<Perpetual>): Holding => ({
  account,
  market,
  leverage: DEFAULT_LEVERAGE,
  isolated: false,
  bidNotional: 0n,
  askNotional: 0n,
  cancelAllAt: 0,
  positions: { BOTH: flat('BOTH'), LONG: flat('LONG'), SHORT: flat('SHORT') },
  ...freshDealings(),
});

const freshDealings = (): Dealings => ({ open: new Set(), done: [], trades: [] });

/** The account's holding in a perpetual; made on first use. */
export function holdingOf(account: Account, market: Market<Perpetual>): Holding {
  const found = account.holdings.get(market.spec.symbol);
  if (found !== undefined) return found;
  const holding = freshHolding(account, market);
  account.holdings.set(market.spec.symbol, holding);
  return holding;
}

/** The account's dealings in a market of either kind; made on first use. */
export function dealingsOf(account: Account, market: Market): Dealings {
  if (market.spec.kind === 'futures') return holdingOf(account, market as Market<Perpetual>);
  const pair = account.pairs.get(market.spec.symbol) ?? freshDealings();
  account.pairs.set(market.spec.symbol, pair);
  return pair;
}

/** What an order is as long as nobody says otherwise. */
export const PLAIN_ORDER = {
  positionSide: 'BOTH',
  reduceOnly: false,
  closePosition: false,
  clientId: null,
  stp: 'NONE',
  priceMatch: 'NONE',
  goodTillDate: 0,
  price: 0n,
  stopPrice: 0n,
  quoteQuantity: 0n,
} as const;

/** An order with the next id, not yet known to anybody. A probe takes no id. */
export function newOrder(account: Account, market: Market, request: OrderRequest, isProbe = false): Order {
  const { venue } = market;
  const id = venue.nextOrderId;
  if (!isProbe) {
    venue.nextOrderId += 1n;
    venue.nextId += 1;
  }
  return {
    id,
    account,
    market,
    clientId: request.clientId ?? `paper-${id}`,
    side: request.side,
    type: request.type,
    origType: request.origType ?? request.type,
    timeInForce: request.timeInForce,
    positionSide: request.positionSide,
    reduceOnly: request.reduceOnly,
    closePosition: request.closePosition,
    stp: request.stp,
    priceMatch: request.priceMatch,
    goodTillDate: request.goodTillDate,
    price: request.price,
    quantity: request.quantity,
    executed: 0n,
    cumQuote: 0n,
    status: 'NEW',
    time: venue.now,
    updateTime: venue.now,
    priority: venue.nextId,
    stopPrice: request.stopPrice,
    working: true,
    workingTime: venue.now,
    quoteQuantity: request.quoteQuantity,
    level: null,
    previous: null,
    next: null,
  };
}

/** Makes an order known to its account and its venue. */
export function openOrder(order: Order): void {
  const { account, market } = order;
  market.venue.orders.set(order.id, order);
  dealingsOf(account, market).open.add(order);
  account.byClientId.set(clientKey(market, order.clientId), order);
}

/** Takes an order off book and lists and files it; the venue forgets orders that fall out of the history. */
export function closeOrder(order: Order, status: Order['status']): void {
  const { account, market } = order;
  const { venue } = market;
  const { open, done } = dealingsOf(account, market);
  market.book.remove(order);
  market.stops.delete(order);
  venue.gtd.delete(order);
  order.status = status;
  order.updateTime = venue.now;
  account.byClientId.delete(clientKey(market, order.clientId));
  open.delete(order);
  pushBounded(done, order, FINISHED_ORDERS_MAX, (old) => venue.orders.delete(old.id));
}

/** An account's order by id, else by client id. Null when it is not there or not the account's. */
export function findOrder(account: Account, market: Market, orderId: bigint | null, clientId: string | null) {
  if (orderId !== null) {
    const order = market.venue.orders.get(orderId);
    return order?.account === account && order.market === market ? order : null;
  }
  if (clientId === null) return null;
  const open = account.byClientId.get(clientKey(market, clientId));
  const lists = market.spec.kind === 'futures' ? account.holdings : account.pairs;
  return open ?? lists.get(market.spec.symbol)?.done.findLast((order) => order.clientId === clientId) ?? null;
}

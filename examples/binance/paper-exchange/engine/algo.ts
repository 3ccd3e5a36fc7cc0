/**
 * Conditional futures orders. They lock nothing and are not in the book; when their trigger is reached they become a
 * real order, which is checked like any other and may then be refused.
 */

import type { Side } from './book.ts';
import { max, min, mulDiv } from './decimal.ts';
import { checkFilters, checkMode, checkPrice, placeFutures } from './futures.ts';
import type { Perpetual } from './instruments.ts';
import { reducible } from './margin.ts';
import { clientKey, FINISHED_ORDERS_MAX, holdingOf, isOpen } from './orders.ts';
import { last, mark, withinProtect } from './prices.ts';
import { pushBounded } from './records.ts';
import { Refusal, refuse } from './refusal.ts';
import type { Account, AlgoOrder, AlgoRequest, Market, Order, Venue } from './state.ts';

export const ALGO_TYPES = ['STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'] as const;
/** Conditional orders an account may have open over all symbols. */
const ALGO_ORDERS_MAX = 200;
const isTrailing = (type: string): boolean => type === 'TRAILING_STOP_MARKET';
export const isLimited = (type: string): boolean => type === 'STOP' || type === 'TAKE_PROFIT';

export function placeAlgo(account: Account, market: Market<Perpetual>, request: AlgoRequest): AlgoOrder {
  const { venue } = market;
  const { clientId, side, activatePrice } = request;
  checkMode(account, request);
  for (const price of [request.triggerPrice, activatePrice]) if (price !== 0n) checkPrice(market, price);
  if (!request.closePosition) {
    const type = isLimited(request.type) && request.priceMatch === 'NONE' ? 'LIMIT' : 'MARKET';
    checkFilters(market, { ...request, type });
  }
  if (account.algoOpen.size >= ALGO_ORDERS_MAX) throw refuse(-4045);
  if (clientId !== null && openByClientId(account, clientId) !== null) throw refuse(-4116);
  const price = watched(market, request);
  const wrongSide = activatePrice !== 0n && (side === 'BUY' ? activatePrice > price : activatePrice < price);
  if (isTrailing(request.type) ? wrongSide : reached(request, price)) throw refuse(-2021);
  const id = venue.nextAlgoId;
  venue.nextAlgoId += 1n;
  const algo: AlgoOrder = {
    ...request,
    id,
    account,
    market,
    clientId: clientId ?? `paper-algo-${id}`,
    extreme: isTrailing(request.type) && activatePrice === 0n ? price : 0n,
    status: 'NEW',
    triggerTime: 0,
    actualOrder: null,
    rejectReason: '',
    createTime: venue.now,
    updateTime: venue.now,
  };
  venue.algos.set(id, algo);
  account.algoOpen.set(id, algo);
  market.algos.add(algo);
  venue.emit({ kind: 'algo', algo });
  return algo;
}

const openByClientId = (account: Account, clientId: string): AlgoOrder | null =>
  [...account.algoOpen.values()].find((algo) => algo.clientId === clientId) ?? null;
const watched = (market: Market<Perpetual>, { workingType }: Pick<AlgoRequest, 'workingType'>): bigint =>
  workingType === 'MARK_PRICE' ? mark(market) : last(market);

/** Stops fire when the price moves against the side that holds, take-profits when it moves with it. */
function reached(order: { type: string; side: Side; triggerPrice: bigint }, price: bigint): boolean {
  const rising = order.type.startsWith('STOP') === (order.side === 'BUY');
  return rising ? price >= order.triggerPrice : price <= order.triggerPrice;
}

/** Follows the price and says whether the trailing stop fires: the price came back from its best by the callback rate. */
function trail(algo: AlgoOrder, price: bigint): boolean {
  const buys = algo.side === 'BUY';
  if (algo.extreme === 0n) {
    if (buys ? price > algo.activatePrice : price < algo.activatePrice) return false;
    algo.extreme = price;
  }
  algo.extreme = buys ? min(algo.extreme, price) : max(algo.extreme, price);
  const turn = mulDiv(algo.extreme, 10_000n + (buys ? algo.callbackRate : -algo.callbackRate), 10_000n);
  return buys ? price >= turn : price <= turn;
}

/** Fires every conditional order of a market whose price is reached; says whether there was one. */
export function triggerAlgos(market: Market<Perpetual>): boolean {
  let fired = false;
  for (const algo of market.algos) {
    if (algo.goodTillDate > 0 && algo.goodTillDate <= market.venue.now) {
      endAlgo(algo, 'EXPIRED');
      continue;
    }
    const price = watched(market, algo);
    if (!(isTrailing(algo.type) ? trail(algo, price) : reached(algo, price))) continue;
    fired = true;
    fire(market.venue, algo);
  }
  return fired;
}

function fire(venue: Venue, algo: AlgoOrder): void {
  algo.triggerTime = venue.now;
  const quantities = algo.priceProtect && !withinProtect(algo.market) ? [] : quantitiesOf(algo);
  if (quantities.length === 0) {
    endAlgo(algo, 'EXPIRED');
    return;
  }
  // Out of the list first: the order it becomes may move the price and bring us back here.
  endAlgo(algo, 'TRIGGERING');
  try {
    for (const quantity of quantities) algo.actualOrder = placeTriggered(algo, quantity);
    algo.status = 'TRIGGERED';
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    algo.status = algo.actualOrder === null ? 'REJECTED' : 'TRIGGERED';
    algo.rejectReason = error.message;
  }
  venue.emit({ kind: 'algo', algo });
}

/** What to trade: the order's quantity, or the whole position in pieces a market order may have. */
function quantitiesOf(algo: AlgoOrder): bigint[] {
  if (!algo.closePosition) return [algo.quantity];
  const most = algo.market.spec.marketQuantityMax;
  let left = reducible(holdingOf(algo.account, algo.market).positions[algo.positionSide], algo.side);
  const pieces: bigint[] = [];
  for (; left > 0n; left -= min(left, most)) pieces.push(min(left, most));
  return pieces;
}

function placeTriggered(algo: AlgoOrder, quantity: bigint): Order {
  const { account, market, clientId } = algo;
  const limited = isLimited(algo.type);
  return placeFutures(account, market, {
    ...algo,
    type: limited ? 'LIMIT' : 'MARKET',
    origType: algo.type,
    quantity,
    price: limited ? algo.price : 0n,
    reduceOnly: algo.reduceOnly || (algo.closePosition && !account.dualSide),
    clientId: account.byClientId.has(clientKey(market, clientId)) ? null : clientId,
    goodTillDate: limited && algo.timeInForce === 'GTD' ? algo.goodTillDate : 0,
    stopPrice: 0n,
    quoteQuantity: 0n,
  });
}

/** Takes a conditional order off the watch list and files it. */
function endAlgo(algo: AlgoOrder, status: 'CANCELED' | 'EXPIRED' | 'TRIGGERING'): void {
  const { account, market } = algo;
  const { venue } = market;
  algo.status = status;
  algo.updateTime = venue.now;
  market.algos.delete(algo);
  account.algoOpen.delete(algo.id);
  pushBounded(account.algoDone, algo, FINISHED_ORDERS_MAX, (old) => venue.algos.delete(old.id));
  if (status !== 'TRIGGERING') venue.emit({ kind: 'algo', algo });
}

/** The status as shown: a triggered order is finished once its real order is. */
export function algoStatus({ status, actualOrder }: AlgoOrder): AlgoOrder['status'] {
  return status === 'TRIGGERED' && actualOrder !== null && !isOpen(actualOrder) ? 'FINISHED' : status;
}

/** An account's conditional order by id, else by client id. Null when it is not there or not the account's. */
export function findAlgo(account: Account, algoId: bigint | null, clientId: string | null): AlgoOrder | null {
  if (algoId !== null) {
    const algo = account.venue.algos.get(algoId);
    return algo?.account === account ? algo : null;
  }
  if (clientId === null) return null;
  const done = account.algoDone.findLast((algo) => algo.clientId === clientId);
  return openByClientId(account, clientId) ?? done ?? null;
}

/** Cancels a conditional order that has not fired; -2011 for anything else. */
export function cancelAlgo(algo: AlgoOrder | null): AlgoOrder {
  if (algo === null || algo.status !== 'NEW') throw refuse(-2011);
  endAlgo(algo, 'CANCELED');
  return algo;
}

export function cancelAllAlgos(account: Account, market: Market<Perpetual>): void {
  for (const algo of account.algoOpen.values()) if (algo.market === market) endAlgo(algo, 'CANCELED');
}

/**
 * Conditional futures orders. They lock nothing and are not in the book; when their trigger is reached they become a
 * real order, which is checked like any other and may then be refused.
 */

import { max, min, mulDiv } from './decimal.ts';
import { checkFilters, checkMode, placeFutures } from './futures.ts';
import { holdingOf } from './futures-fill.ts';
import { ALGO_ORDERS_MAX, type Perpetual } from './instruments.ts';
import { reducible } from './margin.ts';
import { isOpen } from './match.ts';
import { last, mark, withinProtect } from './prices.ts';
import { FINISHED_ORDERS_MAX, pushBounded } from './records.ts';
import { Refusal, refuse } from './refusal.ts';
import type {
  Account,
  AlgoOrder,
  AlgoStatus,
  Market,
  Order,
  PositionSide,
  SelfTradePrevention,
  Side,
  TimeInForce,
  Venue,
  WorkingType,
} from './state.ts';

export const ALGO_TYPES = ['STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'] as const;
type AlgoType = (typeof ALGO_TYPES)[number];

export interface AlgoRequest {
  readonly type: AlgoType;
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly timeInForce: TimeInForce;
  /** 0 with `closePosition`. */
  readonly quantity: bigint;
  readonly price: bigint;
  /** 0 for a trailing stop. */
  readonly triggerPrice: bigint;
  readonly workingType: WorkingType;
  readonly priceProtect: boolean;
  readonly reduceOnly: boolean;
  readonly closePosition: boolean;
  readonly activatePrice: bigint;
  /** Hundredths of a percent. */
  readonly callbackRate: bigint;
  readonly clientId: string | null;
  readonly stp: SelfTradePrevention;
  readonly priceMatch: string;
  readonly goodTillDate: number;
}

const isTrailing = (type: string): boolean => type === 'TRAILING_STOP_MARKET';
const isLimited = (type: string): boolean => type === 'STOP' || type === 'TAKE_PROFIT';

export function placeAlgo(venue: Venue, account: Account, market: Market<Perpetual>, request: AlgoRequest): AlgoOrder {
  checkMode(account, request);
  checkAlgoPrices(market, request);
  if (!request.closePosition) {
    const type = isLimited(request.type) && request.priceMatch === 'NONE' ? 'LIMIT' : 'MARKET';
    checkFilters(venue, market, { ...request, type });
  }
  if (account.algoOpen.size >= ALGO_ORDERS_MAX) throw new Refusal(-4045, 'Reach max stop order limit.');
  if (request.clientId !== null && openByClientId(account, request.clientId) !== null) throw refuse(-4116);
  const price = watched(venue, { market, workingType: request.workingType });
  if (isTrailing(request.type)) {
    const wrongSide = request.side === 'BUY' ? request.activatePrice > price : request.activatePrice < price;
    if (request.activatePrice !== 0n && wrongSide) throw refuse(-2021);
  } else if (reached(request, price)) throw refuse(-2021);
  const algo = newAlgo(venue, account, market, request);
  if (isTrailing(algo.type) && algo.activatePrice === 0n) algo.extreme = price;
  venue.algos.set(algo.id, algo);
  account.algoOpen.set(algo.id, algo);
  market.algos.add(algo);
  venue.emit({ kind: 'algo', algo });
  return algo;
}

function checkAlgoPrices(market: Market<Perpetual>, request: AlgoRequest): void {
  const { spec } = market;
  for (const price of [request.triggerPrice, request.activatePrice]) {
    if (price === 0n) continue;
    if (price < spec.priceMin) throw refuse(-4013);
    if (price > spec.priceMax) throw refuse(-4002);
    if (price % spec.tick !== 0n) throw refuse(-4014);
  }
}

const openByClientId = (account: Account, clientId: string): AlgoOrder | null => {
  for (const algo of account.algoOpen.values()) if (algo.clientId === clientId) return algo;
  return null;
};

function newAlgo(venue: Venue, account: Account, market: Market<Perpetual>, request: AlgoRequest): AlgoOrder {
  const id = venue.nextAlgoId;
  venue.nextAlgoId += 1n;
  const { clientId, ...rest } = request;
  return {
    ...rest,
    id,
    account,
    market,
    clientId: clientId ?? `paper-algo-${id}`,
    extreme: 0n,
    status: 'NEW',
    createTime: venue.now,
    updateTime: venue.now,
    triggerTime: 0,
    actualOrder: null,
    rejectReason: '',
  };
}

/** The price a conditional order watches. */
const watched = (venue: Venue, order: { market: Market<Perpetual>; workingType: WorkingType }): bigint =>
  order.workingType === 'MARK_PRICE' ? mark(venue, order.market) : last(venue, order.market);

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
export function triggerAlgos(venue: Venue, market: Market<Perpetual>): boolean {
  let fired = false;
  for (const algo of market.algos) {
    if (algo.goodTillDate > 0 && algo.goodTillDate <= venue.now) {
      endAlgo(venue, algo, 'EXPIRED');
      continue;
    }
    const price = watched(venue, algo);
    if (!(isTrailing(algo.type) ? trail(algo, price) : reached(algo, price))) continue;
    fired = true;
    fire(venue, algo);
  }
  return fired;
}

function fire(venue: Venue, algo: AlgoOrder): void {
  algo.triggerTime = venue.now;
  if (algo.priceProtect && !withinProtect(venue, algo.market)) {
    endAlgo(venue, algo, 'EXPIRED');
    return;
  }
  const quantities = quantitiesOf(algo);
  if (quantities.length === 0) {
    endAlgo(venue, algo, 'EXPIRED');
    return;
  }
  // Out of the list first: the order it becomes may move the price and bring us back here.
  endAlgo(venue, algo, 'TRIGGERING');
  try {
    for (const quantity of quantities) algo.actualOrder = placeTriggered(venue, algo, quantity);
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

function placeTriggered(venue: Venue, algo: AlgoOrder, quantity: bigint): Order {
  const { account, market } = algo;
  const limited = isLimited(algo.type);
  const taken = account.byClientId.has(`futures:${market.spec.symbol}:${algo.clientId}`);
  return placeFutures(venue, account, market, {
    side: algo.side,
    type: limited ? 'LIMIT' : 'MARKET',
    origType: algo.type,
    positionSide: algo.positionSide,
    timeInForce: algo.timeInForce,
    quantity,
    price: limited ? algo.price : 0n,
    reduceOnly: algo.reduceOnly || (algo.closePosition && !account.dualSide),
    closePosition: algo.closePosition,
    clientId: taken ? null : algo.clientId,
    stp: algo.stp,
    priceMatch: algo.priceMatch,
    goodTillDate: limited && algo.timeInForce === 'GTD' ? algo.goodTillDate : 0,
  });
}

/** Takes a conditional order off the watch list and files it. */
function endAlgo(venue: Venue, algo: AlgoOrder, status: AlgoStatus): void {
  algo.status = status;
  algo.updateTime = venue.now;
  algo.market.algos.delete(algo);
  algo.account.algoOpen.delete(algo.id);
  pushBounded(algo.account.algoDone, algo, FINISHED_ORDERS_MAX, (old) => venue.algos.delete(old.id));
  if (status !== 'TRIGGERING') venue.emit({ kind: 'algo', algo });
}

/** The status as shown: a triggered order is finished once its real order is. */
export function algoStatus(algo: AlgoOrder): AlgoStatus {
  if (algo.status === 'TRIGGERED' && algo.actualOrder !== null && !isOpen(algo.actualOrder)) return 'FINISHED';
  return algo.status;
}

export function findAlgo(
  venue: Venue,
  account: Account,
  by: { algoId: bigint | null; clientId: string | null },
): AlgoOrder | null {
  if (by.algoId !== null) {
    const algo = venue.algos.get(by.algoId);
    return algo !== undefined && algo.account === account ? algo : null;
  }
  if (by.clientId === null) return null;
  return (
    openByClientId(account, by.clientId) ?? account.algoDone.findLast((algo) => algo.clientId === by.clientId) ?? null
  );
}

/** Cancels a conditional order that has not fired; -2011 for anything else. */
export function cancelAlgo(venue: Venue, algo: AlgoOrder | null): AlgoOrder {
  if (algo === null || algo.status !== 'NEW') throw refuse(-2011);
  endAlgo(venue, algo, 'CANCELED');
  return algo;
}

export function cancelAllAlgos(venue: Venue, account: Account, market: Market<Perpetual>): number {
  const open = [...account.algoOpen.values()].filter((algo) => algo.market === market);
  for (const algo of open) endAlgo(venue, algo, 'CANCELED');
  return open.length;
}

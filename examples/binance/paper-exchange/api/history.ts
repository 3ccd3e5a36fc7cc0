/** Pages of history: what lies in a window of time, or from an id on, oldest first. */

import { isOpen } from '../engine/orders.ts';
import { refuse } from '../engine/refusal.ts';
import type { Dealings, Order } from '../engine/state.ts';
import type { OpenCall } from './route.ts';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const UNFILLED_KEPT_MS = 3 * DAY_MS;
const ORDERS_KEPT_MS = 90 * DAY_MS;

interface Window {
  readonly start: number;
  readonly end: number;
}
type WindowOf = (call: OpenCall, byId: boolean) => Window;

/** Futures: at most seven days, by default the last seven, or all when the call asks by id. */
export const weekWindow: WindowOf = ({ venue, params }, byId) => {
  const start = params.integer('startTime', null);
  const end = params.integer('endTime', null);
  if (start !== null && end !== null && (end < start || end - start > WEEK_MS)) throw refuse(-4165);
  if (start !== null) return { start, end: end ?? start + WEEK_MS };
  if (end !== null) return { start: end - WEEK_MS, end };
  return { start: byId ? 0 : venue.now - WEEK_MS, end: venue.now };
};

/** Spot: at most a day, by default all. */
export const dayWindow: WindowOf = ({ params }) => {
  const start = params.integer('startTime', null);
  const end = params.integer('endTime', null);
  if (start !== null && end !== null && (end < start || end - start > DAY_MS)) throw refuse(-1127);
  return {
    start: start ?? (end === null ? 0 : end - DAY_MS),
    end: end ?? (start === null ? Infinity : start + DAY_MS),
  };
};

interface Paging<T> {
  /** The parameter that says from which id on, in its spellings; empty when there is none. */
  readonly from: readonly string[];
  readonly id: (row: T) => bigint | number;
  readonly time: (row: T) => number;
  readonly window: WindowOf;
  readonly limit?: number;
}

/** The rows a call asks for: the first `limit` when it says where to start, else the last. */
export function page<T>(call: OpenCall, rows: readonly T[], by: Paging<T>): T[] {
  const { params } = call;
  const limit = params.integer('limit', by.limit ?? 500, { min: 1, max: 1000 });
  const from = params.id(by.from.find((name) => params.has(name)) ?? '');
  const { start, end } = by.window(call, from !== null);
  const found = rows.filter(
    (row) => (from === null || by.id(row) >= from) && by.time(row) >= start && by.time(row) <= end,
  );
  return from !== null || params.has('startTime') ? found.slice(0, limit) : found.slice(-limit);
}

export const byOrderId = (a: { id: bigint }, b: { id: bigint }): number => (a.id < b.id ? -1 : 1);

/** A page of an account's orders in a market, finished and open. */
export const orderHistory = (call: OpenCall, dealings: Dealings | undefined, window: WindowOf): Order[] => {
  const all = [...(dealings?.done ?? []), ...(dealings?.open ?? [])].filter(isRemembered).sort(byOrderId);
  return page(call, all, { from: ['orderId'], id: (order) => order.id, time: (order) => order.time, window });
};

/** Futures forget a finished order: after three days when it ended unfilled, after ninety when it was filled. */
function isRemembered(order: Order): boolean {
  const age = order.market.venue.now - order.updateTime;
  return (
    order.market.spec.kind === 'spot' ||
    isOpen(order) ||
    age <= (order.executed === 0n ? UNFILLED_KEPT_MS : ORDERS_KEPT_MS)
  );
}

/** A page of an account's trades in a market, of one order if the call names one. */
export const tradeHistory = (call: OpenCall, dealings: Dealings | undefined, window: WindowOf): Dealings['trades'] => {
  const orderId = call.params.id('orderId');
  const all = (dealings?.trades ?? []).filter((trade) => orderId === null || trade.order.id === orderId);
  const byId: WindowOf = (asked, fromId) => window(asked, fromId || orderId !== null);
  return page(call, all, { from: ['fromId'], id: (trade) => trade.id, time: (trade) => trade.time, window: byId });
};

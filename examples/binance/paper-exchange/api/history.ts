/** Pages of history: what lies in a window of time, or from an id on, oldest first. */

import { isOpen } from '../engine/orders.ts';
import { type RefusalCode, refuse } from '../engine/refusal.ts';
import type { Dealings, Market, Order, Trade } from '../engine/state.ts';
import type { AccountCall } from './route.ts';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const UNFILLED_KEPT_MS = 3 * DAY_MS;
const ORDERS_KEPT_MS = 90 * DAY_MS;

interface Window {
  readonly start: number;
  readonly end: number;
}
type WindowOf = (call: AccountCall, byId: boolean) => Window;

/** At most `length` ms, refused with `code` when longer; null when neither end is given. */
function givenWindow({ params }: AccountCall, length: number, code: RefusalCode): Window | null {
  const start = params.integer('startTime', null);
  const end = params.integer('endTime', null);
  if (start !== null && end !== null && (end < start || end - start > length)) throw refuse(code);
  if (start !== null) return { start, end: end ?? start + length };
  return end === null ? null : { start: end - length, end };
}

/** Futures: at most seven days, by default the last seven, or all when the call asks by id. */
export const weekWindow: WindowOf = (call, byId) =>
  givenWindow(call, WEEK_MS, -4165) ?? { start: byId ? 0 : call.venue.now - WEEK_MS, end: call.venue.now };

/** Spot: at most a day, by default all. */
export const dayWindow: WindowOf = (call) => givenWindow(call, DAY_MS, -1127) ?? { start: 0, end: Infinity };

interface Paging<T> {
  /** The parameter that says from which id on, in its spellings; empty when there is none. */
  readonly from: readonly string[];
  readonly time: (row: T) => number;
  readonly window: WindowOf;
  readonly limit?: number;
}

/** The rows a call asks for: the first `limit` when it says where to start, else the last. */
export function page<T extends { id: bigint | number }>(call: AccountCall, rows: readonly T[], by: Paging<T>): T[] {
  const { params } = call;
  const limit = params.integer('limit', by.limit ?? 500, { min: 1, max: 1000 });
  const from = params.id(by.from.find((name) => params.has(name)) ?? '');
  const { start, end } = by.window(call, from !== null);
  const found = rows.filter((row) => (from === null || row.id >= from) && by.time(row) >= start && by.time(row) <= end);
  return from !== null || params.has('startTime') ? found.slice(0, limit) : found.slice(-limit);
}

export const byId = (a: { id: bigint }, b: { id: bigint }): number => (a.id < b.id ? -1 : 1);
const dealingsIn = ({ account }: AccountCall, { spec }: Market): Dealings | undefined =>
  account[spec.kind === 'futures' ? 'holdings' : 'pairs'].get(spec.symbol);

/** A page of the account's orders in a market, finished and open. */
export function orderHistory(call: AccountCall, market: Market, window: WindowOf): Order[] {
  const { done = [], open = [] } = dealingsIn(call, market) ?? {};
  const all = [...done, ...open].filter(isKept).sort(byId);
  return page(call, all, { from: ['orderId'], time: (order) => order.time, window });
}

/** Futures forget a finished order: after three days when it ended unfilled, after ninety when it was filled. */
function isKept(order: Order): boolean {
  const { venue, spec } = order.market;
  const age = venue.now - order.updateTime;
  return spec.kind === 'spot' || isOpen(order) || age <= (order.executed === 0n ? UNFILLED_KEPT_MS : ORDERS_KEPT_MS);
}

/** A page of the account's trades in a market, of one order if the call names one. */
export function tradeHistory(call: AccountCall, market: Market, window: WindowOf): Trade[] {
  const orderId = call.params.id('orderId');
  const trades = dealingsIn(call, market)?.trades ?? [];
  const all = trades.filter(({ order }) => (orderId ?? order.id) === order.id);
  const windowOf: WindowOf = (asked, byFromId) => window(asked, byFromId || orderId !== null);
  return page(call, all, { from: ['fromId'], time: (trade) => trade.time, window: windowOf });
}

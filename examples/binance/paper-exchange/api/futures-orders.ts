/** Orders of /fapi and, under another name and in another shape, of /papi/v1/um. */

import {
  cancelAllFutures,
  cancelFutures,
  checkFutures,
  findFutures,
  modifyFutures,
  placeFutures,
} from '../engine/futures.ts';
import { holdingOf } from '../engine/futures-fill.ts';
import type { Perpetual } from '../engine/instruments.ts';
import { isOpen } from '../engine/match.ts';
import { Refusal, refuse } from '../engine/refusal.ts';
import type { Holding, Market, Order, Trade, Venue } from '../engine/state.ts';
import { futuresMarket } from './futures-market.ts';
import { readFuturesOrder, readSide, readUnits } from './futures-request.ts';
import { type Fields, orderResult, orderRow, portfolioOrder, tradeRow } from './futures-shape.ts';
import type { Json } from './json.ts';
import { missing, Params, plainText } from './params.ts';
import { change, type Route, read, type SignedCall } from './route.ts';

type Family = 'classic' | 'portfolio';

const DAY_MS = 86_400_000;
const UNFILLED_KEPT_MS = 3 * DAY_MS;
const ORDERS_KEPT_MS = 90 * DAY_MS;
const WINDOW_MS = 7 * DAY_MS;
const BATCH_ORDERS_MAX = 5;
const BATCH_CANCELS_MAX = 10;

const one = (): number => 1;

/** The order routes of a family; `at` gives each route's path. */
export function futuresOrderRoutes(family: Family): readonly Route[] {
  const at = (name: string): string => (family === 'classic' ? `/fapi/v1/${name}` : `/papi/v1/um/${name}`);
  const shape = (fields: Fields): Fields => (family === 'classic' ? fields : portfolioOrder(fields));
  const result = (call: SignedCall, order: Order): Fields => shape(orderResult(order, call.settings.strict));
  const place = (call: SignedCall): Json => {
    const market = futuresMarket(call.venue, call.params);
    const request = readFuturesOrder(market, call.params, family);
    const kind = call.params.choice('newOrderRespType', ['ACK', 'RESULT'], 'ACK');
    const order = placeFutures(call.venue, call.account, market, request);
    // An acknowledgement is sent before matching: what the order did is in RESULT, in a query or on the stream.
    return result(call, kind === 'RESULT' ? order : { ...order, status: 'NEW', executed: 0n, cumQuote: 0n });
  };
  const cancel = (call: SignedCall): Json => {
    const market = futuresMarket(call.venue, call.params);
    return result(call, cancelFutures(call.venue, market, lookUp(call, market)));
  };
  const modify = (call: SignedCall): Json => {
    const { venue, params, account } = call;
    const market = futuresMarket(venue, params);
    const side = readSide(params);
    const quantity = readUnits(market, params, 'quantity', 'quantity');
    const price = readUnits(market, params, 'price', 'price');
    if (quantity === null) throw missing('quantity');
    if (price === null) throw missing('price');
    return result(
      call,
      modifyFutures(venue, holdingOf(account, market), lookUp(call, market), { side, quantity, price }),
    );
  };
  return [
    change('POST', at('order'), 0, place, one),
    read(at('order'), 1, (call) => shape(orderRow(known(lookUp(call, futuresMarket(call.venue, call.params)))))),
    change('DELETE', at('order'), 1, cancel),
    change('PUT', at('order'), 1, modify, one),
    read(at('openOrder'), 1, (call) => {
      const order = known(lookUp(call, futuresMarket(call.venue, call.params)));
      if (!isOpen(order)) throw refuse(-2013);
      return shape(orderRow(order));
    }),
    read(
      at('openOrders'),
      (params) => (params.text('symbol') === null ? 40 : 1),
      (call) => {
        const { venue, params, account } = call;
        if (params.text('symbol') !== null)
          return openOf(account.holdings.get(futuresMarket(venue, params).spec.symbol)).map((order) =>
            shape(orderRow(order)),
          );
        return [...account.holdings.values()]
          .flatMap((holding) => openOf(holding))
          .map((order) => shape(orderRow(order)));
      },
    ),
    read(at('allOrders'), 5, (call) => history(call).map((order) => shape(orderRow(order)))),
    change('DELETE', at('allOpenOrders'), 1, ({ venue, params, account }) => {
      cancelAllFutures(venue, holdingOf(account, futuresMarket(venue, params)));
      return { code: 200, msg: 'The operation of cancel all open order is done.' };
    }),
    read(at('userTrades'), 5, (call) => trades(call).map(tradeRow)),
    ...(family === 'classic' ? classicOnly({ place, cancel, modify }) : []),
  ];
}

function classicOnly(single: Record<'place' | 'cancel' | 'modify', (call: SignedCall) => Json>): readonly Route[] {
  return [
    change('POST', '/fapi/v1/order/test', 0, (call) => {
      const market = futuresMarket(call.venue, call.params);
      const request = readFuturesOrder(market, call.params, 'classic');
      checkFutures(call.venue, holdingOf(call.account, market), request);
      return {};
    }),
    change(
      'POST',
      '/fapi/v1/batchOrders',
      5,
      (call) => batch(call, single.place),
      (params) => batchOrders(params).length,
    ),
    change(
      'PUT',
      '/fapi/v1/batchOrders',
      5,
      (call) => batch(call, single.modify),
      (params) => batchOrders(params).length,
    ),
    change('DELETE', '/fapi/v1/batchOrders', 1, (call) => batchCancel(call, single.cancel)),
    change('POST', '/fapi/v1/countdownCancelAll', 10, ({ venue, params, account }) => {
      const market = futuresMarket(venue, params);
      const countdown = params.integer('countdownTime', null);
      if (countdown === null) throw missing('countdownTime');
      const holding = holdingOf(account, market);
      holding.cancelAllAt = countdown === 0 ? 0 : venue.now + countdown;
      if (countdown === 0) venue.armed.delete(holding);
      else venue.armed.add(holding);
      return { symbol: market.spec.symbol, countdownTime: String(countdown) };
    }),
  ];
}

const openOf = (holding: Holding | undefined): Order[] => [...(holding?.open ?? [])];

/** The order a call names by `orderId` or `origClientOrderId`; -1102 when it names none. */
function lookUp({ venue, account, params }: SignedCall, market: Market<Perpetual>): Order | null {
  const orderId = params.id('orderId');
  const clientId = params.text('origClientOrderId');
  if (orderId === null && clientId === null) {
    throw new Refusal(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!");
  }
  return findFutures(venue, account, market, { orderId, clientId });
}

function known(order: Order | null): Order {
  if (order === null) throw refuse(-2013);
  return order;
}

/** Oldest first. Orders that ended unfilled are forgotten after three days, all after ninety. */
function history({ venue, params, account }: SignedCall): Order[] {
  const market = futuresMarket(venue, params);
  const holding = account.holdings.get(market.spec.symbol);
  const limit = params.integer('limit', 500, { min: 1, max: 1000 });
  const fromId = params.id('orderId');
  const window = timeWindow(venue, params, fromId !== null);
  const all = [...(holding?.done ?? []), ...(holding?.open ?? [])].filter((order) => remembered(venue, order));
  all.sort((a, b) => (a.id < b.id ? -1 : 1));
  const found = all.filter(
    (order) => (fromId === null || order.id >= fromId) && order.time >= window.start && order.time <= window.end,
  );
  return params.text('startTime') !== null || fromId !== null ? found.slice(0, limit) : found.slice(-limit);
}

function remembered(venue: Venue, order: Order): boolean {
  const age = venue.now - order.updateTime;
  if (isOpen(order)) return true;
  return age <= (order.executed === 0n ? UNFILLED_KEPT_MS : ORDERS_KEPT_MS);
}

/** Start and end of a history query: at most seven days, by default the last seven. */
export function timeWindow(venue: Venue, params: Params, byId: boolean): { start: number; end: number } {
  const start = params.integer('startTime', null);
  const end = params.integer('endTime', null);
  if (start !== null && end !== null && (end < start || end - start > WINDOW_MS)) {
    throw new Refusal(
      -4165,
      'Search window is restricted to recent 7 days only: make `endTime - startTime` at most 604800000 ms.',
    );
  }
  if (start !== null) return { start, end: end ?? start + WINDOW_MS };
  if (end !== null) return { start: end - WINDOW_MS, end };
  return { start: byId ? 0 : venue.now - WINDOW_MS, end: venue.now };
}

function trades({ venue, params, account }: SignedCall): readonly Trade[] {
  const market = futuresMarket(venue, params);
  const limit = params.integer('limit', 500, { min: 1, max: 1000 });
  const fromId = params.integer('fromId', null);
  const orderId = params.id('orderId');
  if (fromId !== null && (params.text('startTime') !== null || params.text('endTime') !== null)) throw refuse(-1128);
  const window = timeWindow(venue, params, fromId !== null || orderId !== null);
  const found = (account.holdings.get(market.spec.symbol)?.trades ?? []).filter(
    (trade) =>
      (fromId === null || trade.id >= fromId) &&
      (orderId === null || trade.order.id === orderId) &&
      trade.time >= window.start &&
      trade.time <= window.end,
  );
  return params.text('startTime') !== null || fromId !== null ? found.slice(0, limit) : found.slice(-limit);
}

/** The orders of `batchOrders`, each as its own parameters. */
function batchOrders(params: Params): Params[] {
  const list = parseList(params, 'batchOrders');
  if (list.length === 0 || list.length > BATCH_ORDERS_MAX)
    throw new Refusal(-4082, 'Invalid number of batch place orders: send 1 to 5.');
  return list.map((item) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item))
      throw new Refusal(-1130, "Data sent for parameter 'batchOrders' is not valid.");
    return new Params(new Map(Object.entries(item).map(([name, value]) => [name, plain(value)])));
  });
}

function plain(value: unknown): string {
  if (typeof value === 'object') throw new Refusal(-1130, "Data sent for parameter 'batchOrders' is not valid.");
  return plainText(value);
}

function parseList(params: Params, name: string): readonly unknown[] {
  const text = params.required(name);
  let value: unknown;
  try {
    // Ids may be larger than 2^53: digits become strings before they are read as numbers.
    value = JSON.parse(text.replace(/([[,:]\s*)(\d{16,})(?=\s*[\],}])/g, '$1"$2"'));
  } catch {
    throw new Refusal(-1130, `Data sent for parameter '${name}' is not valid.`);
  }
  if (!Array.isArray(value)) throw new Refusal(-1130, `Data sent for parameter '${name}' is not valid.`);
  return value as readonly unknown[];
}

/** Each order's own answer; a refusal is an answer too. */
function inline(action: () => Json): Json {
  try {
    return action();
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, msg: error.message };
    throw error;
  }
}

const batch = (call: SignedCall, single: (call: SignedCall) => Json): Json =>
  batchOrders(call.params).map((params) => inline(() => single({ ...call, params })));

/** As documented, and as ccxt spells them, which the exchange takes too. */
const LIST_NAMES = ['orderIdList', 'orderidlist', 'origClientOrderIdList', 'origclientorderidlist'] as const;

function batchCancel(call: SignedCall, cancel: (call: SignedCall) => Json): Json {
  const { params } = call;
  const name = LIST_NAMES.find((spelling) => params.text(spelling) !== null);
  if (name === undefined) {
    throw new Refusal(-1102, "Param 'origClientOrderIdList' or 'orderIdList' must be sent, but both were empty/null!");
  }
  const byId = /^orderIdList$/i.test(name);
  const list = parseList(params, name);
  if (list.length === 0 || list.length > BATCH_CANCELS_MAX)
    throw new Refusal(-4083, 'Invalid number of batch cancel orders: send 1 to 10.');
  const symbol = params.required('symbol');
  return list.map((id) => {
    const values = new Map([
      ['symbol', symbol],
      [byId ? 'orderId' : 'origClientOrderId', plain(id)],
    ]);
    return inline(() => cancel({ ...call, params: new Params(values) }));
  });
}

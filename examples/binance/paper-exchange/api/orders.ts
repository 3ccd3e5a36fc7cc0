/** Orders: /api/v3, /fapi/v1 and, under another name and in another shape, /papi/v1/um. */

import { cancelAllFutures, checkFutures, modifyFutures, placeFutures } from '../engine/futures.ts';
import { endOrder } from '../engine/match.ts';
import { dealingsOf, findOrder, stillOpen } from '../engine/orders.ts';
import { Refusal, refuse } from '../engine/refusal.ts';
import { checkSpot, placeSpot } from '../engine/spot.ts';
import type { Account, Market, Order } from '../engine/state.ts';
import { dayWindow, orderHistory, tradeHistory, weekWindow } from './history.ts';
import type { Json } from './json.ts';
import { readClientId, readFuturesOrder, readSide, readSpotOrder, readUnits } from './order-request.ts';
import { invalid, must, Params, plainText } from './params.ts';
import { type AccountCall, bySymbol, change, one, type Route, read } from './route.ts';
import * as shapes from './shapes.ts';

/** The order a call names by `orderId` or `origClientOrderId`; -1102 when it names none. */
function lookUp({ account, params }: AccountCall, market: Market): Order | null {
  const orderId = params.id('orderId');
  const clientId = params.text('origClientOrderId');
  if (orderId === null && clientId === null)
    throw new Refusal(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!");
  const order = findOrder(account, market, orderId, clientId);
  // Spot wants both ids to name the same order.
  const differs = market.spec.kind === 'spot' && clientId !== null && order !== null && order.clientId !== clientId;
  if (differs) throw refuse(-2039);
  return order;
}

function known(order: Order | null): Order {
  if (order === null) throw refuse(-2013);
  return order;
}

/** The order routes of futures, or of the same futures in a portfolio margin account. */
export function futuresOrderRoutes(family: Account['kind']): readonly Route[] {
  const at = (name: string): string => (family === 'classic' ? `/fapi/v1/${name}` : `/papi/v1/um/${name}`);
  const { row, result, strict } = shapes.futuresOrder[family];
  const answer = (call: AccountCall, order: Order): Json => (call.exchange.settings.strict ? strict : result)(order);
  const place = (call: AccountCall): Json => {
    const { params, account, perpetual } = call;
    const request = readFuturesOrder(perpetual, params, family);
    const kind = params.choice('newOrderRespType', ['ACK', 'RESULT'], 'ACK');
    const order = placeFutures(account, perpetual, request);
    // An acknowledgement is sent before matching: what the order did is in RESULT, in a query or on the stream.
    return answer(call, kind === 'RESULT' ? order : { ...order, status: 'NEW', executed: 0n, cumQuote: 0n });
  };
  const cancel = (call: AccountCall): Json => {
    const order = stillOpen(lookUp(call, call.perpetual), -2011);
    endOrder(order, 'CANCELED');
    return answer(call, order);
  };
  const modify = (call: AccountCall): Json => {
    const { params, perpetual, holding } = call;
    const side = readSide(params);
    const [quantity, price] = [readUnits(perpetual, params, 'quantity'), readUnits(perpetual, params, 'price')];
    const changed = { quantity: must('quantity', quantity), price: must('price', price) };
    const order = stillOpen(lookUp(call, perpetual), -2013);
    modifyFutures(holding, order, side, changed);
    return answer(call, order);
  };
  const routes = [
    change('POST', at('order'), 0, place, one),
    read(at('order'), 1, (call) => row(known(lookUp(call, call.perpetual)))),
    change('DELETE', at('order'), 1, cancel),
    change('PUT', at('order'), 1, modify, one),
    read(at('openOrder'), 1, (call) => row(stillOpen(lookUp(call, call.perpetual), -2013))),
    read(at('openOrders'), bySymbol(1, 40), ({ account, perpetuals }) => {
      const holdings = [...account.holdings.values()].filter(({ market }) => perpetuals.includes(market));
      return holdings.flatMap(({ open }) => Array.from(open, row));
    }),
    read(at('allOrders'), 5, (call) => orderHistory(call, call.perpetual, weekWindow).map(row)),
    change('DELETE', at('allOpenOrders'), 1, ({ holding }) => {
      cancelAllFutures(holding);
      return { code: 200, msg: 'The operation of cancel all open order is done.' };
    }),
    read(at('userTrades'), 5, (call) => {
      const { params, perpetual } = call;
      if (params.has('fromId') && (params.has('startTime') || params.has('endTime'))) throw refuse(-1128);
      return tradeHistory(call, perpetual, weekWindow).map(shapes.tradeRow);
    }),
  ];
  return family === 'portfolio' ? routes : [...routes, ...batchRoutes({ place, cancel, modify }), ...classicOnly];
}

const classicOnly: readonly Route[] = [
  change('POST', '/fapi/v1/order/test', 0, ({ params, perpetual, holding }) => {
    checkFutures(holding, readFuturesOrder(perpetual, params, 'classic'));
    return {};
  }),
  change('POST', '/fapi/v1/countdownCancelAll', 10, ({ venue, params, holding }) => {
    const countdown = must('countdownTime', params.integer('countdownTime', null));
    holding.cancelAllAt = countdown === 0 ? 0 : venue.now + countdown;
    if (countdown === 0) venue.armed.delete(holding);
    else venue.armed.add(holding);
    return { symbol: holding.market.spec.symbol, countdownTime: String(countdown) };
  }),
];

// Several orders in one futures call: each has its own answer, and a refusal is an answer too

const BATCH_ORDERS_MAX = 5;
const BATCH_CANCELS_MAX = 10;
type Single = (call: AccountCall) => Json;

function batchRoutes({ place, modify, cancel }: Record<'place' | 'modify' | 'cancel', Single>): readonly Route[] {
  const count = (params: Params): number => readOrders(params).length;
  const each =
    (single: Single, read: (params: Params) => Params[]): Single =>
    (call) =>
      read(call.params).map((params) => inline(single, call.with(params)));
  const path = '/fapi/v1/batchOrders';
  const cancels = change('DELETE', path, 1, each(cancel, readCancels));
  const [places, modifies] = [each(place, readOrders), each(modify, readOrders)];
  return [change('POST', path, 5, places, count), change('PUT', path, 5, modifies, count), cancels];
}

function inline(single: Single, call: AccountCall): Json {
  try {
    return single(call);
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, msg: error.message };
    throw error;
  }
}

/** The orders of `batchOrders`, each as its own parameters. */
function readOrders(params: Params): Params[] {
  const list = readList(params, 'batchOrders');
  if (list.length === 0 || list.length > BATCH_ORDERS_MAX) throw refuse(-4082);
  return list.map((item) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) throw invalid('batchOrders');
    return new Params(Object.entries(item).map(([name, value]) => [name, plain(value)]));
  });
}

/** The cancels of `orderIdList` or `origClientOrderIdList`, as documented or as ccxt spells them. */
function readCancels(params: Params): Params[] {
  const name = params.spelled('orderIdList', 'orderidlist', 'origClientOrderIdList', 'origclientorderidlist');
  if (!params.has(name))
    throw new Refusal(-1102, "Param 'origClientOrderIdList' or 'orderIdList' must be sent, but both were empty/null!");
  const list = readList(params, name);
  if (list.length === 0 || list.length > BATCH_CANCELS_MAX) throw refuse(-4083);
  const symbol = params.required('symbol');
  const idName = /^orderIdList$/i.test(name) ? 'orderId' : 'origClientOrderId';
  const named = new Params([['symbol', symbol]]);
  return list.map((id) => named.with({ [idName]: plain(id) }));
}

function plain(value: unknown): string {
  if (typeof value === 'object') throw invalid('batchOrders');
  return plainText(value);
}

function readList(params: Params, name: string): readonly unknown[] {
  const text = params.required(name);
  try {
    // Ids may be larger than 2^53: digits become strings before they are read as numbers.
    const value: unknown = JSON.parse(text.replace(/([[,:]\s*)(\d{16,})(?=\s*[\],}])/g, '$1"$2"'));
    if (Array.isArray(value)) return value as readonly unknown[];
  } catch {
    // Refused below, like everything that is not a list.
  }
  throw invalid(name);
}

// Spot

/** The parameter combinations myTrades documents; anything else is -1128. */
const TRADE_QUERIES = ['', 'orderId', 'startTime', 'endTime', 'fromId', 'endTime,startTime', 'fromId,orderId'];

export const spotOrderRoutes: readonly Route[] = [
  change('POST', '/api/v3/order', 1, placePair, one),
  change('POST', '/api/v3/order/test', 1, ({ params, account, pair }) => {
    checkSpot(account, pair, readSpotOrder(pair, params));
    return {};
  }),
  read('/api/v3/order', 4, (call) => shapes.spotOrderRow(known(lookUp(call, call.pair)))),
  change('DELETE', '/api/v3/order', 1, cancelPair),
  read('/api/v3/openOrders', bySymbol(6, 80), (call) => {
    const only = call.params.has('symbol') ? call.pair.spec.symbol : null;
    const pairs = [...call.account.pairs].filter(([symbol]) => only === null || symbol === only);
    return pairs.flatMap(([, { open }]) => Array.from(open, shapes.spotOrderRow));
  }),
  change('DELETE', '/api/v3/openOrders', 1, ({ account, pair }) => {
    const open = [...dealingsOf(account, pair).open];
    if (open.length === 0) throw refuse(-2011);
    for (const order of open) endOrder(order, 'CANCELED');
    return open.map((order) => shapes.spotCancelled(order));
  }),
  read('/api/v3/allOrders', 20, (call) => orderHistory(call, call.pair, dayWindow).map(shapes.spotOrderRow)),
  read(
    '/api/v3/myTrades',
    (params) => (params.has('orderId') ? 5 : 20),
    (call) => {
      const { params, pair } = call;
      const used = ['endTime', 'fromId', 'orderId', 'startTime'].filter((name) => params.has(name));
      if (!TRADE_QUERIES.includes(used.join(','))) throw refuse(-1128);
      return tradeHistory(call, pair, dayWindow).map(shapes.spotTradeRow);
    },
  ),
];

function placePair({ params, account, pair }: AccountCall): Json {
  const request = readSpotOrder(pair, params);
  const usual = request.type === 'MARKET' || request.type === 'LIMIT' ? 'FULL' : 'ACK';
  const kind = params.choice('newOrderRespType', ['ACK', 'RESULT', 'FULL'], usual);
  const order = placeSpot(account, pair, request);
  if (kind !== 'FULL') return shapes.spotPlaced[kind](order);
  const fills = dealingsOf(account, pair).trades.filter((trade) => trade.order === order && !trade.maker);
  return { ...shapes.spotPlaced.RESULT(order), fills: fills.map(shapes.spotFill) };
}

function cancelPair(call: AccountCall): Json {
  const { params, pair } = call;
  const restriction = params.choice('cancelRestrictions', ['ONLY_NEW', 'ONLY_PARTIALLY_FILLED'], null, -1145);
  const cancelId = readClientId(params, 'newClientOrderId');
  const order = stillOpen(lookUp(call, pair), -2011);
  if (restriction !== null && restriction !== `ONLY_${order.status}`)
    throw new Refusal(-2011, 'Order was not canceled due to cancel restrictions.');
  endOrder(order, 'CANCELED');
  return shapes.spotCancelled(order, cancelId);
}

/** Orders: /api/v3, /fapi/v1 and, under another name and in another shape, /papi/v1/um. */

import { cancelAllFutures, checkFutures, modifyFutures, placeFutures, stillOpen } from '../engine/futures.ts';
import { endOrder } from '../engine/futures-fill.ts';
import { dealingsOf, findOrder } from '../engine/orders.ts';
import { Refusal, refuse } from '../engine/refusal.ts';
import { checkSpot, endSpot, placeSpot } from '../engine/spot.ts';
import type { Account, Market, Order } from '../engine/state.ts';
import { batchRoutes } from './batches.ts';
import { dayWindow, orderHistory, tradeHistory, weekWindow } from './history.ts';
import type { Fields, Json } from './json.ts';
import { readClientId, readFuturesOrder, readSide, readSpotOrder, readUnits } from './order-request.ts';
import { must } from './params.ts';
import { type AccountCall, bySymbol, change, one, type Route, read } from './route.ts';
import {
  orderResult,
  orderRow,
  portfolioOrder,
  spotCancelled,
  spotFill,
  spotOrderRow,
  spotPlaced,
  spotTradeRow,
  tradeRow,
} from './shapes.ts';

/** The order a call names by `orderId` or `origClientOrderId`; -1102 when it names none. */
function lookUp({ account, params }: AccountCall, market: Market): Order | null {
  const orderId = params.id('orderId');
  const clientId = params.text('origClientOrderId');
  if (orderId === null && clientId === null)
    throw new Refusal(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!");
  return findOrder(account, market, orderId, clientId);
}

function known(order: Order | null): Order {
  if (order === null) throw refuse(-2013);
  return order;
}

const DONE: Json = { code: 200, msg: 'The operation of cancel all open order is done.' };

/** The order routes of futures, or of the same futures in a portfolio margin account. */
export function futuresOrderRoutes(family: Account['kind']): readonly Route[] {
  const isClassic = family === 'classic';
  const at = (name: string): string => (isClassic ? `/fapi/v1/${name}` : `/papi/v1/um/${name}`);
  const shape = (fields: Fields): Fields => (isClassic ? fields : portfolioOrder(fields));
  const row = (order: Order): Fields => shape(orderRow(order));
  const result = (call: AccountCall, order: Order): Fields => shape(orderResult(order, call.scene.settings.strict));
  const place = (call: AccountCall): Json => {
    const { params, account, perpetual } = call;
    const request = readFuturesOrder(perpetual, params, isClassic ? 36 : 32);
    const kind = params.choice('newOrderRespType', ['ACK', 'RESULT'], 'ACK');
    const order = placeFutures(account, perpetual, request);
    // An acknowledgement is sent before matching: what the order did is in RESULT, in a query or on the stream.
    return result(call, kind === 'RESULT' ? order : { ...order, status: 'NEW', executed: 0n, cumQuote: 0n });
  };
  const cancel = (call: AccountCall): Json => {
    const order = stillOpen(lookUp(call, call.perpetual), -2011);
    endOrder(order, 'CANCELED');
    return result(call, order);
  };
  const modify = (call: AccountCall): Json => {
    const { params, perpetual, holding } = call;
    const side = readSide(params);
    const [quantity, price] = [readUnits(perpetual, params, 'quantity'), readUnits(perpetual, params, 'price')];
    const changed = { quantity: must('quantity', quantity), price: must('price', price) };
    const order = stillOpen(lookUp(call, perpetual), -2013);
    modifyFutures(holding, order, side, changed);
    return result(call, order);
  };
  return [
    change('POST', at('order'), 0, place, one),
    read(at('order'), 1, (call) => row(known(lookUp(call, call.perpetual)))),
    change('DELETE', at('order'), 1, cancel),
    change('PUT', at('order'), 1, modify, one),
    read(at('openOrder'), 1, (call) => row(stillOpen(lookUp(call, call.perpetual), -2013))),
    read(at('openOrders'), bySymbol(1, 40), ({ account, perpetuals }) =>
      [...account.holdings.values()]
        .filter((holding) => perpetuals.includes(holding.market))
        .flatMap((holding) => Array.from(holding.open, row)),
    ),
    read(at('allOrders'), 5, (call) =>
      orderHistory(call, call.account.holdings.get(call.perpetual.spec.symbol), weekWindow).map(row),
    ),
    change('DELETE', at('allOpenOrders'), 1, ({ holding }) => {
      cancelAllFutures(holding);
      return DONE;
    }),
    read(at('userTrades'), 5, (call) => {
      const { account, params, perpetual } = call;
      if (params.has('fromId') && (params.has('startTime') || params.has('endTime'))) throw refuse(-1128);
      return tradeHistory(call, account.holdings.get(perpetual.spec.symbol), weekWindow).map(tradeRow);
    }),
    ...(isClassic ? classicOnly({ place, cancel, modify }) : []),
  ];
}

const classicOnly = (single: Record<'place' | 'cancel' | 'modify', (call: AccountCall) => Json>): readonly Route[] => [
  ...batchRoutes(single),
  change('POST', '/fapi/v1/order/test', 0, ({ params, perpetual, holding }) => {
    checkFutures(holding, readFuturesOrder(perpetual, params, 36));
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

/** A spot order by both ids: the order's, and then the client's must be that order's. */
function lookUpPair(call: AccountCall, pair: Market): Order | null {
  const { params } = call;
  const order = lookUp(call, pair);
  const clientId = params.text('origClientOrderId');
  if (order !== null && params.has('orderId') && clientId !== null && order.clientId !== clientId) throw refuse(-2039);
  return order;
}

/** The parameter combinations myTrades documents; anything else is -1128. */
const TRADE_QUERIES = new Set(['', 'orderId', 'startTime', 'endTime', 'fromId', 'endTime,startTime', 'fromId,orderId']);

export const spotOrderRoutes: readonly Route[] = [
  change('POST', '/api/v3/order', 1, placePair, one),
  change('POST', '/api/v3/order/test', 1, ({ params, account, pair }) => {
    checkSpot(account, pair, readSpotOrder(pair, params));
    return {};
  }),
  read('/api/v3/order', 4, (call) => spotOrderRow(known(lookUpPair(call, call.pair)))),
  change('DELETE', '/api/v3/order', 1, cancelPair),
  read('/api/v3/openOrders', bySymbol(6, 80), (call) => {
    const only = call.params.has('symbol') ? call.pair.spec.symbol : null;
    const pairs = [...call.account.pairs].filter(([symbol]) => only === null || symbol === only);
    return pairs.flatMap(([, { open }]) => Array.from(open, spotOrderRow));
  }),
  change('DELETE', '/api/v3/openOrders', 1, ({ account, pair }) => {
    const open = [...dealingsOf(account, pair).open];
    if (open.length === 0) throw refuse(-2011);
    return open.map((order) => {
      endSpot(order, 'CANCELED');
      return spotCancelled(order);
    });
  }),
  read('/api/v3/allOrders', 20, (call) =>
    orderHistory(call, call.account.pairs.get(call.pair.spec.symbol), dayWindow).map(spotOrderRow),
  ),
  read(
    '/api/v3/myTrades',
    (params) => (params.has('orderId') ? 5 : 20),
    (call) => {
      const { account, params, pair } = call;
      const used = ['endTime', 'fromId', 'orderId', 'startTime'].filter((name) => params.has(name));
      if (!TRADE_QUERIES.has(used.join(','))) throw refuse(-1128);
      return tradeHistory(call, account.pairs.get(pair.spec.symbol), dayWindow).map(spotTradeRow);
    },
  ),
];

function placePair({ params, account, pair }: AccountCall): Json {
  const request = readSpotOrder(pair, params);
  const usual = request.type === 'MARKET' || request.type === 'LIMIT' ? 'FULL' : 'ACK';
  const kind = params.choice('newOrderRespType', ['ACK', 'RESULT', 'FULL'], usual);
  const order = placeSpot(account, pair, request);
  if (kind !== 'FULL') return spotPlaced[kind](order);
  const fills = dealingsOf(account, pair).trades.filter((trade) => trade.order === order && !trade.maker);
  return { ...spotPlaced.RESULT(order), fills: fills.map(spotFill) };
}

function cancelPair(call: AccountCall): Json {
  const { params, pair } = call;
  const restriction = params.choice('cancelRestrictions', ['ONLY_NEW', 'ONLY_PARTIALLY_FILLED'], null, -1145);
  const cancelId = readClientId(params, 'newClientOrderId', 36);
  const order = stillOpen(lookUpPair(call, pair), -2011);
  if (restriction !== null && restriction !== `ONLY_${order.status}`)
    throw new Refusal(-2011, 'Order was not canceled due to cancel restrictions.');
  endSpot(order, 'CANCELED');
  return spotCancelled(order, cancelId);
}

/** The signed half of /api/v3: orders, history, balances. */

import { findFutures as findOrder } from '../engine/futures.ts';
import { ASSETS, type SpotPair } from '../engine/instruments.ts';
import { Refusal, refuse } from '../engine/refusal.ts';
import {
  cancelSpot,
  checkSpot,
  pairOf,
  placeSpot,
  SPOT_TYPES,
  type SpotRequest,
  type SpotType,
} from '../engine/spot.ts';
import type { Account, Market, Order, PairHolding, Trade, Venue } from '../engine/state.ts';
import { BAD_TIME_IN_FORCE, BAD_TYPE, readClientId, readSide, readUnits, STP_MODES } from './futures-request.ts';
import { type Json, money } from './json.ts';
import { ORDER_WINDOWS } from './limits.ts';
import { missing, type Params } from './params.ts';
import { change, type Route, read, type SignedCall } from './route.ts';
import { spotMarket } from './spot-market.ts';
import { cancelled, placed, spotOrderRow, spotTradeRow } from './spot-shape.ts';

const DAY_MS = 86_400_000;
const one = (): number => 1;

export const spotOrderRoutes: readonly Route[] = [
  change('POST', '/api/v3/order', 1, (call) => place(call), one),
  change('POST', '/api/v3/order/test', 1, ({ venue, params, account }) => {
    const market = spotMarket(venue, params);
    checkSpot(venue, account, market, readSpotOrder(market, params));
    return {};
  }),
  read('/api/v3/order', 4, (call) => spotOrderRow(known(lookUp(call, spotMarket(call.venue, call.params))))),
  change('DELETE', '/api/v3/order', 1, (call) => cancel(call)),
  read(
    '/api/v3/openOrders',
    (params) => (params.text('symbol') === null ? 80 : 6),
    ({ venue, params, account }) => {
      const pairs =
        params.text('symbol') === null
          ? [...account.pairs.values()]
          : [account.pairs.get(spotMarket(venue, params).spec.symbol)];
      return pairs.flatMap((pair) => [...(pair?.open ?? [])]).map(spotOrderRow);
    },
  ),
  change('DELETE', '/api/v3/openOrders', 1, ({ venue, params, account }) => {
    const market = spotMarket(venue, params);
    const open = [...pairOf(account, market).open];
    if (open.length === 0) throw refuse(-2011);
    return open.map((order) => cancelled(cancelSpot(venue, market, order), `paper-cancel-${order.id}`));
  }),
  read('/api/v3/allOrders', 20, (call) => history(call).map(spotOrderRow)),
  read('/api/v3/account', 20, ({ params, account }) => accountInfo(account, params)),
  read(
    '/api/v3/myTrades',
    (params) => (params.text('orderId') === null ? 20 : 5),
    (call) => myTrades(call).map(spotTradeRow),
  ),
  read('/api/v3/rateLimit/order', 40, ({ venue, account }) => rateLimits(venue, account)),
  read('/api/v3/account/commission', 20, ({ venue, params }) => ({
    symbol: spotMarket(venue, params).spec.symbol,
    standardCommission: COMMISSION,
    specialCommission: NO_COMMISSION,
    taxCommission: NO_COMMISSION,
    discount: { enabledForAccount: false, enabledForSymbol: false, discountAsset: 'BNB', discount: '0.75000000' },
  })),
];

const COMMISSION: Json = { maker: '0.00100000', taker: '0.00100000', buyer: '0.00000000', seller: '0.00000000' };
const NO_COMMISSION: Json = { maker: '0.00000000', taker: '0.00000000', buyer: '0.00000000', seller: '0.00000000' };

function place({ venue, params, account }: SignedCall): Json {
  const market = spotMarket(venue, params);
  const request = readSpotOrder(market, params);
  const full = request.type === 'MARKET' || request.type === 'LIMIT';
  const kind = params.choice('newOrderRespType', ['ACK', 'RESULT', 'FULL'], full ? 'FULL' : 'ACK');
  const order = placeSpot(venue, account, market, request);
  const fills = pairOf(account, market).trades.filter((trade) => trade.order === order && !trade.maker);
  return placed(order, kind, fills);
}

/** What each type needs (true), and what it may not carry (false). */
const NEEDS: Readonly<Record<SpotType, { timeInForce: boolean; price: boolean; stopPrice: boolean }>> = {
  LIMIT: { timeInForce: true, price: true, stopPrice: false },
  MARKET: { timeInForce: false, price: false, stopPrice: false },
  STOP_LOSS: { timeInForce: false, price: false, stopPrice: true },
  STOP_LOSS_LIMIT: { timeInForce: true, price: true, stopPrice: true },
  TAKE_PROFIT: { timeInForce: false, price: false, stopPrice: true },
  TAKE_PROFIT_LIMIT: { timeInForce: true, price: true, stopPrice: true },
  LIMIT_MAKER: { timeInForce: false, price: true, stopPrice: false },
};

function readSpotOrder(market: Market<SpotPair>, params: Params): SpotRequest {
  const side = readSide(params);
  const type = params.choice('type', SPOT_TYPES, null, BAD_TYPE);
  if (type === null) throw missing('type');
  const needs = NEEDS[type];
  for (const name of ['timeInForce', 'price', 'stopPrice'] as const) {
    if (needs[name]) params.required(name);
    else params.forbid(name);
  }
  const timeInForce = params.choice('timeInForce', ['GTC', 'IOC', 'FOK'], 'GTC', BAD_TIME_IN_FORCE);
  if (type !== 'MARKET') params.forbid('quoteOrderQty');
  // No trailing stops and no icebergs: refused rather than ignored, because ignoring them would be another order.
  params.forbid('trailingDelta', 'icebergQty');
  const quoteQuantity = params.decimal('quoteOrderQty');
  const quantity = readUnits(market, params, 'quantity', 'quantity');
  if (quantity !== null && quoteQuantity !== null) throw refuse(-1128);
  if (quantity === null && quoteQuantity === null) throw missing('quantity');
  if (quoteQuantity !== null && quoteQuantity <= 0n) throw missing('quoteOrderQty');
  return {
    side,
    type,
    timeInForce,
    quantity: quantity ?? 0n,
    quoteQuantity: quoteQuantity ?? 0n,
    price: readUnits(market, params, 'price', 'price') ?? 0n,
    stopPrice: readUnits(market, params, 'stopPrice', 'price') ?? 0n,
    icebergQuantity: 0n,
    clientId: readSpotClientId(params),
    stp: params.choice('selfTradePreventionMode', STP_MODES, 'NONE'),
  };
}

function readSpotClientId(params: Params): string | null {
  const id = params.text('newClientOrderId');
  if (id === null) return null;
  if (!/^[a-zA-Z0-9-_]{1,36}$/.test(id)) {
    throw new Refusal(
      -1100,
      "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'.",
    );
  }
  return id;
}

function lookUp({ venue, account, params }: SignedCall, market: Market<SpotPair>): Order | null {
  const orderId = params.id('orderId');
  const clientId = params.text('origClientOrderId');
  if (orderId === null && clientId === null) {
    throw new Refusal(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!");
  }
  const order = findOrder(venue, account, market, { orderId, clientId });
  if (order !== null && orderId !== null && clientId !== null && order.clientId !== clientId) throw refuse(-2039);
  return order;
}

function known(order: Order | null): Order {
  if (order === null) throw refuse(-2013);
  return order;
}

function cancel(call: SignedCall): Json {
  const { venue, params } = call;
  const market = spotMarket(venue, params);
  const restriction = params.choice('cancelRestrictions', ['ONLY_NEW', 'ONLY_PARTIALLY_FILLED'], null, {
    code: -1145,
    message: 'Invalid cancelRestrictions.',
  });
  const cancelId = readClientId(params, 'newClientOrderId', 36);
  const order = cancelSpot(venue, market, lookUp(call, market), restriction);
  return cancelled(order, cancelId ?? `paper-cancel-${order.id}`);
}

/** Oldest first, at most a day when both ends are given. */
function history(call: SignedCall): Order[] {
  const { venue, params, account } = call;
  const market = spotMarket(venue, params);
  const limit = params.integer('limit', 500, { min: 1, max: 1000 });
  const fromId = params.id('orderId');
  const window = dayWindow(params);
  const pair: PairHolding | undefined = account.pairs.get(market.spec.symbol);
  const all = [...(pair?.done ?? []), ...(pair?.open ?? [])].sort((a, b) => (a.id < b.id ? -1 : 1));
  const found = all.filter(
    (order) => (fromId === null || order.id >= fromId) && order.time >= window.start && order.time <= window.end,
  );
  return fromId === null && params.text('startTime') === null ? found.slice(-limit) : found.slice(0, limit);
}

function dayWindow(params: Params): { start: number; end: number } {
  const start = params.integer('startTime', null);
  const end = params.integer('endTime', null);
  if (start !== null && end !== null && (end < start || end - start > DAY_MS)) {
    throw new Refusal(-1127, `More than 24 hours between startTime and endTime.`);
  }
  return {
    start: start ?? (end === null ? 0 : end - DAY_MS),
    end: end ?? (start === null ? Infinity : start + DAY_MS),
  };
}

/** The parameter combinations the exchange documents; anything else is -1128. */
const TRADE_QUERIES = new Set(['', 'orderId', 'startTime', 'endTime', 'fromId', 'endTime,startTime', 'fromId,orderId']);

function myTrades(call: SignedCall): readonly Trade[] {
  const { venue, params, account } = call;
  const market = spotMarket(venue, params);
  const used = ['endTime', 'fromId', 'orderId', 'startTime'].filter((name) => params.text(name) !== null);
  if (!TRADE_QUERIES.has(used.join(','))) throw refuse(-1128);
  const limit = params.integer('limit', 500, { min: 1, max: 1000 });
  const fromId = params.integer('fromId', null);
  const orderId = params.id('orderId');
  const window = dayWindow(params);
  const found = (account.pairs.get(market.spec.symbol)?.trades ?? []).filter(
    (trade) =>
      (fromId === null || trade.id >= fromId) &&
      (orderId === null || trade.order.id === orderId) &&
      trade.time >= window.start &&
      trade.time <= window.end,
  );
  return fromId === null && params.text('startTime') === null ? found.slice(-limit) : found.slice(0, limit);
}

function accountInfo(account: Account, params: Params): Json {
  const omitZero = params.boolean('omitZeroBalances');
  const names = [...new Set([...ASSETS, ...account.spot.keys()])];
  const balances = names
    .map((asset) => ({
      asset,
      free: account.spot.get(asset)?.free ?? 0n,
      locked: account.spot.get(asset)?.locked ?? 0n,
    }))
    .filter((row) => !omitZero || row.free !== 0n || row.locked !== 0n);
  return {
    makerCommission: 10,
    takerCommission: 10,
    buyerCommission: 0,
    sellerCommission: 0,
    commissionRates: COMMISSION,
    canTrade: true,
    canWithdraw: true,
    canDeposit: true,
    brokered: false,
    requireSelfTradePrevention: false,
    preventSor: false,
    updateTime: account.updateTime,
    accountType: 'SPOT',
    balances: balances.map(({ asset, free, locked }) => ({ asset, free: money(free), locked: money(locked) })),
    permissions: ['SPOT'],
    uid: 100_000 + account.id,
  };
}

function rateLimits(venue: Venue, account: Account): Json {
  return ORDER_WINDOWS.spot.map(({ name, ms, max }) => {
    const found = account.orderCounts.get(`spot ${name}`);
    const current = found?.window === Math.floor(venue.now / ms) ? found.count : 0;
    return {
      rateLimitType: 'ORDERS',
      interval: name === '1D' ? 'DAY' : 'SECOND',
      intervalNum: name === '1D' ? 1 : 10,
      limit: max,
      count: current,
    };
  });
}

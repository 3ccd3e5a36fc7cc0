/** Engine events as the user-data stream's JSON. */

import { algoStatus } from '../engine/algo.ts';
import { remaining } from '../engine/book.ts';
import { formatShort, mul, ONE } from '../engine/decimal.ts';
import { unrealized } from '../engine/margin.ts';
import type { Account, AlgoOrder, Holding, Position, VenueEvent } from '../engine/state.ts';
import { average, breakEven, entryPrice, type Fields, price, quantity } from './futures-shape.ts';
import { type Json, money } from './json.ts';

export function accountOf(event: VenueEvent): Account {
  switch (event.kind) {
    case 'order':
      return event.order.account;
    case 'algo':
      return event.algo.account;
    case 'account':
    case 'config':
      return event.account;
  }
}

/** The event, or null when the futures stream does not carry it (spot orders). */
export function eventJson(event: VenueEvent, now: number): Json {
  switch (event.kind) {
    case 'order':
      return event.order.market.spec.kind === 'futures' ? orderUpdate(event, now) : null;
    case 'account':
      return accountUpdate(event, now);
    case 'algo':
      return { e: 'ALGO_UPDATE', T: now, E: now, o: algoFields(event.algo) };
    case 'config':
      return {
        e: 'ACCOUNT_CONFIG_UPDATE',
        E: now,
        T: now,
        ac: { s: event.holding.market.spec.symbol, l: event.holding.leverage },
      };
  }
}

/** Portfolio margin marks its events with the business unit. */
const unit = (account: Account): Fields => (account.kind === 'portfolio' ? { fs: 'UM' } : {});

function orderUpdate({ order, execution, trade }: Extract<VenueEvent, { kind: 'order' }>, now: number): Json {
  const open = remaining(order);
  return {
    e: 'ORDER_TRADE_UPDATE',
    ...unit(order.account),
    E: now,
    T: now,
    o: {
      s: order.market.spec.symbol,
      c: order.clientId,
      S: order.side,
      o: order.type,
      f: order.timeInForce,
      q: quantity(order, order.quantity),
      p: price(order, order.price),
      ap: money(average(order)),
      sp: price(order, order.stopPrice),
      x: execution,
      X: order.status,
      i: order.id,
      l: quantity(order, trade?.quantity ?? 0n),
      z: quantity(order, order.executed),
      L: price(order, trade?.price ?? 0n),
      n: money(trade?.fee ?? 0n),
      N: 'USDT',
      T: order.updateTime,
      t: trade?.id ?? 0,
      b: money(order.side === 'BUY' ? mul(open, order.price) : 0n),
      a: money(order.side === 'SELL' ? mul(open, order.price) : 0n),
      m: trade?.maker ?? false,
      R: order.reduceOnly,
      wt: 'CONTRACT_PRICE',
      ot: order.origType,
      ps: order.positionSide,
      cp: order.closePosition,
      rp: money(trade?.realized ?? 0n),
      pP: false,
      si: 0,
      ss: 0,
      V: order.stp,
      pm: order.priceMatch,
      gtd: order.goodTillDate,
    },
  };
}

function accountUpdate(
  { account, reason, symbol, change }: Extract<VenueEvent, { kind: 'account' }>,
  now: number,
): Json {
  const holding = symbol === undefined ? undefined : account.holdings.get(symbol);
  let isolated = 0n;
  for (const { positions } of account.holdings.values())
    for (const position of Object.values(positions)) isolated += position.isolatedWallet;
  return {
    e: 'ACCOUNT_UPDATE',
    ...unit(account),
    E: now,
    T: now,
    a: {
      m: reason,
      B: [{ a: 'USDT', wb: money(account.wallet), cw: money(account.wallet - isolated), bc: money(change ?? 0n) }],
      P: holding === undefined ? [] : positionRows(account, holding),
    },
  };
}

function positionRows(account: Account, holding: Holding): Json {
  const sides = account.dualSide ? (['LONG', 'SHORT'] as const) : (['BOTH'] as const);
  return sides.map((side) => positionRow(holding, holding.positions[side]));
}

function positionRow(holding: Holding, position: Position): Json {
  return {
    s: holding.market.spec.symbol,
    pa: quantity(holding, position.quantity),
    ep: money(entryPrice(position)),
    bep: money(breakEven(position)),
    cr: money(
      holding.trades.reduce(
        (sum, trade) => sum + (trade.order.positionSide === position.side ? trade.realized : 0n),
        0n,
      ),
    ),
    up: money(position.quantity === 0n ? 0n : unrealized(position, holding.market.lastPrice)),
    mt: holding.isolated ? 'isolated' : 'cross',
    iw: money(position.isolatedWallet),
    ps: position.side,
    ma: 'USDT',
  };
}

function algoFields(algo: AlgoOrder): Json {
  const { actualOrder } = algo;
  return {
    caid: algo.clientId,
    aid: algo.id,
    at: 'CONDITIONAL',
    o: algo.type,
    s: algo.market.spec.symbol,
    S: algo.side,
    ps: algo.positionSide,
    f: algo.timeInForce,
    q: quantity(algo, algo.quantity),
    X: algoStatus(algo),
    ai: actualOrder === null ? '' : actualOrder.id.toString(),
    ap: money(actualOrder === null ? 0n : average(actualOrder)),
    aq: quantity(algo, actualOrder?.executed ?? 0n),
    act: actualOrder?.type ?? '0',
    tp: price(algo, algo.triggerPrice),
    p: price(algo, algo.price),
    V: algo.stp,
    wt: algo.workingType,
    pm: algo.priceMatch,
    cp: algo.closePosition,
    pP: algo.priceProtect,
    R: algo.reduceOnly,
    tt: algo.triggerTime,
    gtd: algo.goodTillDate,
    rm: algo.rejectReason,
    ...(algo.callbackRate === 0n
      ? {}
      : { AP: price(algo, algo.activatePrice), cr: formatShort(algo.callbackRate * (ONE / 100n)) }),
  };
}

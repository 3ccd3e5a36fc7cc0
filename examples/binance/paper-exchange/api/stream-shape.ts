/** Engine events as the user-data stream's JSON. */

import { remaining } from '../engine/book.ts';
import { mul } from '../engine/decimal.ts';
import { crossWalletOf, positionsOf, rowOf } from '../engine/margin.ts';
import type { Account, Trade, VenueEvent } from '../engine/state.ts';
import { each, type Fields, type Json, money } from './json.ts';
import { algoEvent, orderEvent, positionEvent, tradeEvent } from './shapes.ts';

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
  const stamp = each('E T', now);
  switch (event.kind) {
    case 'order':
      if (event.order.market.spec.kind === 'spot') return null;
      return { e: 'ORDER_TRADE_UPDATE', ...unit(event.order.account), ...stamp, o: orderUpdate(event) };
    case 'account':
      return { e: 'ACCOUNT_UPDATE', ...unit(event.account), ...stamp, a: accountUpdate(event) };
    case 'algo':
      return { e: 'ALGO_UPDATE', ...stamp, o: algoEvent(event.algo) };
    case 'config': {
      const { market, leverage } = event.holding;
      return { e: 'ACCOUNT_CONFIG_UPDATE', ...stamp, ac: { s: market.spec.symbol, l: leverage } };
    }
  }
}

/** Portfolio margin marks its events with the business unit. */
const unit = ({ kind }: Account): Fields => (kind === 'portfolio' ? { fs: 'UM' } : {});

const NO_TRADE = { id: 0, price: 0n, quantity: 0n, quote: 0n, fee: 0n, feeAsset: 'USDT', realized: 0n, maker: false };

function orderUpdate({ order, execution, trade }: Extract<VenueEvent, { kind: 'order' }>): Fields {
  const shown: Trade = trade ?? { ...NO_TRADE, order, time: 0 };
  const open = mul(remaining(order), order.price);
  return {
    ...orderEvent(order),
    x: execution,
    ...tradeEvent(shown),
    b: money(order.side === 'BUY' ? open : 0n),
    a: money(order.side === 'SELL' ? open : 0n),
    ...each('si ss', 0),
  };
}

function accountUpdate({ account, reason, symbol, change }: Extract<VenueEvent, { kind: 'account' }>): Fields {
  const holding = account.holdings.get(symbol ?? '');
  const rows = holding === undefined ? [] : positionsOf(account).map((side) => rowOf(holding, side));
  const [wb, cw, bc] = [money(account.wallet), money(crossWalletOf(account)), money(change ?? 0n)];
  return { m: reason, B: [{ a: 'USDT', wb, cw, bc }], P: rows.map(positionEvent) };
}

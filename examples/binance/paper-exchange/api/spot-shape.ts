/** Spot nouns as Binance's JSON: every price and quantity with eight decimals. */

import type { Order, Trade } from '../engine/state.ts';
import type { Fields } from './futures-shape.ts';
import { type Json, money } from './json.ts';

const core = (order: Order): Fields => ({
  price: money(order.price),
  origQty: money(order.quantity),
  executedQty: money(order.executed),
  origQuoteOrderQty: money(order.quoteQuantity),
  cummulativeQuoteQty: money(order.cumQuote),
  status: order.status,
  timeInForce: order.timeInForce,
  type: order.type,
  side: order.side,
});

const trigger = (order: Order): Fields => (order.stopPrice === 0n ? {} : { stopPrice: money(order.stopPrice) });

/** The answer to placing an order, short or long as asked. `fills` are the trades it made at once. */
export function placed(order: Order, kind: 'ACK' | 'RESULT' | 'FULL', fills: readonly Trade[]): Fields {
  const ack = {
    symbol: order.market.spec.symbol,
    orderId: order.id,
    orderListId: -1,
    clientOrderId: order.clientId,
    transactTime: order.time,
  };
  if (kind === 'ACK') return ack;
  const result = {
    ...ack,
    ...core(order),
    ...trigger(order),
    workingTime: order.workingTime,
    selfTradePreventionMode: order.stp,
  };
  if (kind === 'RESULT') return result;
  return { ...result, fills: fills.map(fill) };
}

const fill = (trade: Trade): Json => ({
  price: money(trade.price),
  qty: money(trade.quantity),
  commission: money(trade.fee),
  commissionAsset: trade.feeAsset,
  tradeId: trade.id,
});

/** The answer to a cancel: `clientOrderId` is the cancel's own id, `origClientOrderId` the order's. */
export const cancelled = (order: Order, cancelId: string): Fields => ({
  symbol: order.market.spec.symbol,
  origClientOrderId: order.clientId,
  orderId: order.id,
  orderListId: -1,
  clientOrderId: cancelId,
  transactTime: order.updateTime,
  ...core(order),
  ...trigger(order),
  selfTradePreventionMode: order.stp,
});

export const spotOrderRow = (order: Order): Fields => ({
  symbol: order.market.spec.symbol,
  orderId: order.id,
  orderListId: -1,
  clientOrderId: order.clientId,
  ...core(order),
  stopPrice: money(order.stopPrice),
  icebergQty: money(order.icebergQuantity),
  time: order.time,
  updateTime: order.updateTime,
  isWorking: order.working,
  workingTime: order.workingTime,
  selfTradePreventionMode: order.stp,
});

export const spotTradeRow = (trade: Trade): Fields => ({
  symbol: trade.order.market.spec.symbol,
  id: trade.id,
  orderId: trade.order.id,
  orderListId: -1,
  price: money(trade.price),
  qty: money(trade.quantity),
  quoteQty: money(trade.quote),
  commission: money(trade.fee),
  commissionAsset: trade.feeAsset,
  time: trade.time,
  isBuyer: trade.order.side === 'BUY',
  isMaker: trade.maker,
  isBestMatch: true,
});

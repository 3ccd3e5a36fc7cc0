/** Futures nouns as Binance's JSON. Field sets follow the official connector's fixtures. */

import { algoStatus } from '../engine/algo.ts';
import { formatDecimal, formatShort, mulDiv, ONE } from '../engine/decimal.ts';
import { notionalCap } from '../engine/instruments.ts';
import { liquidationPriceOf, type Row, type Summary } from '../engine/margin.ts';
import type { AlgoOrder, Holding, Order, Position, Trade } from '../engine/state.ts';
import { type Json, money } from './json.ts';

export type Fields = Record<string, Json | undefined>;

export const price = (order: { market: Order['market'] }, units: bigint): string =>
  formatDecimal(units, order.market.spec.pricePlaces);
export const quantity = (order: { market: Order['market'] }, units: bigint): string =>
  formatDecimal(units, order.market.spec.quantityPlaces);

/** Average fill price, 0 before the first fill. */
export const average = (order: Order): bigint =>
  order.executed === 0n ? 0n : mulDiv(order.cumQuote, ONE, order.executed);

function common(order: Order): Fields {
  return {
    orderId: order.id,
    symbol: order.market.spec.symbol,
    status: order.status,
    clientOrderId: order.clientId,
    price: price(order, order.price),
    origQty: quantity(order, order.quantity),
    executedQty: quantity(order, order.executed),
    timeInForce: order.timeInForce,
    type: order.type,
    reduceOnly: order.reduceOnly,
    closePosition: order.closePosition,
    side: order.side,
    positionSide: order.positionSide,
    stopPrice: price(order, order.stopPrice),
    workingType: 'CONTRACT_PRICE',
    priceProtect: false,
    origType: order.origType,
    priceMatch: order.priceMatch,
    selfTradePreventionMode: order.stp,
    goodTillDate: order.goodTillDate,
    updateTime: order.updateTime,
  };
}

/** The answer to placing, changing and cancelling. Strict leaves out what the newest documentation no longer lists. */
export function orderResult(order: Order, strict: boolean): Fields {
  const fields = { ...common(order), cumQty: quantity(order, order.executed) };
  return strict ? fields : { ...fields, avgPrice: money(average(order)), cumQuote: money(order.cumQuote) };
}

/** The answer to asking for an order. */
export const orderRow = (order: Order): Fields => ({
  ...common(order),
  avgPrice: money(average(order)),
  cumQuote: money(order.cumQuote),
  time: order.time,
});

const PORTFOLIO_OMITS = ['stopPrice', 'closePosition', 'workingType', 'priceProtect', 'origType'];

/** The same order as portfolio margin shows it. */
export function portfolioOrder(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !PORTFOLIO_OMITS.includes(name)));
}

export function algoRow(algo: AlgoOrder): Fields {
  const { actualOrder } = algo;
  return {
    algoId: algo.id,
    clientAlgoId: algo.clientId,
    algoType: 'CONDITIONAL',
    orderType: algo.type,
    symbol: algo.market.spec.symbol,
    side: algo.side,
    positionSide: algo.positionSide,
    timeInForce: algo.timeInForce,
    quantity: quantity(algo, algo.quantity),
    algoStatus: algoStatus(algo),
    triggerPrice: price(algo, algo.triggerPrice),
    price: price(algo, algo.price),
    icebergQuantity: null,
    selfTradePreventionMode: algo.stp,
    workingType: algo.workingType,
    priceMatch: algo.priceMatch,
    closePosition: algo.closePosition,
    priceProtect: algo.priceProtect,
    reduceOnly: algo.reduceOnly,
    activatePrice: algo.activatePrice === 0n ? '' : price(algo, algo.activatePrice),
    callbackRate: algo.callbackRate === 0n ? '' : formatShort(algo.callbackRate * (ONE / 100n)),
    createTime: algo.createTime,
    updateTime: algo.updateTime,
    triggerTime: algo.triggerTime,
    goodTillDate: algo.goodTillDate,
    ...(actualOrder === null
      ? {}
      : {
          actualOrderId: actualOrder.id.toString(),
          actualPrice: money(average(actualOrder)),
          actualType: actualOrder.type,
          actualQty: quantity(algo, actualOrder.executed),
        }),
  };
}

export const entryPrice = ({ quantity: size, cost }: Position): bigint => (size === 0n ? 0n : mulDiv(cost, ONE, size));

/** Where closing covers cost and commissions paid. */
export const breakEven = ({ quantity: size, cost, fees }: Position): bigint =>
  size === 0n ? 0n : mulDiv(cost + fees, ONE, size);

const isolatedMargin = (row: Row): bigint => (row.holding.isolated ? row.position.isolatedWallet + row.unrealized : 0n);

export function positionV3(summary: Summary, row: Row): Fields {
  const { position, holding } = row;
  return {
    symbol: holding.market.spec.symbol,
    positionSide: position.side,
    positionAmt: quantity(holding, position.quantity),
    entryPrice: money(entryPrice(position)),
    breakEvenPrice: money(breakEven(position)),
    markPrice: money(row.mark),
    unRealizedProfit: money(row.unrealized),
    liquidationPrice: liquidationText(summary, row),
    isolatedMargin: money(isolatedMargin(row)),
    notional: money(row.notional),
    marginAsset: 'USDT',
    isolatedWallet: money(position.isolatedWallet),
    initialMargin: money(row.initial),
    maintMargin: money(row.maintenance),
    positionInitialMargin: money(row.positionInitial),
    openOrderInitialMargin: money(row.openOrderInitial),
    adl: position.quantity === 0n ? 0 : 1,
    bidNotional: money(holding.bidNotional),
    askNotional: money(holding.askNotional),
    updateTime: position.updateTime,
  };
}

export function liquidationText(summary: Summary, row: Row): string {
  const at = liquidationPriceOf(summary, row);
  return at <= 0n ? '0' : money(at);
}

export const maxNotional = (holding: Holding): string =>
  formatDecimal(notionalCap(holding.market.spec.brackets, holding.leverage), 0);

export function positionV2(summary: Summary, row: Row): Fields {
  const { position, holding } = row;
  return {
    symbol: holding.market.spec.symbol,
    positionAmt: quantity(holding, position.quantity),
    entryPrice: money(entryPrice(position)),
    breakEvenPrice: money(breakEven(position)),
    markPrice: money(row.mark),
    unRealizedProfit: money(row.unrealized),
    liquidationPrice: liquidationText(summary, row),
    leverage: String(holding.leverage),
    maxNotionalValue: maxNotional(holding),
    marginType: holding.isolated ? 'isolated' : 'cross',
    isolatedMargin: money(isolatedMargin(row)),
    isAutoAddMargin: 'false',
    positionSide: position.side,
    notional: money(row.notional),
    isolatedWallet: money(position.isolatedWallet),
    updateTime: position.updateTime,
  };
}

export function tradeRow(trade: Trade): Fields {
  const { order } = trade;
  return {
    symbol: order.market.spec.symbol,
    id: trade.id,
    orderId: order.id,
    side: order.side,
    price: price(order, trade.price),
    qty: quantity(order, trade.quantity),
    realizedPnl: money(trade.realized),
    marginAsset: 'USDT',
    quoteQty: money(trade.quote),
    commission: money(trade.fee),
    commissionAsset: trade.feeAsset,
    time: trade.time,
    positionSide: order.positionSide,
    buyer: order.side === 'BUY',
    maker: trade.maker,
  };
}

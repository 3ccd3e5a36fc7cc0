/** The nouns of trading as Binance's JSON. Field sets follow the official connector's fixtures. */

import { algoStatus } from '../engine/algo.ts';
import { formatDecimal, formatShort, mulDiv, ONE } from '../engine/decimal.ts';
import { notionalCap } from '../engine/instruments.ts';
import { liquidationPriceOf, type Row, type Summary } from '../engine/margin.ts';
import { average } from '../engine/orders.ts';
import type { AlgoOrder, Holding, Market, Order, Trade } from '../engine/state.ts';
import { type Dictionary, type Fields, money, shape, written } from './json.ts';

/** Futures write prices and quantities with the market's decimals, spot (but for market data) with eight. */
const places = ({ spec }: Market, kind: 'pricePlaces' | 'quantityPlaces'): number =>
  spec.kind === 'spot' ? 8 : spec[kind];
const price = (units: bigint, { market }: { market: Market }): string =>
  formatDecimal(units, places(market, 'pricePlaces'));
const quantity = (units: bigint, { market }: { market: Market }): string =>
  formatDecimal(units, places(market, 'quantityPlaces'));

// Orders

const ORDER: Dictionary<Order> = {
  id: (order) => order.id,
  ...written<Order>(price, 'price', 'stopPrice'),
  ...written<Order>(quantity, 'quantity', 'executed'),
  symbol: (order) => order.market.spec.symbol,
  avgPrice: (order) => money(average(order)),
  trigger: (order) => (order.stopPrice === 0n ? undefined : money(order.stopPrice)),
};

const PORTFOLIO_ORDER = [
  'orderId=id symbol status clientOrderId=clientId price origQty=quantity executedQty=executed timeInForce type reduceOnly',
  'side positionSide priceMatch selfTradePreventionMode=stp goodTillDate updateTime',
];
/** What portfolio margin leaves out. */
const CLASSIC = 'closePosition stopPrice workingType:"CONTRACT_PRICE" priceProtect:false origType';
const FILLS = 'avgPrice cumQuote';

/** A family's answers to placing, changing and cancelling (without fills when strict), and to asking for an order. */
const answers = (...order: readonly string[]) => {
  const strict = [...order, 'cumQty=executed'];
  const row = shape(ORDER, ...order, FILLS, 'time');
  return { row, strict: shape(ORDER, ...strict), result: shape(ORDER, ...strict, FILLS) };
};
export const futuresOrder = { classic: answers(...PORTFOLIO_ORDER, CLASSIC), portfolio: answers(...PORTFOLIO_ORDER) };
const SPOT_ID = 'symbol orderId=id orderListId:-1 clientOrderId=clientId';
const SPOT_CORE =
  'price origQty=quantity executedQty=executed origQuoteOrderQty=quoteQuantity cummulativeQuoteQty=cumQuote status timeInForce type side';
const SPOT_STP = 'selfTradePreventionMode=stp';

/** The answers to placing a spot order, short or long as asked. */
const PLACED = [SPOT_ID, 'transactTime=time'];
const RESULT = [...PLACED, SPOT_CORE, 'stopPrice=trigger workingTime', SPOT_STP];
export const spotPlaced = { ACK: shape(ORDER, ...PLACED), RESULT: shape(ORDER, ...RESULT) };
const SPOT_CANCELLED = 'origClientOrderId=clientId transactTime=updateTime stopPrice=trigger';
const cancelled = shape(ORDER, SPOT_ID, SPOT_CORE, SPOT_CANCELLED, SPOT_STP);

/** The answer to a cancel: `clientOrderId` is the cancel's own id, `origClientOrderId` the order's. */
export function spotCancelled(order: Order, cancelId: string | null = null): Fields {
  return { ...cancelled(order), clientOrderId: cancelId ?? `paper-cancel-${order.id}` };
}

const SPOT_REST = 'stopPrice icebergQty:"0.00000000" time updateTime isWorking=working workingTime';
export const spotOrderRow = shape(ORDER, SPOT_ID, SPOT_CORE, SPOT_REST, SPOT_STP);

/** What ORDER_TRADE_UPDATE says of the order itself. */
export const orderEvent = shape(
  ORDER,
  's=symbol c=clientId S=side o=type f=timeInForce q=quantity p=price ap=avgPrice sp=stopPrice X=status i=id z=executed',
  'T=updateTime R=reduceOnly wt:"CONTRACT_PRICE" ot=origType ps=positionSide cp=closePosition pP:false V=stp pm=priceMatch',
  'gtd=goodTillDate si:0 ss:0',
);

// Trades

const TRADE: Dictionary<Trade> = {
  symbol: ({ order }) => order.market.spec.symbol,
  orderId: ({ order }) => order.id,
  side: ({ order }) => order.side,
  positionSide: ({ order }) => order.positionSide,
  price: (trade) => price(trade.price, trade.order),
  qty: (trade) => quantity(trade.quantity, trade.order),
  buyer: ({ order }) => order.side === 'BUY',
};
const TRADED = 'symbol id orderId price qty quoteQty=quote commission=fee commissionAsset=feeAsset time';
export const tradeRow = shape(TRADE, TRADED, 'side realizedPnl=realized marginAsset:"USDT" positionSide buyer maker');
export const spotTradeRow = shape(TRADE, TRADED, 'orderListId:-1 isBuyer=buyer isMaker=maker isBestMatch:true');
/** A trade within the FULL answer to the order that made it. */
export const spotFill = shape(TRADE, 'price qty commission=fee commissionAsset=feeAsset tradeId=id');
/** What ORDER_TRADE_UPDATE says of the trade. */
export const tradeEvent = shape(TRADE, 'l=qty L=price n=fee N=feeAsset t=id m=maker rp=realized');

// Conditional orders; `actual…` is the real order, once there is one

const callback = ({ callbackRate }: AlgoOrder): string | undefined =>
  callbackRate === 0n ? undefined : formatShort(callbackRate * (ONE / 100n));

const ALGO: Dictionary<AlgoOrder> = {
  id: (algo) => algo.id,
  ...written<AlgoOrder>(price, 'price', 'triggerPrice'),
  ...written<AlgoOrder>(quantity, 'quantity'),
  algoStatus,
  symbol: ({ market }) => market.spec.symbol,
  activatePrice: (algo) => (algo.activatePrice === 0n ? '' : price(algo.activatePrice, algo)),
  trailFrom: (algo) => (algo.callbackRate === 0n ? undefined : price(algo.activatePrice, algo)),
  callback,
  callbackRate: (algo) => callback(algo) ?? '',
  actualNumber: ({ actualOrder }) => actualOrder?.id,
  actualOrderId: ({ actualOrder }) => actualOrder?.id.toString(),
  actualPrice: ({ actualOrder }) => (actualOrder === null ? undefined : money(average(actualOrder))),
  actualType: ({ actualOrder }) => actualOrder?.type,
  actualQty: ({ actualOrder }) => (actualOrder === null ? undefined : quantity(actualOrder.executed, actualOrder)),
  actualStatus: ({ actualOrder }) => actualOrder?.status,
  actualTime: ({ actualOrder, triggerTime }) => (actualOrder === null ? undefined : triggerTime),
};

export const algoRow = shape(
  ALGO,
  'algoId=id clientAlgoId=clientId algoType:"CONDITIONAL" orderType=type symbol side positionSide timeInForce quantity',
  'algoStatus triggerPrice price icebergQuantity:null selfTradePreventionMode=stp workingType priceMatch closePosition',
  'priceProtect reduceOnly activatePrice callbackRate createTime updateTime triggerTime goodTillDate actualOrderId',
  'actualPrice actualType actualQty',
);
/** The same under the names portfolio margin had before. */
export const strategyRow = shape(
  ALGO,
  'newClientStrategyId=clientId strategyId=id strategyStatus=algoStatus strategyType=type origQty=quantity price reduceOnly',
  'side positionSide stopPrice=triggerPrice symbol timeInForce activatePrice priceRate=callbackRate bookTime=createTime',
  'updateTime workingType priceProtect selfTradePreventionMode=stp goodTillDate priceMatch orderId=actualNumber',
  'status=actualStatus triggerTime=actualTime type=actualType',
);
const algoFields = shape(
  ALGO,
  'caid=clientId aid=id at:"CONDITIONAL" o=type s=symbol S=side ps=positionSide f=timeInForce q=quantity X=algoStatus',
  'ai=actualOrderId ap=actualPrice aq=actualQty act=actualType tp=triggerPrice p=price V=stp wt=workingType pm=priceMatch',
  'cp=closePosition pP=priceProtect R=reduceOnly tt=triggerTime gtd=goodTillDate rm=rejectReason AP=trailFrom cr=callback',
);
/** What ALGO_UPDATE says of a conditional order; before it fires the real order's fields are empty. */
export const algoEvent = (algo: AlgoOrder): Fields =>
  algo.actualOrder === null
    ? { ...algoFields(algo), ai: '', ap: money(0n), aq: quantity(0n, algo), act: '0' }
    : algoFields(algo);

// Positions: one row of an account, for some shapes with the summary of the account

export type Shown = Row & { readonly summary: Summary };
const perUnit = ({ position }: Row, total: bigint): string =>
  money(position.quantity === 0n ? 0n : mulDiv(total, ONE, position.quantity));
export const maxNotional = ({ market, leverage }: Holding): string =>
  formatDecimal(notionalCap(market.spec.brackets, leverage), 0);

const POSITION: Dictionary<Row> = {
  symbol: ({ holding }) => holding.market.spec.symbol,
  positionSide: ({ position }) => position.side,
  positionAmt: ({ holding, position }) => quantity(position.quantity, holding),
  entryPrice: (row) => perUnit(row, row.position.cost),
  // Where closing covers cost and commissions paid.
  breakEvenPrice: (row) => perUnit(row, row.position.cost + row.position.fees),
  isolated: ({ holding }) => holding.isolated,
  marginType: ({ holding }) => (holding.isolated ? 'isolated' : 'cross'),
  isolatedMargin: ({ holding, position, unrealized }) =>
    money(holding.isolated ? position.isolatedWallet + unrealized : 0n),
  isolatedWallet: ({ position }) => money(position.isolatedWallet),
  leverage: ({ holding }) => String(holding.leverage),
  maxNotional: ({ holding }) => maxNotional(holding),
  adl: ({ position }) => (position.quantity === 0n ? 0 : 1),
  bidNotional: ({ holding }) => money(holding.bidNotional),
  askNotional: ({ holding }) => money(holding.askNotional),
  updateTime: ({ position }) => position.updateTime,
  realized: ({ holding, position }) => {
    const mine = holding.trades.filter((trade) => trade.order.positionSide === position.side);
    return money(mine.reduce((sum, trade) => sum + trade.realized, 0n));
  },
};
const RISK: Dictionary<Shown> = {
  ...POSITION,
  liquidationPrice: ({ summary, ...row }) => {
    const at = liquidationPriceOf(summary, row);
    return at <= 0n ? '0' : money(at);
  },
};

const AT_RISK =
  'symbol positionSide positionAmt entryPrice breakEvenPrice markPrice=mark unRealizedProfit=unrealized liquidationPrice notional updateTime';
const MARGINS = 'initialMargin=initial maintMargin=maintenance';
const OPEN_MARGINS =
  'positionInitialMargin=positionInitial openOrderInitialMargin=openOrderInitial bidNotional askNotional';
const LEVERED = 'leverage entryPrice maxNotional';
const LEVERAGE = 'leverage maxNotionalValue=maxNotional';
const ISOLATED = 'isolatedMargin isolatedWallet';
const ROW = `symbol positionSide positionAmt unrealizedProfit=unrealized ${MARGINS} updateTime`;
export const positionV3 = shape(RISK, AT_RISK, ISOLATED, 'marginAsset:"USDT" adl', MARGINS, OPEN_MARGINS);
export const positionV2 = shape(RISK, AT_RISK, ISOLATED, LEVERAGE, 'marginType isAutoAddMargin:"false"');
export const portfolioPosition = shape(RISK, AT_RISK, LEVERAGE);
export const accountPositionV3 = shape(POSITION, ROW, ISOLATED, 'notional');
export const umPositionV1 = shape(POSITION, ROW, OPEN_MARGINS, LEVERED);
export const umPositionV2 = shape(POSITION, ROW, 'notional');
const V2 = 'isolated breakEvenPrice notional isolatedWallet';
export const accountPositionV2 = shape(POSITION, ROW, OPEN_MARGINS, LEVERED, V2);
/** A position in ACCOUNT_UPDATE. */
export const positionEvent = shape(
  POSITION,
  's=symbol pa=positionAmt ep=entryPrice bep=breakEvenPrice cr=realized up=unrealized mt=marginType iw=isolatedWallet',
  'ps=positionSide ma:"USDT"',
);

// Balances

const BALANCE: Dictionary<Summary> = {
  alias: ({ account }) => `paper${account.id}`,
  updateTime: ({ account }) => account.updateTime,
  // Unrealised profit cannot be withdrawn.
  withdrawable: ({ crossUnrealized, available }) => {
    const amount = available - (crossUnrealized > 0n ? crossUnrealized : 0n);
    return money(amount > 0n ? amount : 0n);
  },
};
const CROSS = 'crossWalletBalance=crossWallet crossUnPnl=crossUnrealized';
const FREE = 'availableBalance=available maxWithdrawAmount=withdrawable';
const HELD = 'positionInitialMargin=positionInitial openOrderInitialMargin=openOrderInitial asset:"USDT" updateTime';

export const futuresTotals = shape(
  BALANCE,
  'totalInitialMargin=initial totalMaintMargin=maintenance totalWalletBalance=wallet totalUnrealizedProfit=unrealized',
  'totalMarginBalance=marginBalance totalPositionInitialMargin=positionInitial totalCrossWalletBalance=crossWallet',
  'totalOpenOrderInitialMargin=openOrderInitial totalCrossUnPnl=crossUnrealized',
  FREE,
);
const WALLET = 'walletBalance=wallet unrealizedProfit=unrealized marginBalance';
export const futuresAsset = shape(BALANCE, HELD, CROSS, MARGINS, FREE, WALLET);
const NAMED = 'accountAlias=alias asset:"USDT" balance=wallet updateTime marginAvailable:true';
export const futuresBalance = shape(BALANCE, NAMED, CROSS, FREE);
export const umAsset = shape(BALANCE, HELD, CROSS, MARGINS);

/** The nouns of trading as Binance's JSON. Field sets follow the official connector's fixtures. */

import { algoStatus } from '../engine/algo.ts';
import { formatDecimal, formatShort, mulDiv, ONE } from '../engine/decimal.ts';
import { notionalCap } from '../engine/instruments.ts';
import { liquidationPriceOf, type Row, type Summary } from '../engine/margin.ts';
import { average } from '../engine/orders.ts';
import type { AlgoOrder, Holding, Market, Order, Trade } from '../engine/state.ts';
import { type Dictionary, type Fields, money, own, shape, sums } from './json.ts';

type OfMarket = { readonly market: Market };

/** A price or quantity of futures as the market writes it; spot writes eight decimals everywhere but in market data. */
const price = ({ market: { spec } }: OfMarket, units: bigint): string =>
  formatDecimal(units, spec.kind === 'spot' ? 8 : spec.pricePlaces);
const quantity = ({ market: { spec } }: OfMarket, units: bigint): string =>
  formatDecimal(units, spec.kind === 'spot' ? 8 : spec.quantityPlaces);

// Orders

const ORDER: Dictionary<Order> = {
  ...own<Order>('status', 'timeInForce', 'type', 'side', 'positionSide', 'reduceOnly', 'closePosition', 'origType'),
  ...own<Order>('priceMatch', 'goodTillDate', 'time', 'updateTime', 'workingTime', 'working'),
  symbol: (order) => order.market.spec.symbol,
  orderId: (order) => order.id,
  orderListId: () => -1,
  clientOrderId: (order) => order.clientId,
  price: (order) => price(order, order.price),
  avgPrice: (order) => money(average(order)),
  stopPrice: (order) => price(order, order.stopPrice),
  trigger: (order) => (order.stopPrice === 0n ? undefined : money(order.stopPrice)),
  origQty: (order) => quantity(order, order.quantity),
  executedQty: (order) => quantity(order, order.executed),
  icebergQty: () => money(0n),
  cumQuote: (order) => money(order.cumQuote),
  origQuoteOrderQty: (order) => money(order.quoteQuantity),
  selfTradePreventionMode: (order) => order.stp,
  workingType: () => 'CONTRACT_PRICE',
  priceProtect: () => false,
};

const FUTURES_ORDER = [
  'orderId symbol status clientOrderId price origQty executedQty timeInForce type reduceOnly closePosition side',
  'positionSide stopPrice workingType priceProtect origType priceMatch selfTradePreventionMode goodTillDate updateTime',
];
const strictResult = shape(ORDER, ...FUTURES_ORDER, 'cumQty=executedQty');
const fullResult = shape(ORDER, ...FUTURES_ORDER, 'cumQty=executedQty avgPrice cumQuote');
const PORTFOLIO_OMITS = ['stopPrice', 'closePosition', 'workingType', 'priceProtect', 'origType'];

/** The answer to placing, changing and cancelling. Strict leaves out what the newest documentation no longer lists. */
export const orderResult = (order: Order, strict: boolean): Fields =>
  strict ? strictResult(order) : fullResult(order);

/** The answer to asking for an order. */
export const orderRow = shape(ORDER, ...FUTURES_ORDER, 'avgPrice cumQuote time');

/** The same order as portfolio margin shows it. */
export const portfolioOrder = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !PORTFOLIO_OMITS.includes(name)));

const SPOT_ACK = 'symbol orderId orderListId clientOrderId transactTime=time';
const SPOT_CORE =
  'price origQty executedQty origQuoteOrderQty cummulativeQuoteQty=cumQuote status timeInForce type side';

/** The answers to placing a spot order, short or long as asked. */
export const spotPlaced = {
  ACK: shape(ORDER, SPOT_ACK),
  RESULT: shape(ORDER, SPOT_ACK, SPOT_CORE, 'stopPrice=trigger workingTime selfTradePreventionMode'),
};

const spotCancel = shape(
  ORDER,
  'symbol origClientOrderId=clientOrderId orderId orderListId clientOrderId transactTime=updateTime',
  SPOT_CORE,
  'stopPrice=trigger selfTradePreventionMode',
);

/** The answer to a cancel: `clientOrderId` is the cancel's own id, `origClientOrderId` the order's. */
export const spotCancelled = (order: Order, cancelId: string | null = null): Fields => ({
  ...spotCancel(order),
  clientOrderId: cancelId ?? `paper-cancel-${order.id}`,
});

export const spotOrderRow = shape(
  ORDER,
  'symbol orderId orderListId clientOrderId',
  SPOT_CORE,
  'stopPrice icebergQty time updateTime isWorking=working workingTime selfTradePreventionMode',
);

/** What ORDER_TRADE_UPDATE says of the order itself. */
export const orderEvent = shape(
  ORDER,
  's=symbol c=clientOrderId S=side o=type f=timeInForce q=origQty p=price ap=avgPrice sp=stopPrice X=status i=orderId',
  'z=executedQty T=updateTime R=reduceOnly wt=workingType ot=origType ps=positionSide cp=closePosition',
  'pP=priceProtect V=selfTradePreventionMode pm=priceMatch gtd=goodTillDate',
);

// Trades

const TRADE: Dictionary<Trade> = {
  ...own<Trade>('id', 'time', 'maker'),
  symbol: ({ order }) => order.market.spec.symbol,
  orderId: ({ order }) => order.id,
  orderListId: () => -1,
  side: ({ order }) => order.side,
  positionSide: ({ order }) => order.positionSide,
  price: (trade) => price(trade.order, trade.price),
  qty: (trade) => quantity(trade.order, trade.quantity),
  quoteQty: (trade) => money(trade.quote),
  realizedPnl: (trade) => money(trade.realized),
  marginAsset: () => 'USDT',
  commission: (trade) => money(trade.fee),
  commissionAsset: (trade) => trade.feeAsset,
  buyer: ({ order }) => order.side === 'BUY',
  isBestMatch: () => true,
};

export const tradeRow = shape(
  TRADE,
  'symbol id orderId side price qty realizedPnl marginAsset quoteQty commission commissionAsset time positionSide',
  'buyer maker',
);
export const spotTradeRow = shape(
  TRADE,
  'symbol id orderId orderListId price qty quoteQty commission commissionAsset time isBuyer=buyer isMaker=maker',
  'isBestMatch',
);
/** A trade within the FULL answer to the order that made it. */
export const spotFill = shape(TRADE, 'price qty commission commissionAsset tradeId=id');
/** What ORDER_TRADE_UPDATE says of the trade. */
export const tradeEvent = shape(TRADE, 'l=qty L=price n=commission N=commissionAsset t=id m=maker rp=realizedPnl');

// Conditional orders

const ALGO: Dictionary<AlgoOrder> = {
  ...own<AlgoOrder>('side', 'positionSide', 'timeInForce', 'workingType', 'priceMatch', 'closePosition', 'type'),
  ...own<AlgoOrder>('priceProtect', 'reduceOnly', 'createTime', 'updateTime', 'triggerTime', 'goodTillDate'),
  ...own<AlgoOrder>('rejectReason'),
  algoId: (algo) => algo.id,
  clientAlgoId: (algo) => algo.clientId,
  algoType: () => 'CONDITIONAL',
  algoStatus,
  symbol: (algo) => algo.market.spec.symbol,
  quantity: (algo) => quantity(algo, algo.quantity),
  icebergQuantity: () => null,
  triggerPrice: (algo) => price(algo, algo.triggerPrice),
  price: (algo) => price(algo, algo.price),
  selfTradePreventionMode: (algo) => algo.stp,
  activatePrice: (algo) => (algo.activatePrice === 0n ? '' : price(algo, algo.activatePrice)),
  trailFrom: (algo) => (algo.callbackRate === 0n ? undefined : price(algo, algo.activatePrice)),
  callbackRate: (algo) => callbackRate(algo) ?? '',
  callbackIfAny: (algo) => callbackRate(algo),
  actualOrderId: ({ actualOrder }) => actualOrder?.id.toString(),
  actualPrice: ({ actualOrder }) => (actualOrder === null ? undefined : money(average(actualOrder))),
  actualType: ({ actualOrder }) => actualOrder?.type,
  actualQty: ({ actualOrder }) => (actualOrder === null ? undefined : quantity(actualOrder, actualOrder.executed)),
  realId: ({ actualOrder }) => actualOrder?.id,
  realStatus: ({ actualOrder }) => actualOrder?.status,
  realTime: ({ actualOrder, triggerTime }) => (actualOrder === null ? undefined : triggerTime),
};

const callbackRate = (algo: AlgoOrder): string | undefined =>
  algo.callbackRate === 0n ? undefined : formatShort(algo.callbackRate * (ONE / 100n));

export const algoRow = shape(
  ALGO,
  'algoId clientAlgoId algoType orderType=type symbol side positionSide timeInForce quantity algoStatus triggerPrice',
  'price icebergQuantity selfTradePreventionMode workingType priceMatch closePosition priceProtect reduceOnly',
  'activatePrice callbackRate createTime updateTime triggerTime goodTillDate actualOrderId actualPrice actualType actualQty',
);

/** The same under the names portfolio margin had before. */
export const strategyRow = shape(
  ALGO,
  'newClientStrategyId=clientAlgoId strategyId=algoId strategyStatus=algoStatus strategyType=type origQty=quantity price',
  'reduceOnly side positionSide stopPrice=triggerPrice symbol timeInForce activatePrice priceRate=callbackRate',
  'bookTime=createTime updateTime workingType priceProtect selfTradePreventionMode goodTillDate priceMatch',
  'orderId=realId status=realStatus triggerTime=realTime type=actualType',
);

const algoEventFields = shape(
  ALGO,
  'caid=clientAlgoId aid=algoId at=algoType o=type s=symbol S=side ps=positionSide f=timeInForce q=quantity X=algoStatus',
  'ai=actualOrderId ap=actualPrice aq=actualQty act=actualType tp=triggerPrice p=price V=selfTradePreventionMode',
  'wt=workingType pm=priceMatch cp=closePosition pP=priceProtect R=reduceOnly tt=triggerTime gtd=goodTillDate',
  'rm=rejectReason AP=trailFrom cr=callbackIfAny',
);

/** What ALGO_UPDATE says of a conditional order; before it fires the real order's fields are empty. */
export const algoEvent = (algo: AlgoOrder): Fields => ({
  ...algoEventFields(algo),
  ...(algo.actualOrder === null ? { ai: '', ap: money(0n), aq: quantity(algo, 0n), act: '0' } : {}),
});

// Positions: one row of an account, with the account's summary

export type Shown = Row & { readonly summary: Summary };

const perUnit = ({ position }: Row, total: bigint): string =>
  money(position.quantity === 0n ? 0n : mulDiv(total, ONE, position.quantity));

export const maxNotional = (holding: Holding): string =>
  formatDecimal(notionalCap(holding.market.spec.brackets, holding.leverage), 0);

const POSITION: Dictionary<Row> = {
  ...sums<Row>('notional'),
  symbol: ({ holding }) => holding.market.spec.symbol,
  positionSide: ({ position }) => position.side,
  positionAmt: ({ holding, position }) => quantity(holding, position.quantity),
  entryPrice: (row) => perUnit(row, row.position.cost),
  // Where closing covers cost and commissions paid.
  breakEvenPrice: (row) => perUnit(row, row.position.cost + row.position.fees),
  markPrice: (row) => money(row.mark),
  unrealizedProfit: (row) => money(row.unrealized),
  isolated: ({ holding }) => holding.isolated,
  marginType: ({ holding }) => (holding.isolated ? 'isolated' : 'cross'),
  isolatedMargin: (row) => money(row.holding.isolated ? row.position.isolatedWallet + row.unrealized : 0n),
  isolatedWallet: ({ position }) => money(position.isolatedWallet),
  isAutoAddMargin: () => 'false',
  marginAsset: () => 'USDT',
  leverage: ({ holding }) => String(holding.leverage),
  maxNotional: ({ holding }) => maxNotional(holding),
  initialMargin: (row) => money(row.initial),
  maintMargin: (row) => money(row.maintenance),
  positionInitialMargin: (row) => money(row.positionInitial),
  openOrderInitialMargin: (row) => money(row.openOrderInitial),
  adl: ({ position }) => (position.quantity === 0n ? 0 : 1),
  bidNotional: ({ holding }) => money(holding.bidNotional),
  askNotional: ({ holding }) => money(holding.askNotional),
  updateTime: ({ position }) => position.updateTime,
  realized: ({ holding, position }) => {
    const mine = holding.trades.filter((trade) => trade.order.positionSide === position.side);
    return money(mine.reduce((sum, trade) => sum + trade.realized, 0n));
  },
};

const RISKY: Dictionary<Shown> = {
  ...POSITION,
  liquidationPrice: (row) => {
    const at = liquidationPriceOf(row.summary, row);
    return at <= 0n ? '0' : money(at);
  },
};

const RISK = 'symbol positionSide positionAmt entryPrice breakEvenPrice markPrice unRealizedProfit=unrealizedProfit';
export const positionV3 = shape(
  RISKY,
  RISK,
  'liquidationPrice isolatedMargin notional marginAsset isolatedWallet initialMargin maintMargin positionInitialMargin',
  'openOrderInitialMargin adl bidNotional askNotional updateTime',
);
export const positionV2 = shape(
  RISKY,
  RISK,
  'liquidationPrice leverage maxNotionalValue=maxNotional marginType isolatedMargin isAutoAddMargin notional',
  'isolatedWallet updateTime',
);
export const portfolioPosition = shape(
  RISKY,
  RISK,
  'liquidationPrice leverage maxNotionalValue=maxNotional notional updateTime',
);
const ACCOUNT_ROW = 'symbol positionSide positionAmt unrealizedProfit initialMargin maintMargin updateTime';
const OPEN_MARGIN =
  'positionInitialMargin openOrderInitialMargin leverage entryPrice maxNotional bidNotional askNotional';
export const accountPositionV3 = shape(POSITION, ACCOUNT_ROW, 'isolatedMargin notional isolatedWallet');
export const accountPositionV2 = shape(
  POSITION,
  ACCOUNT_ROW,
  OPEN_MARGIN,
  'isolated breakEvenPrice notional isolatedWallet',
);
/** Portfolio margin: version 1 rows carry leverage and open-order margin; version 2 rows do not. */
export const umPositionV1 = shape(POSITION, ACCOUNT_ROW, OPEN_MARGIN);
export const umPositionV2 = shape(POSITION, ACCOUNT_ROW, 'notional');
/** A position in ACCOUNT_UPDATE. */
export const positionEvent = shape(
  POSITION,
  's=symbol pa=positionAmt ep=entryPrice bep=breakEvenPrice cr=realized up=unrealizedProfit mt=marginType',
  'iw=isolatedWallet ps=positionSide ma=marginAsset',
);

// Balances

/** Unrealised profit cannot be withdrawn. */
function withdrawable({ crossUnrealized, available }: Summary): bigint {
  const amount = available - (crossUnrealized > 0n ? crossUnrealized : 0n);
  return amount > 0n ? amount : 0n;
}

const BALANCE: Dictionary<Summary> = {
  asset: () => 'USDT',
  accountAlias: ({ account }) => `paper${account.id}`,
  updateTime: ({ account }) => account.updateTime,
  walletBalance: (summary) => money(summary.wallet),
  unrealizedProfit: (summary) => money(summary.unrealized),
  ...sums<Summary>('marginBalance'),
  maintMargin: (summary) => money(summary.maintenance),
  initialMargin: (summary) => money(summary.initial),
  positionInitialMargin: (summary) => money(summary.positionInitial),
  openOrderInitialMargin: (summary) => money(summary.openOrderInitial),
  crossWalletBalance: (summary) => money(summary.crossWallet),
  crossUnPnl: (summary) => money(summary.crossUnrealized),
  availableBalance: (summary) => money(summary.available),
  maxWithdrawAmount: (summary) => money(withdrawable(summary)),
};

export const futuresTotals = shape(
  BALANCE,
  'totalInitialMargin=initialMargin totalMaintMargin=maintMargin totalWalletBalance=walletBalance',
  'totalUnrealizedProfit=unrealizedProfit totalMarginBalance=marginBalance availableBalance maxWithdrawAmount',
  'totalPositionInitialMargin=positionInitialMargin totalOpenOrderInitialMargin=openOrderInitialMargin',
  'totalCrossWalletBalance=crossWalletBalance totalCrossUnPnl=crossUnPnl',
);
export const futuresAsset = shape(
  BALANCE,
  'asset walletBalance unrealizedProfit marginBalance maintMargin initialMargin positionInitialMargin',
  'openOrderInitialMargin crossWalletBalance crossUnPnl availableBalance maxWithdrawAmount updateTime',
);
export const futuresBalance = shape(
  BALANCE,
  'accountAlias asset balance=walletBalance crossWalletBalance crossUnPnl availableBalance maxWithdrawAmount updateTime',
);
export const umAsset = shape(
  BALANCE,
  'asset crossWalletBalance crossUnPnl maintMargin initialMargin positionInitialMargin openOrderInitialMargin updateTime',
);

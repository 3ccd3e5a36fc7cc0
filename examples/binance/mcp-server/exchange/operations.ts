/**
 * The operations this server uses, by one name whichever kind of account stands behind them.
 * `reads` marks what may be repeated after a lost answer; whatever is not marked is sent once.
 */
import type { Operation } from './adapter.ts';

interface FuturesOperation {
  readonly classic: Operation<'futures'>;
  /** Absent where portfolio margin has no such thing. */
  readonly portfolio?: Operation<'portfolio'>;
  readonly reads?: true;
}

/** Keyed USDⓈ-M operations: /fapi for a classic account, /papi/v1/um for portfolio margin. */
const futuresOperations = {
  account: { classic: 'accountInformationV3', portfolio: 'getUmAccountDetail', reads: true },
  positions: { classic: 'positionInformationV3', portfolio: 'queryUmPositionInformation', reads: true },
  symbolConfig: { classic: 'symbolConfiguration', portfolio: 'umFuturesSymbolConfiguration', reads: true },
  accountConfig: { classic: 'futuresAccountConfiguration', portfolio: 'umFuturesAccountConfiguration', reads: true },
  positionMode: { classic: 'getCurrentPositionMode', portfolio: 'getUmCurrentPositionMode', reads: true },
  brackets: { classic: 'notionalAndLeverageBrackets', portfolio: 'umNotionalAndLeverageBrackets', reads: true },
  commission: { classic: 'userCommissionRate', portfolio: 'getUserCommissionRateForUm', reads: true },
  placeOrder: { classic: 'newOrder', portfolio: 'newUmOrder' },
  testOrder: { classic: 'testOrder', reads: true },
  queryOrder: { classic: 'queryOrder', portfolio: 'queryUmOrder', reads: true },
  cancelOrder: { classic: 'cancelOrder', portfolio: 'cancelUmOrder' },
  cancelAllOrders: { classic: 'cancelAllOpenOrders', portfolio: 'cancelAllUmOpenOrders' },
  openOrders: { classic: 'currentAllOpenOrders', portfolio: 'queryAllCurrentUmOpenOrders', reads: true },
  orderHistory: { classic: 'allOrders', portfolio: 'queryAllUmOrders', reads: true },
  trades: { classic: 'accountTradeList', portfolio: 'umAccountTradeList', reads: true },
  placeAlgo: { classic: 'newAlgoOrder', portfolio: 'newUmAlgoOrder' },
  queryAlgo: { classic: 'queryAlgoOrder', portfolio: 'queryCurrentUmOpenAlgoOrder', reads: true },
  cancelAlgo: { classic: 'cancelAlgoOrder', portfolio: 'cancelUmAlgoOrder' },
  cancelAllAlgo: { classic: 'cancelAllAlgoOpenOrders', portfolio: 'cancelAllUmAlgoOpenOrders' },
  openAlgo: { classic: 'currentAllAlgoOpenOrders', portfolio: 'queryAllCurrentUmOpenAlgoOrders', reads: true },
  algoHistory: { classic: 'queryAllAlgoOrders', portfolio: 'queryUmAlgoOrderHistory', reads: true },
  changeLeverage: { classic: 'changeInitialLeverage', portfolio: 'changeUmInitialLeverage' },
  changeMarginType: { classic: 'changeMarginType' },
} as const satisfies Record<string, FuturesOperation>;

export type FuturesOperationName = keyof typeof futuresOperations;

export function futuresOperation(name: FuturesOperationName): FuturesOperation {
  return futuresOperations[name];
}

/** Public futures market data; the same for every account. */
export type FuturesMarketOperation = Extract<
  Operation<'futures'>,
  | 'testConnectivity'
  | 'checkServerTime'
  | 'exchangeInformation'
  | 'orderBook'
  | 'klineCandlestickData'
  | 'markPriceKlineCandlestickData'
  | 'markPrice'
  | 'symbolPriceTickerV2'
  | 'ticker24hrPriceChangeStatistics'
  | 'openInterest'
  | 'getFundingRateInfo'
>;

const spotReads: ReadonlySet<Operation<'spot'>> = new Set([
  'ping',
  'time',
  'exchangeInfo',
  'depth',
  'klines',
  'tickerPrice',
  'ticker24hr',
  'tickerBookTicker',
  'getAccount',
  'orderTest',
  'getOrder',
  'getOpenOrders',
  'allOrders',
  'myTrades',
] as const);

export function spotReadsOnly(operation: Operation<'spot'>): boolean {
  return spotReads.has(operation);
}

/** Everything else on spot is signed. */
const spotPublic: ReadonlySet<Operation<'spot'>> = new Set([
  'ping',
  'time',
  'exchangeInfo',
  'depth',
  'klines',
  'tickerPrice',
  'ticker24hr',
  'tickerBookTicker',
] as const);

export function spotNeedsKeys(operation: Operation<'spot'>): boolean {
  return !spotPublic.has(operation);
}

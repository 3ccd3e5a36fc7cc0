/** All 35 tools, in the order in which they are listed: account, spot, futures, market, calculators. */
import type { Tool } from '../tool.ts';
import { accountInfo, accountStatus, futuresPositions, portfolioAccount, spotBalances } from './account.ts';
import { compareSpotFutures, fundingCost } from './advanced/compare.ts';
import { optimalTradeSize, orderPrecision } from './advanced/order-checks.ts';
import { portfolioRisk } from './advanced/portfolio-risk.ts';
import { positionSize } from './advanced/position-size.ts';
import { cancelOrder } from './futures/cancel.ts';
import { cancelAllOrders } from './futures/cancel-all.ts';
import { closePosition } from './futures/close.ts';
import { orderHistory, tradeHistory } from './futures/history.ts';
import { changeLeverage, setMarginType } from './futures/leverage.ts';
import { openOrders } from './futures/open-orders.ts';
import { placeOrder } from './futures/place.ts';
import { exchangeInfo, futures24hr, futuresPrice, serverTime, spot24hr, spotPrice } from './market-prices.ts';
import { futuresKlines, spotKlines, spotOrderbook } from './market-series.ts';
import { spotCancelAll, spotCancelOrder } from './spot/cancel.ts';
import { spotOpenOrders, spotOrderHistory, spotTradeHistory } from './spot/history.ts';
import { spotPlaceOrder } from './spot/place.ts';

export const allTools: readonly Tool[] = [
  accountInfo,
  spotBalances,
  portfolioAccount,
  futuresPositions,
  accountStatus,
  spotPlaceOrder,
  spotCancelOrder,
  spotOpenOrders,
  spotOrderHistory,
  spotTradeHistory,
  spotCancelAll,
  placeOrder,
  cancelOrder,
  openOrders,
  orderHistory,
  changeLeverage,
  setMarginType,
  tradeHistory,
  cancelAllOrders,
  closePosition,
  spotPrice,
  futuresPrice,
  spotOrderbook,
  spotKlines,
  futuresKlines,
  spot24hr,
  futures24hr,
  exchangeInfo,
  serverTime,
  positionSize,
  portfolioRisk,
  compareSpotFutures,
  fundingCost,
  orderPrecision,
  optimalTradeSize,
];

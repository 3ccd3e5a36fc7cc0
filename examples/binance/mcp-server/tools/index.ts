/** All 35 tools, in the order in which they are listed. */
import type { Tool } from '../tool.ts';
import { accountInfo, accountStatus, futuresPositions, portfolioAccount, spotBalances } from './account.ts';
import { cancelOrder } from './futures/cancel.ts';
import { cancelAllOrders } from './futures/cancel-all.ts';
import { changeLeverage, setMarginType } from './futures/leverage.ts';
import { openOrders } from './futures/open-orders.ts';
import { placeOrder } from './futures/place.ts';
import { exchangeInfo, futures24hr, futuresPrice, serverTime, spot24hr, spotPrice } from './market-prices.ts';

export const allTools: readonly Tool[] = [
  accountInfo,
  spotBalances,
  portfolioAccount,
  futuresPositions,
  accountStatus,
  placeOrder,
  cancelOrder,
  openOrders,
  changeLeverage,
  setMarginType,
  cancelAllOrders,
  spotPrice,
  futuresPrice,
  spot24hr,
  futures24hr,
  exchangeInfo,
  serverTime,
];

import { expect, it } from 'vitest';
import { allRoutes, routeTable } from './dispatch.ts';

/** The routes Binance clients are promised, as `METHOD path`; several methods are separated by commas. */
const PROMISED = `
GET /api/v3/ping
GET /api/v3/time
GET /api/v3/exchangeInfo
GET /api/v3/depth
GET /api/v3/klines
GET /api/v3/trades
GET /api/v3/aggTrades
GET /api/v3/avgPrice
GET /api/v3/ticker/24hr
GET /api/v3/ticker/price
GET /api/v3/ticker/bookTicker
POST,GET,DELETE /api/v3/order
POST /api/v3/order/test
GET,DELETE /api/v3/openOrders
GET /api/v3/allOrders
GET /api/v3/account
GET /api/v3/myTrades
GET /api/v3/rateLimit/order
GET /api/v3/account/commission
GET /fapi/v1/ping
GET /fapi/v1/time
GET /fapi/v1/exchangeInfo
GET /fapi/v1/depth
GET /fapi/v1/trades
GET /fapi/v1/aggTrades
GET /fapi/v1/klines
GET /fapi/v1/markPriceKlines
GET /fapi/v1/premiumIndex
GET /fapi/v1/fundingRate
GET /fapi/v1/fundingInfo
GET /fapi/v1/ticker/24hr
GET /fapi/v1/ticker/price
GET /fapi/v2/ticker/price
GET /fapi/v1/ticker/bookTicker
GET /fapi/v1/openInterest
POST,GET,DELETE,PUT /fapi/v1/order
POST /fapi/v1/order/test
POST,PUT,DELETE /fapi/v1/batchOrders
GET /fapi/v1/openOrder
GET /fapi/v1/openOrders
GET /fapi/v1/allOrders
DELETE /fapi/v1/allOpenOrders
POST,GET,DELETE /fapi/v1/algoOrder
GET /fapi/v1/openAlgoOrders
GET /fapi/v1/allAlgoOrders
DELETE /fapi/v1/algoOpenOrders
GET /fapi/v1/userTrades
POST /fapi/v1/leverage
POST /fapi/v1/marginType
GET,POST /fapi/v1/positionSide/dual
POST /fapi/v1/positionMargin
GET /fapi/v1/positionMargin/history
GET /fapi/v1/multiAssetsMargin
GET /fapi/v1/income
GET /fapi/v1/leverageBracket
GET /fapi/v1/commissionRate
GET /fapi/v1/accountConfig
GET /fapi/v1/symbolConfig
GET /fapi/v1/forceOrders
GET /fapi/v1/adlQuantile
GET /fapi/v1/rateLimit/order
POST /fapi/v1/countdownCancelAll
POST,PUT,DELETE /fapi/v1/listenKey
GET /fapi/v2/account
GET /fapi/v3/account
GET /fapi/v2/balance
GET /fapi/v3/balance
GET /fapi/v2/positionRisk
GET /fapi/v3/positionRisk
GET /papi/v1/ping
GET /papi/v1/account
GET /papi/v1/balance
POST,GET,DELETE,PUT /papi/v1/um/order
GET /papi/v1/um/openOrder
GET /papi/v1/um/openOrders
GET /papi/v1/um/allOrders
DELETE /papi/v1/um/allOpenOrders
POST,DELETE /papi/v1/um/algo/order
DELETE /papi/v1/um/algo/allOpenOrders
GET /papi/v1/um/algo/openAlgoOrders
GET /papi/v1/um/algo/allAlgoOrders
GET /papi/v1/um/algo/algoOrder
POST,DELETE /papi/v1/um/conditional/order
GET /papi/v1/um/userTrades
GET /papi/v1/um/positionRisk
GET /papi/v1/um/account
GET /papi/v2/um/account
POST /papi/v1/um/leverage
GET,POST /papi/v1/um/positionSide/dual
GET /papi/v1/um/leverageBracket
GET /papi/v1/um/commissionRate
GET /papi/v1/um/income
GET /papi/v1/um/accountConfig
GET /papi/v1/um/symbolConfig
GET /papi/v1/rateLimit/order
POST,PUT,DELETE /papi/v1/listenKey
GET /sapi/v1/capital/config/getall
GET /sapi/v1/margin/allPairs
GET /sapi/v1/margin/isolated/allPairs
GET /dapi/v1/exchangeInfo
`;

it('answers every route it promises, and no two routes are one', () => {
  const table = routeTable(allRoutes);
  const wanted = PROMISED.trim()
    .split('\n')
    .flatMap((line) => {
      const [methods = '', path = ''] = line.split(' ');
      return methods.split(',').map((method) => `${method} ${path}`);
    });
  expect(wanted.filter((route) => !table.has(route))).toEqual([]);
  expect(table.size).toBe(allRoutes.length);
});

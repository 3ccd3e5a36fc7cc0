/** Three clients nobody here wrote, behind one small interface, so that the same scenario can be asked of each. */
/* oxlint-disable typescript/no-explicit-any, typescript/no-unsafe-return, typescript/no-unsafe-member-access, typescript/no-unsafe-argument, typescript/no-unsafe-assignment, typescript/no-unsafe-call -- replies are parsed JSON: in a test a wrong field shows as a failed expectation */

import { DerivativesTradingPortfolioMargin } from '@binance/derivatives-trading-portfolio-margin';
import { DerivativesTradingUsdsFutures } from '@binance/derivatives-trading-usds-futures';
import { Spot } from '@binance/spot';
import { MainClient, PortfolioClient, USDMClient } from 'binance';
import ccxt from 'ccxt';
import type { Credentials } from '../index.ts';

/** An order as every client must see it. */
export interface Seen {
  readonly id: string;
  readonly status: 'open' | 'closed' | 'canceled' | 'expired';
  readonly quantity: number;
  readonly filled: number;
  readonly price: number | null;
}

export interface Client {
  readonly name: string;
  leverage(value: number): Promise<number>;
  marginType(type: 'ISOLATED' | 'CROSSED'): Promise<void>;
  limit(side: 'BUY' | 'SELL', quantity: number, price: number): Promise<Seen>;
  market(side: 'BUY' | 'SELL', quantity: number, reduceOnly: boolean): Promise<Seen>;
  order(id: string): Promise<Seen>;
  modify(id: string, side: 'BUY' | 'SELL', quantity: number, price: number): Promise<Seen>;
  cancel(id: string): Promise<Seen>;
  cancelAll(): Promise<void>;
  open(): Promise<Seen[]>;
  history(): Promise<Seen[]>;
  trades(): Promise<{ side: string; price: number; quantity: number; fee: number; maker: boolean }[]>;
  position(): Promise<{ quantity: number; entry: number } | null>;
  wallet(): Promise<number>;
  spotLimit(side: 'BUY' | 'SELL', quantity: number, price: number): Promise<Seen>;
  spotMarket(side: 'BUY' | 'SELL', quantity: number): Promise<Seen>;
  spotCancel(id: string): Promise<Seen>;
  spotBalance(asset: string): Promise<{ free: number; locked: number }>;
  spotTrades(): Promise<{ price: number; quantity: number; fee: number }[]>;
  /** The exchange's code in an error this client threw. */
  code(error: unknown): number;
  close(): Promise<void>;
}

const STATUS: Readonly<Record<string, Seen['status']>> = {
  NEW: 'open',
  PARTIALLY_FILLED: 'open',
  FILLED: 'closed',
  CANCELED: 'canceled',
  EXPIRED: 'expired',
};

/** Binance's own fields. */
function raw(row: any): Seen {
  const status = STATUS[row.status];
  if (status === undefined) throw new Error(`status ${String(row.status)}`);
  return {
    id: String(row.orderId),
    status,
    quantity: Number(row.origQty),
    filled: Number(row.executedQty),
    price: Number(row.price) || null,
  };
}

const rawTrade = (row: any): any => ({
  side: row.side,
  price: Number(row.price),
  quantity: Number(row.qty),
  fee: Number(row.commission),
  maker: row.maker,
});
const rawPosition = (rows: any[]): any => {
  const row = rows.find((item) => item.symbol === 'BTCUSDT' && Number(item.positionAmt) !== 0);
  return row === undefined ? null : { quantity: Number(row.positionAmt), entry: Number(row.entryPrice) };
};
const rawSpotTrade = (row: any): any => ({
  price: Number(row.price),
  quantity: Number(row.qty),
  fee: Number(row.commission),
});
const symbol = 'BTCUSDT';

function official(url: string, { key, secret }: Credentials, portfolio: boolean): Client {
  const configurationRestAPI = { apiKey: key, apiSecret: secret, basePath: url, retries: 0, timeout: 10_000 };
  const um: any = new DerivativesTradingUsdsFutures({ configurationRestAPI }).restAPI;
  const pm: any = new DerivativesTradingPortfolioMargin({ configurationRestAPI }).restAPI;
  const spot: any = new Spot({ configurationRestAPI }).restAPI;
  const data = async (call: Promise<any>): Promise<any> => (await call).data();
  const at = <T>(classic: T, portfolioWay: T): T => (portfolio ? portfolioWay : classic);
  const place = (order: any): Promise<any> =>
    data(
      at(
        () => um.newOrder(order),
        () => pm.newUmOrder(order),
      )(),
    );
  const plainSpot = async (order: any): Promise<Seen> =>
    raw(await data(spot.newOrder({ symbol, newOrderRespType: 'RESULT', ...order })));
  return {
    name: 'official connectors',
    leverage: async (leverage) =>
      Number(
        (
          await data(
            at(
              () => um.changeInitialLeverage({ symbol, leverage }),
              () => pm.changeUmInitialLeverage({ symbol, leverage }),
            )(),
          )
        ).leverage,
      ),
    marginType: async (marginType) => void (await data(um.changeMarginType({ symbol, marginType }))),
    limit: async (side, quantity, price) =>
      raw(await place({ symbol, side, type: 'LIMIT', timeInForce: 'GTC', quantity, price })),
    market: async (side, quantity, reduceOnly) =>
      raw(
        await place({
          symbol,
          side,
          type: 'MARKET',
          quantity,
          reduceOnly: String(reduceOnly),
          newOrderRespType: 'RESULT',
        }),
      ),
    order: async (orderId) =>
      raw(
        await data(
          at(
            () => um.queryOrder({ symbol, orderId }),
            () => pm.queryUmOrder({ symbol, orderId }),
          )(),
        ),
      ),
    modify: async (orderId, side, quantity, price) =>
      raw(
        await data(
          at(
            () => um.modifyOrder({ symbol, orderId, side, quantity, price }),
            () => pm.modifyUmOrder({ symbol, orderId, side, quantity, price }),
          )(),
        ),
      ),
    cancel: async (orderId) =>
      raw(
        await data(
          at(
            () => um.cancelOrder({ symbol, orderId }),
            () => pm.cancelUmOrder({ symbol, orderId }),
          )(),
        ),
      ),
    cancelAll: async () =>
      void (await data(
        at(
          () => um.cancelAllOpenOrders({ symbol }),
          () => pm.cancelAllUmOpenOrders({ symbol }),
        )(),
      )),
    open: async () =>
      (
        await data(
          at(
            () => um.currentAllOpenOrders({ symbol }),
            () => pm.queryAllCurrentUmOpenOrders({ symbol }),
          )(),
        )
      ).map(raw),
    history: async () =>
      (
        await data(
          at(
            () => um.allOrders({ symbol }),
            () => pm.queryAllUmOrders({ symbol }),
          )(),
        )
      ).map(raw),
    trades: async () =>
      (
        await data(
          at(
            () => um.accountTradeList({ symbol }),
            () => pm.umAccountTradeList({ symbol }),
          )(),
        )
      ).map(rawTrade),
    position: async () =>
      rawPosition(
        await data(
          at(
            () => um.positionInformationV3({ symbol }),
            () => pm.queryUmPositionInformation({ symbol }),
          )(),
        ),
      ),
    wallet: async () =>
      portfolio
        ? Number((await data(pm.accountBalance({}))).find((row: any) => row.asset === 'USDT').umWalletBalance)
        : Number((await data(um.futuresAccountBalanceV3()))[0].balance),
    spotLimit: (side, quantity, price) => plainSpot({ side, type: 'LIMIT', timeInForce: 'GTC', quantity, price }),
    spotMarket: (side, quantity) => plainSpot({ side, type: 'MARKET', quantity }),
    spotCancel: async (orderId) => raw(await data(spot.deleteOrder({ symbol, orderId }))),
    spotBalance: async (asset) => pick((await data(spot.getAccount({}))).balances, asset),
    spotTrades: async () => (await data(spot.myTrades({ symbol }))).map(rawSpotTrade),
    code: (error: any) => Number(error.code),
    close: async () => undefined,
  };
}

const pick = (rows: any[], asset: string): any => {
  const row = rows.find((item) => item.asset === asset);
  return { free: Number(row.free), locked: Number(row.locked) };
};

function siebly(url: string, { key, secret }: Credentials, portfolio: boolean): Client {
  const options = { api_key: key, api_secret: secret, baseUrl: url };
  const um: any = new USDMClient(options);
  const pm: any = new PortfolioClient(options);
  const spot: any = new MainClient(options);
  const place = (order: any): Promise<any> => (portfolio ? pm.submitNewUMOrder(order) : um.submitNewOrder(order));
  const spotOrder = async (order: any): Promise<Seen> =>
    raw(await spot.submitNewOrder({ symbol, newOrderRespType: 'RESULT', ...order }));
  const either = (classic: string, portfolioName: string, params: any): Promise<any> =>
    portfolio ? pm[portfolioName](params) : um[classic](params);
  return {
    name: 'binance',
    leverage: async (leverage) =>
      Number((await either('setLeverage', 'updateUMLeverage', { symbol, leverage })).leverage),
    marginType: async (marginType) => void (await um.setMarginType({ symbol, marginType })),
    limit: async (side, quantity, price) =>
      raw(await place({ symbol, side, type: 'LIMIT', timeInForce: 'GTC', quantity, price })),
    market: async (side, quantity, reduceOnly) =>
      raw(
        await place({
          symbol,
          side,
          type: 'MARKET',
          quantity,
          reduceOnly: String(reduceOnly),
          newOrderRespType: 'RESULT',
        }),
      ),
    order: async (orderId) => raw(await either('getOrder', 'getUMOrder', { symbol, orderId })),
    modify: async (orderId, side, quantity, price) =>
      raw(await either('modifyOrder', 'modifyUMOrder', { symbol, orderId, side, quantity, price })),
    cancel: async (orderId) => raw(await either('cancelOrder', 'cancelUMOrder', { symbol, orderId })),
    cancelAll: async () => void (await either('cancelAllOpenOrders', 'cancelAllUMOrders', { symbol })),
    open: async () => (await either('getAllOpenOrders', 'getAllUMOpenOrders', { symbol })).map(raw),
    history: async () => (await either('getAllOrders', 'getAllUMOrders', { symbol })).map(raw),
    trades: async () => (await either('getAccountTrades', 'getUMTrades', { symbol })).map(rawTrade),
    position: async () => rawPosition(await either('getPositionsV3', 'getUMPosition', { symbol })),
    wallet: async () =>
      portfolio
        ? Number((await pm.getBalance()).find((row: any) => row.asset === 'USDT').umWalletBalance)
        : Number((await um.getBalanceV3())[0].balance),
    spotLimit: (side, quantity, price) => spotOrder({ side, type: 'LIMIT', timeInForce: 'GTC', quantity, price }),
    spotMarket: (side, quantity) => spotOrder({ side, type: 'MARKET', quantity }),
    spotCancel: async (orderId) => raw(await spot.cancelOrder({ symbol, orderId })),
    spotBalance: async (asset) => pick((await spot.getAccountInformation()).balances, asset),
    spotTrades: async () => (await spot.getAccountTradeList({ symbol })).map(rawSpotTrade),
    code: (error: any) => Number(error.code),
    close: async () => undefined,
  };
}

/** ccxt with every address replaced and nothing else configured. */
export function rerouted(url: string, { key, secret }: Credentials, portfolio: boolean): any {
  const exchange: any = new ccxt.pro.binance({
    apiKey: key,
    secret,
    options: portfolio ? { portfolioMargin: true } : {},
  });
  const reroute = (node: any): any => {
    if (typeof node === 'string')
      return node.replace(/^https?:\/\/[^/]+/, url).replace(/^wss?:\/\/[^/]+/, url.replace('http', 'ws'));
    return typeof node === 'object' && node !== null
      ? Object.fromEntries(Object.entries(node).map(([name, item]) => [name, reroute(item)]))
      : node;
  };
  exchange.urls.api = reroute(exchange.urls.api);
  return exchange;
}

function ccxtClient(url: string, credentials: Credentials, portfolio: boolean): Client {
  const exchange = rerouted(url, credentials, portfolio);
  const swap = 'BTC/USDT:USDT';
  const pair = 'BTC/USDT';
  const seen = (order: any): Seen => ({
    id: order.id,
    status: order.status,
    quantity: order.amount,
    filled: order.filled,
    price: Number(order.info.price) || null,
  });
  const lower = (side: string): string => side.toLowerCase();
  const trade = (row: any): any => ({
    side: row.side.toUpperCase(),
    price: row.price,
    quantity: row.amount,
    fee: row.fee.cost,
    maker: row.takerOrMaker === 'maker',
  });
  return {
    name: 'ccxt',
    leverage: async (value) => Number((await exchange.setLeverage(value, swap)).leverage),
    marginType: async (type) => void (await exchange.setMarginMode(type === 'ISOLATED' ? 'isolated' : 'cross', swap)),
    limit: async (side, quantity, price) =>
      seen(await exchange.createOrder(swap, 'limit', lower(side), quantity, price)),
    market: async (side, quantity, reduceOnly) =>
      seen(await exchange.createOrder(swap, 'market', lower(side), quantity, undefined, { reduceOnly })),
    order: async (id) => seen(await exchange.fetchOrder(id, swap)),
    modify: async (id, side, quantity, price) =>
      seen(await exchange.editOrder(id, swap, 'limit', lower(side), quantity, price)),
    cancel: async (id) => seen(await exchange.cancelOrder(id, swap)),
    cancelAll: async () => void (await exchange.cancelAllOrders(swap)),
    open: async () => (await exchange.fetchOpenOrders(swap)).map(seen),
    history: async () => (await exchange.fetchOrders(swap)).map(seen),
    trades: async () => (await exchange.fetchMyTrades(swap)).map(trade),
    position: async () => {
      const [row] = await exchange.fetchPositions([swap]);
      return row === undefined || !row.contracts
        ? null
        : { quantity: row.side === 'short' ? -row.contracts : row.contracts, entry: row.entryPrice };
    },
    wallet: async () => {
      const balance = await exchange.fetchBalance({ type: 'swap' });
      return portfolio
        ? Number(balance.info.find((row: any) => row.asset === 'USDT').umWalletBalance)
        : Number(balance.info.totalWalletBalance);
    },
    spotLimit: async (side, quantity, price) =>
      seen(await exchange.createOrder(pair, 'limit', lower(side), quantity, price)),
    spotMarket: async (side, quantity) => seen(await exchange.createOrder(pair, 'market', lower(side), quantity)),
    spotCancel: async (id) => seen(await exchange.cancelOrder(id, pair)),
    spotBalance: async (asset) => {
      const balance = (await exchange.fetchBalance({ type: 'spot' }))[asset];
      return { free: balance.free, locked: balance.used };
    },
    spotTrades: async () =>
      (await exchange.fetchMyTrades(pair)).map((row: any) => ({
        price: row.price,
        quantity: row.amount,
        fee: row.fee.cost,
      })),
    // Some of ccxt's errors carry the exchange's words without its code.
    code: (error: any) =>
      error instanceof ccxt.InsufficientFunds && !/-2019/.test(error.message)
        ? -2010
        : Number(/"code":(-?\d+)/.exec(String(error.message))?.[1]),
    close: () => exchange.close(),
  };
}

export const CLIENTS = [official, siebly, ccxtClient] as const;

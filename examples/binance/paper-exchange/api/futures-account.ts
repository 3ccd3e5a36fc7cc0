/** The account half of /fapi: balances, positions, leverage, margin type, income. */

import { formatDecimal } from '../engine/decimal.ts';
import { holdingOf } from '../engine/futures-fill.ts';
import { PERPETUALS, type Perpetual } from '../engine/instruments.ts';
import { positionsOf, type Row, rowOf, type Summary, summarize } from '../engine/margin.ts';
import { moveIsolatedMargin, setDualSide, setLeverage, setMarginType } from '../engine/positions.ts';
import { mark } from '../engine/prices.ts';
import { Refusal, refuse } from '../engine/refusal.ts';
import type { Account, Holding, Market, Venue } from '../engine/state.ts';
import { FUTURES_RATE_LIMITS, futuresMarket, leverageBrackets } from './futures-market.ts';
import { timeWindow } from './futures-orders.ts';
import { entryPrice, type Fields, maxNotional, orderRow, positionV2, positionV3, quantity } from './futures-shape.ts';
import { type Json, money } from './json.ts';
import { missing } from './params.ts';
import { change, type Route, read, type SignedCall } from './route.ts';

const SUCCESS: Json = { code: 200, msg: 'success' };
const LEVERAGE_MAX = 125;

export const futuresAccountRoutes: readonly Route[] = [
  ...['/fapi/v2/balance', '/fapi/v3/balance'].map((path) =>
    read(path, 5, ({ venue, account }) => balances(summarize(venue, account), account)),
  ),
  read('/fapi/v3/account', 5, ({ venue, account }) => accountV3(venue, account)),
  read('/fapi/v2/account', 5, ({ venue, account }) => accountV2(venue, account)),
  read('/fapi/v3/positionRisk', 5, (call) => positionRiskV3(call)),
  read('/fapi/v2/positionRisk', 5, (call) => positionRiskV2(call)),
  change('POST', '/fapi/v1/marginType', 1, ({ venue, params, account }) => {
    const market = futuresMarket(venue, params);
    const marginType = params.choice('marginType', ['ISOLATED', 'CROSSED'], null, {
      code: -4050,
      message: 'Invalid margin type: send ISOLATED or CROSSED.',
    });
    if (marginType === null) throw missing('marginType');
    setMarginType(holdingOf(account, market), marginType === 'ISOLATED');
    return SUCCESS;
  }),
  change('POST', '/fapi/v1/positionMargin', 1, ({ venue, params, account }) => {
    const market = futuresMarket(venue, params);
    const type = params.choice('type', ['1', '2'], null);
    if (type === null) throw missing('type');
    const amount = params.requiredDecimal('amount');
    const side = params.choice('positionSide', ['BOTH', 'LONG', 'SHORT'], 'BOTH');
    moveIsolatedMargin(venue, holdingOf(account, market), { side, amount, type: type === '1' ? 1 : 2 });
    return {
      amount: Number(formatDecimal(amount)),
      code: 200,
      msg: 'Successfully modify position margin.',
      type: Number(type),
    };
  }),
  read('/fapi/v1/positionMargin/history', 1, ({ venue, params, account }) => {
    const market = futuresMarket(venue, params);
    const limit = params.integer('limit', 500, { min: 1, max: 500 });
    const rows = account.marginChanges.filter((row) => row.symbol === market.spec.symbol).slice(-limit);
    return rows.map((row) => ({
      symbol: row.symbol,
      type: row.type,
      deltaType: 'USER_ADJUST',
      amount: formatDecimal(row.amount),
      asset: 'USDT',
      time: row.time,
      positionSide: row.positionSide,
    }));
  }),
  read('/fapi/v1/multiAssetsMargin', 30, () => ({ multiAssetsMargin: false })),
  change('POST', '/fapi/v1/multiAssetsMargin', 1, ({ params }) => {
    if (params.boolean('multiAssetsMargin')) throw refuse(-4171);
    throw new Refusal(-4171, 'No need to change multi-assets mode: it is off.');
  }),
  read('/fapi/v1/forceOrders', 50, ({ venue, params, account }) => {
    const symbol = params.text('symbol') === null ? null : futuresMarket(venue, params).spec.symbol;
    const limit = params.integer('limit', 50, { min: 1, max: 100 });
    return account.forced
      .filter((order) => symbol === null || order.market.spec.symbol === symbol)
      .slice(-limit)
      .map(orderRow);
  }),
  read('/fapi/v1/adlQuantile', 5, ({ venue, params, account }) => {
    const symbol = params.text('symbol') === null ? null : futuresMarket(venue, params).spec.symbol;
    const rows = summarize(venue, account).rows.filter(
      (row) => symbol === null || row.holding.market.spec.symbol === symbol,
    );
    return rows
      .filter((row) => row.position.quantity !== 0n)
      .map((row) => ({ symbol: row.holding.market.spec.symbol, adlQuantile: { [row.position.side]: 1 } }));
  }),
  read('/fapi/v1/rateLimit/order', 1, () => (FUTURES_RATE_LIMITS as readonly Json[]).slice(1)),
  read('/fapi/v1/apiTradingStatus', 1, ({ venue }) => ({ indicators: {}, updateTime: venue.now })),
  ...sharedAccountRoutes('/fapi/v1/'),
];

/** Routes portfolio margin has too, under /papi/v1/um/. */
export function sharedAccountRoutes(prefix: '/fapi/v1/' | '/papi/v1/um/'): readonly Route[] {
  const at = (name: string): string => `${prefix}${name}`;
  return [
    change('POST', at('leverage'), 1, ({ venue, params, account }) => {
      const market = futuresMarket(venue, params);
      const text = params.required('leverage');
      if (!/^\d{1,3}$/.test(text) || Number(text) < 1 || Number(text) > LEVERAGE_MAX) throw refuse(-4028);
      const holding = holdingOf(account, market);
      setLeverage(venue, holding, Number(text));
      return { leverage: holding.leverage, maxNotionalValue: maxNotional(holding), symbol: market.spec.symbol };
    }),
    read(at('positionSide/dual'), 30, ({ account }) => ({ dualSidePosition: account.dualSide })),
    change('POST', at('positionSide/dual'), 1, ({ params, account }) => {
      params.required('dualSidePosition');
      setDualSide(account, params.boolean('dualSidePosition'));
      return SUCCESS;
    }),
    read(at('leverageBracket'), 1, ({ venue, params }) => {
      if (params.text('symbol') !== null) return [leverageBrackets(futuresMarket(venue, params))];
      return [...venue.futures.values()].map(leverageBrackets);
    }),
    read(at('commissionRate'), 20, ({ venue, params }) => ({
      symbol: futuresMarket(venue, params).spec.symbol,
      makerCommissionRate: '0.0002',
      takerCommissionRate: '0.0005',
      rpiCommissionRate: '0.0000',
    })),
    read(at('income'), 30, (call) => income(call)),
    read(at('accountConfig'), 5, ({ account }) => ({
      feeTier: 0,
      canTrade: true,
      canDeposit: true,
      canWithdraw: true,
      dualSidePosition: account.dualSide,
      updateTime: 0,
      multiAssetsMargin: false,
      tradeGroupId: -1,
    })),
    read(at('symbolConfig'), 5, ({ venue, params, account }) => {
      const markets = params.text('symbol') === null ? [...venue.futures.values()] : [futuresMarket(venue, params)];
      return markets.map((market) => {
        const holding = peek(account, market);
        return {
          symbol: market.spec.symbol,
          marginType: holding.isolated ? 'ISOLATED' : 'CROSSED',
          isAutoAddMargin: false,
          leverage: holding.leverage,
          maxNotionalValue: maxNotional(holding),
        };
      });
    }),
  ];
}

/** The holding as it is or would be, without making one: a question must not change the account. */
function peek(account: Account, market: Market<Perpetual>): Holding {
  return account.holdings.get(market.spec.symbol) ?? holdingOf({ ...account, holdings: new Map() }, market);
}

const INCOME_TYPES = ['TRANSFER', 'REALIZED_PNL', 'FUNDING_FEE', 'COMMISSION', 'INSURANCE_CLEAR'] as const;

function income({ venue, params, account }: SignedCall): Json {
  const symbol = params.text('symbol') === null ? null : futuresMarket(venue, params).spec.symbol;
  const type = params.choice('incomeType', INCOME_TYPES, null);
  const limit = params.integer('limit', 100, { min: 1, max: 1000 });
  const window = timeWindow(venue, params, false);
  const found = account.income.filter(
    (row) =>
      (symbol === null || row.symbol === symbol) &&
      (type === null || row.type === type) &&
      row.time >= window.start &&
      row.time <= window.end,
  );
  const rows = params.text('startTime') === null ? found.slice(-limit) : found.slice(0, limit);
  return rows.map((row) => ({
    symbol: row.symbol,
    incomeType: row.type,
    income: money(row.amount),
    asset: 'USDT',
    info: row.info,
    time: row.time,
    tranId: row.id,
    tradeId: row.tradeId,
  }));
}

const alias = (account: Account): string => `paper${account.id}`;

function balances(summary: Summary, account: Account): Json {
  return [
    {
      accountAlias: alias(account),
      asset: 'USDT',
      balance: money(summary.wallet),
      crossWalletBalance: money(summary.crossWallet),
      crossUnPnl: money(summary.crossUnrealized),
      availableBalance: money(summary.available),
      maxWithdrawAmount: money(withdrawable(summary)),
      marginAvailable: true,
      updateTime: account.updateTime,
    },
  ];
}

/** Unrealised profit cannot be withdrawn. */
function withdrawable(summary: Summary): bigint {
  const profit = summary.crossUnrealized > 0n ? summary.crossUnrealized : 0n;
  const amount = summary.available - profit;
  return amount > 0n ? amount : 0n;
}

const totals = (summary: Summary): Fields => ({
  totalInitialMargin: money(summary.initial),
  totalMaintMargin: money(summary.maintenance),
  totalWalletBalance: money(summary.wallet),
  totalUnrealizedProfit: money(summary.unrealized),
  totalMarginBalance: money(summary.marginBalance),
  totalPositionInitialMargin: money(summary.positionInitial),
  totalOpenOrderInitialMargin: money(summary.openOrderInitial),
  totalCrossWalletBalance: money(summary.crossWallet),
  totalCrossUnPnl: money(summary.crossUnrealized),
  availableBalance: money(summary.available),
  maxWithdrawAmount: money(withdrawable(summary)),
});

const assetRow = (summary: Summary, account: Account): Fields => ({
  asset: 'USDT',
  walletBalance: money(summary.wallet),
  unrealizedProfit: money(summary.unrealized),
  marginBalance: money(summary.marginBalance),
  maintMargin: money(summary.maintenance),
  initialMargin: money(summary.initial),
  positionInitialMargin: money(summary.positionInitial),
  openOrderInitialMargin: money(summary.openOrderInitial),
  crossWalletBalance: money(summary.crossWallet),
  crossUnPnl: money(summary.crossUnrealized),
  availableBalance: money(summary.available),
  maxWithdrawAmount: money(withdrawable(summary)),
  updateTime: account.updateTime,
});

const isolatedMargin = (row: Row): bigint => (row.holding.isolated ? row.position.isolatedWallet + row.unrealized : 0n);

function accountV3(venue: Venue, account: Account): Json {
  const summary = summarize(venue, account);
  return {
    ...totals(summary),
    assets: [assetRow(summary, account)],
    positions: summary.rows.map((row) => ({
      symbol: row.holding.market.spec.symbol,
      positionSide: row.position.side,
      positionAmt: quantity(row.holding, row.position.quantity),
      unrealizedProfit: money(row.unrealized),
      isolatedMargin: money(isolatedMargin(row)),
      notional: money(row.notional),
      isolatedWallet: money(row.position.isolatedWallet),
      initialMargin: money(row.initial),
      maintMargin: money(row.maintenance),
      updateTime: row.position.updateTime,
    })),
  };
}

function accountV2(venue: Venue, account: Account): Json {
  const summary = summarize(venue, account);
  return {
    feeTier: 0,
    feeBurn: false,
    canTrade: true,
    canDeposit: true,
    canWithdraw: true,
    updateTime: 0,
    multiAssetsMargin: false,
    tradeGroupId: -1,
    ...totals(summary),
    assets: [{ ...assetRow(summary, account), marginAvailable: true }],
    positions: everyRow(venue, account).map((row) => ({
      symbol: row.holding.market.spec.symbol,
      initialMargin: money(row.initial),
      maintMargin: money(row.maintenance),
      unrealizedProfit: money(row.unrealized),
      positionInitialMargin: money(row.positionInitial),
      openOrderInitialMargin: money(row.openOrderInitial),
      leverage: String(row.holding.leverage),
      isolated: row.holding.isolated,
      entryPrice: money(entryPrice(row.position)),
      breakEvenPrice: positionV3(summary, row)['breakEvenPrice'],
      maxNotional: maxNotional(row.holding),
      bidNotional: money(row.holding.bidNotional),
      askNotional: money(row.holding.askNotional),
      positionSide: row.position.side,
      positionAmt: quantity(row.holding, row.position.quantity),
      notional: money(row.notional),
      isolatedWallet: money(row.position.isolatedWallet),
      updateTime: row.position.updateTime,
    })),
  };
}

/** A row for every symbol, used or not. In hedge mode all three sides, as the exchange lists them. */
function everyRow(venue: Venue, account: Account): Row[] {
  return PERPETUALS.flatMap((spec) => {
    const market = venue.futures.get(spec.symbol);
    if (market === undefined) return [];
    const holding = peek(account, market);
    return positionsOf(account).map((side) => rowOf(holding, side, mark(venue, market)));
  });
}

function positionRiskV3({ venue, params, account }: SignedCall): Json {
  const symbol = params.text('symbol') === null ? null : futuresMarket(venue, params).spec.symbol;
  const summary = summarize(venue, account);
  return summary.rows
    .filter((row) => symbol === null || row.holding.market.spec.symbol === symbol)
    .map((row) => positionV3(summary, row));
}

function positionRiskV2({ venue, params, account }: SignedCall): Json {
  const symbol = params.text('symbol') === null ? null : futuresMarket(venue, params).spec.symbol;
  const summary = summarize(venue, account);
  return everyRow(venue, account)
    .filter((row) => symbol === null || row.holding.market.spec.symbol === symbol)
    .map((row) => positionV2(summary, row));
}

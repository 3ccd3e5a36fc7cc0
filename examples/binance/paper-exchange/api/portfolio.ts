/** Portfolio margin: /papi/v1. Orders are those of futures in another shape; the account is its own. */

import { max, min, mulDiv, ONE } from '../engine/decimal.ts';
import { holdingOf } from '../engine/futures-fill.ts';
import { ASSETS } from '../engine/instruments.ts';
import { collateralOf, positionsOf, type Row, rowOf, type Summary, summarize } from '../engine/margin.ts';
import { mark } from '../engine/prices.ts';
import type { Account, Venue } from '../engine/state.ts';
import { sharedAccountRoutes } from './futures-account.ts';
import { futuresMarket } from './futures-market.ts';
import { breakEven, entryPrice, type Fields, liquidationText, maxNotional, quantity } from './futures-shape.ts';
import { type Json, money } from './json.ts';
import { open, type Route, read } from './route.ts';

export const portfolioRoutes: readonly Route[] = [
  open('/papi/v1/ping', 1, () => ({})),
  read('/papi/v1/account', 20, ({ venue, account }) => accountInfo(venue, account)),
  read('/papi/v1/balance', 20, ({ venue, params, account }) => {
    const asset = params.text('asset');
    const rows = balances(venue, account);
    if (asset === null) return rows;
    return rows.find((row) => row['asset'] === asset) ?? [];
  }),
  read('/papi/v1/um/account', 5, ({ venue, account }) => umAccount(venue, account, 'v1')),
  read('/papi/v2/um/account', 5, ({ venue, account }) => umAccount(venue, account, 'v2')),
  read('/papi/v1/um/positionRisk', 5, ({ venue, params, account }) => {
    const symbol = params.text('symbol') === null ? null : futuresMarket(venue, params).spec.symbol;
    const summary = summarize(venue, account);
    return summary.rows
      .filter((row) => row.position.quantity !== 0n && (symbol === null || row.holding.market.spec.symbol === symbol))
      .map((row) => positionRow(summary, row));
  }),
  read('/papi/v1/rateLimit/order', 1, () => [
    { rateLimitType: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: 1200 },
  ]),
  ...sharedAccountRoutes('/papi/v1/um/'),
];

interface Equity {
  readonly actual: bigint;
  readonly adjusted: bigint;
  readonly summary: Summary;
}

/** Actual equity, and adjusted equity with each asset's collateral rate applied. */
function equityOf(venue: Venue, account: Account): Equity {
  const summary = summarize(venue, account);
  const futures = summary.wallet + summary.unrealized;
  return {
    summary,
    actual: collateralOf(venue, account, false) + futures,
    adjusted: collateralOf(venue, account) + futures,
  };
}

const UNI_MMR_NONE = 9_999_999_999_999_999n;
const STATUS_FLOORS: readonly (readonly [bigint, string])[] = [
  [150_000_000n, 'NORMAL'],
  [120_000_000n, 'MARGIN_CALL'],
  [105_000_000n, 'REDUCE_ONLY'],
];

/** Adjusted equity over maintenance margin, and the status it means. */
export function uniMmr(adjusted: bigint, maintenance: bigint): { ratio: bigint; status: string } {
  const ratio = maintenance === 0n ? UNI_MMR_NONE : min(UNI_MMR_NONE, mulDiv(adjusted, ONE, maintenance));
  const status = STATUS_FLOORS.find(([floor]) => ratio > floor)?.[1] ?? 'FORCE_LIQUIDATION';
  return { ratio, status };
}

function accountInfo(venue: Venue, account: Account): Json {
  const { actual, adjusted, summary } = equityOf(venue, account);
  const { ratio, status } = uniMmr(adjusted, summary.maintenance);
  const available = max(0n, adjusted - summary.initial);
  return {
    uniMMR: money(ratio),
    accountEquity: money(adjusted),
    actualEquity: money(actual),
    accountInitialMargin: money(summary.initial),
    accountMaintMargin: money(summary.maintenance),
    accountStatus: status,
    virtualMaxWithdrawAmount: money(available),
    totalAvailableBalance: money(available),
    totalMarginOpenLoss: money(0n),
    updateTime: venue.now,
  };
}

function balances(venue: Venue, account: Account): Fields[] {
  const summary = summarize(venue, account);
  return [...new Set([...ASSETS, ...account.spot.keys()])].map((asset) => {
    const { free, locked } = account.spot.get(asset) ?? { free: 0n, locked: 0n };
    const um = asset === 'USDT' ? summary.wallet : 0n;
    const umUnrealized = asset === 'USDT' ? summary.unrealized : 0n;
    return {
      asset,
      totalWalletBalance: money(free + locked + um),
      crossMarginAsset: money(free + locked),
      crossMarginBorrowed: money(0n),
      crossMarginFree: money(free),
      crossMarginInterest: money(0n),
      crossMarginLocked: money(locked),
      umWalletBalance: money(um),
      umUnrealizedPNL: money(umUnrealized),
      cmWalletBalance: money(0n),
      cmUnrealizedPNL: money(0n),
      updateTime: account.updateTime,
      negativeBalance: money(um < 0n ? um : 0n),
    };
  });
}

function positionRow(summary: Summary, row: Row): Fields {
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
    leverage: String(holding.leverage),
    maxNotionalValue: maxNotional(holding),
    notional: money(row.notional),
    updateTime: position.updateTime,
  };
}

/** Version 1 rows carry leverage and open-order margin; version 2 rows do not. */
function umAccount(venue: Venue, account: Account, version: 'v1' | 'v2'): Json {
  const summary = summarize(venue, account);
  const asset = {
    asset: 'USDT',
    crossWalletBalance: money(summary.crossWallet),
    crossUnPnl: money(summary.crossUnrealized),
    maintMargin: money(summary.maintenance),
    initialMargin: money(summary.initial),
    positionInitialMargin: money(summary.positionInitial),
    openOrderInitialMargin: money(summary.openOrderInitial),
    updateTime: account.updateTime,
  };
  const rows = version === 'v2' ? summary.rows : everyRow(venue, account);
  return {
    ...(version === 'v1' ? { tradeGroupId: -1 } : {}),
    assets: [asset],
    positions: rows.map((row) => umPosition(row, version)),
  };
}

function umPosition(row: Row, version: 'v1' | 'v2'): Fields {
  const { position, holding } = row;
  const short = {
    symbol: holding.market.spec.symbol,
    initialMargin: money(row.initial),
    maintMargin: money(row.maintenance),
    unrealizedProfit: money(row.unrealized),
    positionSide: position.side,
    positionAmt: quantity(holding, position.quantity),
    updateTime: position.updateTime,
  };
  if (version === 'v2') return { ...short, notional: money(row.notional) };
  return {
    ...short,
    positionInitialMargin: money(row.positionInitial),
    openOrderInitialMargin: money(row.openOrderInitial),
    leverage: String(holding.leverage),
    entryPrice: money(entryPrice(position)),
    maxNotional: maxNotional(holding),
    bidNotional: money(holding.bidNotional),
    askNotional: money(holding.askNotional),
  };
}

function everyRow(venue: Venue, account: Account): Row[] {
  return [...venue.futures.values()].flatMap((market) => {
    const holding = account.holdings.get(market.spec.symbol) ?? holdingOf({ ...account, holdings: new Map() }, market);
    return positionsOf(account).map((side) => rowOf(holding, side, mark(venue, market)));
  });
}

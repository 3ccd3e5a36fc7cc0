/** What accounts hold and how they are set: spot, futures, portfolio margin. */

import { formatDecimal, max, min, mulDiv, ONE } from '../engine/decimal.ts';
import { ASSETS, type Perpetual } from '../engine/instruments.ts';
import { collateralOf, positionsOf, type Row, rowOf, summarize } from '../engine/margin.ts';
import { freshHolding } from '../engine/orders.ts';
import { moveIsolatedMargin, setDualSide, setLeverage, setMarginType } from '../engine/positions.ts';
import { Refusal, refuse } from '../engine/refusal.ts';
import type { Account, Holding, Market } from '../engine/state.ts';
import { page, weekWindow } from './history.ts';
import { constants, type Fields, type Json, money, shape } from './json.ts';
import { limitRows, orderCounts } from './limits.ts';
import { readPositionSide } from './order-request.ts';
import { must } from './params.ts';
import { type AccountCall, change, keyed, type Route, read } from './route.ts';
import * as shapes from './shapes.ts';
import { leverageBrackets } from './symbols.ts';

const SUCCESS: Json = { code: 200, msg: 'success' };
const LEVERAGE_MAX = 125;
const INCOME_TYPES = ['TRANSFER', 'REALIZED_PNL', 'FUNDING_FEE', 'COMMISSION', 'INSURANCE_CLEAR'] as const;
const PERMISSIONS = 'canTrade:true canWithdraw:true canDeposit:true';

// Spot

const COMMISSION = constants('maker:"0.00100000" taker:"0.00100000" buyer:"0.00000000" seller:"0.00000000"');
const NO_COMMISSION = constants('maker:"0.00000000" taker:"0.00000000" buyer:"0.00000000" seller:"0.00000000"');
const SPOT_ACCOUNT = constants(
  'makerCommission:10 takerCommission:10 buyerCommission:0 sellerCommission:0 brokered:false accountType:"SPOT"',
  'requireSelfTradePrevention:false preventSor:false permissions:["SPOT"]',
  PERMISSIONS,
);
const DISCOUNT = constants('enabledForAccount:false enabledForSymbol:false discountAsset:"BNB" discount:"0.75000000"');
type SpotRow = { readonly asset: string; readonly free: bigint; readonly locked: bigint };
const spotBalance = shape<SpotRow>({}, 'asset free locked');
const coinRow = shape<SpotRow>(
  {},
  'coin=asset name=asset depositAllEnable:false withdrawAllEnable:false free locked freeze:"0" withdrawing:"0" ipoing:"0"',
  'ipoable:"0" storage:"0" isLegalMoney:false trading:true networkList:[]',
);

/** Free and locked of every asset an account can hold. */
const spotRows = ({ spot }: Account): SpotRow[] =>
  [...new Set([...ASSETS, ...spot.keys()])].map((asset) => ({ asset, free: 0n, locked: 0n, ...spot.get(asset) }));

const spotRoutes: readonly Route[] = [
  read('/api/v3/account', 20, ({ params, account }) => {
    const omitZero = params.boolean('omitZeroBalances');
    const rows = spotRows(account).filter(({ free, locked }) => !omitZero || free + locked !== 0n);
    const balances = rows.map(spotBalance);
    const { id, updateTime } = account;
    return { ...SPOT_ACCOUNT, commissionRates: COMMISSION, updateTime, balances, uid: 100_000 + id };
  }),
  read('/api/v3/rateLimit/order', 40, ({ venue, account }) => orderCounts(account, 'spot', venue.now)),
  read('/api/v3/account/commission', 20, ({ pair: { spec } }) => {
    const commissions = { specialCommission: NO_COMMISSION, taxCommission: NO_COMMISSION };
    return { symbol: spec.symbol, standardCommission: COMMISSION, ...commissions, discount: DISCOUNT };
  }),
  // The few rows clients ask for before they trade, so that they load unconfigured.
  read('/sapi/v1/capital/config/getall', 10, ({ account }) => spotRows(account).map(coinRow)),
  keyed('GET', '/sapi/v1/margin/allPairs', 1, () => []),
  keyed('GET', '/sapi/v1/margin/isolated/allPairs', 10, () => []),
];

// Futures

/** The holding as it is or would be, without making one: a question must not change the account. */
const peek = (account: Account, market: Market<Perpetual>): Holding =>
  account.holdings.get(market.spec.symbol) ?? freshHolding(account, market);

/** A row for every market, used or not. */
const everyRow = (account: Account, markets: Iterable<Market<Perpetual>>): Row[] =>
  [...markets].flatMap((market) => positionsOf(account).map((side) => rowOf(peek(account, market), side)));

/** The rows of the named symbols that have a position or lock margin, with what their liquidation depends on. */
function usedRows({ account, perpetuals }: AccountCall): shapes.Shown[] {
  const summary = summarize(account);
  const rows = summary.rows.filter((row) => perpetuals.includes(row.holding.market));
  return rows.map((row) => ({ ...row, summary }));
}
const hasPosition = ({ position }: Row): boolean => position.quantity !== 0n;
const NO_TIER = `feeTier:0 updateTime:0 multiAssetsMargin:false tradeGroupId:-1 ${PERMISSIONS}`;

const classicRoutes: readonly Route[] = [
  ...['/fapi/v2/balance', '/fapi/v3/balance'].map((path) =>
    read(path, 5, ({ account }) => [shapes.futuresBalance(summarize(account))]),
  ),
  read('/fapi/v3/account', 5, ({ account }) => {
    const summary = summarize(account);
    const positions = summary.rows.map(shapes.accountPositionV3);
    return { ...shapes.futuresTotals(summary), assets: [shapes.futuresAsset(summary)], positions };
  }),
  read('/fapi/v2/account', 5, ({ venue, account }) => {
    const summary = summarize(account);
    const assets = [{ ...shapes.futuresAsset(summary), marginAvailable: true }];
    const positions = everyRow(account, venue.futures.values()).map(shapes.accountPositionV2);
    return { ...constants(NO_TIER, 'feeBurn:false'), ...shapes.futuresTotals(summary), assets, positions };
  }),
  read('/fapi/v3/positionRisk', 5, (call) => usedRows(call).map(shapes.positionV3)),
  read('/fapi/v2/positionRisk', 5, ({ account, perpetuals }) => {
    const summary = summarize(account);
    return everyRow(account, perpetuals).map((row) => shapes.positionV2({ ...row, summary }));
  }),
  change('POST', '/fapi/v1/marginType', 1, ({ holding, params }) => {
    const marginType = params.choice('marginType', ['ISOLATED', 'CROSSED'], null, -4050);
    setMarginType(holding, must('marginType', marginType) === 'ISOLATED');
    return SUCCESS;
  }),
  change('POST', '/fapi/v1/positionMargin', 1, ({ holding, params }) => {
    const type = Number(must('type', params.choice('type', ['1', '2'], null))) as 1 | 2;
    const amount = params.requiredDecimal('amount');
    moveIsolatedMargin(holding, readPositionSide(params), amount, type);
    return { amount: Number(formatDecimal(amount)), code: 200, msg: 'Successfully modify position margin.', type };
  }),
  read('/fapi/v1/positionMargin/history', 1, ({ params, account, perpetual }) => {
    const limit = params.integer('limit', 500, { min: 1, max: 500 });
    const rows = account.marginChanges.filter((row) => row.symbol === perpetual.spec.symbol).slice(-limit);
    return rows.map((row) => ({ ...row, amount: money(row.amount), deltaType: 'USER_ADJUST', asset: 'USDT' }));
  }),
  read('/fapi/v1/multiAssetsMargin', 30, () => ({ multiAssetsMargin: false })),
  change('POST', '/fapi/v1/multiAssetsMargin', 1, ({ params }) => {
    if (params.boolean('multiAssetsMargin')) throw refuse(-4171);
    throw new Refusal(-4171, 'No need to change multi-assets mode: it is off.');
  }),
  read('/fapi/v1/forceOrders', 50, ({ params, account, perpetuals }) => {
    const limit = params.integer('limit', 50, { min: 1, max: 100 });
    const found = account.forced.filter((order) => perpetuals.some((market) => market === order.market));
    return found.slice(-limit).map(shapes.futuresOrder.classic.row);
  }),
  read('/fapi/v1/adlQuantile', 5, (call) => {
    const rows = usedRows(call).filter(hasPosition);
    return rows.map(({ holding, position }) => {
      return { symbol: holding.market.spec.symbol, adlQuantile: { [position.side]: 1 } };
    });
  }),
  read('/fapi/v1/rateLimit/order', 1, () => limitRows('futures').slice(1)),
  read('/fapi/v1/apiTradingStatus', 1, ({ venue }) => ({ indicators: {}, updateTime: venue.now })),
];

/** What portfolio margin has too, under its own prefix. */
const sharedRoutes = (at: '/fapi/v1' | '/papi/v1/um'): readonly Route[] => [
  change('POST', `${at}/leverage`, 1, ({ params, holding }) => {
    const text = params.required('leverage');
    if (!/^\d{1,3}$/.test(text) || Number(text) < 1 || Number(text) > LEVERAGE_MAX) throw refuse(-4028);
    setLeverage(holding, Number(text));
    const { leverage, market } = holding;
    return { leverage, maxNotionalValue: shapes.maxNotional(holding), symbol: market.spec.symbol };
  }),
  read(`${at}/positionSide/dual`, 30, ({ account }) => ({ dualSidePosition: account.dualSide })),
  change('POST', `${at}/positionSide/dual`, 1, ({ params, account }) => {
    params.required('dualSidePosition');
    setDualSide(account, params.boolean('dualSidePosition'));
    return SUCCESS;
  }),
  read(`${at}/leverageBracket`, 1, ({ perpetuals }) => perpetuals.map(leverageBrackets)),
  read(`${at}/commissionRate`, 20, ({ perpetual }) => commissionRate(perpetual.spec)),
  read(`${at}/income`, 30, (call) => {
    const { params, account } = call;
    const symbol = params.has('symbol') ? call.perpetual.spec.symbol : null;
    const type = params.choice('incomeType', INCOME_TYPES, null);
    const isAsked = (row: Income): boolean => (symbol ?? row.symbol) === row.symbol && (type ?? row.type) === row.type;
    const found = account.income.filter(isAsked);
    return page(call, found, { from: [], time: (row) => row.time, window: weekWindow, limit: 100 }).map(incomeRow);
  }),
  read(`${at}/accountConfig`, 5, ({ account }) => ({ ...constants(NO_TIER), dualSidePosition: account.dualSide })),
  read(`${at}/symbolConfig`, 5, ({ account, perpetuals }) =>
    perpetuals.map((market) => symbolConfig(peek(account, market))),
  ),
];

type Income = Account['income'][number];
const INCOME = 'symbol incomeType=type income=amount asset:"USDT" info=type time tranId=id tradeId';
const incomeRow = shape<Income>({}, INCOME);
const RATES = 'makerCommissionRate:"0.0002" takerCommissionRate:"0.0005" rpiCommissionRate:"0.0000"';
const commissionRate = shape<Perpetual>({}, 'symbol', RATES);

const symbolConfig = (holding: Holding): Fields => ({
  symbol: holding.market.spec.symbol,
  marginType: holding.isolated ? 'ISOLATED' : 'CROSSED',
  isAutoAddMargin: false,
  leverage: holding.leverage,
  maxNotionalValue: shapes.maxNotional(holding),
});

// Portfolio margin

const UNI_MMR_NONE = 9_999_999_999_999_999n;
const STATUS_FLOORS = { NORMAL: 150_000_000n, MARGIN_CALL: 120_000_000n, REDUCE_ONLY: 105_000_000n } as const;

/** Adjusted equity over maintenance margin, and the status it means. */
export function uniMmr(adjusted: bigint, maintenance: bigint): { ratio: bigint; status: string } {
  const ratio = maintenance === 0n ? UNI_MMR_NONE : min(UNI_MMR_NONE, mulDiv(adjusted, ONE, maintenance));
  const status = Object.entries(STATUS_FLOORS).find(([, floor]) => ratio > floor)?.[0] ?? 'FORCE_LIQUIDATION';
  return { ratio, status };
}

const portfolioRoutes: readonly Route[] = [
  read('/papi/v1/account', 20, ({ venue, account }) => {
    const { wallet, unrealized, initial, maintenance } = summarize(account);
    // Actual equity counts every asset fully, adjusted equity with its collateral rate.
    const adjusted = collateralOf(account) + wallet + unrealized;
    const { ratio, status } = uniMmr(adjusted, maintenance);
    const actual = money(collateralOf(account, false) + wallet + unrealized);
    const available = money(max(0n, adjusted - initial));
    return {
      uniMMR: money(ratio),
      accountEquity: money(adjusted),
      actualEquity: actual,
      accountStatus: status,
      accountInitialMargin: money(initial),
      accountMaintMargin: money(maintenance),
      updateTime: venue.now,
      virtualMaxWithdrawAmount: available,
      totalAvailableBalance: available,
      totalMarginOpenLoss: money(0n),
    };
  }),
  read('/papi/v1/balance', 20, ({ params, account }) => {
    const rows = portfolioBalances(account);
    const asset = params.text('asset');
    return asset === null ? rows : (rows.find((row) => row['asset'] === asset) ?? []);
  }),
  // Version 1 rows carry leverage and open-order margin, of every symbol; version 2 rows do not.
  read('/papi/v1/um/account', 5, ({ venue, account }) => {
    const positions = everyRow(account, venue.futures.values()).map(shapes.umPositionV1);
    return { tradeGroupId: -1, assets: [shapes.umAsset(summarize(account))], positions };
  }),
  read('/papi/v2/um/account', 5, ({ account }) => {
    const summary = summarize(account);
    return { assets: [shapes.umAsset(summary)], positions: summary.rows.map(shapes.umPositionV2) };
  }),
  read('/papi/v1/um/positionRisk', 5, (call) => usedRows(call).filter(hasPosition).map(shapes.portfolioPosition)),
  read('/papi/v1/rateLimit/order', 1, () => limitRows('futures').slice(1, 2)),
];

const NOTHING = ['crossMarginBorrowed', 'crossMarginInterest', 'cmWalletBalance', 'cmUnrealizedPNL'];
const NOT_BORROWED = constants(...NOTHING.map((name) => `${name}:"0.00000000"`));

function portfolioBalances(account: Account): Fields[] {
  const { wallet, unrealized } = summarize(account);
  return spotRows(account).map(({ asset, free, locked }) => {
    const [um, umUnrealized] = asset === 'USDT' ? [wallet, unrealized] : [0n, 0n];
    return {
      asset,
      ...NOT_BORROWED,
      crossMarginFree: money(free),
      crossMarginLocked: money(locked),
      totalWalletBalance: money(free + locked + um),
      crossMarginAsset: money(free + locked),
      umWalletBalance: money(um),
      umUnrealizedPNL: money(umUnrealized),
      negativeBalance: money(min(um, 0n)),
      updateTime: account.updateTime,
    };
  });
}

const listenKeyRoutes = ['/fapi/v1/listenKey', '/papi/v1/listenKey'].flatMap((path) => [
  keyed('POST', path, 1, ({ account, exchange }) => ({ listenKey: exchange.sessions.open(account) })),
  keyed('PUT', path, 1, ({ account, exchange }) => ({ listenKey: exchange.sessions.keepAlive(account) })),
  keyed('DELETE', path, 1, ({ account, exchange }) => {
    exchange.sessions.close(account);
    return {};
  }),
]);

const classic = [...classicRoutes, ...sharedRoutes('/fapi/v1')];
const portfolio = [...portfolioRoutes, ...sharedRoutes('/papi/v1/um')];
export const accountRoutes: readonly Route[] = [...spotRoutes, ...classic, ...portfolio, ...listenKeyRoutes];

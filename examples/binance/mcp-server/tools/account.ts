/** The five account tools: who we are, what we own, what is open. All read only. */
import * as z from 'zod';
import { add, isZero, show } from '../decimal.ts';
import { ExchangeFault } from '../exchange/fault.ts';
import { amountOf, asRow, asRows, isList, pick, type Row, textOf } from '../exchange/rows.ts';
import { symbol } from '../inputs.ts';
import { lines, type Say } from '../language.ts';
import { answer, defineTool, type ToolContext } from '../tool.ts';
import { decimalText, time } from './shapes.ts';

const nothing = () => z.strictObject({});

export const accountInfo = defineTool({
  name: 'binance_account_info',
  risk: 'read',
  title: (say) => say('Spot account', '现货账户信息'),
  description: (say) =>
    say(
      'Spot account: type, permissions, whether it can trade, and how many assets it holds.',
      '现货账户:类型、权限、是否可交易、持有资产数量。',
    ),
  input: nothing,
  output: z.looseObject({
    accountType: z.string(),
    canTrade: z.boolean(),
    canWithdraw: z.boolean(),
    canDeposit: z.boolean(),
    updateTime: time,
    permissions: z.array(z.string()),
    balanceCount: z.number(),
  }),
  run: async (_args, { requests, say }) => {
    const account = asRow(await requests.spot('getAccount', { omitZeroBalances: true }));
    const balances = asRows(account['balances']);
    const permissions = isList(account['permissions']) ? account['permissions'].map(String) : [];
    return answer(
      lines([
        [say('account type', '账户类型'), textOf(account, 'accountType')],
        [say('can trade', '可交易'), textOf(account, 'canTrade')],
        [say('can withdraw', '可提现'), textOf(account, 'canWithdraw')],
        [say('can deposit', '可充值'), textOf(account, 'canDeposit')],
        [say('permissions', '权限'), permissions.join(', ')],
        [say('assets held', '持有资产数'), balances.length],
      ]),
      {
        ...pick(
          account,
          'accountType',
          'canTrade',
          'canWithdraw',
          'canDeposit',
          'updateTime',
          'commissionRates',
          'uid',
        ),
        permissions,
        balanceCount: balances.length,
      },
    );
  },
});

export const spotBalances = defineTool({
  name: 'binance_spot_balances',
  risk: 'read',
  title: (say) => say('Spot balances', '现货余额'),
  description: (say) =>
    say(
      'Every spot asset that is not zero: free, locked by orders, and total.',
      '所有非零现货资产:可用、挂单冻结、合计。',
    ),
  input: nothing,
  output: z.object({
    balances: z.array(z.object({ asset: z.string(), free: decimalText, locked: decimalText, total: decimalText })),
  }),
  run: async (_args, { requests, say }) => {
    const account = asRow(await requests.spot('getAccount', { omitZeroBalances: true }));
    const balances = asRows(account['balances']).map((row) => ({
      asset: textOf(row, 'asset'),
      free: textOf(row, 'free'),
      locked: textOf(row, 'locked'),
      total: show(add(amountOf(row, 'free'), amountOf(row, 'locked'))),
    }));
    const held = balances.filter((row) => row.total !== '0');
    const text = held.map(
      (row) =>
        `${row.asset}: ${row.total} (${say('free', '可用')} ${row.free}, ${say('locked', '冻结')} ${row.locked})`,
    );
    return answer(held.length === 0 ? say('no balances', '没有余额') : text.join('\n'), { balances: held });
  },
});

const assetFields = [
  'asset',
  'walletBalance',
  'unrealizedProfit',
  'marginBalance',
  'maintMargin',
  'initialMargin',
  'positionInitialMargin',
  'openOrderInitialMargin',
  'availableBalance',
  'maxWithdrawAmount',
] as const;
const totalFields = [
  'totalMarginBalance',
  'totalWalletBalance',
  'totalMaintMargin',
  'totalInitialMargin',
  'totalPositionInitialMargin',
  'totalOpenOrderInitialMargin',
  'totalCrossWalletBalance',
  'totalCrossUnPnl',
  'availableBalance',
  'maxWithdrawAmount',
] as const;

export const portfolioAccount = defineTool({
  name: 'binance_portfolio_account',
  risk: 'read',
  title: (say) => say('Futures or portfolio-margin account', '合约或统一账户'),
  description: (say) =>
    say(
      'Margin overview of the USDⓈ-M futures account, or of the portfolio-margin account (then also uniMMR, equity and status). `accountKind` says which it is.',
      'U 本位合约账户或统一账户的保证金概况(统一账户另含 uniMMR、权益和状态)。`accountKind` 说明是哪一种。',
    ),
  input: nothing,
  output: z.looseObject({
    accountKind: z.enum(['classic', 'portfolio']),
    availableBalance: decimalText,
    assets: z.array(z.looseObject({ asset: z.string() })),
  }),
  run: async (_args, context) => {
    const kind = await context.requests.kind();
    switch (kind) {
      case 'classic': {
        const account = asRow(await context.requests.futures('account'));
        const assets = asRows(account['assets'])
          .filter((row) => !isZero(amountOf(row, 'walletBalance')))
          .map((row) => pick(row, ...assetFields));
        return answer(totals(account, assets, context.say), {
          accountKind: 'classic',
          ...pick(account, ...totalFields),
          assets,
        });
      }
      case 'portfolio': {
        const [account, balance, um] = await Promise.all([
          context.requests.portfolio('accountInformation').then(asRow),
          context.requests.portfolio('accountBalance'),
          context.requests.futures('account').then(asRow),
        ]);
        const assets = asRows(balance).filter((row) => !isZero(amountOf(row, 'totalWalletBalance')));
        const text = lines([
          [context.say('account', '账户'), context.say('portfolio margin', '统一账户')],
          ['uniMMR', textOf(account, 'uniMMR')],
          [context.say('equity', '权益'), textOf(account, 'accountEquity')],
          [context.say('initial margin', '初始保证金'), textOf(account, 'accountInitialMargin')],
          [context.say('maintenance margin', '维持保证金'), textOf(account, 'accountMaintMargin')],
          [context.say('available', '可用'), textOf(account, 'totalAvailableBalance')],
          [context.say('status', '状态'), textOf(account, 'accountStatus')],
        ]);
        return answer(text, {
          accountKind: 'portfolio',
          ...account,
          availableBalance: textOf(account, 'totalAvailableBalance'),
          assets,
          um: { assets: asRows(um['assets']) },
        });
      }
    }
  },
});

function totals(account: Row, assets: readonly Row[], say: Say): string {
  const row = (en: string, zh: string, field: string): readonly [string, string] => [
    say(en, zh),
    textOf(account, field),
  ];
  const head = lines([
    [say('account', '账户'), say('classic USDⓈ-M futures', '经典 U 本位合约')],
    row('margin balance', '保证金余额', 'totalMarginBalance'),
    row('available', '可用', 'availableBalance'),
    row('position margin', '持仓保证金', 'totalPositionInitialMargin'),
    row('open order margin', '挂单保证金', 'totalOpenOrderInitialMargin'),
    row('maintenance margin', '维持保证金', 'totalMaintMargin'),
    row('unrealized profit', '未实现盈亏', 'totalCrossUnPnl'),
  ]);
  return [head, ...assets.map((asset) => `${textOf(asset, 'asset')}: ${textOf(asset, 'walletBalance')}`)].join('\n');
}

export const futuresPositions = defineTool({
  name: 'binance_futures_positions',
  risk: 'read',
  title: (say) => say('Futures positions', '合约持仓'),
  description: (say) =>
    say(
      'Open USDⓈ-M positions: amount (negative = short), entry and mark price, unrealized profit, liquidation price, leverage, margin type.',
      'U 本位合约持仓:数量(负数为空头)、开仓价、标记价、未实现盈亏、强平价、杠杆、保证金模式。',
    ),
  input: (say) => z.strictObject({ symbol: symbol(say, say('only this pair', '只看该交易对')).optional() }),
  output: z.object({
    count: z.number(),
    positions: z.array(
      z.looseObject({
        symbol: z.string(),
        positionSide: z.string(),
        positionAmt: decimalText,
        entryPrice: decimalText,
        markPrice: decimalText,
        unRealizedProfit: decimalText,
        liquidationPrice: decimalText,
        leverage: decimalText,
        marginType: z.enum(['CROSSED', 'ISOLATED']),
        notional: decimalText,
      }),
    ),
  }),
  run: async (args, context) => {
    const positions = await openPositions(args.symbol, context);
    const { say } = context;
    const text = positions.map((row) =>
      [
        textOf(row, 'symbol'),
        textOf(row, 'positionSide') === 'BOTH' ? '' : textOf(row, 'positionSide'),
        textOf(row, 'positionAmt'),
        `@ ${textOf(row, 'entryPrice')}`,
        `${say('mark', '标记价')} ${textOf(row, 'markPrice')}`,
        `${say('profit', '盈亏')} ${textOf(row, 'unRealizedProfit')}`,
        `${say('liquidation', '强平价')} ${textOf(row, 'liquidationPrice')}`,
        `${textOf(row, 'leverage')}x ${textOf(row, 'marginType')}`,
      ]
        .filter((part) => part !== '')
        .join(' '),
    );
    return answer(positions.length === 0 ? say('no open positions', '没有持仓') : text.join('\n'), {
      count: positions.length,
      positions,
    });
  },
});

/** Positions that are not zero, with the leverage and margin type that the exchange keeps elsewhere. */
export async function openPositions(only: string | undefined, { requests }: ToolContext): Promise<readonly Row[]> {
  const [positions, configs] = await Promise.all([
    requests.futures('positions', { symbol: only }),
    requests.futures('symbolConfig', { symbol: only }),
  ]);
  const bySymbol = new Map(asRows(configs).map((row) => [textOf(row, 'symbol'), row]));
  return asRows(positions)
    .filter((row) => !isZero(amountOf(row, 'positionAmt')))
    .map((row) => {
      const config = bySymbol.get(textOf(row, 'symbol'));
      return {
        ...row,
        leverage: textOf(config, 'leverage') || textOf(row, 'leverage'),
        marginType: textOf(config, 'marginType') || textOf(row, 'marginType'),
      };
    });
}

export const accountStatus = defineTool({
  name: 'binance_account_status',
  risk: 'read',
  title: (say) => say('Connection status', '连接状态'),
  description: (say) =>
    say(
      'Whether the exchange is reachable, which mode and hosts this server uses, the clock difference, used request weight, and whether the API key works.',
      '交易所是否可达、本服务器的模式和主机、时钟差、已用请求权重、API key 是否可用。',
    ),
  input: nothing,
  output: z.looseObject({
    mode: z.string(),
    connectivity: z.record(z.string(), z.string()),
    serverTime: time.optional(),
    localTime: time,
    timeDifference: z.number().optional(),
    testnet: z.boolean(),
    apiKey: z.string(),
    accountKind: z.enum(['classic', 'portfolio', 'unknown']),
  }),
  run: async (_args, context) => {
    const { say, requests, venue, now, account } = context;
    const connectivity = {
      spot: await state(() => requests.spot('ping')),
      futures: await state(() => requests.futuresMarket('testConnectivity')),
    };
    const localTime = now();
    const clock = await requests.futuresMarket('checkServerTime').then(asRow, (error: unknown) => {
      if (error instanceof ExchangeFault) return undefined;
      throw error;
    });
    const serverTime = typeof clock?.['serverTime'] === 'number' ? clock['serverTime'] : undefined;
    const timeDifference = serverTime === undefined ? undefined : serverTime - localTime;
    // Asked now: that the key worked once says nothing.
    const apiKey = account.hasKeys ? await state(() => requests.futures('accountConfig')) : say('none set', '未设置');
    const kind = apiKey === 'ok' ? await requests.kind() : undefined;
    const hosts: Row = Object.fromEntries(
      Object.entries(venue.urls).flatMap(([name, url]) => (url === undefined ? [] : [[name, url]])),
    );
    return answer(
      lines([
        [say('mode', '模式'), venue.mode],
        ['spot', connectivity.spot],
        ['futures', connectivity.futures],
        [say('API key', 'API key'), apiKey],
        [say('account', '账户'), kind ?? say('unknown', '未知')],
        [say('clock difference', '时钟差'), timeDifference === undefined ? undefined : `${timeDifference} ms`],
      ]),
      {
        mode: venue.mode,
        hosts,
        connectivity,
        localTime,
        ...(serverTime === undefined ? {} : { serverTime }),
        ...(timeDifference === undefined ? {} : { timeDifference }),
        testnet: venue.mode !== 'live',
        apiKey,
        accountKind: kind ?? 'unknown',
        usedWeight: { ...account.pace.weights() },
      },
    );
  },
});

/** `ok`, or why not: a status must show what is wrong instead of failing with it. */
async function state(ask: () => Promise<unknown>): Promise<string> {
  try {
    await ask();
    return 'ok';
  } catch (error) {
    if (error instanceof ExchangeFault)
      return error.code === undefined ? error.message : `${error.code} ${error.message}`;
    throw error;
  }
}

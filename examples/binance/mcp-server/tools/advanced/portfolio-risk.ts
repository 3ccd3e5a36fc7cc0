/** binance_analyze_portfolio_risk: how much margin is used, how concentrated the positions are, how near the nearest liquidation is. */
import * as z from 'zod';
import {
  absolute,
  add,
  compare,
  type Decimal,
  decimal,
  fixed,
  isPositive,
  isZero,
  multiply,
  round,
  show,
  subtract,
  zero,
} from '../../decimal.ts';
import { amountOf, asRow, asRows, isList, type Row, textOf } from '../../exchange/rows.ts';
import { lines, type Say } from '../../language.ts';
import { answer, defineTool, type ToolContext } from '../../tool.ts';
import { openPositions } from '../account.ts';
import { decimalText } from '../shapes.ts';
import { percent } from './filters.ts';

type Level = 'LOW' | 'MEDIUM' | 'HIGH';

export const portfolioRisk = defineTool({
  name: 'binance_analyze_portfolio_risk',
  risk: 'read',
  title: (say) => say('Portfolio risk', '组合风险分析'),
  description: (say) =>
    say(
      'Margin usage with a level (LOW, MEDIUM above 50 %, HIGH above 80 %), maintenance ratio, winning and losing positions, concentration, distance to the nearest liquidation, and spot holdings valued at spot prices in USDT.',
      '保证金使用率及等级(LOW;超过 50% 为 MEDIUM;超过 80% 为 HIGH)、维持保证金率、盈亏持仓数、集中度、距最近强平价的距离,以及按现货价以 USDT 计价的现货资产。',
    ),
  input: () => z.strictObject({}),
  output: z.object({
    accountKind: z.string(),
    riskLevel: z.enum(['LOW', 'MEDIUM', 'HIGH']),
    marginUsagePercent: decimalText,
    maintenancePercent: decimalText,
    marginBalance: decimalText,
    availableBalance: decimalText,
    positions: z.object({
      count: z.number(),
      winning: z.number(),
      losing: z.number(),
      unrealizedProfit: decimalText,
      largest: z.string().nullable(),
      largestSharePercent: decimalText,
    }),
    nearestLiquidation: z.object({ symbol: z.string(), price: decimalText, distancePercent: decimalText }).nullable(),
    spot: z.object({ valueUsdt: decimalText, unpriced: z.array(z.string()) }),
    advice: z.array(z.string()),
  }),
  run: async (_args, context) => {
    const { say } = context;
    const [kind, balances, positions, spot] = await Promise.all([
      context.requests.kind(),
      marginBalances(context),
      openPositions(undefined, context),
      spotValue(context),
    ]);
    const usage = percent(subtract(balances.margin, balances.available), balances.margin);
    const maintenance = percent(balances.maintenance, balances.margin);
    const level = levelOf(usage);
    const notionals = positions.map((row) => ({
      symbol: textOf(row, 'symbol'),
      size: absolute(amountOf(row, 'notional')),
    }));
    const total = notionals.reduce((sum, each) => add(sum, each.size), zero);
    const [largest] = [...notionals].sort((a, b) => compare(b.size, a.size));
    const share = largest === undefined ? zero : percent(largest.size, total);
    const nearest = nearestLiquidation(positions);
    const profit = positions.reduce((sum, row) => add(sum, amountOf(row, 'unRealizedProfit')), zero);
    const advice = advise({ level, share, count: positions.length, nearest, unpriced: spot.unpriced }, say);
    const two = (value: Decimal): string => show(round(value, 2));
    return answer(
      lines([
        [say('risk', '风险等级'), level],
        [say('margin used', '保证金使用率'), `${two(usage)} %`],
        [say('maintenance', '维持保证金率'), `${two(maintenance)} %`],
        [say('positions', '持仓'), `${positions.length}, ${say('unrealized', '未实现盈亏')} ${two(profit)}`],
        [say('largest', '最大持仓'), largest === undefined ? undefined : `${largest.symbol} ${two(share)} %`],
        [
          say('nearest liquidation', '最近强平'),
          nearest === undefined ? undefined : `${nearest.symbol} ${two(nearest.price)} (${two(nearest.distance)} %)`,
        ],
        [say('spot value', '现货价值'), `${two(spot.value)} USDT`],
        [say('advice', '建议'), advice.join('; ')],
      ]),
      {
        accountKind: kind,
        riskLevel: level,
        marginUsagePercent: two(usage),
        maintenancePercent: two(maintenance),
        marginBalance: fixed(balances.margin),
        availableBalance: fixed(balances.available),
        positions: {
          count: positions.length,
          winning: positions.filter((row) => isPositive(amountOf(row, 'unRealizedProfit'))).length,
          losing: positions.filter((row) => compare(amountOf(row, 'unRealizedProfit'), zero) < 0).length,
          unrealizedProfit: fixed(profit),
          largest: largest?.symbol ?? null,
          largestSharePercent: two(share),
        },
        nearestLiquidation:
          nearest === undefined
            ? null
            : { symbol: nearest.symbol, price: fixed(nearest.price), distancePercent: two(nearest.distance) },
        spot: { valueUsdt: fixed(spot.value), unpriced: spot.unpriced },
        advice,
      },
    );
  },
});

interface Balances {
  readonly margin: Decimal;
  readonly available: Decimal;
  readonly maintenance: Decimal;
}

async function marginBalances({ requests }: ToolContext): Promise<Balances> {
  if ((await requests.kind()) === 'classic') {
    const account = asRow(await requests.futures('account'));
    return {
      margin: amountOf(account, 'totalMarginBalance'),
      available: amountOf(account, 'availableBalance'),
      maintenance: amountOf(account, 'totalMaintMargin'),
    };
  }
  const account = asRow(await requests.portfolio('accountInformation'));
  return {
    margin: amountOf(account, 'accountEquity'),
    available: amountOf(account, 'totalAvailableBalance'),
    maintenance: amountOf(account, 'accountMaintMargin'),
  };
}

function levelOf(usage: Decimal): Level {
  if (compare(usage, decimal('80')) > 0) return 'HIGH';
  return compare(usage, decimal('50')) > 0 ? 'MEDIUM' : 'LOW';
}

interface Nearest {
  readonly symbol: string;
  readonly price: Decimal;
  readonly distance: Decimal;
}

function nearestLiquidation(positions: readonly Row[]): Nearest | undefined {
  const all = positions
    .filter((row) => isPositive(amountOf(row, 'liquidationPrice')) && isPositive(amountOf(row, 'markPrice')))
    .map((row) => {
      const price = amountOf(row, 'liquidationPrice');
      const mark = amountOf(row, 'markPrice');
      return { symbol: textOf(row, 'symbol'), price, distance: percent(absolute(subtract(mark, price)), mark) };
    });
  return all.sort((a, b) => compare(a.distance, b.distance))[0];
}

/** Every asset at its price in USDT; an asset without such a pair is named, not valued at its quantity. */
async function spotValue({ requests }: ToolContext): Promise<{ value: Decimal; unpriced: readonly string[] }> {
  const account = asRow(await requests.spot('getAccount', { omitZeroBalances: true }));
  const prices = await requests.spot('tickerPrice');
  const priceOf = new Map(
    (isList(prices) ? asRows(prices) : [asRow(prices)]).map((row) => [textOf(row, 'symbol'), amountOf(row, 'price')]),
  );
  let value = zero;
  const unpriced: string[] = [];
  for (const row of asRows(account['balances'])) {
    const asset = textOf(row, 'asset');
    const total = add(amountOf(row, 'free'), amountOf(row, 'locked'));
    if (isZero(total)) continue;
    const price = asset === 'USDT' ? decimal('1') : priceOf.get(`${asset}USDT`);
    if (price === undefined) unpriced.push(asset);
    else value = add(value, multiply(total, price));
  }
  return { value, unpriced };
}

interface Findings {
  readonly level: Level;
  readonly share: Decimal;
  readonly count: number;
  readonly nearest: Nearest | undefined;
  readonly unpriced: readonly string[];
}

function advise(findings: Findings, say: Say): readonly string[] {
  const advice: string[] = [];
  if (findings.level === 'HIGH')
    advice.push(say('reduce positions or add margin: more than 80 % is used', '减仓或增加保证金:使用率超过 80%'));
  if (findings.level === 'MEDIUM')
    advice.push(say('open nothing large: more than half of the margin is used', '避免大额开仓:使用率超过一半'));
  if (findings.count > 1 && compare(findings.share, decimal('50')) > 0)
    advice.push(say('one position makes up more than half of the exposure', '单一持仓占总敞口一半以上'));
  if (findings.nearest !== undefined && compare(findings.nearest.distance, decimal('10')) < 0)
    advice.push(
      say(
        `${findings.nearest.symbol} is within 10 % of its liquidation price`,
        `${findings.nearest.symbol} 距强平价不足 10%`,
      ),
    );
  if (findings.unpriced.length > 0)
    advice.push(
      say(
        `not valued, no USDT pair: ${findings.unpriced.join(', ')}`,
        `无 USDT 交易对,未计价:${findings.unpriced.join(', ')}`,
      ),
    );
  if (advice.length === 0) advice.push(say('nothing stands out', '暂无明显风险'));
  return advice;
}

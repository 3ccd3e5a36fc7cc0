/** binance_futures_close_position: market orders that bring the position to zero, and the exchange's figures of what came of it. */
import * as z from 'zod';
import {
  absolute,
  add,
  compare,
  type Decimal,
  decimal,
  decimalOr,
  isPositive,
  isZero,
  minimum,
  show,
  subtract,
  zero,
} from '../../decimal.ts';
import { ExchangeFault } from '../../exchange/fault.ts';
import { amountOf, asRow, asRows, type Row, textOf } from '../../exchange/rows.ts';
import { guardChange } from '../../guards.ts';
import { choice, dryRun, symbol } from '../../inputs.ts';
import { askAgain } from '../../reconcile.ts';
import { answer, defineTool, type Outcome, refuse, type ToolContext } from '../../tool.ts';
import { orderIn, placedIn } from '../order-status.ts';
import { marginChangeShape } from '../shapes.ts';
import { marginChange, marginUnread, tryMargins } from './margins.ts';
import { makeClientId } from './place.ts';

/** Orders that one close may be split into: a position of more has to be closed in steps that somebody looks at. */
const partsMax = 20;

export const closePosition = defineTool({
  name: 'binance_futures_close_position',
  risk: 'destructive',
  idempotent: true,
  title: (say) => say('Close a futures position', '平仓'),
  description: (say) =>
    say(
      "Closes the open position of one USDⓈ-M contract at market: all of it, or the LONG or SHORT leg in hedge mode. Large positions are split at the symbol's largest market order. Returns per order the average price, realized profit and commission from the exchange's trades, and the released margin.",
      '以市价平掉一个 U 本位合约的持仓:全部,或双向持仓中的 LONG / SHORT。超过单笔市价单上限时拆分。返回每笔订单的成交均价、已实现盈亏、手续费(来自交易所成交记录)以及释放的保证金。',
    ),
  input: (say) =>
    z.strictObject({
      symbol: symbol(say),
      positionSide: choice(
        say,
        ['BOTH', 'LONG', 'SHORT'],
        say('which leg; BOTH (default) closes all', '平哪一侧;BOTH(默认)全部'),
      ).optional(),
      dryRun: dryRun(say),
    }),
  output: z.object({
    symbol: z.string(),
    totalPositions: z.number(),
    closed: z.number(),
    failed: z.number(),
    results: z.array(
      z.looseObject({
        symbol: z.string(),
        positionSide: z.string(),
        status: z.string(),
        success: z.boolean(),
        closedAmount: z.string(),
      }),
    ),
    marginChange: marginChangeShape,
  }),
  run: async (args, context) => {
    const { say } = context;
    const refused = guardChange(context, { symbol: args.symbol, dryRun: args.dryRun === true });
    if (refused !== undefined) return refused;
    const [positions, before] = await Promise.all([
      positionsOf(args.symbol, context),
      tryMargins(context, args.symbol),
    ]);
    const wanted = args.positionSide ?? 'BOTH';
    const legs = positions.filter((row) => wanted === 'BOTH' || row['positionSide'] === wanted);
    if (legs.length === 0) {
      return refuse({
        reason: 'no-position',
        message: say(
          `${args.symbol} has no open position to close; nothing was sent`,
          `${args.symbol} 没有可平的持仓;未发送任何请求`,
        ),
        next: say('look at binance_futures_positions', '查看 binance_futures_positions'),
        details: { symbol: args.symbol, totalPositions: 0, closed: 0, failed: 0, success: false },
      });
    }
    if (args.dryRun === true) {
      return answer(
        say('dry run, checked locally; would close at market: ', '演练(本地检查);将以市价平仓:') +
          legs.map((leg) => `${textOf(leg, 'positionSide')} ${textOf(leg, 'positionAmt')}`).join(', '),
        { dryRun: { checkedBy: 'local', wouldClose: legs } },
      );
    }
    const most = await largestMarketOrder(args.symbol, context);
    const results: Row[] = [];
    for (const leg of legs) results.push(...(await closeLeg(leg, most, context)));
    const margin = marginChange(before, await tryMargins(context, args.symbol), say);
    return summary({ symbol: args.symbol, legs: legs.length, results, margin }, context);
  },
});

async function positionsOf(name: string, { requests }: ToolContext): Promise<readonly Row[]> {
  const rows = asRows(await requests.futures('positions', { symbol: name }));
  return rows.filter((row) => row['symbol'] === name && !isZero(amountOf(row, 'positionAmt')));
}

async function largestMarketOrder(name: string, { requests }: ToolContext): Promise<Decimal | undefined> {
  const info = asRow(await requests.futuresMarket('exchangeInformation'));
  const found = asRows(info['symbols'] ?? []).find((row) => row['symbol'] === name);
  const filters = asRows(found?.['filters'] ?? []);
  return decimalOr(filters.find((filter) => filter['filterType'] === 'MARKET_LOT_SIZE')?.['maxQty'], undefined);
}

async function closeLeg(leg: Row, most: Decimal | undefined, context: ToolContext): Promise<readonly Row[]> {
  const amount = amountOf(leg, 'positionAmt');
  const results: Row[] = [];
  let rest = absolute(amount);
  while (isPositive(rest) && results.length < partsMax) {
    const part = most === undefined || !isPositive(most) ? rest : minimum(rest, most);
    const result = await closePart(leg, { side: isPositive(amount) ? 'SELL' : 'BUY', quantity: show(part) }, context);
    results.push(result);
    if (result['success'] !== true) break; // what happened is not clear or not good: no further order on top
    rest = subtract(rest, part);
  }
  if (isPositive(rest) && results.every((each) => each['success'] === true)) {
    const base = {
      symbol: textOf(leg, 'symbol'),
      positionSide: textOf(leg, 'positionSide') || 'BOTH',
      side: isPositive(amount) ? 'SELL' : 'BUY',
    };
    results.push({
      ...base,
      status: 'NOT_SENT',
      success: false,
      closedAmount: '0',
      error: `${show(rest)} is left after ${partsMax} orders; call again`,
    });
  }
  return results;
}

async function closePart(
  leg: Row,
  order: { side: 'BUY' | 'SELL'; quantity: string },
  context: ToolContext,
): Promise<Row> {
  const { requests } = context;
  const symbolName = textOf(leg, 'symbol');
  const positionSide = textOf(leg, 'positionSide') || 'BOTH';
  const id = makeClientId();
  const base = { symbol: symbolName, positionSide, side: order.side };
  const fail = (status: string, error: string): Row => ({
    ...base,
    status,
    success: false,
    closedAmount: '0',
    error,
    clientOrderId: id,
  });
  let reply: Row;
  try {
    const sent = asRow(
      await requests.futures('placeOrder', {
        symbol: symbolName,
        side: order.side,
        type: 'MARKET',
        quantity: order.quantity,
        // In hedge mode the leg says it; reduceOnly is refused there.
        ...(positionSide === 'BOTH' ? { reduceOnly: 'true' } : { positionSide }),
        newClientOrderId: id,
        newOrderRespType: 'RESULT',
      }),
    );
    reply = orderIn(placedIn(sent, 'orderId'));
  } catch (error) {
    if (!(error instanceof ExchangeFault)) throw error;
    if (error.kind !== 'unknown') return fail('REJECTED', `${error.code ?? ''} ${error.message}`.trim());
    const found = await askAgain(
      context,
      () => requests.futures('queryOrder', { symbol: symbolName, origClientOrderId: id }).then(asRow).then(orderIn),
      () => true,
    );
    if (found === undefined) return fail('UNKNOWN', `unknown, not confirmed: ${error.message}`);
    reply = found;
  }
  const executed = amountOf(reply, 'executedQty');
  const figures = await figuresOf(symbolName, textOf(reply, 'orderId'), context);
  return {
    ...base,
    orderId: textOf(reply, 'orderId'),
    clientOrderId: id,
    status: textOf(reply, 'status'),
    success: compare(executed, decimal(order.quantity)) === 0,
    closedAmount: show(executed),
    ...figures,
  };
}

/** Average price, realized profit and fees of one order, from its fills. Absent when they cannot be read: the close stands. */
async function figuresOf(symbolName: string, orderId: string, { requests }: ToolContext): Promise<Row> {
  try {
    const recent = asRows(await requests.futures('trades', { symbol: symbolName, limit: '1000' }));
    const fills = recent.filter((row) => textOf(row, 'orderId') === orderId);
    const sum = (field: string): Decimal => fills.reduce((total, row) => add(total, amountOf(row, field)), zero);
    const order = asRow(await requests.futures('queryOrder', { symbol: symbolName, orderId }));
    return {
      avgPrice: textOf(order, 'avgPrice'),
      realizedPnl: show(sum('realizedPnl')),
      commission: show(sum('commission')),
      commissionAsset: textOf(fills[0], 'commissionAsset'),
    };
  } catch (error) {
    if (error instanceof ExchangeFault) return {};
    throw error;
  }
}

interface Summary {
  readonly symbol: string;
  readonly legs: number;
  readonly results: readonly Row[];
  readonly margin: ReturnType<typeof marginChange>;
}

function summary({ symbol: name, legs, results, margin }: Summary, { say }: ToolContext): Outcome {
  const failed = results.filter((row) => row['success'] !== true);
  const failedLegs = new Set(failed.map((row) => row['positionSide'])).size;
  const structured = {
    symbol: name,
    totalPositions: legs,
    closed: legs - failedLegs,
    failed: failedLegs,
    results,
    marginChange: margin?.row ?? null,
  };
  const rows = results.map((row) =>
    row['success'] === true
      ? `${textOf(row, 'side')} ${textOf(row, 'closedAmount')} @ ${textOf(row, 'avgPrice') || '-'}, ${say('realized profit', '已实现盈亏')} ${textOf(row, 'realizedPnl') || '-'}, ${say('fee', '手续费')} ${textOf(row, 'commission') || '-'} ${textOf(row, 'commissionAsset')}`
      : `${textOf(row, 'side')} ${textOf(row, 'status')}: ${say('closed', '已平')} ${textOf(row, 'closedAmount')} ${textOf(row, 'error')}`,
  );
  if (failed.length > 0) {
    return refuse({
      reason: failed.some((row) => row['status'] === 'UNKNOWN') ? 'unknown' : 'partly-failed',
      message: say(`${name} is not closed entirely: `, `${name} 未完全平仓:`) + rows.join('; '),
      next: say('look at binance_futures_positions before repeating', '重试前先查看 binance_futures_positions'),
      details: structured,
    });
  }
  return answer(
    [say(`${name} is closed`, `${name} 已平仓`), ...rows, margin?.text ?? marginUnread(say)].join('\n'),
    structured,
  );
}

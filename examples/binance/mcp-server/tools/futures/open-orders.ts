/** binance_futures_open_orders: orders and conditional orders together, with the margin that each symbol's orders lock. */
import * as z from 'zod';
import { add, type Decimal, decimalOr, divide, fixed, isZero, multiply, subtract, zero } from '../../decimal.ts';
import { amountOf, asRow, asRows, isList, type Json, type Row, textOf } from '../../exchange/rows.ts';
import { symbol } from '../../inputs.ts';
import { answer, defineTool, type ToolContext } from '../../tool.ts';
import { decimalText, orderShape } from '../shapes.ts';
import { algoRow, orderLine, orderRow } from './rows.ts';

export const openOrders = defineTool({
  name: 'binance_futures_open_orders',
  risk: 'read',
  title: (say) => say('Open futures orders', '合约当前挂单'),
  description: (say) =>
    say(
      'Lists open USDⓈ-M futures orders, conditional ones included (kind "conditional", named by algoId). Gives the margin locked by each symbol\'s open orders as the exchange reports it, and per order its stand-alone share (marginEstimate, remaining x price / leverage): an estimate, because orders on both sides share margin.',
      '列出 U 本位合约当前挂单,包括条件单(kind 为 "conditional",以 algoId 标识)。给出交易所报告的各交易对挂单占用保证金,以及每个订单的单独估算值(marginEstimate,剩余数量 x 价格 / 杠杆):双向挂单会共享保证金,因此仅为估算。',
    ),
  input: (say) =>
    z.strictObject({
      symbol: symbol(
        say,
        say('only this pair; all pairs when left out (heavier)', '只看该交易对;省略则为全部(权重更高)'),
      ).optional(),
    }),
  output: z.object({
    count: z.number(),
    orders: z.array(orderShape),
    openOrderInitialMargin: z.record(z.string(), decimalText).describe('by symbol, from the exchange'),
  }),
  run: async (args, context) => {
    const { say, requests } = context;
    const only = { symbol: args.symbol };
    const [orders, algos, margins, leverages] = await Promise.all([
      requests.futures('openOrders', only),
      requests.futures('openAlgo', only),
      lockedBySymbol(args.symbol, context),
      requests.futures('symbolConfig', only),
    ]);
    const leverage = new Map(asRows(leverages).map((row) => [textOf(row, 'symbol'), decimalOr(row['leverage'], zero)]));
    const rows: Row[] = [
      ...asRows(orders).map((order) => ({
        ...orderRow(order),
        ...estimate(order, leverage.get(textOf(order, 'symbol'))),
      })),
      ...listOfAlgos(algos).map(algoRow),
    ];
    const locked = Object.entries(margins).map(([name, margin]) => `${name} ${margin}`);
    const text =
      rows.length === 0 ? say('no open orders', '没有挂单') : rows.map((row) => orderLine(row, say)).join('\n');
    const tail =
      locked.length === 0 ? '' : `\n${say('margin locked by open orders', '挂单占用保证金')}: ${locked.join(', ')}`;
    return answer(text + tail, { count: rows.length, orders: rows, openOrderInitialMargin: margins });
  },
});

/** Some replies wrap the list of conditional orders in an object. */
export function listOfAlgos(reply: Json): readonly Row[] {
  if (isList(reply)) return asRows(reply);
  return asRows(asRow(reply)['orders']);
}

async function lockedBySymbol(only: string | undefined, { requests }: ToolContext): Promise<Record<string, string>> {
  const rows =
    (await requests.kind()) === 'classic'
      ? asRows(await requests.futures('positions', { symbol: only }))
      : asRows(asRow(await requests.futures('account'))['positions']);
  const sums = new Map<string, Decimal>();
  for (const row of rows) {
    const name = textOf(row, 'symbol');
    if (only === undefined || only === name)
      sums.set(name, add(sums.get(name) ?? zero, amountOf(row, 'openOrderInitialMargin')));
  }
  return Object.fromEntries([...sums].filter(([, sum]) => !isZero(sum)).map(([name, sum]) => [name, fixed(sum)]));
}

function estimate(order: Row, leverage: Decimal | undefined): Row {
  if (leverage === undefined || isZero(leverage) || order['reduceOnly'] === true) return {};
  const remaining = subtract(amountOf(order, 'origQty'), amountOf(order, 'executedQty'));
  return { marginEstimate: fixed(divide(multiply(remaining, amountOf(order, 'price')), leverage, 8)) };
}

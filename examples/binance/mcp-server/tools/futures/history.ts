/** binance_futures_order_history and binance_futures_trade_history. */
import * as z from 'zod';
import { asRows, isList, numberOf, type Row, textOf } from '../../exchange/rows.ts';
import { exchangeId, moment, symbol, whole } from '../../inputs.ts';
import type { Say } from '../../language.ts';
import { answer, defineTool, type Refused, refuse } from '../../tool.ts';
import { orderShape, tradeShape } from '../shapes.ts';
import { listOfAlgos } from './open-orders.ts';
import { algoRow, orderLine, orderRow } from './rows.ts';

const limitDefault = 500;

function limit(say: Say) {
  return whole(say, 1, 1000, say('how many at most, default 500', '最多返回多少条,默认 500')).optional();
}

export const orderHistory = defineTool({
  name: 'binance_futures_order_history',
  risk: 'read',
  title: (say) => say('Futures order history', '合约历史订单'),
  description: (say) =>
    say(
      'All USDⓈ-M orders of one contract, conditional ones included, newest first. Without times the last 7 days; a window is at most 7 days. The exchange forgets cancelled orders without a fill after 3 days, all orders after 90.',
      '某个 U 本位合约的全部订单(含条件单),最新在前。不填时间则为最近 7 天;时间范围最长 7 天。未成交的已撤订单 3 天后不可查,所有订单 90 天后不可查。',
    ),
  input: (say) =>
    z.strictObject({
      symbol: symbol(say),
      orderId: exchangeId(say, say('from this order id on', '从该订单号开始')).optional(),
      startTime: moment(say, say('from, milliseconds since 1970', '开始时间,毫秒')).optional(),
      endTime: moment(say, say('until, milliseconds since 1970', '结束时间,毫秒')).optional(),
      limit: limit(say),
    }),
  output: z.object({ count: z.number(), orders: z.array(orderShape) }),
  run: async (args, { requests, say }) => {
    const most = args.limit ?? limitDefault;
    const window = {
      symbol: args.symbol,
      startTime: text(args.startTime),
      endTime: text(args.endTime),
      limit: String(most),
    };
    const [orders, algos] = await Promise.all([
      requests.futures('orderHistory', { ...window, orderId: args.orderId }),
      // Conditional orders have ids of their own; an order id does not say where to begin among them.
      args.orderId === undefined ? requests.futures('algoHistory', window) : Promise.resolve([]),
    ]);
    const rows = [...asRows(orders).map(orderRow), ...(isList(algos) ? asRows(algos) : listOfAlgos(algos)).map(algoRow)]
      .sort(newestFirst)
      .slice(0, most);
    return answer(
      rows.length === 0
        ? say('no orders', '没有订单')
        : rows.map((row) => `${when(row)} ${orderLine(row, say)}`).join('\n'),
      {
        count: rows.length,
        orders: rows,
      },
    );
  },
});

export const tradeHistory = defineTool({
  name: 'binance_futures_trade_history',
  risk: 'read',
  title: (say) => say('Futures trade history', '合约成交历史'),
  description: (say) =>
    say(
      'Fills of one USDⓈ-M contract with realized profit and commission, newest first. A window is at most 7 days; fromId does not go with times. Funding payments are not trades and not listed here.',
      '某个 U 本位合约的成交记录,含已实现盈亏和手续费,最新在前。时间范围最长 7 天;fromId 不能与时间同时使用。资金费用不是成交,不在此列。',
    ),
  input: (say) =>
    z.strictObject({
      symbol: symbol(say),
      startTime: moment(say, say('from, milliseconds since 1970', '开始时间,毫秒')).optional(),
      endTime: moment(say, say('until, milliseconds since 1970', '结束时间,毫秒')).optional(),
      fromId: exchangeId(
        say,
        say('from this trade id on; not with times', '从该成交号开始;不能与时间同时使用'),
      ).optional(),
      limit: limit(say),
    }),
  output: z.object({
    count: z.number(),
    trades: z.array(tradeShape.extend({ side: z.string(), realizedPnl: z.string(), maker: z.boolean() })),
  }),
  run: async (args, { requests, say }) => {
    const mixed = mixedWindow(args, say);
    if (mixed !== undefined) return mixed;
    const trades = [
      ...asRows(
        await requests.futures('trades', {
          symbol: args.symbol,
          startTime: text(args.startTime),
          endTime: text(args.endTime),
          fromId: args.fromId,
          limit: String(args.limit ?? limitDefault),
        }),
      ),
    ].sort(newestFirst);
    const line = (row: Row): string =>
      `${when(row)} ${textOf(row, 'side')} ${textOf(row, 'qty')} @ ${textOf(row, 'price')}, ${say('profit', '盈亏')} ${textOf(row, 'realizedPnl')}, ${say('fee', '手续费')} ${textOf(row, 'commission')} ${textOf(row, 'commissionAsset')} (${say('order', '订单')} ${textOf(row, 'orderId')})`;
    return answer(trades.length === 0 ? say('no trades', '没有成交') : trades.map(line).join('\n'), {
      count: trades.length,
      trades,
    });
  },
});

/** The exchange lists oldest first; people ask for the latest. */
export function newestFirst(a: Row, b: Row): number {
  return (numberOf(b, 'time') ?? 0) - (numberOf(a, 'time') ?? 0);
}

/** The exchange takes a first id or a time window; which of the two would win is not for us to choose. */
export function mixedWindow(
  args: { fromId?: string | undefined; startTime?: number | undefined; endTime?: number | undefined },
  say: Say,
): Refused | undefined {
  if (args.fromId === undefined || (args.startTime === undefined && args.endTime === undefined)) return undefined;
  return refuse({
    code: -1128,
    reason: 'invalid-arguments',
    message: say(
      '`fromId` does not go with `startTime` or `endTime`',
      '`fromId` 不能与 `startTime` 或 `endTime` 同时使用',
    ),
    next: say('leave one of them out; nothing was sent', '去掉其中一个;未发送任何请求'),
  });
}

export function when(row: Row): string {
  const at = numberOf(row, 'time');
  return at === undefined ? '-' : new Date(at).toISOString();
}

export function text(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

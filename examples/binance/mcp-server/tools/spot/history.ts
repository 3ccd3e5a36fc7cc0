/** binance_spot_open_orders, binance_spot_order_history and binance_spot_trade_history. */
import * as z from 'zod';
import { asRows, type Row, textOf } from '../../exchange/rows.ts';
import { exchangeId, moment, symbol, whole } from '../../inputs.ts';
import type { Say } from '../../language.ts';
import { answer, defineTool } from '../../tool.ts';
import { mixedWindow, newestFirst, text, when } from '../futures/history.ts';
import { orderLine } from '../futures/rows.ts';
import { orderShape, tradeShape } from '../shapes.ts';

const limitDefault = 500;
const limit = (say: Say) =>
  whole(say, 1, 1000, say('how many at most, default 500', '最多返回多少条,默认 500')).optional();
const row = (order: Row): Row => ({ ...order, quantity: textOf(order, 'origQty') });
const shape = z.object({ count: z.number(), orders: z.array(orderShape) });

export const spotOpenOrders = defineTool({
  name: 'binance_spot_open_orders',
  risk: 'read',
  title: (say) => say('Open spot orders', '现货当前挂单'),
  description: (say) =>
    say(
      'Lists open spot orders of one pair, or of all pairs (heavier).',
      '列出某个交易对的现货挂单,或全部(权重更高)。',
    ),
  input: (say) =>
    z.strictObject({
      symbol: symbol(
        say,
        say('only this pair; all pairs when left out (heavier)', '只看该交易对;省略则为全部(权重更高)'),
      ).optional(),
    }),
  output: shape,
  run: async (args, { requests, say }) => {
    const orders = asRows(await requests.spot('getOpenOrders', { symbol: args.symbol })).map(row);
    return answer(
      orders.length === 0 ? say('no open orders', '没有挂单') : orders.map((order) => orderLine(order, say)).join('\n'),
      { count: orders.length, orders },
    );
  },
});

export const spotOrderHistory = defineTool({
  name: 'binance_spot_order_history',
  risk: 'read',
  title: (say) => say('Spot order history', '现货历史订单'),
  description: (say) =>
    say(
      'All spot orders of one pair, newest first. A window is at most 24 hours.',
      '某个现货交易对的全部订单,最新在前。时间范围最长 24 小时。',
    ),
  input: (say) =>
    z.strictObject({
      symbol: symbol(say),
      orderId: exchangeId(say, say('from this order id on', '从该订单号开始')).optional(),
      startTime: moment(say, say('from, milliseconds since 1970', '开始时间,毫秒')).optional(),
      endTime: moment(say, say('until, milliseconds since 1970', '结束时间,毫秒')).optional(),
      limit: limit(say),
    }),
  output: shape,
  run: async (args, { requests, say }) => {
    const reply = await requests.spot('allOrders', {
      symbol: args.symbol,
      orderId: args.orderId,
      startTime: text(args.startTime),
      endTime: text(args.endTime),
      limit: String(args.limit ?? limitDefault),
    });
    const orders = asRows(reply).map(row).sort(newestFirst);
    return answer(
      orders.length === 0
        ? say('no orders', '没有订单')
        : orders.map((order) => `${when(order)} ${orderLine(order, say)}`).join('\n'),
      { count: orders.length, orders },
    );
  },
});

export const spotTradeHistory = defineTool({
  name: 'binance_spot_trade_history',
  risk: 'read',
  title: (say) => say('Spot trade history', '现货成交历史'),
  description: (say) =>
    say(
      'Fills of one spot pair with commission, newest first. A window is at most 24 hours; fromId does not go with times.',
      '某个现货交易对的成交记录,含手续费,最新在前。时间范围最长 24 小时;fromId 不能与时间同时使用。',
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
    trades: z.array(tradeShape.extend({ isBuyer: z.boolean(), isMaker: z.boolean() })),
  }),
  run: async (args, { requests, say }) => {
    const mixed = mixedWindow(args, say);
    if (mixed !== undefined) return mixed;
    const reply = await requests.spot('myTrades', {
      symbol: args.symbol,
      startTime: text(args.startTime),
      endTime: text(args.endTime),
      fromId: args.fromId,
      limit: String(args.limit ?? limitDefault),
    });
    const trades = [...asRows(reply)].sort(newestFirst);
    const line = (trade: Row): string =>
      `${when(trade)} ${trade['isBuyer'] === true ? 'BUY' : 'SELL'} ${textOf(trade, 'qty')} @ ${textOf(trade, 'price')}, ${say('fee', '手续费')} ${textOf(trade, 'commission')} ${textOf(trade, 'commissionAsset')} (${say('order', '订单')} ${textOf(trade, 'orderId')})`;
    return answer(trades.length === 0 ? say('no trades', '没有成交') : trades.map(line).join('\n'), {
      count: trades.length,
      trades,
    });
  },
});

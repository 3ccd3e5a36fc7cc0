/** binance_spot_cancel_order and binance_spot_cancel_all_orders, with the funds that come free, checked against the balances. */
import * as z from 'zod';
import { type Decimal, fixed, multiply, show, subtract } from '../../decimal.ts';
import { ExchangeFault, isCode } from '../../exchange/fault.ts';
import { amountOf, asRow, asRows, type Row, textOf } from '../../exchange/rows.ts';
import { guardChange } from '../../guards.ts';
import { clientId, dryRun, exchangeId, symbol } from '../../inputs.ts';
import { lines, type Say } from '../../language.ts';
import { askAgain } from '../../reconcile.ts';
import { answer, defineTool, type Outcome, type Refused, refuse, type ToolContext } from '../../tool.ts';
import { cancelledIn, isFinal, isOpen, orderIn } from '../order-status.ts';
import { decimalText, idText } from '../shapes.ts';

const releasedShape = z
  .object({
    asset: z.string(),
    expected: decimalText,
    lockedBefore: decimalText,
    lockedAfter: decimalText,
    released: decimalText,
  })
  .nullable()
  .describe(
    'funds that came free; `released` is the drop of the locked balance as the exchange reports it, null when it could not be read',
  );

export const spotCancelOrder = defineTool({
  name: 'binance_spot_cancel_order',
  risk: 'destructive',
  idempotent: true,
  title: (say) => say('Cancel a spot order', '撤销现货订单'),
  description: (say) =>
    say(
      'Cancels one open spot order by orderId or clientOrderId and says which funds come free. A finished order cannot be cancelled: the error then says its final status. When the answer is lost, the order is queried.',
      '按 orderId 或 clientOrderId 撤销一个现货挂单,并说明释放的资金。已结束的订单无法撤销,错误会说明最终状态。若答复丢失,会查询订单。',
    ),
  input: (say) =>
    z.strictObject({
      symbol: symbol(say),
      orderId: exchangeId(
        say,
        say("the order's id; give exactly one of orderId, clientOrderId", '订单号;与 clientOrderId 二者只给一个'),
      ).optional(),
      clientOrderId: clientId(say, say('the client order id of the order', '订单的客户端订单号')).optional(),
      dryRun: dryRun(say),
    }),
  output: z.looseObject({
    symbol: z.string(),
    orderId: idText,
    clientOrderId: z.string(),
    status: z.string(),
    origQty: decimalText,
    executedQty: decimalText,
    cancelledQty: decimalText,
    price: decimalText,
    reconciled: z.boolean(),
    releasedFunds: releasedShape,
  }),
  run: async (args, context) => {
    const { say } = context;
    const refused = guardChange(context, { symbol: args.symbol, dryRun: args.dryRun === true });
    if (refused !== undefined) return refused;
    const id = args.orderId !== undefined ? { orderId: args.orderId } : { origClientOrderId: args.clientOrderId ?? '' };
    if ((args.orderId === undefined) === (args.clientOrderId === undefined)) {
      return refuse({
        code: args.orderId === undefined ? -1102 : -1128,
        reason: 'invalid-arguments',
        message: say(
          "Param 'origClientOrderId' or 'orderId' must be sent: give exactly one of orderId and clientOrderId",
          "Param 'origClientOrderId' or 'orderId' must be sent:orderId 和 clientOrderId 只给一个",
        ),
        next: say('correct it; nothing was sent', '请更正;未发送任何请求'),
      });
    }
    return cancel({ symbol: args.symbol, id }, args.dryRun === true, context);
  },
});

interface Target {
  readonly symbol: string;
  readonly id: { readonly orderId: string } | { readonly origClientOrderId: string };
}

async function cancel(target: Target, isDryRun: boolean, context: ToolContext): Promise<Outcome> {
  const { say, requests } = context;
  const found = await query(target, context);
  if (found === undefined) {
    return refuse({
      code: -2011,
      reason: 'refused-by-exchange',
      message: say(
        `Unknown order sent. ${target.symbol} has no such order of this account`,
        `Unknown order sent. 本账户的 ${target.symbol} 没有该订单`,
      ),
      next: say(
        'check the id and the symbol with binance_spot_open_orders',
        '用 binance_spot_open_orders 检查编号和交易对',
      ),
    });
  }
  if (isFinal(found)) return alreadyOver(found, say);
  if (!isOpen(found)) return strange(found, say);
  const asset = await lockedAsset(found, context);
  const expected = expectedRelease(found);
  if (isDryRun) {
    return answer(
      say(
        `dry run, checked locally: order ${textOf(found, 'orderId')} would be cancelled and free ${show(expected)} ${asset ?? '?'}`,
        `演练(本地检查):订单 ${textOf(found, 'orderId')} 将被撤销,释放 ${show(expected)} ${asset ?? '?'}`,
      ),
      {
        dryRun: {
          checkedBy: 'local',
          wouldCancel: found,
          expected: show(expected),
          ...(asset === undefined ? {} : { asset }),
        },
      },
    );
  }
  const before = await lockedOf(asset, context);
  let reply: Row;
  try {
    reply = cancelledIn(asRow(await requests.spot('deleteOrder', { symbol: target.symbol, ...target.id })), found);
  } catch (error) {
    if (!(error instanceof ExchangeFault)) throw error;
    if (error.kind !== 'unknown' && !isCode(error, -2011)) throw error;
    const settled = await settle(target, error, context);
    if (settled.kind === 'refused') return settled;
    return done({ order: settled.order, asset, expected, before, reconciled: true }, context);
  }
  // In the reply `clientOrderId` names the cancel itself; the order's own is `origClientOrderId`.
  const order = {
    ...found,
    ...reply,
    clientOrderId: textOf(reply, 'origClientOrderId') || textOf(found, 'clientOrderId'),
  };
  return done({ order, asset, expected, before, reconciled: false }, context);
}

async function query(target: Target, { requests }: ToolContext): Promise<Row | undefined> {
  try {
    return orderIn(asRow(await requests.spot('getOrder', { symbol: target.symbol, ...target.id })));
  } catch (error) {
    if (isCode(error, -2013, -2011)) return undefined;
    throw error;
  }
}

function alreadyOver(order: Row, say: Say): Refused {
  const status = textOf(order, 'status');
  return refuse({
    code: -2011,
    reason: 'already-final',
    message: say(
      `Unknown order sent. The order is ${status} already (filled ${textOf(order, 'executedQty')} of ${textOf(order, 'origQty')})`,
      `Unknown order sent. 订单已是 ${status}(已成交 ${textOf(order, 'executedQty')} / ${textOf(order, 'origQty')})`,
    ),
    next: say('do not repeat', '不要重试'),
    details: { finalStatus: status, order },
  });
}

function strange(order: Row, say: Say): Refused {
  const status = textOf(order, 'status');
  return refuse({
    reason: 'unknown-status',
    message: say(
      `the order is ${status}, a state that this server does not know; nothing was sent`,
      `订单状态为 ${status},本服务器不认识该状态;未发送任何请求`,
    ),
    next: say('look at binance_spot_open_orders', '查看 binance_spot_open_orders'),
    details: { order },
  });
}

/** What the order locks: its remaining quote value when buying, its remaining quantity when selling. */
function expectedRelease(order: Row): Decimal {
  const remaining = subtract(amountOf(order, 'origQty'), amountOf(order, 'executedQty'));
  return order['side'] === 'SELL' ? remaining : multiply(remaining, amountOf(order, 'price'));
}

/** The asset that the order locks, or undefined when it cannot be read: that must not stop a cancel. */
async function lockedAsset(order: Row, { requests }: ToolContext): Promise<string | undefined> {
  try {
    const info = asRow(await requests.spot('exchangeInfo', { symbol: textOf(order, 'symbol') }));
    const [found] = asRows(info['symbols']);
    return textOf(found, order['side'] === 'SELL' ? 'baseAsset' : 'quoteAsset') || undefined;
  } catch (error) {
    if (error instanceof ExchangeFault) return undefined;
    throw error;
  }
}

/** The asset's locked balance, or undefined when it cannot be read: that must not stop a cancel. */
async function lockedOf(asset: string | undefined, { requests }: ToolContext): Promise<Decimal | undefined> {
  if (asset === undefined) return undefined;
  try {
    const account = asRow(await requests.spot('getAccount', { omitZeroBalances: true }));
    return amountOf(
      asRows(account['balances']).find((row) => row['asset'] === asset),
      'locked',
    );
  } catch (error) {
    if (error instanceof ExchangeFault) return undefined;
    throw error;
  }
}

/** Asks the order after a lost answer: cancelled, over for another reason, or not known. */
async function settle(
  target: Target,
  fault: ExchangeFault,
  context: ToolContext,
): Promise<Refused | { readonly kind: 'cancelled'; readonly order: Row }> {
  const { say } = context;
  const last = await askAgain(context, () => query(target, context), isFinal);
  if (last?.['status'] === 'CANCELED') return { kind: 'cancelled', order: last };
  if (last?.['status'] === 'FILLED') {
    return refuse({
      code: -2011,
      reason: 'filled-before-cancel',
      message: say(
        `filled before the cancel arrived: ${textOf(last, 'executedQty')} executed`,
        `撤单到达前已成交:已成交 ${textOf(last, 'executedQty')}`,
      ),
      next: say('look at the balances; do not repeat the cancel', '查看余额;不要重复撤单'),
      details: { finalStatus: 'FILLED', executedQty: textOf(last, 'executedQty'), order: last },
    });
  }
  if (last !== undefined && isFinal(last)) return alreadyOver(last, say);
  return refuse({
    code: fault.code,
    reason: 'unknown',
    message: say(`unknown, not confirmed: ${fault.message}`, `结果未知,未确认:${fault.message}`),
    next: say(
      'query binance_spot_open_orders until it is clear; repeating this cancel is safe',
      '用 binance_spot_open_orders 查询直到明确;重复撤单是安全的',
    ),
  });
}

interface Cancelled {
  readonly order: Row;
  readonly asset: string | undefined;
  readonly expected: Decimal;
  readonly before: Decimal | undefined;
  readonly reconciled: boolean;
}

async function done(cancelled: Cancelled, context: ToolContext): Promise<Outcome> {
  const { order, asset, expected, before, reconciled } = cancelled;
  const { say } = context;
  const after = await lockedOf(asset, context);
  const released = before === undefined || after === undefined ? undefined : subtract(before, after);
  const cancelledQty = show(subtract(amountOf(order, 'origQty'), amountOf(order, 'executedQty')));
  const text = lines([
    [say('order', '订单号'), textOf(order, 'orderId')],
    [say('pair', '交易对'), `${textOf(order, 'symbol')} ${textOf(order, 'side')} ${textOf(order, 'type')}`],
    [say('price', '价格'), textOf(order, 'price')],
    [
      say('final status', '最终状态'),
      reconciled ? say('cancelled (reconciled)', '已撤销(经核实)') : say('cancelled', '已撤销'),
    ],
    [say('filled quantity', '已成交数量'), show(amountOf(order, 'executedQty'))],
    [say('cancelled quantity', '撤销数量'), cancelledQty],
    [
      say('released funds', '释放资金'),
      released === undefined ? say('not known, a reading failed', '未知,查询失败') : `${show(released)} ${asset}`,
    ],
  ]);
  return answer(text, {
    ...order,
    cancelledQty,
    reconciled,
    releasedFunds:
      asset === undefined || before === undefined || after === undefined || released === undefined
        ? null
        : {
            asset,
            expected: fixed(expected),
            lockedBefore: fixed(before),
            lockedAfter: fixed(after),
            released: fixed(released),
          },
  });
}

export const spotCancelAll = defineTool({
  name: 'binance_spot_cancel_all_orders',
  risk: 'destructive',
  idempotent: true,
  title: (say) => say('Cancel all spot orders of a pair', '撤销某交易对的全部现货订单'),
  description: (say) =>
    say(
      'Cancels every open spot order of one pair in one call, stop orders too. Nothing open counts as 0 cancelled.',
      '一次撤销某个现货交易对的全部挂单,包括止损单。没有挂单则撤销数为 0。',
    ),
  input: (say) => z.strictObject({ symbol: symbol(say), dryRun: dryRun(say) }),
  output: z.object({
    symbol: z.string(),
    totalOrders: z.number(),
    cancelled: z.number(),
    failed: z.number(),
    results: z.array(
      z.looseObject({ orderId: idText, status: z.string(), success: z.boolean(), error: z.string().optional() }),
    ),
  }),
  run: async (args, context) => {
    const { say, requests } = context;
    const refused = guardChange(context, { symbol: args.symbol, dryRun: args.dryRun === true });
    if (refused !== undefined) return refused;
    const open = asRows(await requests.spot('getOpenOrders', { symbol: args.symbol }));
    if (args.dryRun === true) {
      return answer(
        say(
          `dry run, checked locally: ${open.length} orders would be cancelled`,
          `演练(本地检查):将撤销 ${open.length} 个订单`,
        ),
        { dryRun: { checkedBy: 'local', wouldCancel: open } },
      );
    }
    let fault: ExchangeFault | undefined;
    try {
      if (open.length > 0) await requests.spot('deleteOpenOrders', { symbol: args.symbol });
    } catch (error) {
      if (!(error instanceof ExchangeFault)) throw error;
      fault = error; // each order is asked below, so that what did happen is known
    }
    const results: Row[] = [];
    for (const order of open) results.push(await resultOf(order, fault, context));
    return summary(args.symbol, results, fault, say);
  },
});

async function resultOf(order: Row, fault: ExchangeFault | undefined, context: ToolContext): Promise<Row> {
  const orderId = textOf(order, 'orderId');
  try {
    const now = await query({ symbol: textOf(order, 'symbol'), id: { orderId } }, context);
    const status = textOf(now, 'status') || 'UNKNOWN';
    if (status === 'CANCELED') return { orderId, status, success: true };
    return { orderId, status, success: false, error: fault?.message ?? `the order is ${status}` };
  } catch (error) {
    if (error instanceof ExchangeFault)
      return { orderId, status: 'UNKNOWN', success: false, error: `unknown, not confirmed: ${error.message}` };
    throw error;
  }
}

function summary(name: string, results: readonly Row[], fault: ExchangeFault | undefined, say: Say): Outcome {
  const cancelled = results.filter((row) => row['success'] === true).length;
  const structured = {
    symbol: name,
    totalOrders: results.length,
    cancelled,
    failed: results.length - cancelled,
    results,
  };
  const rows = results.map((row) => `${textOf(row, 'orderId')}: ${textOf(row, 'status')}`);
  if (cancelled === results.length) {
    return answer(
      [say(`${cancelled} orders of ${name} cancelled`, `已撤销 ${name} 的 ${cancelled} 个订单`), ...rows].join('\n'),
      structured,
    );
  }
  return refuse({
    code: fault?.code,
    reason:
      results.some((row) => row['status'] === 'UNKNOWN') || fault?.kind === 'unknown' ? 'unknown' : 'partly-failed',
    message: say(
      `${cancelled} of ${results.length} orders are cancelled: ${rows.join('; ')}`,
      `${results.length} 个订单中已撤销 ${cancelled} 个:${rows.join(';')}`,
    ),
    next: say('look at binance_spot_open_orders; repeating this is safe', '查看 binance_spot_open_orders;可以安全重试'),
    details: structured,
  });
}

/**
 * binance_futures_cancel_order: cancels one open order, says what was cancelled and which margin came free, and when the
 * answer got lost finds out what happened instead of guessing.
 */
import * as z from 'zod';
import { decimal, show, subtract } from '../../decimal.ts';
import { ExchangeFault, isCode } from '../../exchange/fault.ts';
import { asRow, numberOf, type Row, textOf } from '../../exchange/rows.ts';
import { guardChange } from '../../guards.ts';
import { clientId, dryRun, exchangeId, symbol } from '../../inputs.ts';
import { lines } from '../../language.ts';
import { askAgain } from '../../reconcile.ts';
import { answer, defineTool, type Outcome, type Refused, refuse, type ToolContext } from '../../tool.ts';
import { cancelledIn, isFinal, isOpen, orderIn } from '../order-status.ts';
import { decimalText, idText, marginChangeShape, time } from '../shapes.ts';
import { cancelAlgo } from './cancel-algo.ts';
import { type Margins, marginChange, marginUnread, tryMargins } from './margins.ts';

export const cancelOrder = defineTool({
  name: 'binance_futures_cancel_order',
  risk: 'destructive',
  idempotent: true,
  title: (say) => say('Cancel a futures order', '撤销合约订单'),
  description: (say) =>
    say(
      'Cancels one open USDⓈ-M futures order (NEW or PARTIALLY_FILLED) named by orderId or clientOrderId, or an untriggered conditional order named by algoId. Releases the order\'s margin at once and returns the order\'s details with the margin change as the exchange reports it before and after. A filled or already cancelled order cannot be cancelled: the error then says its final status. When the exchange\'s answer is lost, the order is queried: "cancelled (reconciled)", "filled before the cancel arrived" or "unknown, not confirmed".',
      '撤销一个 U 本位合约未完成订单(NEW 或 PARTIALLY_FILLED),用 orderId 或 clientOrderId 指定;未触发的条件单用 algoId 指定。占用的保证金立即释放,并返回订单详情以及交易所撤单前后报告的保证金变化。已成交或已撤销的订单无法再撤,错误会说明其最终状态。若交易所的答复丢失,会查询订单:“已撤销(经核实)”、“撤单到达前已成交”或“结果未知,未确认”。',
    ),
  input: (say) =>
    z.strictObject({
      symbol: symbol(say),
      orderId: exchangeId(
        say,
        say(
          "the order's id; give exactly one of orderId, clientOrderId, algoId",
          '订单号;orderId、clientOrderId、algoId 三者只给一个',
        ),
      ).optional(),
      clientOrderId: clientId(say, say('the client order id of the order', '订单的客户端订单号')).optional(),
      algoId: exchangeId(say, say('the id of an untriggered conditional order', '未触发条件单的编号')).optional(),
      dryRun: dryRun(say),
    }),
  output: z.looseObject({
    symbol: z.string(),
    orderId: idText.optional(),
    clientOrderId: z.string().optional(),
    algoId: idText.optional(),
    side: z.string(),
    type: z.string(),
    status: z.string(),
    origQty: decimalText,
    executedQty: decimalText,
    cancelledQty: decimalText,
    price: decimalText.optional(),
    updateTime: time.optional(),
    reconciled: z.boolean().describe('true: the answer was lost and the order was queried'),
    marginChange: marginChangeShape,
  }),
  run: async (args, context) => {
    const target = targetOf(args, context);
    if (target.kind === 'refused') return target;
    const refused = guardChange(context, { symbol: args.symbol, dryRun: args.dryRun === true });
    if (refused !== undefined) return refused;
    if (target.kind === 'algo')
      return cancelAlgo({ symbol: args.symbol, algoId: target.algoId, dryRun: args.dryRun === true }, context);
    return cancel(target, args.dryRun === true, context);
  },
});

interface Target {
  readonly kind: 'order';
  readonly symbol: string;
  /** How the exchange is told which order: exactly one of the two. */
  readonly id: { readonly orderId: string } | { readonly origClientOrderId: string };
}

interface Args {
  readonly symbol: string;
  readonly orderId?: string | undefined;
  readonly clientOrderId?: string | undefined;
  readonly algoId?: string | undefined;
}

function targetOf(
  args: Args,
  { say }: ToolContext,
): Target | { readonly kind: 'algo'; readonly algoId: string } | Refused {
  const given = [args.orderId, args.clientOrderId, args.algoId].filter((each) => each !== undefined).length;
  if (given === 0) {
    return refuse({
      code: -1102,
      reason: 'invalid-arguments',
      message: say(
        "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null! No id was given",
        "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null! 未给出任何编号",
      ),
      next: say(
        'give orderId, clientOrderId or algoId; nothing was sent',
        '给出 orderId、clientOrderId 或 algoId;未发送任何请求',
      ),
    });
  }
  if (given > 1) {
    return refuse({
      code: -1128,
      reason: 'invalid-arguments',
      message: say(
        'more than one id was given, and they may name different orders',
        '给出了多个编号,它们可能指向不同订单',
      ),
      next: say(
        'give exactly one of orderId, clientOrderId, algoId; nothing was sent',
        'orderId、clientOrderId、algoId 只给一个;未发送任何请求',
      ),
    });
  }
  if (args.algoId !== undefined) return { kind: 'algo', algoId: args.algoId };
  if (args.orderId !== undefined) return { kind: 'order', symbol: args.symbol, id: { orderId: args.orderId } };
  return { kind: 'order', symbol: args.symbol, id: { origClientOrderId: args.clientOrderId ?? '' } };
}

async function cancel(target: Target, isDryRun: boolean, context: ToolContext): Promise<Outcome> {
  const [found, before] = await Promise.all([query(target, context), tryMargins(context, target.symbol)]);
  if (found === undefined) return notThere(target, context);
  if (isFinal(found)) return alreadyOver(found, context);
  if (!isOpen(found)) return strange(found, context);
  if (isDryRun) return rehearsal(found, before, context);
  let reply: Row;
  try {
    reply = cancelledIn(
      asRow(await context.requests.futures('cancelOrder', { symbol: target.symbol, ...target.id })),
      found,
    );
  } catch (error) {
    if (!(error instanceof ExchangeFault)) throw error;
    // Not done for sure, and we know why: the caller hears the exchange's own words.
    if (error.kind !== 'unknown' && !isCode(error, -2011)) throw error;
    return reconcile(target, before, error, context);
  }
  return done({ ...found, ...reply }, before, false, context);
}

/** @returns the order, or undefined when the exchange has none by that id */
async function query(target: Target, context: ToolContext): Promise<Row | undefined> {
  try {
    return orderIn(asRow(await context.requests.futures('queryOrder', { symbol: target.symbol, ...target.id })));
  } catch (error) {
    if (isCode(error, -2013, -2011)) return undefined;
    throw error;
  }
}

/** Says so when a conditional order has that number, and leaves it alone: a mistyped order id must not cancel a stop-loss. */
async function notThere(target: Target, context: ToolContext): Promise<Refused> {
  const { say } = context;
  const algo = 'orderId' in target.id ? await conditionalNamed(target.id.orderId, context) : undefined;
  const hint =
    algo === undefined
      ? ''
      : say(
          `; a conditional order has this number (${textOf(algo, 'orderType')} ${textOf(algo, 'symbol')}, ${textOf(algo, 'algoStatus')}) and was not touched`,
          `;有一个条件单使用该编号(${textOf(algo, 'orderType')} ${textOf(algo, 'symbol')},${textOf(algo, 'algoStatus')}),未作改动`,
        );
  return refuse({
    code: -2011,
    reason: 'refused-by-exchange',
    message:
      say(
        `Unknown order sent. ${target.symbol} has no such order of this account`,
        `Unknown order sent. 本账户的 ${target.symbol} 没有该订单`,
      ) + hint,
    next:
      algo === undefined
        ? say(
            'check the id and the symbol with binance_futures_open_orders',
            '用 binance_futures_open_orders 检查编号和交易对',
          )
        : say(
            'to cancel the conditional order, give its number as algoId',
            '若要撤销该条件单,请把编号作为 algoId 给出',
          ),
  });
}

async function conditionalNamed(algoId: string, context: ToolContext): Promise<Row | undefined> {
  try {
    return asRow(await context.requests.futures('queryAlgo', { algoId }));
  } catch (error) {
    if (error instanceof ExchangeFault) return undefined; // only a hint depends on it
    throw error;
  }
}

function alreadyOver(order: Row, { say }: ToolContext): Refused {
  const status = textOf(order, 'status');
  return refuse({
    code: -2011,
    reason: 'already-final',
    message: say(
      `Unknown order sent. The order is ${status} already (filled ${textOf(order, 'executedQty')} of ${textOf(order, 'origQty')}) and cannot be cancelled`,
      `Unknown order sent. 订单已是 ${status}(已成交 ${textOf(order, 'executedQty')} / ${textOf(order, 'origQty')}),无法撤销`,
    ),
    next: say(
      'do not repeat; a new position is closed by an order, not by a cancel',
      '不要重试;已成交的仓位需要下单平仓,而不是撤单',
    ),
    details: { finalStatus: status, order },
  });
}

function strange(order: Row, { say }: ToolContext): Refused {
  const status = textOf(order, 'status');
  return refuse({
    reason: 'unknown-status',
    message: say(
      `the order is ${status}, a state that this server does not know; nothing was sent`,
      `订单状态为 ${status},本服务器不认识该状态;未发送任何请求`,
    ),
    next: say('look at binance_futures_open_orders', '查看 binance_futures_open_orders'),
    details: { order },
  });
}

function rehearsal(order: Row, before: Margins | undefined, { say }: ToolContext): Outcome {
  const locked = before === undefined ? '?' : show(before.openOrder);
  const asset = before?.asset ?? '';
  return answer(
    say(
      `dry run, checked locally: order ${textOf(order, 'orderId')} is ${textOf(order, 'status')} and would be cancelled; ${order['symbol'] as string} orders lock ${locked} ${asset} in all`,
      `演练(本地检查):订单 ${textOf(order, 'orderId')} 状态为 ${textOf(order, 'status')},将被撤销;${order['symbol'] as string} 挂单共占用 ${locked} ${asset}`,
    ),
    { dryRun: { checkedBy: 'local', wouldCancel: order, openOrderInitialMargin: locked, asset } },
  );
}

async function done(
  order: Row,
  before: Margins | undefined,
  reconciled: boolean,
  context: ToolContext,
): Promise<Outcome> {
  const { say } = context;
  const after = await tryMargins(context, textOf(order, 'symbol'));
  const margin = marginChange(before, after, say);
  const cancelledQty = show(subtract(decimal(textOf(order, 'origQty')), decimal(textOf(order, 'executedQty'))));
  const at = numberOf(order, 'updateTime');
  const text = lines([
    [say('order', '订单号'), textOf(order, 'orderId')],
    [say('contract', '合约'), textOf(order, 'symbol')],
    [say('side', '方向'), `${textOf(order, 'side')} ${textOf(order, 'type')}`],
    [say('original quantity', '原始数量'), show(decimal(textOf(order, 'origQty')))],
    [say('price', '价格'), textOf(order, 'price')],
    [
      say('final status', '最终状态'),
      `${reconciled ? say('cancelled (reconciled)', '已撤销(经核实)') : say('cancelled', '已撤销')} (${textOf(order, 'status')})`,
    ],
    [say('filled quantity', '已成交数量'), show(decimal(textOf(order, 'executedQty')))],
    [say('cancelled quantity', '撤销数量'), cancelledQty],
    [say('cancelled at', '撤销时间'), at === undefined ? undefined : new Date(at).toISOString()],
  ]);
  return answer(`${text}\n${margin?.text ?? marginUnread(say)}`, {
    ...order,
    cancelledQty,
    reconciled,
    marginChange: margin?.row ?? null,
  });
}

/** No certain answer to the cancel: the order itself is asked. Never success by hope, never failure by hope. */
async function reconcile(
  target: Target,
  before: Margins | undefined,
  fault: ExchangeFault,
  context: ToolContext,
): Promise<Outcome> {
  const { say } = context;
  const last = await askAgain(context, () => query(target, context), isFinal);
  const status = textOf(last, 'status');
  if (last !== undefined && status === 'CANCELED') return done(last, before, true, context);
  if (last !== undefined && status === 'FILLED') {
    return refuse({
      code: -2011,
      reason: 'filled-before-cancel',
      message: say(
        `filled before the cancel arrived: ${textOf(last, 'executedQty')} of ${textOf(last, 'origQty')} executed`,
        `撤单到达前已成交:已成交 ${textOf(last, 'executedQty')} / ${textOf(last, 'origQty')}`,
      ),
      next: say('look at the position; do not repeat the cancel', '查看持仓;不要重复撤单'),
      details: { finalStatus: status, executedQty: textOf(last, 'executedQty'), order: last },
    });
  }
  if (last !== undefined && isFinal(last)) return alreadyOver(last, context);
  return refuse({
    code: fault.code,
    reason: 'unknown',
    message: say(
      `unknown, not confirmed: ${fault.message}; ${last === undefined ? 'the order could not be queried either' : `the order was still ${status} when asked afterwards`}`,
      `结果未知,未确认:${fault.message};${last === undefined ? '订单也无法查询' : `事后查询时订单仍为 ${status}`}`,
    ),
    next: say(
      'query binance_futures_open_orders until it is clear; repeating this cancel is safe',
      '用 binance_futures_open_orders 查询直到明确;重复撤单是安全的',
    ),
    details: last === undefined ? {} : { order: last },
  });
}

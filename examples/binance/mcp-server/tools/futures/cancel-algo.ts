/** Cancels an untriggered conditional order. It locks no margin, so none is released. */
import { decimalOr, show, zero } from '../../decimal.ts';
import { ExchangeFault, isCode } from '../../exchange/fault.ts';
import { asRow, asRows, type Row, textOf, unreadable } from '../../exchange/rows.ts';
import { lines } from '../../language.ts';
import { askAgain } from '../../reconcile.ts';
import { answer, type Outcome, type Refused, refuse, type ToolContext } from '../../tool.ts';
import { type Margins, marginChange, marginUnread, tryMargins } from './margins.ts';

export interface AlgoTarget {
  readonly symbol: string;
  readonly algoId: string;
  readonly dryRun: boolean;
}

export async function cancelAlgo(target: AlgoTarget, context: ToolContext): Promise<Outcome> {
  const { say } = context;
  const [found, before] = await Promise.all([queryAlgo(target, context), tryMargins(context, target.symbol)]);
  if (found === undefined || found['symbol'] !== target.symbol) {
    return refuse({
      code: -2011,
      reason: 'refused-by-exchange',
      message: say(
        `Unknown order sent. ${target.symbol} has no conditional order ${target.algoId}`,
        `Unknown order sent. ${target.symbol} 没有条件单 ${target.algoId}`,
      ),
      next: say(
        'check algoId and symbol with binance_futures_open_orders',
        '用 binance_futures_open_orders 检查 algoId 和交易对',
      ),
    });
  }
  if (found['algoStatus'] !== 'NEW') return notWaiting(found, context);
  if (target.dryRun) {
    return answer(
      say(
        `dry run, checked locally: conditional order ${target.algoId} is untriggered and would be cancelled; it locks no margin`,
        `演练(本地检查):条件单 ${target.algoId} 未触发,将被撤销;不占用保证金`,
      ),
      { dryRun: { checkedBy: 'local', wouldCancel: found } },
    );
  }
  try {
    confirm(asRow(await context.requests.futures('cancelAlgo', { algoId: target.algoId })));
  } catch (error) {
    if (!(error instanceof ExchangeFault)) throw error;
    if (error.kind !== 'unknown' && !isCode(error, -2011)) throw error;
    return reconcile(target, before, error, context);
  }
  return done({ ...found, algoStatus: 'CANCELED' }, before, false, context);
}

/** A classic account is answered code 200, as text or number, a portfolio-margin account `complete`. @throws ExchangeFault */
function confirm(reply: Row): void {
  if (textOf(reply, 'code') !== '200' && reply['complete'] !== true)
    throw unreadable('it does not say that the order is cancelled');
}

/** Asks for the order; a portfolio-margin account answers only for open ones there, so its history is asked next. */
async function queryAlgo(target: { symbol: string; algoId: string }, context: ToolContext): Promise<Row | undefined> {
  try {
    return asRow(await context.requests.futures('queryAlgo', { algoId: target.algoId }));
  } catch (error) {
    if (!isCode(error, -2013, -2011)) throw error;
  }
  if ((await context.requests.kind()) === 'classic') return undefined;
  const history = asRows(
    await context.requests.futures('algoHistory', { symbol: target.symbol, algoId: target.algoId }),
  );
  return history.find((row) => textOf(row, 'algoId') === target.algoId);
}

function notWaiting(algo: Row, { say }: ToolContext): Refused {
  const status = textOf(algo, 'algoStatus');
  const actual = textOf(algo, 'actualOrderId');
  const triggered = actual === '' || actual === '0' ? '' : say(`; it became order ${actual}`, `;已生成订单 ${actual}`);
  return refuse({
    code: -2011,
    reason: 'already-final',
    message:
      say(
        `Unknown order sent. The conditional order is ${status} already`,
        `Unknown order sent. 条件单已是 ${status}`,
      ) + triggered,
    next:
      triggered === ''
        ? say('do not repeat', '不要重试')
        : say('cancel that order by its orderId if it is still open', '若该订单仍未成交,请用 orderId 撤销'),
    details: { finalStatus: status, order: algo },
  });
}

async function done(
  algo: Row,
  before: Margins | undefined,
  reconciled: boolean,
  context: ToolContext,
): Promise<Outcome> {
  const { say } = context;
  const margin = marginChange(before, await tryMargins(context, textOf(algo, 'symbol')), say);
  const quantity = show(decimalOr(algo['quantity'], zero));
  const text = lines([
    [say('conditional order', '条件单号'), textOf(algo, 'algoId')],
    [say('contract', '合约'), textOf(algo, 'symbol')],
    [say('type', '类型'), `${textOf(algo, 'side')} ${textOf(algo, 'orderType')}`],
    [say('trigger price', '触发价'), textOf(algo, 'triggerPrice')],
    [say('original quantity', '原始数量'), quantity],
    [
      say('final status', '最终状态'),
      reconciled ? say('cancelled (reconciled)', '已撤销(经核实)') : say('cancelled', '已撤销'),
    ],
  ]);
  return answer(`${text}\n${margin?.text ?? marginUnread(say)}`, {
    ...algo,
    type: textOf(algo, 'orderType'),
    status: 'CANCELED',
    origQty: quantity,
    executedQty: '0',
    cancelledQty: quantity,
    reconciled,
    marginChange: margin?.row ?? null,
  });
}

async function reconcile(
  target: AlgoTarget,
  before: Margins | undefined,
  fault: ExchangeFault,
  context: ToolContext,
): Promise<Outcome> {
  const { say } = context;
  const last = await askAgain(
    context,
    () => queryAlgo(target, context),
    (algo) => algo['algoStatus'] !== 'NEW',
  );
  if (last?.['algoStatus'] === 'CANCELED') return done(last, before, true, context);
  if (last !== undefined && last['algoStatus'] !== 'NEW') return notWaiting(last, context);
  return refuse({
    code: fault.code,
    reason: 'unknown',
    message: say(`unknown, not confirmed: ${fault.message}`, `结果未知,未确认:${fault.message}`),
    next: say(
      'query binance_futures_open_orders until it is clear; repeating this cancel is safe',
      '用 binance_futures_open_orders 查询直到明确;重复撤单是安全的',
    ),
  });
}

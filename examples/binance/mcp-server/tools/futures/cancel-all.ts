/** binance_futures_cancel_all_orders: every order and conditional order of one symbol, with a result for each. */
import * as z from 'zod';
import { ExchangeFault } from '../../exchange/fault.ts';
import { asRow, asRows, type Row, textOf } from '../../exchange/rows.ts';
import { guardChange } from '../../guards.ts';
import { dryRun, symbol } from '../../inputs.ts';
import { answer, defineTool, type Outcome, refuse, type ToolContext } from '../../tool.ts';
import { marginChangeShape } from '../shapes.ts';
import { marginChange, marginUnread, tryMargins } from './margins.ts';
import { listOfAlgos } from './open-orders.ts';
import { algoRow, orderLine, orderRow } from './rows.ts';

export const cancelAllOrders = defineTool({
  name: 'binance_futures_cancel_all_orders',
  risk: 'destructive',
  idempotent: true,
  title: (say) => say('Cancel all futures orders of a symbol', '撤销某合约的全部订单'),
  description: (say) =>
    say(
      "Cancels every open USDⓈ-M futures order of one symbol, conditional orders included: stop-losses too. Each order is queried afterwards and has its own result; the released margin is the exchange's own figure.",
      '撤销某个 U 本位合约的全部挂单,包括条件单(止损单也会被撤销)。事后逐一查询每个订单并给出结果;释放的保证金为交易所报告的数值。',
    ),
  input: (say) => z.strictObject({ symbol: symbol(say), dryRun: dryRun(say) }),
  output: z.object({
    symbol: z.string(),
    totalOrders: z.number(),
    cancelled: z.number(),
    failed: z.number(),
    results: z.array(
      z.looseObject({ kind: z.string(), status: z.string(), success: z.boolean(), error: z.string().optional() }),
    ),
    marginChange: marginChangeShape,
  }),
  run: async (args, context) => {
    const { say } = context;
    const refused = guardChange(context, { symbol: args.symbol, dryRun: args.dryRun === true });
    if (refused !== undefined) return refused;
    const [open, before] = await Promise.all([openOf(args.symbol, context), tryMargins(context, args.symbol)]);
    if (args.dryRun === true) {
      return answer(
        say(
          `dry run, checked locally: ${open.length} orders would be cancelled\n`,
          `演练(本地检查):将撤销 ${open.length} 个订单\n`,
        ) + open.map((row) => orderLine(row, say)).join('\n'),
        {
          dryRun: { checkedBy: 'local', wouldCancel: open },
        },
      );
    }
    const faults: Partial<Record<string, ExchangeFault>> = {};
    if (open.some((row) => row['kind'] === 'order'))
      faults['order'] = await send('cancelAllOrders', args.symbol, context);
    if (open.some((row) => row['kind'] === 'conditional'))
      faults['conditional'] = await send('cancelAllAlgo', args.symbol, context);
    const results: Row[] = [];
    for (const row of open) results.push(await resultOf(row, faults[textOf(row, 'kind')], context));
    const margin = marginChange(before, await tryMargins(context, args.symbol), say);
    return summary(
      { symbol: args.symbol, results, margin, faults: Object.values(faults).filter((each) => each !== undefined) },
      context,
    );
  },
});

async function openOf(symbolName: string, { requests }: ToolContext): Promise<readonly Row[]> {
  const [orders, algos] = await Promise.all([
    requests.futures('openOrders', { symbol: symbolName }),
    requests.futures('openAlgo', { symbol: symbolName }),
  ]);
  return [...asRows(orders).map(orderRow), ...listOfAlgos(algos).map(algoRow)];
}

/** @returns the fault when the exchange did not say yes; each order is asked for afterwards either way */
async function send(
  operation: 'cancelAllOrders' | 'cancelAllAlgo',
  symbolName: string,
  { requests }: ToolContext,
): Promise<ExchangeFault | undefined> {
  try {
    await requests.futures(operation, { symbol: symbolName });
    return undefined;
  } catch (error) {
    if (error instanceof ExchangeFault) return error;
    throw error;
  }
}

async function resultOf(row: Row, fault: ExchangeFault | undefined, { requests }: ToolContext): Promise<Row> {
  const isAlgo = row['kind'] === 'conditional';
  const id: Row = isAlgo
    ? { kind: 'conditional', algoId: textOf(row, 'algoId') }
    : { kind: 'order', orderId: textOf(row, 'orderId') };
  try {
    const now = isAlgo
      ? asRow(await requests.futures('queryAlgo', { algoId: textOf(row, 'algoId') }))
      : asRow(await requests.futures('queryOrder', { symbol: textOf(row, 'symbol'), orderId: textOf(row, 'orderId') }));
    const status = textOf(now, isAlgo ? 'algoStatus' : 'status');
    if (status === 'CANCELED') return { ...id, status, success: true };
    return { ...id, status, success: false, error: fault?.message ?? `the order is ${status}` };
  } catch (error) {
    if (!(error instanceof ExchangeFault)) throw error;
    // A portfolio-margin account no longer answers for a conditional order that was cancelled: gone from there is cancelled.
    const gone = isAlgo && fault === undefined && (error.code === -2013 || error.code === -2011);
    if (gone) return { ...id, status: 'CANCELED', success: true };
    return { ...id, status: 'UNKNOWN', success: false, error: `unknown, not confirmed: ${error.message}` };
  }
}

interface Summary {
  readonly symbol: string;
  readonly results: readonly Row[];
  readonly margin: ReturnType<typeof marginChange>;
  readonly faults: readonly ExchangeFault[];
}

function summary({ symbol: name, results, margin, faults }: Summary, { say }: ToolContext): Outcome {
  const cancelled = results.filter((each) => each['success'] === true).length;
  const structured = {
    symbol: name,
    totalOrders: results.length,
    cancelled,
    failed: results.length - cancelled,
    results,
    marginChange: margin?.row ?? null,
  };
  const rows = results.map(
    (each) =>
      `${textOf(each, 'kind')} ${textOf(each, 'orderId') || textOf(each, 'algoId')}: ${textOf(each, 'status')}${each['success'] === true ? '' : ` (${textOf(each, 'error')})`}`,
  );
  if (cancelled < results.length) {
    const [fault] = faults;
    return refuse({
      code: fault?.code,
      reason:
        results.some((each) => each['status'] === 'UNKNOWN') || fault?.kind === 'unknown' ? 'unknown' : 'partly-failed',
      message: say(
        `${cancelled} of ${results.length} orders are cancelled: ${rows.join('; ')}`,
        `${results.length} 个订单中已撤销 ${cancelled} 个:${rows.join(';')}`,
      ),
      next: say(
        'look at binance_futures_open_orders; repeating this is safe',
        '查看 binance_futures_open_orders;可以安全重试',
      ),
      details: structured,
    });
  }
  const head =
    results.length === 0
      ? say(`no open orders of ${name}; 0 cancelled`, `${name} 没有挂单;撤销 0 个`)
      : say(`${cancelled} orders of ${name} cancelled`, `已撤销 ${name} 的 ${cancelled} 个订单`);
  return answer([head, ...rows, margin?.text ?? marginUnread(say)].join('\n'), structured);
}

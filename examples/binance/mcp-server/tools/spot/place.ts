/** binance_spot_place_order. An argument that the order type does not take is refused, not dropped. */
import * as z from 'zod';
import { decimalOr, isZero, zero } from '../../decimal.ts';
import type { Parameters } from '../../exchange/adapter.ts';
import { ExchangeFault } from '../../exchange/fault.ts';
import { asRow, asRows, type Row, textOf } from '../../exchange/rows.ts';
import { guardChange, guardNotional } from '../../guards.ts';
import { amount, choice, clientId, dryRun, symbol } from '../../inputs.ts';
import { lines } from '../../language.ts';
import { askAgain } from '../../reconcile.ts';
import { answer, defineTool, type Outcome, type Refused, refuse, type ToolContext } from '../../tool.ts';
import { makeClientId } from '../futures/place.ts';
import { orderIn, placedIn } from '../order-status.ts';
import { decimalText, orderShape } from '../shapes.ts';

const orderTypes = [
  'MARKET',
  'LIMIT',
  'STOP_LOSS',
  'STOP_LOSS_LIMIT',
  'TAKE_PROFIT',
  'TAKE_PROFIT_LIMIT',
  'LIMIT_MAKER',
] as const;
type OrderType = (typeof orderTypes)[number];
type Field = 'quantity' | 'quoteOrderQty' | 'price' | 'stopPrice' | 'timeInForce';

const fields: Record<OrderType, { needs: readonly Field[]; takes: readonly Field[] }> = {
  MARKET: { needs: [], takes: ['quantity', 'quoteOrderQty'] },
  LIMIT: { needs: ['quantity', 'price'], takes: ['timeInForce'] },
  STOP_LOSS: { needs: ['quantity', 'stopPrice'], takes: [] },
  STOP_LOSS_LIMIT: { needs: ['quantity', 'price', 'stopPrice'], takes: ['timeInForce'] },
  TAKE_PROFIT: { needs: ['quantity', 'stopPrice'], takes: [] },
  TAKE_PROFIT_LIMIT: { needs: ['quantity', 'price', 'stopPrice'], takes: ['timeInForce'] },
  LIMIT_MAKER: { needs: ['quantity', 'price'], takes: [] },
};

interface SpotOrder {
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  readonly type: OrderType;
  readonly quantity?: string | undefined;
  readonly quoteOrderQty?: string | undefined;
  readonly price?: string | undefined;
  readonly stopPrice?: string | undefined;
  readonly timeInForce?: 'GTC' | 'IOC' | 'FOK' | undefined;
  readonly newClientOrderId?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

export const spotPlaceOrder = defineTool({
  name: 'binance_spot_place_order',
  risk: 'change',
  title: (say) => say('Place a spot order', '现货下单'),
  description: (say) =>
    say(
      "Places a spot order. MARKET takes quantity (base asset) or quoteOrderQty (quote asset to spend or receive). Returns the full result with its fills. When the exchange's answer is lost, the order is looked up by its client order id; it is never sent twice.",
      '现货下单。MARKET 可用 quantity(标的资产数量)或 quoteOrderQty(计价资产金额)。返回完整结果及成交明细。若交易所的答复丢失,会按客户端订单号查询;绝不会重复发送。',
    ),
  input: (say) =>
    z.strictObject({
      symbol: symbol(say),
      side: choice(say, ['BUY', 'SELL'], say('direction', '买卖方向')),
      type: choice(say, orderTypes, say('order type', '订单类型')),
      quantity: amount(say, say('quantity in the base asset', '数量(标的资产)')).optional(),
      quoteOrderQty: amount(
        say,
        say('MARKET only, instead of quantity: amount in the quote asset', '仅用于 MARKET,代替 quantity:计价资产金额'),
      ).optional(),
      price: amount(say, say('limit price', '限价')).optional(),
      stopPrice: amount(say, say('trigger price of STOP_LOSS and TAKE_PROFIT types', '止损/止盈触发价')).optional(),
      timeInForce: choice(
        say,
        ['GTC', 'IOC', 'FOK'],
        say('for orders with a price, default GTC', '用于限价单,默认 GTC'),
      ).optional(),
      newClientOrderId: clientId(
        say,
        say('your own id for the order; made when left out', '自定义订单号;省略则自动生成'),
      ).optional(),
      dryRun: dryRun(say),
    }),
  output: orderShape.extend({
    cummulativeQuoteQty: decimalText.optional(),
    fills: z.array(z.looseObject({})).optional(),
    reconciled: z.boolean(),
  }),
  run: async (args, context) => placeSpot(args, context),
});

async function placeSpot(order: SpotOrder, context: ToolContext): Promise<Outcome> {
  const refused =
    guardChange(context, { symbol: order.symbol, dryRun: order.dryRun === true }) ??
    unfit(order, context) ??
    (await guardNotional(context, {
      market: 'spot',
      symbol: order.symbol,
      side: order.side,
      quantity: order.quantity,
      quoteQuantity: order.quoteOrderQty,
      prices: [order.price, order.stopPrice].filter((price) => price !== undefined),
      boundByLimit: order.side === 'BUY' && order.price !== undefined,
    }));
  if (refused !== undefined) return refused;
  const id = order.newClientOrderId ?? makeClientId();
  const { say, requests } = context;
  const parameters: Parameters = {
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    quantity: order.quantity,
    quoteOrderQty: order.quoteOrderQty,
    price: order.price,
    stopPrice: order.stopPrice,
    timeInForce: fields[order.type].takes.includes('timeInForce') ? (order.timeInForce ?? 'GTC') : undefined,
    newClientOrderId: id,
  };
  if (order.dryRun === true) {
    await requests.spot('orderTest', parameters);
    return answer(
      say(
        "dry run, checked by the exchange's test endpoint: the order would be accepted (the balance is not part of its check)",
        '演练(交易所测试接口):订单会被接受(不检查余额)',
      ),
      {
        dryRun: {
          checkedBy: 'exchange',
          request: Object.fromEntries(
            Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
          ),
        },
      },
    );
  }
  let reply: Row;
  try {
    reply = placedIn(asRow(await requests.spot('newOrder', { ...parameters, newOrderRespType: 'FULL' })), 'orderId');
  } catch (error) {
    if (!(error instanceof ExchangeFault) || error.kind !== 'unknown') throw error;
    return lookUp(order.symbol, id, error, context);
  }
  return placed(reply, order, false, context);
}

function unfit(order: SpotOrder, { say }: ToolContext): Refused | undefined {
  const { needs, takes } = fields[order.type];
  const missing = needs.find((field) => order[field] === undefined);
  const amounts =
    order.type === 'MARKET' ? [order.quantity, order.quoteOrderQty].filter((each) => each !== undefined).length : 1;
  if (missing !== undefined || amounts !== 1) {
    const what =
      missing === undefined
        ? say('exactly one of `quantity` and `quoteOrderQty`', '`quantity` 和 `quoteOrderQty` 之一(且仅一个)')
        : `\`${missing}\``;
    return refuse({
      code: amounts > 1 ? -1128 : -1102,
      reason: 'invalid-arguments',
      message: say(`${order.type} needs ${what}`, `${order.type} 需要 ${what}`),
      next: say('correct it; nothing was sent', '请更正;未发送任何请求'),
    });
  }
  const every: readonly Field[] = ['quantity', 'quoteOrderQty', 'price', 'stopPrice', 'timeInForce'];
  const extra = every.find((field) => order[field] !== undefined && !needs.includes(field) && !takes.includes(field));
  if (extra === undefined) return undefined;
  return refuse({
    code: -1106,
    reason: 'invalid-arguments',
    message: say(`\`${extra}\` is not for ${order.type}`, `${order.type} 不使用 \`${extra}\``),
    next: say('leave it out; nothing was sent', '请去掉;未发送任何请求'),
  });
}

async function lookUp(symbolName: string, id: string, fault: ExchangeFault, context: ToolContext): Promise<Outcome> {
  const { say, requests } = context;
  const found = await askAgain(
    context,
    () => requests.spot('getOrder', { symbol: symbolName, origClientOrderId: id }).then(asRow).then(orderIn),
    () => true,
  );
  if (found !== undefined) return placed(found, undefined, true, context);
  return refuse({
    code: fault.code,
    reason: 'unknown',
    message: say(
      `unknown, not confirmed: ${fault.message}; an order with client id ${id} was not found afterwards, which is no proof that it will not appear`,
      `结果未知,未确认:${fault.message};随后未查到客户端订单号为 ${id} 的订单,但这不能证明它不会出现`,
    ),
    next: say('look at open orders and balances before placing it again', '重新下单前先查看挂单和余额'),
    details: { clientOrderId: id },
  });
}

/** STOP_LOSS and TAKE_PROFIT types answer with ids alone; the rest is what was asked for. */
function placed(reply: Row, order: SpotOrder | undefined, reconciled: boolean, { say }: ToolContext): Outcome {
  const asked: Row =
    order === undefined
      ? {}
      : {
          side: order.side,
          type: order.type,
          status: 'NEW',
          origQty: order.quantity ?? '0',
          price: order.price ?? '0',
          ...(order.stopPrice === undefined ? {} : { stopPrice: order.stopPrice }),
          executedQty: '0',
        };
  const row: Row = { ...asked, ...reply };
  const full = { ...row, quantity: textOf(row, 'origQty'), time: row['transactTime'] ?? row['time'] ?? 0, reconciled };
  const fills = row['fills'] === undefined ? 0 : asRows(row['fills']).length;
  const text = lines([
    [
      say('result', '结果'),
      reconciled
        ? say('placed (reconciled: the answer was lost, the order is there)', '已下单(经核实:答复丢失,订单存在)')
        : say('placed', '已下单'),
    ],
    [say('order', '订单号'), textOf(row, 'orderId')],
    [say('client id', '客户端订单号'), textOf(row, 'clientOrderId')],
    [say('pair', '交易对'), `${textOf(row, 'symbol')} ${textOf(row, 'side')} ${textOf(row, 'type')}`],
    [say('quantity', '数量'), textOf(row, 'origQty')],
    [say('price', '价格'), isZero(decimalOr(row['price'], zero)) ? say('market', '市价') : textOf(row, 'price')],
    [say('filled', '已成交'), `${textOf(row, 'executedQty')} (${textOf(row, 'cummulativeQuoteQty') || '0'})`],
    [say('fills', '成交笔数'), fills === 0 ? undefined : fills],
    [say('status', '状态'), textOf(row, 'status')],
  ]);
  return answer(text, full);
}

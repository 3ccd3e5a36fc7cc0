/**
 * binance_futures_place_order: LIMIT and MARKET go to the order service, every conditional type to the algo service.
 * An argument that the type does not take is refused, not dropped: what was judged is what is sent.
 */
import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { decimalOr, isZero, zero } from '../../decimal.ts';
import type { Parameters } from '../../exchange/adapter.ts';
import { ExchangeFault } from '../../exchange/fault.ts';
import { asRow, type Row, textOf } from '../../exchange/rows.ts';
import { guardChange, guardNotional } from '../../guards.ts';
import { amount, choice, clientId, dryRun, symbol, yesNo } from '../../inputs.ts';
import { lines } from '../../language.ts';
import { askAgain } from '../../reconcile.ts';
import { answer, defineTool, type Outcome, type Refused, refuse, type ToolContext } from '../../tool.ts';
import { orderIn, placedIn } from '../order-status.ts';
import { orderShape } from '../shapes.ts';
import { algoRow, orderRow } from './rows.ts';

const orderTypes = [
  'MARKET',
  'LIMIT',
  'STOP',
  'TAKE_PROFIT',
  'STOP_MARKET',
  'TAKE_PROFIT_MARKET',
  'TRAILING_STOP_MARKET',
] as const;
type OrderType = (typeof orderTypes)[number];
type Field =
  | 'quantity'
  | 'price'
  | 'stopPrice'
  | 'timeInForce'
  | 'reduceOnly'
  | 'closePosition'
  | 'callbackRate'
  | 'activatePrice'
  | 'workingType';

/** Which optional arguments a type needs, and which it takes besides. */
const fields: Record<OrderType, { needs: readonly Field[]; takes: readonly Field[] }> = {
  MARKET: { needs: ['quantity'], takes: ['reduceOnly'] },
  LIMIT: { needs: ['quantity', 'price'], takes: ['timeInForce', 'reduceOnly'] },
  STOP: { needs: ['quantity', 'price', 'stopPrice'], takes: ['timeInForce', 'reduceOnly', 'workingType'] },
  TAKE_PROFIT: { needs: ['quantity', 'price', 'stopPrice'], takes: ['timeInForce', 'reduceOnly', 'workingType'] },
  STOP_MARKET: { needs: ['stopPrice'], takes: ['quantity', 'reduceOnly', 'closePosition', 'workingType'] },
  TAKE_PROFIT_MARKET: { needs: ['stopPrice'], takes: ['quantity', 'reduceOnly', 'closePosition', 'workingType'] },
  TRAILING_STOP_MARKET: { needs: ['quantity', 'callbackRate'], takes: ['reduceOnly', 'activatePrice', 'workingType'] },
};

export const placeOrder = defineTool({
  name: 'binance_futures_place_order',
  risk: 'change',
  title: (say) => say('Place a futures order', '合约下单'),
  description: (say) =>
    say(
      'Places a USDⓈ-M futures order: MARKET and LIMIT, or a conditional order (STOP, TAKE_PROFIT, STOP_MARKET, TAKE_PROFIT_MARKET, TRAILING_STOP_MARKET), which waits in the exchange\'s algo service under an algoId. When the exchange\'s answer is lost, the order is looked up by its client order id: the result says "reconciled", or the error says "unknown, not confirmed". It is never sent twice.',
      '在 U 本位合约下单:MARKET、LIMIT,或条件单(STOP、TAKE_PROFIT、STOP_MARKET、TAKE_PROFIT_MARKET、TRAILING_STOP_MARKET),条件单以 algoId 保存在交易所的条件单服务中。若交易所的答复丢失,会按客户端订单号查询:结果注明“经核实”,或错误注明“结果未知,未确认”。绝不会重复发送。',
    ),
  input: (say) =>
    z.strictObject({
      symbol: symbol(say),
      side: choice(say, ['BUY', 'SELL'], say('direction', '买卖方向')),
      type: choice(say, orderTypes, say('order type', '订单类型')),
      quantity: amount(
        say,
        say('quantity in the base asset; left out with closePosition', '数量(标的资产);使用 closePosition 时省略'),
      ).optional(),
      price: amount(
        say,
        say('limit price; for LIMIT, STOP and TAKE_PROFIT', '限价;用于 LIMIT、STOP、TAKE_PROFIT'),
      ).optional(),
      stopPrice: amount(say, say('trigger price of a conditional order', '条件单触发价')).optional(),
      positionSide: choice(
        say,
        ['BOTH', 'LONG', 'SHORT'],
        say(
          'BOTH in one-way mode (default), LONG or SHORT in hedge mode',
          '单向持仓为 BOTH(默认),双向持仓为 LONG 或 SHORT',
        ),
      ).optional(),
      timeInForce: choice(
        say,
        ['GTC', 'IOC', 'FOK', 'GTX'],
        say('for orders with a price, default GTC; GTX is post-only', '用于限价单,默认 GTC;GTX 为只做 maker'),
      ).optional(),
      reduceOnly: yesNo(say, say('true: only reduces the position (one-way mode)', 'true:只减仓(单向持仓)')).optional(),
      closePosition: yesNo(
        say,
        say(
          'true: closes the whole position when triggered; STOP_MARKET and TAKE_PROFIT_MARKET',
          'true:触发后全部平仓;用于 STOP_MARKET、TAKE_PROFIT_MARKET',
        ),
      ).optional(),
      callbackRate: amount(say, say('trailing distance in percent, 0.1 to 10', '回调比例(%),0.1 到 10')).optional(),
      activatePrice: amount(say, say('price at which trailing begins', '追踪激活价')).optional(),
      workingType: choice(
        say,
        ['CONTRACT_PRICE', 'MARK_PRICE'],
        say('price that triggers, default CONTRACT_PRICE', '触发价类型,默认 CONTRACT_PRICE'),
      ).optional(),
      newClientOrderId: clientId(
        say,
        say('your own id for the order; made when left out', '自定义订单号;省略则自动生成'),
      ).optional(),
      dryRun: dryRun(say),
    }),
  output: orderShape.extend({
    reconciled: z.boolean().describe('true: the answer was lost and the order was looked up'),
  }),
  run: async (args, context) => place(args, context),
});

interface FuturesOrder {
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  readonly type: OrderType;
  readonly quantity?: string | undefined;
  readonly price?: string | undefined;
  readonly stopPrice?: string | undefined;
  readonly positionSide?: 'BOTH' | 'LONG' | 'SHORT' | undefined;
  readonly timeInForce?: 'GTC' | 'IOC' | 'FOK' | 'GTX' | undefined;
  readonly reduceOnly?: boolean | undefined;
  readonly closePosition?: boolean | undefined;
  readonly callbackRate?: string | undefined;
  readonly activatePrice?: string | undefined;
  readonly workingType?: 'CONTRACT_PRICE' | 'MARK_PRICE' | undefined;
  readonly newClientOrderId?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

async function place(order: FuturesOrder, context: ToolContext): Promise<Outcome> {
  const refused =
    guardChange(context, { symbol: order.symbol, dryRun: order.dryRun === true }) ??
    unfit(order, context) ??
    (reducesRisk(order) ? undefined : await guardNotional(context, exposure(order)));
  if (refused !== undefined) return refused;
  const id = order.newClientOrderId ?? makeClientId();
  if (order.dryRun === true) return rehearse(order, id, context);
  return order.type === 'MARKET' || order.type === 'LIMIT'
    ? sendOrder(order, id, context)
    : sendAlgo(order, id, context);
}

/** Random, and without any broker's tag. At most 32 characters, which portfolio margin demands. */
export function makeClientId(): string {
  return `mcp-${randomBytes(12).toString('hex')}`;
}

function unfit(order: FuturesOrder, { say }: ToolContext): Refused | undefined {
  const { needs, takes } = fields[order.type];
  const given = (field: Field): boolean => order[field] !== undefined && order[field] !== false;
  const missing = needs.find((field) => !given(field));
  if (missing !== undefined) {
    return refuse({
      code: -1102,
      reason: 'invalid-arguments',
      message: say(`${order.type} needs \`${missing}\``, `${order.type} 需要 \`${missing}\``),
      next: say('add it; nothing was sent', '请补充;未发送任何请求'),
    });
  }
  if (order.closePosition === true && (given('quantity') || given('reduceOnly'))) {
    return refuse({
      code: -4137,
      reason: 'invalid-arguments',
      message: say(
        'closePosition closes everything: quantity and reduceOnly must be left out',
        'closePosition 会全部平仓:请省略 quantity 和 reduceOnly',
      ),
      next: say('leave them out; nothing was sent', '请去掉;未发送任何请求'),
    });
  }
  if (
    (order.type === 'STOP_MARKET' || order.type === 'TAKE_PROFIT_MARKET') &&
    order.closePosition !== true &&
    !given('quantity')
  ) {
    return refuse({
      code: -1102,
      reason: 'invalid-arguments',
      message: say(
        `${order.type} needs \`quantity\`, or closePosition: true`,
        `${order.type} 需要 \`quantity\` 或 closePosition: true`,
      ),
      next: say('add one of them; nothing was sent', '请补充其一;未发送任何请求'),
    });
  }
  const every: readonly Field[] = [
    'quantity',
    'price',
    'stopPrice',
    'timeInForce',
    'reduceOnly',
    'closePosition',
    'callbackRate',
    'activatePrice',
    'workingType',
  ];
  const extra = every.find((field) => given(field) && !needs.includes(field) && !takes.includes(field));
  if (extra === undefined) return undefined;
  return refuse({
    code: -1106,
    reason: 'invalid-arguments',
    message: say(`\`${extra}\` is not for ${order.type}`, `${order.type} 不使用 \`${extra}\``),
    next: say('leave it out; nothing was sent', '请去掉;未发送任何请求'),
  });
}

function reducesRisk(order: FuturesOrder): boolean {
  return order.reduceOnly === true || order.closePosition === true;
}

function exposure(order: FuturesOrder) {
  return {
    market: 'futures' as const,
    symbol: order.symbol,
    side: order.side,
    quantity: order.quantity,
    prices: [order.price, order.stopPrice, order.activatePrice].filter((price) => price !== undefined),
    boundByLimit: order.side === 'BUY' && order.price !== undefined,
  };
}

function orderParameters(order: FuturesOrder, id: string): Parameters {
  return {
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    quantity: order.quantity,
    price: order.price,
    timeInForce: order.type === 'LIMIT' ? (order.timeInForce ?? 'GTC') : undefined,
    positionSide: order.positionSide,
    reduceOnly: order.reduceOnly === true ? 'true' : undefined,
    newClientOrderId: id,
  };
}

function algoParameters(order: FuturesOrder, id: string): Parameters {
  return {
    algoType: 'CONDITIONAL',
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    quantity: order.quantity,
    price: order.price,
    triggerPrice: order.stopPrice,
    timeInForce: order.price === undefined ? undefined : (order.timeInForce ?? 'GTC'),
    positionSide: order.positionSide,
    reduceOnly: order.reduceOnly === true ? 'true' : undefined,
    closePosition: order.closePosition === true ? 'true' : undefined,
    callbackRate: order.callbackRate,
    activatePrice: order.activatePrice,
    workingType: order.workingType,
    clientAlgoId: id,
  };
}

async function sendOrder(order: FuturesOrder, id: string, context: ToolContext): Promise<Outcome> {
  const { requests } = context;
  let reply: Row;
  try {
    reply = placedIn(
      asRow(await requests.futures('placeOrder', { ...orderParameters(order, id), newOrderRespType: 'RESULT' })),
      'orderId',
    );
  } catch (error) {
    return afterFault(
      error,
      id,
      context,
      () => requests.futures('queryOrder', { symbol: order.symbol, origClientOrderId: id }).then(asRow).then(orderIn),
      orderRow,
    );
  }
  return placed(orderRow({ ...reply, ...(await fillFigures(reply, context)) }), false, context);
}

async function sendAlgo(order: FuturesOrder, id: string, context: ToolContext): Promise<Outcome> {
  const { requests } = context;
  let reply: Row;
  try {
    reply = placedIn(asRow(await requests.futures('placeAlgo', algoParameters(order, id))), 'algoId');
  } catch (error) {
    return afterFault(
      error,
      id,
      context,
      async () => placedIn(asRow(await requests.futures('queryAlgo', { clientAlgoId: id })), 'algoId'),
      algoRow,
    );
  }
  return placed(algoRow(reply), false, context);
}

/** The exchange has begun to leave avgPrice and cumQuote out of its reply to an order; the order itself has them. */
async function fillFigures(reply: Row, context: ToolContext): Promise<Row> {
  if (reply['avgPrice'] !== undefined) return {};
  try {
    return asRow(
      await context.requests.futures('queryOrder', {
        symbol: textOf(reply, 'symbol'),
        orderId: textOf(reply, 'orderId'),
      }),
    );
  } catch (error) {
    if (error instanceof ExchangeFault) return {}; // the order stands; only two figures are missing
    throw error;
  }
}

/** After a lost answer: finds the order by its client id, or says that nobody knows. */
async function afterFault(
  error: unknown,
  id: string,
  context: ToolContext,
  look: () => Promise<Row>,
  shape: (row: Row) => Row,
): Promise<Outcome> {
  if (!(error instanceof ExchangeFault) || error.kind !== 'unknown') throw error;
  const { say } = context;
  const found = await askAgain(context, look, () => true);
  if (found !== undefined) return placed(shape(found), true, context);
  return refuse({
    code: error.code,
    reason: 'unknown',
    message: say(
      `unknown, not confirmed: ${error.message}; an order with client id ${id} was not found afterwards, which is no proof that it will not appear`,
      `结果未知,未确认:${error.message};随后未查到客户端订单号为 ${id} 的订单,但这不能证明它不会出现`,
    ),
    next: say('look at open orders and positions before placing it again', '重新下单前先查看挂单和持仓'),
    details: { clientOrderId: id },
  });
}

function placed(row: Row, reconciled: boolean, { say }: ToolContext): Outcome {
  const isAlgo = row['kind'] === 'conditional';
  const text = lines([
    [
      say('result', '结果'),
      reconciled
        ? say('placed (reconciled: the answer was lost, the order is there)', '已下单(经核实:答复丢失,订单存在)')
        : say('placed', '已下单'),
    ],
    isAlgo ? ['algoId', textOf(row, 'algoId')] : [say('order', '订单号'), textOf(row, 'orderId')],
    [say('client id', '客户端订单号'), textOf(row, isAlgo ? 'clientAlgoId' : 'clientOrderId')],
    [say('contract', '合约'), `${textOf(row, 'symbol')} ${textOf(row, 'side')} ${textOf(row, 'type')}`],
    [
      say('quantity', '数量'),
      row['closePosition'] === true ? say('the whole position', '全部仓位') : textOf(row, 'quantity'),
    ],
    [say('price', '价格'), isZero(decimalOr(row['price'], zero)) ? say('market', '市价') : textOf(row, 'price')],
    [say('trigger price', '触发价'), isAlgo ? textOf(row, 'stopPrice') : undefined],
    [say('filled', '已成交'), isAlgo ? undefined : `${textOf(row, 'executedQty')} @ ${textOf(row, 'avgPrice') || '-'}`],
    [say('status', '状态'), textOf(row, 'status')],
  ]);
  return answer(text, { ...row, reconciled });
}

/** The exchange's own test endpoint where there is one: order types of the order service, classic accounts. */
async function rehearse(order: FuturesOrder, id: string, context: ToolContext): Promise<Outcome> {
  const { say, requests } = context;
  const isPlain = order.type === 'MARKET' || order.type === 'LIMIT';
  if (isPlain && (await requests.kind()) === 'classic') {
    await requests.futures('testOrder', orderParameters(order, id));
    return answer(
      say(
        "dry run, checked by the exchange's test endpoint: the order would be accepted (margin is not part of its check)",
        '演练(交易所测试接口):订单会被接受(不检查保证金)',
      ),
      { dryRun: { checkedBy: 'exchange', request: shown(orderParameters(order, id)) } },
    );
  }
  const parameters = isPlain ? orderParameters(order, id) : algoParameters(order, id);
  return answer(
    say(
      'dry run, checked locally (the exchange has no test endpoint for this): the arguments fit together; price, quantity and margin were not checked',
      '演练(本地检查,交易所无对应测试接口):参数组合正确;未检查价格、数量和保证金',
    ),
    { dryRun: { checkedBy: 'local', request: shown(parameters) } },
  );
}

function shown(parameters: Parameters): Row {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

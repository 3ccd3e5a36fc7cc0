/** What the exchange's codes mean, and what the caller can do next. Source: Binance's error-code pages. */
import type { Say } from './language.ts';

type Meaning = readonly [meaningEn: string, meaningZh: string, nextEn: string, nextZh: string];

const meanings: Readonly<Record<number, Meaning>> = {
  [-1000]: [
    'the exchange had an unknown error while processing',
    '交易所处理时发生未知错误',
    'look at your open orders before repeating anything',
    '先查看当前挂单,再决定是否重试',
  ],
  [-1001]: [
    'the exchange was disconnected inside',
    '交易所内部断开',
    'look at your open orders before repeating anything',
    '先查看当前挂单,再决定是否重试',
  ],
  [-1003]: ['too many requests', '请求过于频繁', 'wait as long as stated, then repeat', '按提示等待后重试'],
  [-1006]: [
    'the exchange got an unexpected reply inside; the outcome is unknown',
    '交易所内部响应异常,结果未知',
    'look at the order before repeating',
    '先查询订单,再决定是否重试',
  ],
  [-1007]: [
    'the exchange timed out inside; the outcome is unknown',
    '交易所内部超时,结果未知',
    'look at the order before repeating',
    '先查询订单,再决定是否重试',
  ],
  [-1013]: [
    'the order breaks a filter of the symbol',
    '订单不符合该交易对的过滤规则',
    'check price and quantity with binance_check_order_precision',
    '用 binance_check_order_precision 检查价格和数量',
  ],
  [-1015]: ['too many new orders', '下单过于频繁', 'wait, then place fewer orders', '等待后减少下单'],
  [-1021]: [
    "the request's timestamp is outside the window",
    '请求时间戳超出允许范围',
    "set this machine's clock (binance_server_time shows the difference)",
    '校准本机时钟(binance_server_time 可查看时差)',
  ],
  [-1022]: [
    'the signature is not valid',
    '签名无效',
    'the API secret does not belong to the key; correct it',
    'API 密钥与 key 不匹配,请更正',
  ],
  [-1102]: [
    'a mandatory parameter is missing or malformed',
    '缺少必填参数或格式错误',
    'add it and repeat',
    '补充后重试',
  ],
  [-1106]: ['a parameter was sent that this request does not take', '发送了不需要的参数', 'leave it out', '去掉该参数'],
  [-1111]: [
    'too many decimals for this symbol',
    '小数位数超过该交易对的精度',
    'check price and quantity with binance_check_order_precision',
    '用 binance_check_order_precision 检查价格和数量',
  ],
  [-1115]: ['not a time in force', '无效的 timeInForce', 'use one of those the schema lists', '使用 schema 中列出的值'],
  [-1116]: ['not an order type', '无效的订单类型', 'use one of those the schema lists', '使用 schema 中列出的值'],
  [-1117]: ['not a side', '无效的买卖方向', 'use BUY or SELL', '使用 BUY 或 SELL'],
  [-1120]: ['not an interval', '无效的 K 线间隔', 'use one of those the schema lists', '使用 schema 中列出的值'],
  [-1121]: [
    'the exchange knows no such symbol here',
    '交易所没有这个交易对',
    "use the exchange's spelling, for example BTCUSDT; binance_exchange_info lists them",
    '使用交易所的写法,例如 BTCUSDT;binance_exchange_info 可列出',
  ],
  [-1127]: ['the time window is too long', '时间范围过长', 'ask for a shorter one', '缩短时间范围'],
  [-1128]: [
    'this combination of optional parameters is not allowed',
    '可选参数的组合不被允许',
    'leave one of them out',
    '去掉其中一个',
  ],
  [-1130]: ["a parameter's value is not valid", '参数值无效', 'correct it as the schema says', '按 schema 更正'],
  [-2010]: [
    'the exchange rejected the new order',
    '交易所拒绝了新订单',
    'see the message: balance, price and symbol state are the usual reasons',
    '见错误信息:常见原因是余额、价格或交易对状态',
  ],
  [-2011]: [
    'no open order has this id: it was never there, or was already filled or cancelled',
    '没有该编号的未完成订单:从未存在,或已成交,或已撤销',
    'look at open orders and order history; do not repeat the cancel',
    '查看当前挂单和历史订单;不要重复撤单',
  ],
  [-2013]: ['there is no such order', '订单不存在', 'check the id and the symbol', '检查订单号和交易对'],
  [-2014]: ['the API key is malformed', 'API key 格式错误', 'correct the key', '更正 key'],
  [-2015]: [
    'the API key is unknown, or lacks the permission, or this IP is not allowed',
    'API key 无效、权限不足或 IP 不被允许',
    'check key, permissions and IP list',
    '检查 key、权限和 IP 白名单',
  ],
  [-2018]: ['the balance is insufficient', '余额不足', 'reduce the amount', '减少数量'],
  [-2019]: [
    'the margin is insufficient',
    '保证金不足',
    'reduce the quantity, cancel an order, or raise the leverage',
    '减少数量、撤销挂单或提高杠杆',
  ],
  [-2021]: [
    'the conditional order would trigger at once',
    '条件单会立即触发',
    'move the trigger price to the other side of the market',
    '把触发价移到市场的另一侧',
  ],
  [-2022]: [
    'a reduce-only order found nothing to reduce',
    '只减仓订单没有可减的仓位',
    'look at the position',
    '查看持仓',
  ],
  [-2025]: ['too many open orders', '挂单数量已达上限', 'cancel some', '撤销部分挂单'],
  [-2027]: [
    'the position would exceed what this leverage allows',
    '超过当前杠杆允许的最大仓位',
    'reduce the quantity or lower the leverage',
    '减少数量或降低杠杆',
  ],
  [-2028]: [
    'the margin does not allow this lower leverage',
    '保证金不足以降低到该杠杆',
    'add margin or reduce the position',
    '增加保证金或减少仓位',
  ],
  [-2039]: [
    'the two order ids name different orders',
    '两个订单编号指向不同订单',
    'send one of them',
    '只发送其中一个',
  ],
  [-4003]: ['the quantity is not above zero', '数量必须大于零', 'correct it', '更正数量'],
  [-4004]: ['the quantity is below the minimum', '数量低于最小值', 'raise it', '增加数量'],
  [-4005]: ['the quantity is above the maximum', '数量超过最大值', 'split the order', '拆分订单'],
  [-4014]: [
    'the price is no multiple of the tick size',
    '价格不是最小变动价位的整数倍',
    'check it with binance_check_order_precision',
    '用 binance_check_order_precision 检查',
  ],
  [-4015]: ['the client order id is not valid', '客户端订单号无效', 'use another', '换一个'],
  [-4016]: ['the price is too far above the mark price', '价格高于标记价格允许的上限', 'move it closer', '调整价格'],
  [-4023]: [
    'the quantity is no multiple of the step size',
    '数量不是最小步长的整数倍',
    'check it with binance_check_order_precision',
    '用 binance_check_order_precision 检查',
  ],
  [-4024]: ['the price is too far below the mark price', '价格低于标记价格允许的下限', 'move it closer', '调整价格'],
  [-4028]: ['not a leverage of this symbol', '该交易对不支持此杠杆', 'use a lower one', '使用更低的杠杆'],
  [-4046]: ['the margin type is already that', '保证金模式已经是该模式', 'nothing to do', '无需操作'],
  [-4047]: [
    'open orders stand in the way of changing the margin type',
    '有挂单,不能更改保证金模式',
    'cancel them first',
    '先撤销挂单',
  ],
  [-4048]: [
    'an open position stands in the way of changing the margin type',
    '有持仓,不能更改保证金模式',
    'close it first',
    '先平仓',
  ],
  [-4059]: ['the position mode is already that', '持仓模式已经是该模式', 'nothing to do', '无需操作'],
  [-4061]: [
    "positionSide does not fit the account's position mode",
    'positionSide 与账户持仓模式不符',
    'one-way: BOTH; hedge: LONG or SHORT',
    '单向:BOTH;双向:LONG 或 SHORT',
  ],
  [-4116]: ['the client order id is in use', '客户端订单号重复', 'use another, or leave it out', '换一个或省略'],
  [-4120]: [
    'this order type has its own endpoint',
    '该订单类型需使用条件单接口',
    'this is a defect of the server; report it',
    '这是服务器缺陷,请报告',
  ],
  [-4131]: ['the best price is outside the allowed band', '对手价超出允许范围', 'use a limit order', '使用限价单'],
  [-4137]: [
    'with closePosition the quantity must be left out',
    '使用 closePosition 时不能填写数量',
    'leave the quantity out',
    '去掉数量',
  ],
  [-4142]: ['the stop would trigger at once', '止损会立即触发', 'move the trigger price', '调整触发价'],
  [-4161]: [
    'leverage cannot be lowered on an isolated position',
    '逐仓有持仓时不能降低杠杆',
    'close the position first',
    '先平仓',
  ],
  [-4164]: [
    "the order's value is below the symbol's minimum",
    '订单金额低于最小名义价值',
    'raise quantity or price',
    '增加数量或价格',
  ],
  [-4168]: [
    'multi-assets mode allows cross margin only',
    '联合保证金模式只支持全仓',
    'leave multi-assets mode first',
    '先退出联合保证金模式',
  ],
  [-5021]: [
    'a fill-or-kill order could not be filled at once',
    'FOK 订单无法立即全部成交',
    'use another time in force',
    '使用其他 timeInForce',
  ],
  [-5022]: [
    'a post-only order would have taken liquidity',
    '只做 maker 的订单会立即成交',
    'move the price away from the market',
    '调整价格',
  ],
};

/** @returns what the code means and what to do next; undefined for a code that is not in the table */
export function meaningOf(
  code: number | undefined,
  say: Say,
): { readonly meaning: string; readonly next: string } | undefined {
  const found = code === undefined ? undefined : meanings[code];
  return found === undefined ? undefined : { meaning: say(found[0], found[1]), next: say(found[2], found[3]) };
}

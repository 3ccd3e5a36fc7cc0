/** The server's own limits on mutating tools. They come on top of whatever stands in front of it, and refuse when in doubt. */
import { compare, type Decimal, decimal, decimalOr, maximum, multiply, show } from './decimal.ts';
import { asRow, asRows, isList } from './exchange/rows.ts';
import { type Refused, refuse, type ToolContext } from './tool.ts';

/**
 * @param changes what is about to happen; `dryRun` is allowed in read-only mode because it changes nothing
 * @returns why not, or undefined
 */
export function guardChange(
  context: ToolContext,
  changes: { readonly symbol: string; readonly dryRun: boolean },
): Refused | undefined {
  const { say, guards } = context;
  if (guards.readOnly && !changes.dryRun) {
    return refuse({
      reason: 'read-only',
      message: say(
        'this server is read-only (BINANCE_MCP_READONLY); nothing was sent',
        '本服务器为只读模式(BINANCE_MCP_READONLY);未发送任何请求',
      ),
      next: say('use dryRun: true, or ask the operator', '使用 dryRun: true,或联系管理员'),
    });
  }
  if (guards.symbols !== undefined && !guards.symbols.has(changes.symbol)) {
    const list = [...guards.symbols].join(', ');
    return refuse({
      reason: 'symbol-not-allowed',
      message: say(
        `${changes.symbol} is not among the symbols of BINANCE_MCP_SYMBOLS (${list}); nothing was sent`,
        `${changes.symbol} 不在 BINANCE_MCP_SYMBOLS(${list})之内;未发送任何请求`,
      ),
      next: say('trade one of those, or ask the operator', '交易其中之一,或联系管理员'),
    });
  }
  return undefined;
}

export interface Exposure {
  readonly market: 'spot' | 'futures';
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  /** Base quantity; absent when only `quoteQuantity` is known. */
  readonly quantity: string | undefined;
  readonly quoteQuantity?: string | undefined;
  /** Every price of the order itself: limit, trigger, activation. */
  readonly prices: readonly string[];
  /** A limit order to buy never costs more than its limit; everything else may run at the market's price. */
  readonly boundByLimit: boolean;
}

/** @returns why the order is too large for BINANCE_MCP_MAX_NOTIONAL, or undefined */
export async function guardNotional(context: ToolContext, exposure: Exposure): Promise<Refused | undefined> {
  const { say, guards } = context;
  if (guards.notionalMax === undefined) return undefined;
  const value = await notionalOf(context, exposure);
  if (value !== undefined && compare(value, guards.notionalMax) <= 0) return undefined;
  const limit = show(guards.notionalMax);
  return refuse({
    reason: 'notional-too-large',
    message:
      value === undefined
        ? say(
            `the order's value cannot be told, and BINANCE_MCP_MAX_NOTIONAL is ${limit}; nothing was sent`,
            `无法确定订单金额,而 BINANCE_MCP_MAX_NOTIONAL 为 ${limit};未发送任何请求`,
          )
        : say(
            `the order is worth ${show(value)}, more than BINANCE_MCP_MAX_NOTIONAL ${limit}; nothing was sent`,
            `订单金额 ${show(value)} 超过 BINANCE_MCP_MAX_NOTIONAL ${limit};未发送任何请求`,
          ),
    next: say('reduce the quantity, or ask the operator', '减少数量,或联系管理员'),
  });
}

async function notionalOf(context: ToolContext, exposure: Exposure): Promise<Decimal | undefined> {
  if (exposure.quoteQuantity !== undefined) return decimal(exposure.quoteQuantity);
  if (exposure.quantity === undefined) return undefined;
  const own = exposure.prices.map(decimal);
  const market = exposure.boundByLimit ? [] : await marketPrices(context, exposure);
  // Without the market's price an order that may run at it has no known value, whatever its own prices say.
  if (!exposure.boundByLimit && market.length === 0) return undefined;
  const [first, ...rest] = [...own, ...market];
  if (first === undefined) return undefined;
  return multiply(decimal(exposure.quantity), rest.reduce(maximum, first));
}

async function marketPrices(context: ToolContext, exposure: Exposure): Promise<readonly Decimal[]> {
  const { symbol } = exposure;
  const replies =
    exposure.market === 'spot'
      ? [
          await context.requests.spot('tickerPrice', { symbol }),
          await context.requests.spot('tickerBookTicker', { symbol }),
        ]
      : [
          await context.requests.futuresMarket('markPrice', { symbol }),
          await context.requests.futuresMarket('symbolPriceTickerV2', { symbol }),
        ];
  const rows = replies.flatMap((reply) => (isList(reply) ? asRows(reply) : [asRow(reply)]));
  const prices = rows.flatMap((row) =>
    ['price', 'markPrice', 'askPrice'].map((field) => decimalOr(row[field], undefined)),
  );
  return prices.filter((price) => price !== undefined);
}

/** binance_calculate_position_size: the quantity at which the stop costs exactly the stated risk. Leverage changes the margin, not the risk. */
import * as z from 'zod';
import {
  absolute,
  add,
  compare,
  type Decimal,
  decimal,
  decimalOr,
  divide,
  fixed,
  isPositive,
  isZero,
  multiply,
  show,
  subtract,
  truncate,
  zero,
} from '../../decimal.ts';
import { ExchangeFault } from '../../exchange/fault.ts';
import { asRow, asRows, isList, type Row, textOf } from '../../exchange/rows.ts';
import { amount, symbol, whole } from '../../inputs.ts';
import { lines } from '../../language.ts';
import { answer, defineTool, refuse, type ToolContext } from '../../tool.ts';
import { decimalText } from '../shapes.ts';
import { floorQuantity, maxQuantity, minNotional, minQuantity, readRules } from './filters.ts';

/** Binance's standard taker fee, used where the account's own cannot be asked. */
const takerFeeDefault = decimal('0.0005');

export const positionSize = defineTool({
  name: 'binance_calculate_position_size',
  risk: 'read',
  title: (say) => say('Position size for a risk', '按风险计算仓位'),
  description: (say) =>
    say(
      "How much to trade so that being stopped out costs the stated amount: riskAmount / |entry - stop|, rounded down to the contract's step. Also margin at the leverage, taker fees both ways, and whether an isolated position would be liquidated before the stop.",
      '计算止损时恰好亏损指定金额的下单数量:riskAmount / |开仓价 - 止损价|,按合约步长向下取整。并给出该杠杆下的保证金、双向吃单手续费,以及逐仓是否会在止损前被强平。',
    ),
  input: (say) =>
    z.strictObject({
      symbol: symbol(say),
      riskAmount: amount(say, say('what may be lost at the stop, in the quote asset', '止损时可承受的亏损,计价资产')),
      entryPrice: amount(say, say('planned entry price', '计划开仓价')),
      stopLossPrice: amount(
        say,
        say('stop price; below the entry for a long, above for a short', '止损价;做多低于开仓价,做空高于开仓价'),
      ),
      leverage: whole(say, 1, 125, say('planned leverage', '计划杠杆')),
    }),
  output: z.object({
    symbol: z.string(),
    direction: z.enum(['LONG', 'SHORT']),
    quantity: decimalText,
    notional: decimalText,
    margin: decimalText,
    lossAtStop: decimalText,
    takerFees: decimalText.describe('entry and stop together'),
    liquidationPrice: decimalText.nullable().describe('isolated estimate; null when brackets cannot be read'),
    liquidatedBeforeStop: z.boolean().nullable(),
    tradable: z.boolean(),
    warnings: z.array(z.string()),
  }),
  run: async (args, context) => {
    const { say } = context;
    const entry = decimal(args.entryPrice);
    const stop = decimal(args.stopLossPrice);
    const distance = absolute(subtract(entry, stop));
    if (isZero(distance)) {
      return refuse({
        code: -1130,
        reason: 'invalid-arguments',
        message: say(
          '`stopLossPrice` equals `entryPrice`: there is no risk to size by',
          '`stopLossPrice` 等于 `entryPrice`:无法计算',
        ),
        next: say('give a different stop', '请给出不同的止损价'),
      });
    }
    const rules = await readRules('futures', args.symbol, context);
    if (rules.kind === 'refused') return rules;
    const isLong = compare(entry, stop) > 0;
    const wanted = divide(decimal(args.riskAmount), distance, 18);
    const quantity = floorQuantity(rules, wanted);
    const notional = multiply(quantity, entry);
    const margin = divide(notional, { units: BigInt(args.leverage), scale: 0 }, 8);
    const loss = multiply(quantity, distance);
    const fees = multiply(add(notional, multiply(quantity, stop)), await takerFee(args.symbol, context));
    const liquidation = await liquidationPrice(
      { symbol: args.symbol, isLong, quantity, entry, margin, notional },
      context,
    );
    const isEarly =
      liquidation === undefined
        ? null
        : isLong
          ? compare(liquidation, stop) >= 0
          : isPositive(liquidation) && compare(liquidation, stop) <= 0;
    const warnings: string[] = [];
    if (compare(quantity, minQuantity(rules)) < 0 || isZero(quantity))
      warnings.push(
        say(`below the smallest quantity ${show(minQuantity(rules))}`, `低于最小数量 ${show(minQuantity(rules))}`),
      );
    if (compare(notional, minNotional(rules)) < 0)
      warnings.push(
        say(`below the smallest value ${show(minNotional(rules))}`, `低于最小名义价值 ${show(minNotional(rules))}`),
      );
    const tradable = warnings.length === 0;
    if (isPositive(maxQuantity(rules)) && compare(wanted, maxQuantity(rules)) > 0)
      warnings.push(
        say(
          `cut to the largest quantity of one order, ${show(quantity)}: the risk is not used up`,
          `已限制为单笔最大数量 ${show(quantity)}:未用满风险金额`,
        ),
      );
    if (isEarly === true)
      warnings.push(
        say('would be liquidated before the stop is reached; use less leverage', '会在止损前被强平;请降低杠杆'),
      );
    const money = (value: Decimal): string => fixed(value);
    return answer(
      lines([
        [say('direction', '方向'), isLong ? 'LONG' : 'SHORT'],
        [say('quantity', '数量'), show(quantity)],
        [say('value', '名义价值'), show(notional)],
        [say(`margin at ${args.leverage}x`, `${args.leverage}x 保证金`), show(margin)],
        [say('loss at the stop', '止损亏损'), show(loss)],
        [say('taker fees, both ways', '双向吃单手续费'), show(truncate(fees, 8))],
        [
          say('liquidation (isolated, estimate)', '强平价(逐仓,估算)'),
          liquidation === undefined ? say('not known', '未知') : show(truncate(liquidation, 2)),
        ],
        [say('warnings', '警告'), warnings.length === 0 ? undefined : warnings.join('; ')],
      ]),
      {
        symbol: args.symbol,
        direction: isLong ? 'LONG' : 'SHORT',
        quantity: show(quantity),
        notional: money(notional),
        margin: money(margin),
        lossAtStop: money(loss),
        takerFees: money(fees),
        liquidationPrice: liquidation === undefined ? null : money(liquidation),
        liquidatedBeforeStop: isEarly,
        tradable,
        warnings,
      },
    );
  },
});

async function takerFee(name: string, { requests, account }: ToolContext): Promise<Decimal> {
  if (!account.hasKeys) return takerFeeDefault;
  try {
    return decimalOr(
      asRow(await requests.futures('commission', { symbol: name }))['takerCommissionRate'],
      takerFeeDefault,
    );
  } catch (error) {
    if (error instanceof ExchangeFault) return takerFeeDefault; // an estimate is what was asked for
    throw error;
  }
}

interface Position {
  readonly symbol: string;
  readonly isLong: boolean;
  readonly quantity: Decimal;
  readonly entry: Decimal;
  readonly margin: Decimal;
  readonly notional: Decimal;
}

/** Isolated: (margin + cum - s q entry) / (q mmr - s q), with the bracket of the notional at entry. */
async function liquidationPrice(position: Position, { requests, account }: ToolContext): Promise<Decimal | undefined> {
  if (!account.hasKeys || isZero(position.quantity)) return undefined;
  let bracket: Row | undefined;
  try {
    bracket = bracketFor(await requests.futures('brackets', { symbol: position.symbol }), position);
  } catch (error) {
    if (error instanceof ExchangeFault) return undefined;
    throw error;
  }
  if (bracket === undefined) return undefined;
  const sign = { units: position.isLong ? 1n : -1n, scale: 0 };
  const signed = multiply(sign, position.quantity);
  const rate = decimalOr(bracket['maintMarginRatio'], zero);
  const numerator = subtract(add(position.margin, decimalOr(bracket['cum'], zero)), multiply(signed, position.entry));
  const denominator = subtract(multiply(position.quantity, rate), signed);
  if (isZero(denominator)) return undefined;
  const price = divide(numerator, denominator, 8);
  return isPositive(price) ? price : zero;
}

function bracketFor(reply: Parameters<typeof isList>[0], position: Position): Row | undefined {
  const rows = isList(reply) ? asRows(reply) : [asRow(reply ?? null)];
  const brackets = asRows(rows.find((row) => textOf(row, 'symbol') === position.symbol)?.['brackets'] ?? []);
  return brackets.find(
    (each) =>
      compare(position.notional, decimalOr(each['notionalFloor'], zero)) >= 0 &&
      compare(position.notional, decimalOr(each['notionalCap'], zero)) < 0,
  );
}

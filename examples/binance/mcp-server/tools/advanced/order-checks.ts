/** binance_check_order_precision and binance_get_optimal_trade_size. */
import * as z from 'zod';
import {
  add,
  compare,
  type Decimal,
  decimal,
  divide,
  exact,
  isZero,
  multiply,
  show,
  subtract,
  zero,
} from '../../decimal.ts';
import { amountOf, asRow, textOf } from '../../exchange/rows.ts';
import { amount, choice, symbol } from '../../inputs.ts';
import { lines, type Say } from '../../language.ts';
import { answer, defineTool, refuse, type ToolContext } from '../../tool.ts';
import { levels } from '../market-series.ts';
import { decimalText } from '../shapes.ts';
import { checkOrder, filterOf, floorQuantity, type Market, nearest, readRules } from './filters.ts';

const market = (say: Say) =>
  choice(say, ['spot', 'futures'], say('which market, default spot', '市场,默认 spot')).optional();

export const orderPrecision = defineTool({
  name: 'binance_check_order_precision',
  risk: 'read',
  title: (say) => say('Check price and quantity', '检查价格和数量'),
  description: (say) =>
    say(
      'Checks a price and a quantity against every filter of the pair and gives the nearest valid ones.',
      '按交易对的各项过滤规则检查价格和数量,并给出最接近的有效值。',
    ),
  input: (say) =>
    z.strictObject({
      symbol: symbol(say),
      price: amount(say, say('price', '价格')),
      quantity: amount(say, say('quantity in the base asset', '数量(标的资产)')),
      market: market(say),
    }),
  output: z.object({
    symbol: z.string(),
    market: z.string(),
    valid: z.boolean(),
    checks: z.array(z.object({ filter: z.string(), ok: z.boolean(), detail: z.string() })),
    nearestPrice: decimalText,
    nearestQuantity: decimalText,
    notional: decimalText,
  }),
  run: async (args, context) => {
    const { say } = context;
    const where: Market = args.market ?? 'spot';
    const rules = await readRules(where, args.symbol, context);
    if (rules.kind === 'refused') return rules;
    const price = decimal(args.price);
    const quantity = decimal(args.quantity);
    const checks = checkOrder(rules, { price, quantity, reference: await reference(where, args.symbol, context) }, say);
    const nearestPrice = nearest(filterOf(rules, 'PRICE_FILTER'), price, {
      least: 'minPrice',
      most: 'maxPrice',
      step: 'tickSize',
    });
    const nearestQuantity = nearest(filterOf(rules, 'LOT_SIZE'), quantity, {
      least: 'minQty',
      most: 'maxQty',
      step: 'stepSize',
    });
    const valid = checks.every((check) => check.ok);
    return answer(
      lines([
        [say('result', '结果'), valid ? say('valid', '有效') : say('not valid', '无效')],
        ...checks.map(
          (check) =>
            [check.filter, `${check.ok ? say('ok', '通过') : say('FAIL', '不通过')}: ${check.detail}`] as const,
        ),
        [say('nearest price', '最近有效价格'), show(nearestPrice)],
        [say('nearest quantity', '最近有效数量'), show(nearestQuantity)],
        [say('value', '名义价值'), show(multiply(price, quantity))],
      ]),
      {
        symbol: args.symbol,
        market: where,
        valid,
        checks: checks.map((check) => ({ ...check })),
        nearestPrice: show(nearestPrice),
        nearestQuantity: show(nearestQuantity),
        notional: exact(multiply(price, quantity)),
      },
    );
  },
});

async function reference(where: Market, name: string, { requests }: ToolContext): Promise<Decimal> {
  if (where === 'spot') return amountOf(asRow(await requests.spot('tickerPrice', { symbol: name })), 'price');
  return amountOf(asRow(await requests.futuresMarket('markPrice', { symbol: name })), 'markPrice');
}

const impactDefault = '1';
const bookLevels = '1000';
const multiples = ['0.5', '1', '2'] as const;

export const optimalTradeSize = defineTool({
  name: 'binance_get_optimal_trade_size',
  risk: 'read',
  title: (say) => say('Largest trade for a price impact', '价格冲击内的最大交易量'),
  description: (say) =>
    say(
      'Walks the order book: the largest quantity whose worst price stays within maxPriceImpact percent of the best, with its average price, and the same at half and at twice that impact. The book is what it shows now and up to 1000 levels deep.',
      '逐档计算盘口:最差成交价不超过最优价 maxPriceImpact% 的最大数量及其均价,并给出一半和两倍冲击时的结果。仅反映当前盘口,最多 1000 档。',
    ),
  input: (say) =>
    z.strictObject({
      symbol: symbol(say),
      side: choice(say, ['BUY', 'SELL'], say('direction of the trade', '交易方向')),
      maxPriceImpact: amount(say, say('percent, 0.1 to 10, default 1', '百分比,0.1 到 10,默认 1')).optional(),
      market: market(say),
    }),
  output: z.object({
    symbol: z.string(),
    market: z.string(),
    side: z.string(),
    bestPrice: decimalText,
    maxPriceImpact: decimalText,
    quantity: decimalText,
    averagePrice: decimalText,
    table: z.array(
      z.object({
        impactPercent: decimalText,
        quantity: decimalText,
        averagePrice: decimalText,
        worstPrice: decimalText,
        levels: z.number(),
        wholeBook: z.boolean(),
      }),
    ),
  }),
  run: async (args, context) => {
    const { say, requests } = context;
    const where: Market = args.market ?? 'spot';
    const impact = decimal(args.maxPriceImpact ?? impactDefault);
    if (compare(impact, decimal('0.1')) < 0 || compare(impact, decimal('10')) > 0) {
      return refuse({
        code: -1130,
        reason: 'invalid-arguments',
        message: say('`maxPriceImpact` must be from 0.1 to 10', '`maxPriceImpact` 必须在 0.1 到 10 之间'),
        next: say('correct it', '请更正'),
      });
    }
    const rules = await readRules(where, args.symbol, context);
    if (rules.kind === 'refused') return rules;
    const query = { symbol: args.symbol, limit: bookLevels };
    const book = asRow(
      where === 'spot' ? await requests.spot('depth', query) : await requests.futuresMarket('orderBook', query),
    );
    const side = levels(args.side === 'BUY' ? book['asks'] : book['bids']).map((level) => ({
      price: decimal(level.price),
      quantity: decimal(level.quantity),
    }));
    const best = side[0]?.price;
    if (best === undefined)
      return refuse({
        reason: 'empty-book',
        message: say(
          `${textOf(rules.row, 'symbol')} has no orders on that side`,
          `${textOf(rules.row, 'symbol')} 该方向没有挂单`,
        ),
        next: say('try later', '稍后再试'),
      });
    const table = multiples.map((multiple) => {
      const width = multiply(impact, decimal(multiple));
      const walked = walk(side, best, { width, isBuy: args.side === 'BUY' });
      return { ...walked, impactPercent: show(width), quantity: show(floorQuantity(rules, walked.quantity)) };
    });
    const chosen = table[1];
    return answer(
      lines([
        [say('best price', '最优价'), show(best)],
        ...table.map(
          (row) =>
            [
              `${row.impactPercent} %`,
              `${row.quantity} @ ${row.averagePrice} (${say('worst', '最差')} ${row.worstPrice}${row.wholeBook ? say(', the whole book', ',整个盘口') : ''})`,
            ] as const,
        ),
      ]),
      {
        symbol: args.symbol,
        market: where,
        side: args.side,
        bestPrice: exact(best),
        maxPriceImpact: show(impact),
        quantity: chosen?.quantity ?? '0',
        averagePrice: chosen?.averagePrice ?? '0',
        table,
      },
    );
  },
});

interface Level {
  readonly price: Decimal;
  readonly quantity: Decimal;
}

/** Takes levels while their price is inside the width; the average is over what was taken. */
function walk(side: readonly Level[], best: Decimal, { width, isBuy }: { width: Decimal; isBuy: boolean }) {
  let quantity = zero;
  let cost = zero;
  let worst = best;
  let count = 0;
  for (const level of side) {
    const away = isBuy ? subtract(level.price, best) : subtract(best, level.price);
    if (compare(multiply(away, decimal('100')), multiply(width, best)) > 0) break;
    quantity = add(quantity, level.quantity);
    cost = add(cost, multiply(level.quantity, level.price));
    worst = level.price;
    count += 1;
  }
  const average = isZero(quantity) ? best : divide(cost, quantity, 8);
  return {
    quantity,
    averagePrice: show(average),
    worstPrice: show(worst),
    levels: count,
    wholeBook: count === side.length,
  };
}

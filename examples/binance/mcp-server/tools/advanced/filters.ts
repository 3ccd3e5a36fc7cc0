/** A symbol's trading rules, and the checks that follow from them. Shared by the calculators. */
import {
  compare,
  type Decimal,
  decimalOr,
  divide,
  floorToStep,
  isPositive,
  isZero,
  maximum,
  minimum,
  multiply,
  show,
  subtract,
  zero,
} from '../../decimal.ts';
import { asRow, asRows, type Row, textOf } from '../../exchange/rows.ts';
import type { Say } from '../../language.ts';
import { type Refused, refuse, type ToolContext } from '../../tool.ts';

export type Market = 'spot' | 'futures';

export interface Rules {
  readonly kind: 'rules';
  readonly symbol: string;
  readonly row: Row;
  readonly filters: readonly Row[];
}

/** @returns the symbol's rules, or the refusal that the exchange would give */
export async function readRules(market: Market, symbol: string, context: ToolContext): Promise<Rules | Refused> {
  const { requests, say } = context;
  const info = asRow(
    market === 'spot'
      ? await requests.spot('exchangeInfo', { symbol })
      : await requests.futuresMarket('exchangeInformation'),
  );
  const row = asRows(info['symbols']).find((each) => each['symbol'] === symbol);
  if (row !== undefined) return { kind: 'rules', symbol, row, filters: asRows(row['filters']) };
  return refuse({
    code: -1121,
    reason: 'refused-by-exchange',
    message: say(`Invalid symbol. ${symbol} is not listed on ${market}`, `Invalid symbol. ${market} 没有 ${symbol}`),
    next: say('see binance_exchange_info', '查看 binance_exchange_info'),
  });
}

export function filterOf(rules: Rules, ...types: readonly string[]): Row | undefined {
  return rules.filters.find((filter) => types.includes(textOf(filter, 'filterType')));
}

function field(filter: Row | undefined, name: string): Decimal {
  return decimalOr(filter?.[name], zero);
}

/** The smallest value of an order; spot and futures spell it differently. */
export function minNotional(rules: Rules): Decimal {
  const filter = filterOf(rules, 'MIN_NOTIONAL', 'NOTIONAL');
  return decimalOr(filter?.['notional'], undefined) ?? field(filter, 'minNotional');
}

function stepSize(rules: Rules): Decimal {
  return field(filterOf(rules, 'LOT_SIZE'), 'stepSize');
}

/** The largest quantity of one order; zero where there is no bound. */
export function maxQuantity(rules: Rules): Decimal {
  return field(filterOf(rules, 'LOT_SIZE'), 'maxQty');
}

/** @param quantity of any precision @returns the largest quantity the lot size allows that is not above it */
export function floorQuantity(rules: Rules, quantity: Decimal): Decimal {
  const largest = maxQuantity(rules);
  const floored = floorToStep(quantity, stepSize(rules));
  return isZero(largest) ? floored : minimum(floored, largest);
}

export function minQuantity(rules: Rules): Decimal {
  return field(filterOf(rules, 'LOT_SIZE'), 'minQty');
}

export interface Check {
  readonly filter: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface Order {
  readonly price: Decimal;
  readonly quantity: Decimal;
  /** The market's price, for the filters that compare with it. */
  readonly reference: Decimal | undefined;
}

export function checkOrder(rules: Rules, order: Order, say: Say): readonly Check[] {
  return rules.filters.map((filter) => checkFilter(filter, order, say)).filter((check) => check !== undefined);
}

/** Filters that do not concern one order's price and quantity are left out. */
function checkFilter(filter: Row, order: Order, say: Say): Check | undefined {
  const type = textOf(filter, 'filterType');
  switch (type) {
    case 'PRICE_FILTER':
      return range(
        type,
        {
          value: order.price,
          least: field(filter, 'minPrice'),
          most: field(filter, 'maxPrice'),
          step: field(filter, 'tickSize'),
        },
        say,
      );
    case 'LOT_SIZE':
      return range(
        type,
        {
          value: order.quantity,
          least: field(filter, 'minQty'),
          most: field(filter, 'maxQty'),
          step: field(filter, 'stepSize'),
        },
        say,
      );
    case 'MIN_NOTIONAL':
    case 'NOTIONAL': {
      const value = multiply(order.price, order.quantity);
      const least = decimalOr(filter['notional'], undefined) ?? field(filter, 'minNotional');
      return range(type, { value, least, most: field(filter, 'maxNotional'), step: zero }, say);
    }
    case 'PERCENT_PRICE':
    case 'PERCENT_PRICE_BY_SIDE': {
      if (order.reference === undefined) return undefined;
      const low = [field(filter, 'multiplierDown'), field(filter, 'bidMultiplierDown')].reduce(maximum);
      const high = [field(filter, 'multiplierUp'), field(filter, 'askMultiplierUp')].reduce(maximum);
      return range(
        type,
        {
          value: order.price,
          least: multiply(order.reference, low),
          most: multiply(order.reference, high),
          step: zero,
        },
        say,
      );
    }
    default:
      return undefined;
  }
}

interface Range {
  readonly value: Decimal;
  readonly least: Decimal;
  /** Zero: no upper bound. */
  readonly most: Decimal;
  /** Zero: no steps. */
  readonly step: Decimal;
}

function range(filter: string, { value, least, most, step }: Range, say: Say): Check {
  if (compare(value, least) < 0)
    return {
      filter,
      ok: false,
      detail: say(`${show(value)} is below ${show(least)}`, `${show(value)} 低于 ${show(least)}`),
    };
  if (isPositive(most) && compare(value, most) > 0)
    return {
      filter,
      ok: false,
      detail: say(`${show(value)} is above ${show(most)}`, `${show(value)} 高于 ${show(most)}`),
    };
  if (!isZero(step) && !isZero(subtract(value, floorToStep(value, step)))) {
    return {
      filter,
      ok: false,
      detail: say(`${show(value)} is no multiple of ${show(step)}`, `${show(value)} 不是 ${show(step)} 的整数倍`),
    };
  }
  return { filter, ok: true, detail: say(`${show(value)} fits`, `${show(value)} 符合`) };
}

/** The multiple of the step that is nearest to the value and inside the filter's bounds. */
export function nearest(
  filter: Row | undefined,
  value: Decimal,
  names: { least: string; most: string; step: string },
): Decimal {
  const step = field(filter, names.step);
  const low = floorToStep(value, step);
  const up = subtract(low, { units: -step.units, scale: step.scale });
  const closer = compare(subtract(value, low), subtract(up, value)) <= 0 ? low : up;
  const bounded = maximum(closer, field(filter, names.least));
  const most = field(filter, names.most);
  return isZero(most) ? bounded : minimum(bounded, most);
}

/** a as percent of b, four digits. */
export function percent(a: Decimal, b: Decimal): Decimal {
  return isZero(b) ? zero : divide(multiply(a, { units: 100n, scale: 0 }), b, 4);
}

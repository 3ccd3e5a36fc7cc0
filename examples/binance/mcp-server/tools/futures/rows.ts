/** Orders and conditional orders in one shape, whichever service of the exchange they come from. */
import { decimalOr, isZero, show, zero } from '../../decimal.ts';
import { type Row, textOf } from '../../exchange/rows.ts';
import type { Say } from '../../language.ts';

/** An order of /order, with `quantity` and every decimal as the exchange wrote it. */
export function orderRow(order: Row): Row {
  return { ...order, quantity: textOf(order, 'origQty'), kind: 'order' };
}

/** A conditional order of the algo service under the names that orders have. */
export function algoRow(algo: Row): Row {
  return {
    ...algo,
    kind: 'conditional',
    type: textOf(algo, 'orderType'),
    status: textOf(algo, 'algoStatus'),
    stopPrice: textOf(algo, 'triggerPrice'),
    time: algo['createTime'] ?? 0,
  };
}

/** One line per order for people. */
export function orderLine(row: Row, say: Say): string {
  const id = row['kind'] === 'conditional' ? `algo ${textOf(row, 'algoId')}` : textOf(row, 'orderId');
  const price = amount(row, 'price');
  const stop = amount(row, 'stopPrice');
  const executed = amount(row, 'executedQty');
  return [
    id,
    textOf(row, 'symbol'),
    textOf(row, 'side'),
    textOf(row, 'type'),
    show(decimalOr(row['quantity'], zero)),
    price === '' ? '' : `@ ${price}`,
    stop === '' ? '' : `${say('trigger', '触发')} ${stop}`,
    textOf(row, 'status'),
    executed === '' ? '' : `${say('filled', '已成交')} ${executed}`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** The amount without needless zeros; empty where it is absent or zero. */
function amount(row: Row, field: string): string {
  const value = decimalOr(row[field], zero);
  return isZero(value) ? '' : show(value);
}

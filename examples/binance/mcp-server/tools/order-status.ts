/** What the states of an order mean to a cancel. A state that is in neither list is one that this server does not know. */
import { type Row, unreadable } from '../exchange/rows.ts';

const openStates: ReadonlySet<unknown> = new Set(['NEW', 'PARTIALLY_FILLED', 'PENDING_NEW']);
const finalStates: ReadonlySet<unknown> = new Set(['FILLED', 'CANCELED', 'EXPIRED', 'EXPIRED_IN_MATCH', 'REJECTED']);

export function isOpen(order: Row): boolean {
  return openStates.has(order['status']);
}

/** Never changes any more. */
export function isFinal(order: Row): boolean {
  return finalStates.has(order['status']);
}

/** The row, when it is about one order in a state. @throws ExchangeFault when it is not */
export function orderIn(row: Row): Row {
  if (typeof row['status'] !== 'string' || row['status'] === '') throw unreadable('it names no state of an order');
  return row;
}

/**
 * The reply to a cancel, when it says that this order is cancelled.
 * @throws ExchangeFault `unknown` when it says anything else: an answer of 200 alone is not a cancelled order
 */
export function cancelledIn(reply: Row, order: Row): Row {
  if (reply['status'] !== 'CANCELED') throw unreadable('it does not say that the order is cancelled');
  if (reply['orderId'] !== order['orderId']) throw unreadable('it is about another order');
  return reply;
}

/** The reply to a new order, when it names the order. @throws ExchangeFault `unknown` when it does not */
export function placedIn(reply: Row, id: 'orderId' | 'algoId'): Row {
  if (typeof reply[id] !== 'string' || reply[id] === '') throw unreadable('it names no order');
  return reply;
}

/** One table row per refusal: what the caller did, and what it must be told. */

import { expect } from 'vitest';
import { Desk, type Values } from './harness.ts';

/** A desk whose price stands at 50,000; one row's preparation changes it. */
export function desk(prepare?: (made: Desk) => void): Desk {
  const made = new Desk();
  made.price('50000');
  prepare?.(made);
  return made;
}

export const futures: Values = {
  symbol: 'BTCUSDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: '0.010',
  price: '45000',
};
export const spot: Values = {
  symbol: 'BTCUSDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: '0.01',
  price: '45000',
};
export const algo: Values = {
  symbol: 'BTCUSDT',
  side: 'SELL',
  algoType: 'CONDITIONAL',
  type: 'STOP_MARKET',
  quantity: '0.010',
  triggerPrice: '45000',
};
export const market: Values = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.010' };

export const hedge = (made: Desk): void =>
  void made.ok('POST', '/fapi/v1/positionSide/dual', { dualSidePosition: true });
export const long = (made: Desk): void => void made.ok('POST', '/fapi/v1/order', market);
export const resting = (made: Desk): void =>
  void made.ok('POST', '/fapi/v1/order', { ...futures, newClientOrderId: 'rests' });
export const isolated = (made: Desk): void =>
  void made.ok('POST', '/fapi/v1/marginType', { symbol: 'BTCUSDT', marginType: 'ISOLATED' });

export type Row = [
  what: string,
  method: string,
  path: string,
  values: Values,
  code: number,
  message: RegExp,
  prepare?: (made: Desk) => void,
];

/** Makes the call and expects the refusal: HTTP 400, code and reason, and an account that is as it was. */
export function expectRefusal([_what, method, path, values, code, message, prepare]: Row): void {
  const made = desk(prepare);
  const look = (): string =>
    JSON.stringify([
      made.balances(),
      made.ok('GET', '/fapi/v1/openOrders'),
      made.ok('GET', '/api/v3/account'),
      made.ok('GET', '/api/v3/openOrders'),
    ]);
  const before = look();
  const answer = made.call(method, path, values);
  const { code: shown, msg } = answer.body as { code: number; msg: string };
  expect([answer.status, shown]).toEqual([400, code]);
  expect(msg).toMatch(message);
  expect(look()).toBe(before);
}

/** Several orders in one futures call: each has its own answer, and a refusal is an answer too. */

import { Refusal, refuse } from '../engine/refusal.ts';
import type { Json } from './json.ts';
import { invalid, Params, plainText } from './params.ts';
import { type AccountCall, change, type Route } from './route.ts';

const BATCH_ORDERS_MAX = 5;
const BATCH_CANCELS_MAX = 10;

type Single = (call: AccountCall) => Json;

export function batchRoutes({
  place,
  modify,
  cancel,
}: Record<'place' | 'modify' | 'cancel', Single>): readonly Route[] {
  const path = '/fapi/v1/batchOrders';
  const count = (params: Params): number => batchOrders(params).length;
  return [
    change(
      'POST',
      path,
      5,
      (call) => batchOrders(call.params).map((params) => inline(place, call.with(params))),
      count,
    ),
    change(
      'PUT',
      path,
      5,
      (call) => batchOrders(call.params).map((params) => inline(modify, call.with(params))),
      count,
    ),
    change('DELETE', path, 1, (call) => batchCancels(call.params).map((params) => inline(cancel, call.with(params)))),
  ];
}

function inline(single: Single, call: AccountCall): Json {
  try {
    return single(call);
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, msg: error.message };
    throw error;
  }
}

/** The orders of `batchOrders`, each as its own parameters. */
function batchOrders(params: Params): Params[] {
  const list = readList(params, 'batchOrders');
  if (list.length === 0 || list.length > BATCH_ORDERS_MAX) throw refuse(-4082);
  return list.map((item) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) throw invalid('batchOrders');
    return new Params(Object.entries(item).map(([name, value]) => [name, plain(value)]));
  });
}

function plain(value: unknown): string {
  if (typeof value === 'object') throw invalid('batchOrders');
  return plainText(value);
}

function readList(params: Params, name: string): readonly unknown[] {
  const text = params.required(name);
  let value: unknown;
  try {
    // Ids may be larger than 2^53: digits become strings before they are read as numbers.
    value = JSON.parse(text.replace(/([[,:]\s*)(\d{16,})(?=\s*[\],}])/g, '$1"$2"'));
  } catch {
    throw invalid(name);
  }
  if (!Array.isArray(value)) throw invalid(name);
  return value as readonly unknown[];
}

/** The cancels of `orderIdList` or `origClientOrderIdList`, as documented or as ccxt spells them. */
function batchCancels(params: Params): Params[] {
  const name = params.spelled('orderIdList', 'orderidlist', 'origClientOrderIdList', 'origclientorderidlist');
  if (!params.has(name))
    throw new Refusal(-1102, "Param 'origClientOrderIdList' or 'orderIdList' must be sent, but both were empty/null!");
  const list = readList(params, name);
  if (list.length === 0 || list.length > BATCH_CANCELS_MAX) throw refuse(-4083);
  const symbol = params.required('symbol');
  const idName = /^orderIdList$/i.test(name) ? 'orderId' : 'origClientOrderId';
  return list.map(
    (id) =>
      new Params([
        ['symbol', symbol],
        [idName, plain(id)],
      ]),
  );
}

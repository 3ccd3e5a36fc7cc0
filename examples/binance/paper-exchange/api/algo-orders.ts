/** Conditional orders: /fapi/v1/algoOrder and friends, and the same under /papi/v1/um/algo and its older alias. */

import { cancelAlgo, cancelAllAlgos, findAlgo, placeAlgo } from '../engine/algo.ts';
import { Refusal, refuse } from '../engine/refusal.ts';
import type { AlgoOrder } from '../engine/state.ts';
import { byId, page, weekWindow } from './history.ts';
import type { Fields, Json } from './json.ts';
import { readAlgo } from './order-request.ts';
import { type AccountCall, bySymbol, change, one, type Route, read } from './route.ts';
import { algoRow, strategyRow } from './shapes.ts';

/** The routes of a family under its own names, and how it answers. */
function algoFamily(
  prefix: string,
  names: Readonly<Record<'order' | 'ask' | 'open' | 'all' | 'clear', string>>,
  weights: { readonly place: number; readonly all: Route['weight'] },
  row: (algo: AlgoOrder) => Fields,
  cancelled: (algo: AlgoOrder) => Json,
  cleared: Json,
): readonly Route[] {
  return [
    change('POST', prefix + names.order, weights.place, (call) => row(place(call)), one),
    read(prefix + names.ask, 1, (call) => row(known(lookUp(call)))),
    change('DELETE', prefix + names.order, 1, (call) => cancelled(cancelAlgo(lookUp(call)))),
    read(prefix + names.open, bySymbol(1, 40), (call) => openAlgos(call).map(row)),
    read(prefix + names.all, weights.all, (call) => allAlgos(call).map(row)),
    change('DELETE', prefix + names.clear, 1, ({ account, perpetual }) => {
      cancelAllAlgos(account, perpetual);
      return cleared;
    }),
  ];
}

export const algoRoutes: readonly Route[] = [
  ...algoFamily(
    '/fapi/v1/',
    { order: 'algoOrder', ask: 'algoOrder', open: 'openAlgoOrders', all: 'allAlgoOrders', clear: 'algoOpenOrders' },
    { place: 0, all: 5 },
    algoRow,
    ({ id, clientId }) => ({ algoId: id, clientAlgoId: clientId, code: '200', msg: 'success' }),
    { code: 200, msg: 'The operation of cancel all open order is done.' },
  ),
  ...algoFamily(
    '/papi/v1/um/algo/',
    { order: 'order', ask: 'algoOrder', open: 'openAlgoOrders', all: 'allAlgoOrders', clear: 'allOpenOrders' },
    { place: 1, all: 5 },
    algoRow,
    () => ({ complete: true }),
    { complete: true },
  ),
  // The names clients knew before; the ids are called strategies there.
  ...algoFamily(
    '/papi/v1/um/conditional/',
    { order: 'order', ask: 'orderHistory', open: 'openOrders', all: 'allOrders', clear: 'allOpenOrders' },
    { place: 1, all: bySymbol(1, 40) },
    strategyRow,
    strategyRow,
    { code: '200', msg: 'The operation of cancel all conditional open order is done.' },
  ),
  read('/papi/v1/um/conditional/openOrder', 1, (call) => {
    const algo = known(lookUp(call));
    if (algo.status !== 'NEW') throw refuse(-2013);
    return strategyRow(algo);
  }),
];

const place = ({ params, account, perpetual }: AccountCall): AlgoOrder =>
  placeAlgo(account, perpetual, readAlgo(perpetual, params, account.kind));

function lookUp({ account, params }: AccountCall): AlgoOrder | null {
  const algoId = params.id(params.spelled('algoId', 'strategyId'));
  const clientId = params.text(params.spelled('clientAlgoId', 'newClientStrategyId'));
  if (algoId === null && clientId === null)
    throw new Refusal(-1102, "Param 'algoId' or 'clientAlgoId' must be sent, but both were empty/null!");
  return findAlgo(account, algoId, clientId);
}

function known(algo: AlgoOrder | null): AlgoOrder {
  if (algo === null) throw refuse(-2013);
  return algo;
}

function openAlgos({ params, account, perpetuals }: AccountCall): AlgoOrder[] {
  const algoId = params.id('algoId');
  const wanted = ({ market, id }: AlgoOrder): boolean => perpetuals.includes(market) && (algoId ?? id) === id;
  return [...account.algoOpen.values()].filter(wanted);
}

function allAlgos(call: AccountCall): AlgoOrder[] {
  const { account, perpetuals } = call;
  const all = [...account.algoDone, ...account.algoOpen.values()].filter(({ market }) => perpetuals.includes(market));
  const time = (algo: AlgoOrder): number => algo.createTime;
  return page(call, all.sort(byId), { from: ['algoId', 'strategyId'], time, window: weekWindow });
}

/** Conditional orders: /fapi/v1/algoOrder and friends, and the same under /papi/v1/um/algo and its older alias. */

import { cancelAlgo, cancelAllAlgos, findAlgo, placeAlgo } from '../engine/algo.ts';
import { Refusal, refuse } from '../engine/refusal.ts';
import type { AlgoOrder } from '../engine/state.ts';
import { byOrderId, page, weekWindow } from './history.ts';
import type { Fields, Json } from './json.ts';
import { readAlgo } from './order-request.ts';
import { type AccountCall, bySymbol, change, one, type Route, read } from './route.ts';
import { algoRow, strategyRow } from './shapes.ts';

/** Where a family of routes keeps conditional orders, and how it answers. */
interface Names {
  readonly order: string;
  readonly ask: string;
  readonly open: string;
  readonly all: string;
  readonly cancelAll: string;
  readonly placeWeight: number;
  readonly allWeight: Route['weight'];
  readonly row: (algo: AlgoOrder) => Fields;
  readonly cancelled: (algo: AlgoOrder) => Json;
  readonly allCancelled: Json;
}

const FAMILIES: readonly Names[] = [
  {
    order: '/fapi/v1/algoOrder',
    ask: '/fapi/v1/algoOrder',
    open: '/fapi/v1/openAlgoOrders',
    all: '/fapi/v1/allAlgoOrders',
    cancelAll: '/fapi/v1/algoOpenOrders',
    placeWeight: 0,
    allWeight: 5,
    row: algoRow,
    cancelled: ({ id, clientId }) => ({ algoId: id, clientAlgoId: clientId, code: '200', msg: 'success' }),
    allCancelled: { code: 200, msg: 'The operation of cancel all open order is done.' },
  },
  {
    order: '/papi/v1/um/algo/order',
    ask: '/papi/v1/um/algo/algoOrder',
    open: '/papi/v1/um/algo/openAlgoOrders',
    all: '/papi/v1/um/algo/allAlgoOrders',
    cancelAll: '/papi/v1/um/algo/allOpenOrders',
    placeWeight: 1,
    allWeight: 5,
    row: algoRow,
    cancelled: () => ({ complete: true }),
    allCancelled: { complete: true },
  },
  // The names clients knew before; the ids are called strategies there.
  {
    order: '/papi/v1/um/conditional/order',
    ask: '/papi/v1/um/conditional/orderHistory',
    open: '/papi/v1/um/conditional/openOrders',
    all: '/papi/v1/um/conditional/allOrders',
    cancelAll: '/papi/v1/um/conditional/allOpenOrders',
    placeWeight: 1,
    allWeight: bySymbol(1, 40),
    row: strategyRow,
    cancelled: strategyRow,
    allCancelled: { code: '200', msg: 'The operation of cancel all conditional open order is done.' },
  },
];

export const algoRoutes: readonly Route[] = [
  ...FAMILIES.flatMap((names) => [
    change('POST', names.order, names.placeWeight, (call) => names.row(place(call)), one),
    read(names.ask, 1, (call) => names.row(known(lookUp(call)))),
    change('DELETE', names.order, 1, (call) => names.cancelled(cancelAlgo(lookUp(call)))),
    read(names.open, bySymbol(1, 40), (call) => openAlgos(call).map(names.row)),
    read(names.all, names.allWeight, (call) => allAlgos(call).map(names.row)),
    change('DELETE', names.cancelAll, 1, ({ account, perpetual }) => {
      cancelAllAlgos(account, perpetual);
      return names.allCancelled;
    }),
  ]),
  read('/papi/v1/um/conditional/openOrder', 1, (call) => {
    const algo = known(lookUp(call));
    if (algo.status !== 'NEW') throw refuse(-2013);
    return strategyRow(algo);
  }),
];

const place = ({ params, account, perpetual }: AccountCall): AlgoOrder =>
  placeAlgo(account, perpetual, readAlgo(perpetual, params, account.kind === 'classic' ? 36 : 32));

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
  return [...account.algoOpen.values()].filter(
    (algo) => perpetuals.includes(algo.market) && (algoId === null || algo.id === algoId),
  );
}

function allAlgos(call: AccountCall): AlgoOrder[] {
  const { account, perpetuals } = call;
  const all = [...account.algoDone, ...account.algoOpen.values()].filter((algo) => perpetuals.includes(algo.market));
  const time = (algo: AlgoOrder): number => algo.createTime;
  const id = (algo: AlgoOrder): bigint => algo.id;
  return page(call, all.sort(byOrderId), { from: ['algoId', 'strategyId'], id, time, window: weekWindow });
}

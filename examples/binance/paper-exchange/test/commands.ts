/** Random command sequences: what users and operators may do to the exchange, good and bad, as data. */

import fc from 'fast-check';
import { decode, encode, fromData, toData, type VenueData } from '../store/snapshot.ts';
import type { Answer, Desk, Values } from './harness.ts';

export type Command =
  | { kind: 'call'; who: number; method: 'GET' | 'POST' | 'PUT' | 'DELETE'; path: string; values: Values }
  | { kind: 'cancel' | 'modify'; who: number; pick: number; price: string; quantity: string }
  | { kind: 'paper'; name: string; values: Values }
  | { kind: 'fill'; pick: number; part: number }
  | { kind: 'restart' };

const who = fc.integer({ min: 0, max: 1 });
const side = fc.constantFrom('BUY', 'SELL');
/** A leg for either mode: `run` takes the half that fits the account, but for a wrong one now and then. */
const positionSide = fc.constantFrom(
  'BOTH/LONG',
  'BOTH/SHORT',
  'BOTH/LONG',
  'BOTH/SHORT',
  'BOTH/LONG',
  'BOTH/SHORT',
  'BOTH/BOTH',
  'LONG/LONG',
);
const quantity = fc
  .oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 3_000 }))
  .map((lots) => (lots / 1000).toFixed(3));
/** Around the start, close enough for orders to meet. */
const price = fc
  .oneof(fc.integer({ min: 4_980, max: 5_020 }), fc.integer({ min: 4_600, max: 5_400 }))
  .map((tens) => `${tens}0`);
const stp = fc.constantFrom(undefined, undefined, 'NONE', 'EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH');
const reduceOnly = fc.constantFrom(undefined, undefined, undefined, undefined, undefined, undefined, 'true', 'false');

const limit = fc
  .record({
    side,
    positionSide,
    quantity,
    price,
    timeInForce: fc.constantFrom('GTC', 'GTC', 'GTC', 'IOC', 'FOK', 'GTX'),
    reduceOnly,
    selfTradePreventionMode: stp,
  })
  .map((values) => ({ ...values, type: 'LIMIT' }));
const market = fc.record({ side, positionSide, quantity, reduceOnly }).map((values) => ({ ...values, type: 'MARKET' }));
const futuresOrder = fc.tuple(who, fc.oneof(limit, limit, market)).map(
  ([at, values]): Command => ({
    kind: 'call',
    who: at,
    method: 'POST',
    path: '/fapi/v1/order',
    values: { symbol: 'BTCUSDT', ...values },
  }),
);

const algoOrder = fc
  .tuple(
    who,
    fc.record({
      side,
      positionSide,
      type: fc.constantFrom('STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'),
      quantity,
      triggerPrice: price,
      price,
      workingType: fc.constantFrom(undefined, 'MARK_PRICE', 'CONTRACT_PRICE'),
      closePosition: fc.constantFrom(undefined, undefined, 'true'),
      reduceOnly,
    }),
  )
  .map(([at, { closePosition, ...values }]): Command => {
    const limited = values.type === 'STOP' || values.type === 'TAKE_PROFIT';
    const trailing = values.type === 'TRAILING_STOP_MARKET';
    const closes = closePosition !== undefined && values.type.endsWith('_MARKET') && !trailing;
    const fitting = {
      ...values,
      price: limited ? values.price : undefined,
      triggerPrice: trailing ? undefined : values.triggerPrice,
      callbackRate: trailing ? '1' : undefined,
      quantity: closes ? undefined : values.quantity,
      reduceOnly: closes ? undefined : values.reduceOnly,
      closePosition: closes ? closePosition : undefined,
    };
    return {
      kind: 'call',
      who: at,
      method: 'POST',
      path: '/fapi/v1/algoOrder',
      values: { symbol: 'BTCUSDT', algoType: 'CONDITIONAL', ...fitting },
    };
  });

const spotQuantity = fc.integer({ min: 1, max: 5_000 }).map((lots) => (lots / 10_000).toFixed(5));
const spotOrder = fc
  .tuple(
    who,
    side,
    fc.constantFrom('LIMIT', 'LIMIT', 'MARKET', 'LIMIT_MAKER', 'STOP_LOSS', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT', 'QUOTE'),
    spotQuantity,
    price,
    price,
    fc.constantFrom('GTC', 'IOC', 'FOK'),
  )
  .map(([at, aSide, type, size, limitPrice, stopPrice, timeInForce]): Command => {
    const values: Record<string, string> = { symbol: 'BTCUSDT', side: aSide, type: type === 'QUOTE' ? 'MARKET' : type };
    if (type === 'QUOTE') values['quoteOrderQty'] = (Number(size) * 20_000).toFixed(2);
    else values['quantity'] = size;
    if (type.includes('LIMIT')) values['price'] = limitPrice;
    if (type.startsWith('STOP') || type.startsWith('TAKE')) values['stopPrice'] = stopPrice;
    if (type === 'LIMIT' || type.endsWith('_LIMIT')) values['timeInForce'] = timeInForce;
    return { kind: 'call', who: at, method: 'POST', path: '/api/v3/order', values };
  });

const setting = fc
  .tuple(
    who,
    fc.oneof(
      fc
        .constantFrom(1, 5, 10, 20, 50, 125)
        .map((leverage) => ['/fapi/v1/leverage', { symbol: 'BTCUSDT', leverage }] as const),
      fc
        .constantFrom('ISOLATED', 'CROSSED')
        .map((marginType) => ['/fapi/v1/marginType', { symbol: 'BTCUSDT', marginType }] as const),
      fc.boolean().map((dualSidePosition) => ['/fapi/v1/positionSide/dual', { dualSidePosition }] as const),
      fc
        .tuple(fc.integer({ min: 1, max: 500 }), fc.constantFrom('1', '2'), positionSide)
        .map(
          ([amount, type, aSide]) =>
            ['/fapi/v1/positionMargin', { symbol: 'BTCUSDT', amount, type, positionSide: aSide }] as const,
        ),
      fc
        .constantFrom(0, 1_000, 20_000)
        .map((countdownTime) => ['/fapi/v1/countdownCancelAll', { symbol: 'BTCUSDT', countdownTime }] as const),
    ),
  )
  .map(([at, [path, values]]): Command => ({ kind: 'call', who: at, method: 'POST', path, values }));

const cancelAll = fc
  .tuple(who, fc.constantFrom('/fapi/v1/allOpenOrders', '/fapi/v1/algoOpenOrders', '/api/v3/openOrders'))
  .map(([at, path]): Command => ({ kind: 'call', who: at, method: 'DELETE', path, values: { symbol: 'BTCUSDT' } }));

const one = fc.record({
  kind: fc.constantFrom('cancel' as const, 'cancel' as const, 'modify' as const),
  who,
  pick: fc.nat(50),
  price,
  quantity,
});

const operator = fc.oneof(
  fc
    .integer({ min: 4_700, max: 5_300 })
    .map((tens): Command => ({ kind: 'paper', name: 'price', values: { symbol: 'BTCUSDT', price: `${tens}0` } })),
  fc
    .integer({ min: 250, max: 800 })
    .map(
      (hundreds): Command => ({ kind: 'paper', name: 'price', values: { symbol: 'BTCUSDT', price: `${hundreds}00` } }),
    ),
  fc
    .constantFrom(500, 1_000, 7_000, 60_000, 8 * 3_600_000)
    .map((ms): Command => ({ kind: 'paper', name: 'clock', values: { advance: ms } })),
  fc
    .constantFrom('0.0001', '0.003', '0.007')
    .map((rate): Command => ({ kind: 'paper', name: 'funding', values: { symbol: 'BTCUSDT', rate, settle: true } })),
  fc.constant<Command>({ kind: 'paper', name: 'price', values: { symbol: 'BTCUSDT', clear: true } }),
  fc.record({ kind: fc.constant('fill' as const), pick: fc.nat(50), part: fc.integer({ min: 1, max: 4 }) }),
);

export const commands = (most: number): fc.Arbitrary<Command[]> =>
  fc.array(
    fc.oneof(
      { arbitrary: futuresOrder, weight: 10 },
      { arbitrary: spotOrder, weight: 4 },
      { arbitrary: algoOrder, weight: 3 },
      { arbitrary: one, weight: 4 },
      { arbitrary: cancelAll, weight: 1 },
      { arbitrary: setting, weight: 2 },
      { arbitrary: operator, weight: 4 },
      { arbitrary: fc.constant<Command>({ kind: 'restart' }), weight: 1 },
    ),
    { minLength: Math.floor(most / 2), maxLength: most, size: 'max' },
  );

/** Runs one command. A refusal is an answer; anything thrown is a fault of the exchange. */
export function run(desk: Desk, command: Command): Answer | null {
  const accounts = [...desk.venue.accounts.values()];
  switch (command.kind) {
    case 'call':
      return desk.call(
        command.method,
        command.path,
        fitted(command.values, accounts[command.who]?.dualSide ?? false),
        accounts[command.who],
      );
    case 'cancel':
    case 'modify': {
      const account = accounts[command.who];
      const open = [...(account?.holdings.get('BTCUSDT')?.open ?? [])];
      const order = open[command.pick % Math.max(1, open.length)];
      if (order === undefined) return null;
      const named = { symbol: 'BTCUSDT', orderId: order.id.toString() };
      if (command.kind === 'cancel') return desk.call('DELETE', '/fapi/v1/order', named, account);
      return desk.call(
        'PUT',
        '/fapi/v1/order',
        { ...named, side: order.side, price: command.price, quantity: command.quantity },
        account,
      );
    }
    case 'paper':
      tolerate(() => desk.paper(command.name, command.values));
      return null;
    case 'fill': {
      const open = [...desk.venue.orders.values()].filter((order) => order.level !== null);
      const order = open[command.pick % Math.max(1, open.length)];
      if (order === undefined) return null;
      const { step } = order.market.spec;
      const part = ((order.quantity - order.executed) / BigInt(command.part) / step) * step;
      const text = part.toString().padStart(9, '0');
      if (part > 0n) tolerate(() => desk.fill(order.id.toString(), `${text.slice(0, -8)}.${text.slice(-8)}`));
      return null;
    }
    case 'restart':
      desk.exchange.replaceVenue(fromData(decode(encode(toData(desk.venue))) as VenueData));
      return null;
  }
}

/** The leg that fits the account's position mode. */
function fitted(values: Values, dualSide: boolean): Values {
  const [oneWay, hedge] = String(values['positionSide'] ?? '').split('/');
  return hedge === undefined ? values : { ...values, positionSide: dualSide ? hedge : oneWay };
}

function tolerate(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'Refusal') throw error;
  }
}

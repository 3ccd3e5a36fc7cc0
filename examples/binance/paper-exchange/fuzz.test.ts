import fc from 'fast-check';
import { expect, it } from 'vitest';
import { control } from './api/control.ts';
import { Params } from './api/params.ts';
import { Refusal } from './engine/refusal.ts';
import { Desk } from './test/harness.ts';
import { conserved } from './test/invariants.ts';

/** Values a careless or hostile caller sends, next to ones that are nearly right. */
const nasty = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '-1',
    '1',
    'NaN',
    'Infinity',
    '-Infinity',
    '1e309',
    '1e-9',
    '0x10',
    '9'.repeat(400),
    '9007199254740993',
    '-0',
    '00.1',
    '.5',
    '5.',
    '1,5',
    'null',
    'undefined',
    'true',
    'false',
  ),
  fc.constantFrom(
    "' OR 1=1 --",
    '<script>',
    '../../etc/passwd',
    '%00',
    '\u0000',
    '\u202e',
    '𝔹𝕋ℂ',
    '__proto__',
    'constructor',
    '{"a":1}',
    '[1,2',
    '[]',
    '[{}]',
    '[[1]]',
    '["__proto__"]',
    '["BTCUSDT"]',
  ),
  fc.constantFrom(
    'BTCUSDT',
    'ETHUSDT',
    'BUY',
    'SELL',
    'LIMIT',
    'MARKET',
    'GTC',
    'IOC',
    'GTX',
    'GTD',
    'STOP_MARKET',
    'BOTH',
    'LONG',
    '0.001',
    '0.010',
    '45000',
    '55000',
    '1m',
    '1h',
    '1M',
    'ISOLATED',
    'CROSSED',
    '20',
    '1000000001',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.double().map(String),
  fc.bigInt().map(String),
);

const NAMES = [
  'symbol',
  'symbols',
  'side',
  'type',
  'timeInForce',
  'quantity',
  'quoteOrderQty',
  'price',
  'stopPrice',
  'triggerPrice',
  'positionSide',
  'reduceOnly',
  'closePosition',
  'orderId',
  'origClientOrderId',
  'newClientOrderId',
  'algoId',
  'clientAlgoId',
  'algoType',
  'callbackRate',
  'activatePrice',
  'workingType',
  'priceProtect',
  'priceMatch',
  'goodTillDate',
  'leverage',
  'marginType',
  'dualSidePosition',
  'amount',
  'limit',
  'startTime',
  'endTime',
  'fromId',
  'interval',
  'incomeType',
  'batchOrders',
  'orderIdList',
  'countdownTime',
  'recvWindow',
  'newOrderRespType',
  'selfTradePreventionMode',
  'omitZeroBalances',
  'asset',
] as const;

const call = fc.record({
  route: fc.nat(),
  who: fc.nat(1),
  values: fc.dictionary(fc.constantFrom(...NAMES), nasty, { maxKeys: 12, size: 'max' }),
  likely: fc.boolean(),
});

/** Enough of the right parameters for the wrong ones to get past the first check. */
const LIKELY = {
  symbol: 'BTCUSDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: '0.010',
  price: '45000',
  interval: '1h',
};

it('random calls of every route never break the exchange, and no money is lost', () => {
  const desk = new Desk();
  desk.open('portfolio');
  const routes = [...desk.exchange.routes.values()];
  const answered = new Set<number>();
  fc.assert(
    fc.property(fc.array(call, { minLength: 50, maxLength: 50 }), (calls) => {
      for (const { route: at, who, values, likely } of calls) {
        const route = routes[at % routes.length];
        const account = [...desk.venue.accounts.values()][who];
        if (route === undefined) continue;
        const answer = desk.call(route.method, route.path, likely ? { ...LIKELY, ...values } : values, account);
        answered.add(answer.status);
        expect(answer.status).toBeLessThan(500);
        if (answer.status !== 200)
          expect(answer.body).toEqual({ code: expect.any(Number), msg: expect.stringMatching(/\S/) });
      }
      conserved(desk);
    }),
    { numRuns: 120 },
  );
  expect(answered).toEqual(new Set([200, 400, 401]));
});

it('random control calls are answered or refused', () => {
  const desk = new Desk();
  const names = ['price', 'fill', 'deposit', 'funding', 'filters', 'ids', 'accounts', 'settings', 'faults', 'restore'];
  const control1 = fc.record({
    name: fc.constantFrom(...names),
    values: fc.dictionary(
      fc.constantFrom(
        'symbol',
        'price',
        'mark',
        'points',
        'clear',
        'orderId',
        'quantity',
        'key',
        'wallet',
        'asset',
        'amount',
        'rate',
        'settle',
        'market',
        'minNotional',
        'nextOrderId',
        'kind',
        'strict',
        'limits',
        'path',
        'times',
        'status',
        'snapshot',
      ),
      nasty,
    ),
  });
  fc.assert(
    fc.property(control1, ({ name, values }) => {
      try {
        control(desk.exchange, {
          method: 'POST',
          path: `/paper/v1/${name}`,
          params: new Params(new Map(Object.entries(values))),
        });
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal);
      }
      desk.exchange.faults.clear();
      conserved(desk);
    }),
    { numRuns: 2_000 },
  );
});

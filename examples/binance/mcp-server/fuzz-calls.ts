/** Draws the calls of the fuzzer: some sensible, some with one thing wrong, some nonsense altogether. */

export interface FuzzTool {
  readonly name: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly required: readonly string[];
}

/** A whole number from 0 to below `below`. */
export type Draw = (below: number) => number;

/** mulberry32: small, good enough, and the same calls for the same seed. */
export function generator(seed: number): Draw {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const hostile: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  0.1,
  1e-300,
  1e21,
  1e308,
  2 ** 53,
  2 ** 53 + 2,
  -(2 ** 63),
  'NaN',
  'Infinity',
  '-Infinity',
  'undefined',
  'null',
  '',
  ' ',
  '0',
  '-0.000',
  '1e5',
  '0x10',
  '1_000',
  '٠١٢',
  '１２３',
  '0.1.2',
  '9'.repeat(400),
  `0.${'0'.repeat(300)}1`,
  'BTCUSDT ',
  'btcusdt',
  'BTC/USDT',
  'BTCUSDT&side=SELL',
  'BTCUSDT\u0000',
  'BTCUSDT\n',
  'ＢＴＣＵＳＤＴ',
  '比特币',
  '🚀',
  '\ud800',
  '‮TDSUCTB',
  '../../etc/passwd',
  "'; DROP TABLE orders; --",
  '<script>alert(1)</script>',
  '{{7*7}}',
  '${jndi:ldap://x}',
  '%00',
  '%0d%0aX-MBX-APIKEY: x',
  'x'.repeat(10_000),
  '__proto__',
  'constructor',
  [],
  ['BTCUSDT'],
  {},
  { toString: 'x' },
  { $gt: 0 },
  [[[[[[]]]]]],
];

const extraKeys = [
  'force',
  'Symbol',
  'symbol ',
  '__proto__',
  'constructor',
  'recvWindow',
  'signature',
  'timestamp',
  'newClientOrderId',
  'side',
  'ｓｙｍｂｏｌ',
  '',
] as const;
const symbols = ['BTCUSDT', 'BTCUSDT', 'BTCUSDT', 'ETHUSDT', 'BNBUSDT', 'NOSUCHUSDT', 'BTCUSD_PERP'] as const;

function pick<T>(draw: Draw, list: readonly T[]): T {
  const found = list[draw(list.length)];
  if (found === undefined && list.length === 0) throw new Error('nothing to pick from');
  return found as T;
}

/**
 * @param ids ids of orders that the exchange has given out lately, so that cancels find something
 * @returns a tool of the list with arguments
 */
export function drawCall(
  draw: Draw,
  tools: readonly FuzzTool[],
  ids: readonly string[],
): { name: string; args: unknown } {
  const tool = pick(draw, tools);
  const nonsense = draw(40);
  if (nonsense === 0)
    return {
      name: tool.name,
      args: Object.fromEntries(Array.from({ length: draw(6) }, () => [pick(draw, extraKeys), pick(draw, hostile)])),
    };
  const args: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(tool.properties)) {
    const isWanted = tool.required.includes(name) ? draw(25) > 0 : draw(3) === 0;
    if (isWanted) define(args, name, draw(12) === 0 ? pick(draw, hostile) : sensible(draw, { name, schema, ids }));
  }
  if (draw(15) === 0) define(args, pick(draw, extraKeys), pick(draw, hostile));
  return { name: tool.name, args };
}

/** An own property even for `__proto__`, as JSON has it. */
function define(args: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(args, name, { value, enumerable: true, configurable: true, writable: true });
}

interface Argument {
  readonly name: string;
  readonly schema: unknown;
  readonly ids: readonly string[];
}

/** A value that the argument is meant to have, mostly. */
function sensible(draw: Draw, { name, schema, ids }: Argument): unknown {
  const choices = enumOf(schema);
  if (choices.length > 0) return pick(draw, choices);
  switch (name) {
    case 'symbol':
      return pick(draw, symbols);
    case 'quantity':
    case 'positionSize':
      return pick<unknown>(draw, ['0.001', 0.002, '0.01', '0.0005', '1', 3, '1000']);
    case 'quoteOrderQty':
    case 'riskAmount':
      return pick<unknown>(draw, ['10', 25.5, '100', '1000000']);
    case 'price':
    case 'stopPrice':
    case 'activatePrice':
    case 'entryPrice':
    case 'stopLossPrice':
      return pick<unknown>(draw, [
        '45000',
        44000.5,
        '49999.9',
        '50000',
        '50500.1',
        '55000',
        '60000',
        '2500',
        '45000.05',
        '0.01',
      ]);
    case 'callbackRate':
    case 'maxPriceImpact':
      return pick<unknown>(draw, ['0.1', 1, '5', '10', '11']);
    case 'orderId':
    case 'algoId':
    case 'fromId':
      return ids.length > 0 && draw(4) > 0
        ? pick(draw, ids)
        : pick<unknown>(draw, ['1', 1_000_000_001, '9223372036854775807']);
    case 'clientOrderId':
    case 'newClientOrderId':
      return `c-${draw(50)}`;
    case 'leverage':
      return 1 + draw(130);
    case 'limit':
      return 1 + draw(20);
    case 'holdHours':
      return 1 + draw(200);
    case 'startTime':
    case 'endTime':
      return Date.now() - draw(86_400_000);
    default:
      return draw(2) === 0;
  }
}

function enumOf(schema: unknown): readonly unknown[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const found: unknown = Reflect.get(schema, 'enum');
  return Array.isArray(found) ? found : [];
}

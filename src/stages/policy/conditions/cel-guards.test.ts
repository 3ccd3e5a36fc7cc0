import { celEnv, isCelError, parse, plan } from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { Environment } from '@marcbachmann/cel-js';
import { describe, expect, it } from 'vitest';
import { type JsonObject, toJson } from '../../../domain/json.ts';
import type { CallFacts } from '../../../domain/policy.ts';
import { Evaluation } from '../evaluation.ts';
import { compileExpression } from './cel.ts';
import { registerGuards } from './cel-guards.ts';

function run(text: string, args: object): unknown {
  const expression = compileExpression(text, false);
  if ('error' in expression) throw new Error(expression.error);
  const facts = { server: 's', tool: 't', arguments: toJson(args) as JsonObject, caller: {}, session: {}, now: 0 };
  return expression.run(new Evaluation(facts as unknown as CallFacts, []));
}

const reference = celEnv({ funcs: strings });

const inWords = (value: unknown): unknown => (typeof value === 'object' ? 'of another kind' : value);

describe('what an expression gives', () => {
  const numbers = [
    0,
    1,
    -1,
    0.5,
    -1.5,
    2.5,
    2 ** 53,
    9.3e18,
    -9.3e18,
    2 ** 63,
    -(2 ** 63),
    1e19,
    1e300,
    1e308,
    -1e308,
    5e-324,
  ];
  const texts = [
    '',
    '0',
    '1',
    '-1',
    '+1',
    '01',
    ' 1',
    '1.5',
    '1e3',
    '0x10',
    '0b11',
    '1_0',
    '.5',
    '5.',
    '1e',
    '1e999',
    '-1e999',
    'inf',
    '-inf',
    'Infinity',
    'NaN',
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775809',
    'a',
    'b',
    'true',
    'True',
    'yes',
    '😀',
    'a😀b',
    'İ',
    'KELVIN',
    'MiX',
    '2026-01-01T00:00:00Z',
    '2024-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T25:00:00Z',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:00.000',
    '2026-01-01 00:00:00Z',
    '2026-01-01T00:00:00+01:00',
    '2026-01-01T00:00:00+0100',
    'Jan 1 2026 00:00:00 GMT',
    '2026-01-01T00:00:00.123456789Z',
    '1999-12-31T23:59:59.5Z',
    's',
    '.s',
    '1s',
    '90m',
    '-1.5h',
    '2h45m',
    '1.5s',
    '-0.5s',
    '1us',
    '1ns',
    '1d',
    '1e3s',
    '999999999999s',
    `${'9'.repeat(300)}s`,
  ];
  const values: readonly unknown[] = [
    ...numbers,
    ...texts,
    true,
    null,
    [],
    [1],
    [1, 2],
    ['a'],
    {},
    { a: 1 },
    { '1': 2 },
  ];
  const early = 'timestamp("2026-01-01T00:00:00Z")';
  const late = 'timestamp("9999-12-31T23:59:59Z")';

  it.each([
    'int(args.a)',
    'double(args.a)',
    'bool(args.a)',
    'string(args.a)',
    'int(double(args.a))',
    'string(int(args.a))',
    'int(args.a) + int("9223372036854775807")',
    '-int(args.a)',
    'int(args.a) * 9223372036854775807',
    'args.a * args.a > 5.0',
    'args.a * args.a - args.a * args.a == 0.0',
    'args.a + args.a + 1.0 < 5.0',
    '-args.a > 5.0',
    '1.0 / args.a > 0.0',
    'double(args.a) - double(args.a) == 0.0',
    'args.a - 1.0 > 5.0',
    `timestamp(args.a) > ${early}`,
    `timestamp(args.a) - ${early} > duration("1s")`,
    `timestamp(args.a) == ${early}`,
    `${late} + duration(args.a) > ${early}`,
    `${early} - duration(args.a) < ${early}`,
    `${early} - timestamp(args.a) == ${early} - timestamp("1999-12-31T23:59:59.5Z")`,
    'duration(args.a) > duration("1s")',
    'duration(args.a) + duration("-0.25s") < duration("-0.5s")',
    'duration(args.a) - duration("0.75s") == duration("-1.25s")',
    'duration(args.a) + duration(args.a) > duration("0s")',
    'duration(args.a).getHours()',
    'duration(args.a).getMinutes()',
    'duration(args.a).getSeconds()',
    'timestamp(args.a).getHours()',
    'timestamp(args.a).getFullYear()',
    'timestamp(args.a).getDayOfWeek()',
    'args.a in {"1": true}',
    'args.a in {"a": true}',
    '{"1": 5}[args.a]',
    '{"a": 5}[args.a]',
    '[7, 8, 9][args.a]',
    'args.a[1]',
    'args.a["a"]',
    'args.a["a"] == 1.0',
    '1.0 in args.a',
    '"a" in args.a',
    'args.a in [1.0, 2.0, "a"]',
    'args.a.lowerAscii()',
    'args.a.upperAscii()',
    'args.a.substring(1)',
    'args.a.indexOf("b")',
    'args.a.split("")[0]',
  ])('is what the reference gives, or an error: %s', (text) => {
    let given = 0;
    for (const a of values) {
      let value: unknown;
      try {
        value = run(text, { a });
      } catch {
        continue;
      }
      const wanted = plan(reference, parse(text))({ args: { a } as never });
      expect([a, isCelError(wanted) ? wanted.message : inWords(wanted)]).toEqual([a, inWords(value)]);
      given++;
    }
    // A guard that lets nothing through would be no use.
    expect(given).toBeGreaterThan(0);
  });

  it.each<readonly [string, unknown, string]>([
    ['int(args.a) > 5', 1e300, '`int` cannot read it exactly'],
    ['int(args.a) > 5', 2 ** 63, '`int` cannot read it exactly'],
    ['int(args.a) == 0', '', '`int` cannot read it exactly'],
    ['double(args.a) > 1.0', 'inf', '`double` cannot read it exactly'],
    ['double(args.a) < 1.0', '1e999', 'a number is too large'],
    ['args.a * args.a - args.a * args.a > 0.0', 1e200, 'a number is too large'],
    ['args.a * 10 > 0.0', 1e308, 'a number is too large'],
    ['-9223372036854775808 / -1 > args.a', 0, 'an integer is too large'],
    ['-(-9223372036854775808) > args.a', 0, 'an integer is too large'],
    ['timestamp(args.a) > timestamp(0)', '2026-02-30T00:00:00Z', '`timestamp` cannot read it exactly'],
    ['timestamp(args.a) > timestamp(0)', '2026-02-29T00:00:00Z', '`timestamp` cannot read it exactly'],
    ['timestamp(args.a) > timestamp(0)', '2026-01-01T24:00:00Z', '`timestamp` cannot read it exactly'],
    ['timestamp(args.a) > timestamp(0)', '2026-01-01T00:00:00.0001Z', '`timestamp` cannot read it exactly'],
    ...[
      'Jan 1 2026 00:00:00 GMT',
      '2026-00-10T00:00:00Z',
      '2026-13-01T00:00:00Z',
      '2026-01-00T00:00:00Z',
      '2026-01-01T00:60:00Z',
      '2026-01-01T00:00:60Z',
      '2026-01-01T00:00:00+24:00',
      '2026-01-01T00:00:00-00:60',
    ].map((time) => ['timestamp(args.a) > timestamp(0)', time, '`timestamp` cannot read it exactly'] as const),
    ['timestamp("0001-01-01T00:00:00Z") - duration(args.a) < timestamp(0)', '1s', 'a timestamp is out of range'],
    ['duration(args.a) < duration("1s")', '-315576000001s', 'a duration is out of range'],
    ['duration(args.a) > duration("0s")', '1s0.5ms', '`duration` cannot read it exactly'],
    ['duration(args.a) > duration("0s")', '5.5ms', '`duration` cannot read it exactly'],
    ['duration(args.a) > duration("0s")', `${'0'.repeat(63)}1s`, '`duration` cannot read it exactly'],
    [`${late} + duration(args.a) < ${early}`, '300000000000s', 'a timestamp is out of range'],
    ['duration(args.a) > duration("1s")', '315576000001s', 'a duration is out of range'],
    ['duration(args.a) == duration("0s")', 's', '`duration` cannot read it exactly'],
    ['duration(args.a) > duration("0s")', '1us', '`duration` cannot read it exactly'],
    ['duration(args.a).getSeconds() == 0', '-0.5s', '`getSeconds` cannot read it exactly'],
    ['args.a in {"1": true}', 1, 'a key of a map is a text'],
    ['args.a in {"a": true}', ['a'], 'a key of a map is a text'],
    ['args.a in args', 1, 'a key of a map is a text'],
    ['args.a in args.a', { a: 1 }, 'a key of a map is a text'],
    ['1 in args.a', { '1': 1 }, 'a key of a map is a text'],
    ['"x" + args.a in (args.a == "a" ? args : args)', 'a', 'not a list'],
    ['args.a.key in (args.a.no ? "x" : args.a)', { key: 'key', no: false }, 'not a list'],
    ['args.a[1] == 1', { '1': 1 }, 'not a list'],
    ['[1][args.a] == 1', 0.5, 'no such element of a list'],
    ['[1][args.a] == 1', 1, 'no such element of a list'],
    ['[1][args.a] == 1', -1, 'no such element of a list'],
    ['{"x": 1}[args.a] == 1', 'toString', 'no such key'],
    ['{"a": true}[args.a]', ['a'], 'a key of a map is a text'],
    ['[1].exists(x, args.a[x] == 2)', { '1': 2 }, 'a key of a map is a text'],
    ['args.a[args.a] == 6', 'length', 'no such key'],
    ['args.a.of[args.a.key] == 1', { of: null, key: 'x' }, 'no such key'],
    ['args.a.substring(0, 1) == "a"', 'a😀', '`substring` cannot read it exactly'],
  ])('is an error where it would be wrong: %s of %j', (text, a, why) => {
    expect(() => run(text, { a })).toThrow(why);
  });

  it.each([
    ['double(args.a) == 1.0', true, 'found no matching overload'],
    ['duration(args.a) == duration("5s")', 5, 'found no matching overload'],
    ['args.a.indexOf("a") == 0', ['😀'], 'found no matching overload'],
    ['1 in args.a', '1', 'int in dyn<string>'],
    ['1 in args.a', null, 'int in dyn<null>'],
  ])('is the library’s own error where nothing would be taken for something else: %s of %j', (text, a, why) => {
    expect(() => run(text, { a })).toThrow(why);
  });

  it.each([
    [`${Array.from({ length: 300 }, () => 'args.n').join(' + ')} == 300.0`, true],
    [`args.deep${'[0]'.repeat(40)} == 1`, true],
    [`args.deep${'[args.zero]'.repeat(40)} == 1`, true],
    [
      'args.name in (args.n == 1 ? ["k"] : ["x"]) && args.name in {"j": 1, "k": {"l": 2}} && !(args.name in {}) && "k" in args.o',
      true,
    ],
    ['has(args.o.k) && args.o.l[0].n + 1 == 2.0 && args.o["k"] == "v"', true],
    ['args.o[args.name] == "v" && args.name in args.o && !("z" in args.o)', true],
    ['duration("-1.5s") + duration("0s") == duration("-1.5s")', true],
    ['timestamp("2026-01-01T00:00:00Z") - timestamp("1970-01-01T00:00:00.001Z") == duration("1767225599.999s")', true],
    ['timestamp("2024-02-29T23:59:59.120+01:30") < timestamp("2024-02-29T22:29:59.121Z")', true],
    ['int("007") == 7 && int(-1.9) == -1 && int("-9223372036854775808") < 0 && double("1.5e3") == 1500.0', true],
    ['1e19 + 1.0 > 1e18 && -9223372036854775807 - 1 == -9223372036854775808', true],
    ['int(int("-9223372036854775808")) < 0 && timestamp(0) == timestamp("1970-01-01T00:00:00Z")', true],
    ['timestamp("0001-01-01T00:00:01Z") - duration("1s") == timestamp("0001-01-01T00:00:00Z")', true],
    ['timestamp("9999-12-31T23:59:59Z") + duration("999ms") == timestamp("9999-12-31T23:59:59.999Z")', true],
    ['timestamp("2026-01-01T23:59:00+23:59") == timestamp("2026-01-01T00:00:00Z")', true],
    ['duration("315576000000s") > duration("0s") && duration("-315576000000s") < duration("0s")', true],
    [`duration("${'0'.repeat(62)}1s") == duration("1s")`, true],
    [
      'duration("1.5s").getSeconds() == 1 && duration("0.5s").getSeconds() == 0 && duration("-2s").getSeconds() == -2',
      true,
    ],
    ['args.n in args.o.ns && "v" in args.o["m"] && args.o.l[int(args.zero)].n == 1.0', true],
    ['args.o.k in args.o["m"] && !(args.name in args.o["m"])', true],
    ['"a" + "b" == "ab" && ([1] + [2]).size() == 2 && -args.n == -1.0', true],
    ['7.0 * (5.0 % 3.0) == 14.0 && false == (args.n + 1 == 5.0) && -(args.n == 1.0 ? 1 : 2) == -1', true],
    ['args.n * 0.00000000001 > 0.0 && 1e21 + args.n > 1e20 && 123456.0123456789 + 0.0 == 123456.0123456789', true],
    ['"MİX".lowerAscii() == "mİx" && "1µs".upperAscii() == "1µS"', true],
  ])('is as before where nothing is wrong: %s', (text, wanted) => {
    const deep = Array.from({ length: 40 }).reduce((inside) => [inside], 1);
    const o = { k: 'v', l: [{ n: 1 }], ns: [1], m: { v: null } };
    expect(run(text, { o, name: 'k', n: 1, zero: 0, deep })).toBe(wanted);
  });

  it.each([
    'has( args.o.k )',
    'args.o[ "k" ]==args.n',
    '"k"  in args.o',
    'args.n  in [1.0, 2.0]',
    'args.s.startsWith( "a" )&&!args.t',
    'size( args.l )>0',
  ])('runs as it was written where there is nothing to guard: %s', (text) => {
    expect(compileExpression(text, false)).toMatchObject({ checked: text });
  });
});

describe('a guard', () => {
  const given = (text: string, x: unknown): unknown => {
    const environment = new Environment().registerVariable('x', 'dyn');
    registerGuards(environment);
    return environment.evaluate(text, { x }) as unknown;
  };

  it.each<readonly [string, unknown, unknown]>([
    ['quotient(x, 2)', 7n, 3n],
    ['sound(x)', null, null],
    ['sound(x)', 2n ** 63n - 1n, 2n ** 63n - 1n],
    ['sound(x)', -(2n ** 63n), -(2n ** 63n)],
    ['keyOf(x, {"a": 1})', 'a', 'a'],
    ['listOf(x)', [1], [1]],
    ['pick([7], x)', 0, 7n],
    ['readable(x, "duration")', '1s', '1s'],
    ['"Aİ".asciiLower()', null, 'aİ'],
    ['"aµ".asciiUpper()', null, 'Aµ'],
    ['1 + 1.5', null, 2.5],
    ['1.5 % 1', null, 0.5],
  ])('is a function of every environment it is registered in: %s of %s', (text, x, wanted) => {
    expect(given(text, x)).toEqual(wanted);
  });

  it.each<readonly [string, unknown, string]>([
    ['sound(x)', 2n ** 63n, 'an integer is too large'],
    ['sound(x)', -(2n ** 63n) - 1n, 'an integer is too large'],
    ['sound(x)', new Date(Number.NaN), 'a timestamp is out of range'],
    ['readable(x, "none")', 'a', '`none` cannot read it exactly'],
  ])('throws whatever the library would have let through: %s of %s', (text, x, why) => {
    expect(() => given(text, x)).toThrow(why);
  });
});

describe('an expression', () => {
  it.each<readonly [string, string]>([
    ['{1: true}[1]', 'a key of a map must be a text'],
    ['{args.k: true}["a"]', 'a key of a map must be a text'],
    ['{args: true}["args"]', 'a key of a map must be a text'],
    ['{"a": 1, "a": 2}.a == 1', 'a map has the key `a` twice'],
    ['{"__proto__": 1}.size() == 1', '`__proto__` cannot be a key of a map'],
    ['timestamp(args.t).getHours("Europe/Berlin") == 1', '`getHours` takes no time zone here'],
    ['timestamp(args.t).getDayOfYear() == 1', '`getDayOfYear` is not allowed'],
    ['duration(args.d).getMilliseconds() == 1', '`getMilliseconds` is not allowed'],
    ['args.s.indexOf("", 99) == 99', '`indexOf` takes no place to begin at here'],
    ['args.s.lastIndexOf("", 99) == 0', '`lastIndexOf` takes no place to begin at here'],
    ['int() == 1', 'does not fit its types'],
    ['has(args.l[0].n)', 'has() invalid argument'],
    ['has((args.a / 0).n)', 'has() invalid argument'],
    ...[
      'quotient(1, 1)',
      'sound(1)',
      'keyOf("a", {})',
      'listOf([])',
      'pick([1], 0)',
      'readable("a", "int")',
      '"a".asciiLower()',
      '"a".asciiUpper()',
    ].map((text) => [`${text} == 1`, 'is not allowed in an expression'] as const),
  ])('is refused at load where the library cannot be put right: %s', (text, said) => {
    const expression = compileExpression(text, false);
    expect('error' in expression && expression.error).toContain(said);
  });
});

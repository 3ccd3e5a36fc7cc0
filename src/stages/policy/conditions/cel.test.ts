import { describe, expect, it } from 'vitest';
import { JsonNumber, type JsonObject, toJson } from '../../../domain/json.ts';
import type { CallFacts } from '../../../domain/policy.ts';
import { Evaluation } from '../evaluation.ts';
import { compileExpression } from './cel.ts';
import { checkExpression } from './cel-types.ts';

function run(text: string, args: object, more: Partial<CallFacts> = {}): unknown {
  const expression = compileExpression(text, false);
  if ('error' in expression) throw new Error(expression.error);
  const facts = {
    server: 's',
    tool: 't',
    arguments: toJson(args) as JsonObject,
    caller: { id: 'c' },
    session: { id: 'x' },
    now: Date.UTC(2026, 0, 4, 23),
    ...more,
  };
  return expression.run(new Evaluation(facts as CallFacts, []));
}

describe('an expression', () => {
  it('knows numbers of both kinds, what a call has, and nothing else', () => {
    const numbers = [
      '1 + args.a == 2.5 && args.a + 1 == 2.5',
      'args.a - 1 == 0.5 && 1 - args.a == -0.5',
      'args.a * 2 == 3.0 && 2 * args.a == 3.0',
      'args.a / 2 == 0.75 && 3 / args.a == 2.0',
      'args.a % 1 == 0.5 && 5 % args.a == 0.5 && args.a % 1.0 == 0.5',
      '1 + 1.5 == 2.5',
      'args.a in ["x", 1.5]',
    ];
    for (const text of numbers) expect(run(text, { a: 1.5 }), text).toBe(true);
    expect(run('tool.name == "t" && caller.id == "c" && session.id == "x" && time.hour == 23.0', {})).toBe(true);
    for (const name of ['foo', 'result', 'facts']) {
      expect(compileExpression(`${name}.a == 1`, false)).toMatchObject({
        error: expect.stringContaining(`Unknown variable: ${name}`) as string,
      });
    }
  });

  it.each([
    ['args.a == "x"', { a: 'x' }, true],
    ['args.a + 1 > 2', { a: 1.5 }, true],
    ['args.a % 2 == 1', { a: 5 }, true],
    ['has(args.b) || args.a == 1', { a: 1 }, true],
    ['"a" in args', { a: null }, true],
    ['args.a == null', { a: null }, true],
    ['args.l.filter(x, x > 1).size() == 2', { l: [1, 2, 3] }, true],
    ['args.s.matches("^a+$")', { s: 'aaa' }, true],
    ['args.s.matches("^(a+)+$")', { s: `${'a'.repeat(40)}!` }, false],
    ['args.o.k.startsWith("v")', { o: { k: 'vv' } }, true],
    ['args.a == "5"', { a: 5 }, false],
    ['args.l[0].n == 1 && args.l[1] == null && args.b', { l: [{ n: 1 }, null], b: true }, true],
    ['has(args.o.__proto__)', { o: {} }, false],
    ['has(args.b)', { a: 1 }, false],
    ['true'.padEnd(4_000), {}, true],
    ['args.l == ["a", "b"] && size(args.l) == 2', { l: ['a', 'b'] }, true],
    ['args.a.matches("^x") || args.b.matches("y$")', { a: 'ax', b: 'xy' }, true],
  ])('%s of %j', (text, args, expected) => {
    expect(run(text, args)).toBe(expected);
  });

  it('reads what is known of tool, caller, session and time', () => {
    const facts: Partial<CallFacts> = {
      category: 'read',
      severity: 'low',
      caller: { id: 'c', agent: 'g', groups: ['x'] },
      session: { id: 'i', labels: ['l'], calls: 3 },
    };
    for (const text of [
      'tool.name == "t" && tool.server == "s" && tool.category == "read" && tool.severity == "low"',
      'caller.id == "c" && caller.agent == "g" && "x" in caller.groups',
      'session.id == "i" && "l" in session.labels && session.calls == 3.0',
      'time.hour == 23.0 && time.weekday == "sun" && time.date == "2026-01-04"',
    ]) {
      expect(run(text, {}, facts), text).toBe(true);
    }
    const unknown =
      '!has(tool.category) && !has(caller.agent) && !has(caller.groups) && !has(session.calls) && !("agent" in caller) && size(caller) == 1';
    expect(run(unknown, {})).toBe(true);
  });

  const list = (length: number): number[] => Array.from({ length }, () => 1);
  it.each([
    ['args.l.size() > 0', 20_000, true],
    ['args.l.all(x, x == 1)', 10_000, true],
    ['args.l.all(x, x == 1)', 10_001, 'reads a list of more than 10000 elements'],
    ['args.o.l.exists(x, x == 1)', 10_001, 'reads a list of more than 10000 elements'],
    ['args.l.exists(x, [1].exists(y, x == y))', 300, true],
    ['args.l.exists(x, [1].exists(y, x == y))', 301, 'reads a list of more than 300 elements'],
  ])('%s of a list of %i: %s', (text, length, said) => {
    const args = { l: list(text.includes('args.l') ? length : 1), o: { l: list(length) } };
    if (said === true) expect(run(text, args)).toBe(true);
    else expect(() => run(text, args)).toThrow(said);
  });

  it('with a pattern is held against a schema as it runs, with the search that is bounded', () => {
    const searching = compileExpression('args.s.matches( "^a+$" )', false);
    expect(searching).toMatchObject({ text: 'args.s.matches( "^a+$" )', checked: 'args.s.searchRe2("^a+$")' });
  });

  it('searches texts of two hundred thousand characters in one run', () => {
    const args = (length: number): object => ({ s: 'b'.repeat(length) });
    const twice = 'args.s.matches("a") || args.s.matches("a+")';
    const tooLong = 'cannot be evaluated: the text is too long for its pattern';
    expect(run('args.s.matches("a")', args(200_000))).toBe(false);
    expect(() => run('args.s.matches("a")', args(200_001))).toThrow(tooLong);
    expect(run(twice, args(100_000))).toBe(false);
    expect(() => run(twice, args(100_001))).toThrow(tooLong);
    expect(() => run('args.s.matches("[ab]{1000}")', args(50_000))).toThrow(tooLong);
  });

  it('does not read more for each element of a list than can be read in time', () => {
    const l = Array.from({ length: 1_000 }, (_, i) => `tag${i}`);
    const text = 'args.l.all(x, args.s != x)';
    expect(run(text, { l, s: 'a'.repeat(1_000) })).toBe(true);
    expect(() => run(text, { l, s: 'a'.repeat(100_000) })).toThrow('reads too much for each element of a list');
    // Without a loop it is read once.
    expect(run('args.s != "x" && args.l.size() == 1000', { l, s: 'a'.repeat(100_000) })).toBe(true);
  });

  it.each([
    ['args.missing == 1', {}],
    ['args.a + 1 > 2', { a: 'x' }],
    ['args.toString == 1', {}],
    ['args.constructor.name == "x"', { a: {} }],
    ['args.a / 0 == 1', { a: {} }],
    ['args.l.all(x, args.l.all(y, x == y))', { l: Array.from({ length: 301 }, () => 1) }],
    ['args.l.all(x, x == 1)', { l: Array.from({ length: 10_001 }, () => 1) }],
    ['args.s.matches("a")', { s: 'b'.repeat(300_000) }],
  ])('%s errs', (text, args) => {
    expect(() => run(text, args)).toThrow();
  });

  it.each([
    ['args.a >', 'not a CEL expression'],
    ['1u == 1u', 'unsigned numbers'],
    ['uint(1) == uint(1)', '`uint` is not allowed'],
    ['b"x" == b"x"', 'bytes are not allowed'],
    ['args.s.matches(args)', '`matches` needs a pattern written as a literal'],
    ['args.s.matches(args.p)', '`matches` needs a pattern written as a literal'],
    ['matches(args.s, "a")', 'write `text.matches("pattern")`'],
    ['args.s.matches("(?=a)")', 'not a pattern in RE2 syntax'],
    ['args.s.searchRe2("a")', '`searchRe2` is not allowed'],
    ['foo == 1', 'Unknown variable'],
    ['args.l.all(a, args.l.all(b, args.l.all(c, true)))', 'nested 3 deep'],
    ['args.s.matches()', '`matches` needs a pattern written as a literal'],
    ['true'.padEnd(4_001), 'an expression may have 4000 characters'],
    [`${'('.repeat(200)}1${')'.repeat(200)} == 1`, 'not a CEL expression'],
  ])('%s is refused at load', (text, said) => {
    const expression = compileExpression(text, false);
    expect('error' in expression && expression.error).toContain(said);
  });

  it.each(['args.a + 1 > 2', 'int(args.a) > 2', 'timestamp(args.a) > timestamp("2026-01-01T00:00:00Z")', 'args.a.b'])(
    'shows no value of the call in its errors: %s',
    (text) => {
      try {
        run(text, { a: 's3cret' });
        expect.unreachable();
      } catch (fault) {
        expect(String(fault)).toMatch(/cannot be evaluated: ./);
        expect(String(fault)).not.toContain('s3cret');
        expect(String(fault)).not.toContain('\n');
      }
    },
  );
});

describe('against a schema', () => {
  const properties = {
    type: 'object',
    properties: {
      quantity: { type: 'number' },
      symbol: { type: 'string' },
      tags: { type: 'array', items: { type: 'string' } },
      o: { type: 'object', properties: { c: { type: 'number' } } },
      count: { type: 'integer' },
      dry: { type: 'boolean' },
      prices: { type: 'array', items: { type: 'number' } },
      counts: { type: 'array', items: { type: 'integer' } },
      flags: { type: 'array', items: { type: 'boolean' } },
      rows: { type: 'array', items: { type: 'object' } },
      anything: {},
      either: { type: ['string', 'null'] },
      whatever: true,
      nothing: { type: 'null' },
      map: { type: 'object' },
      open: { type: 'object', properties: { c: {} }, additionalProperties: { type: 'number' } },
    },
  };
  it.each([
    ['args.quantity <= 5', true],
    ['args.quantity + 1 > 2 && has(args.symbol)', true],
    ['args.symbol.matches("^B") && args.tags.all(t, t != "x")', true],
    ['args.o.c > 1', true],
    ['"quantity" in args', true],
    ['args.quantitty <= 5', false],
    ['args.symbol > 3', false],
    ['args.quantity == "5"', false],
    ['args.o.d > 1', false],
    ['args.count > 1 && args.dry', true],
    ['args.count == "1"', false],
    ['args.dry == "yes"', false],
    ['args.prices.all(x, x > 1.5) && args.counts.all(x, x > 1)', true],
    ['args.prices.all(x, x == "a")', false],
    ['args.counts.all(x, x == "a")', false],
    ['args.flags.all(x, x)', true],
    ['args.flags.all(x, x == "a")', false],
    ['args.tags.all(x, x == 1)', false],
    ['args.rows.all(x, x.n == "a" || x.n == 1)', true],
    ['args.anything == "a" || args.anything == 1', true],
    ['args.either == "a" || args.either == null || args.either == 1', true],
    ['args.whatever == "a" || args.whatever == 1', true],
    ['args.nothing == null || args.nothing == 1', true],
    ['args.map.x == "a" || args.map.x == 1', true],
    ['args.map == "a"', false],
    ['args.open.other > 1', true],
  ])('%s fits: %s', (text, fits) => {
    const schema = toJson(properties);
    const expression = compileExpression(text, false);
    if ('error' in expression) throw new Error(expression.error);
    expect(checkExpression(expression, schema) === undefined).toBe(fits);
    // The second time from the cache.
    expect(checkExpression(expression, schema) === undefined).toBe(fits);
  });

  it('that is open or composed nothing is said', () => {
    const expression = compileExpression('args.x > 1', false);
    if ('error' in expression) throw new Error(expression.error);
    for (const open of [
      { additionalProperties: {}, properties: { a: {} } },
      { allOf: [] },
      {},
      { properties: { 'a.b': {} } },
      { properties: { a: {}, 'b c': {} } },
      { properties: {} },
      ...['$ref', 'anyOf', 'oneOf', 'allOf', 'patternProperties', 'if'].map((key) => ({
        properties: { a: {} },
        [key]: {},
      })),
    ]) {
      expect(checkExpression(expression, toJson(open))).toBeUndefined();
    }
    expect(checkExpression(expression, undefined)).toBeUndefined();
    expect(checkExpression(expression, toJson({ properties: { a: {} } }))).toBe(
      'the expression `args.x > 1` does not fit the tool’s schema: No such key: x',
    );
  });

  it('is looked at nine objects deep', () => {
    const nested = (levels: number): object => ({
      type: 'object',
      properties: { a: levels === 0 ? { type: 'number' } : nested(levels - 1) },
    });
    const fits = (levels: number): boolean => {
      const expression = compileExpression(`args${'.a'.repeat(levels)}.b == 1`, false);
      if ('error' in expression) throw new Error(expression.error);
      return checkExpression(expression, toJson(nested(levels))) === undefined;
    };
    expect([fits(8), fits(9)]).toEqual([false, true]);
  });

  it.each([
    ['args.a / args.b > 1.0', { a: 1, b: 0 }, 'division by zero'],
    ['!(args.a / args.b > 1.0)', { a: 0, b: 0 }, 'division by zero'],
    ['args.a / 0 > 1', { a: 1 }, 'division by zero'],
    ['1 / args.a > 1.0', { a: 0 }, 'division by zero'],
    ['1 / 0 > 1', {}, 'division by zero'],
    ['[1.0].exists(x, args.a / (x - 1.0) > 1.0)', { a: 1 }, 'division by zero'],
    ['args.a / 2 > 1', { a: '4' }, 'only numbers can be divided'],
    ['args.a % 0 > 1', { a: 1 }, 'modulo by zero'],
    ['args.a % args.b > 1.0', { a: 1, b: 0 }, 'modulo by zero'],
    ['args.a == args.b', { a: new JsonNumber('1e400'), b: new JsonNumber('1e401') }, 'too large for a double'],
  ])('never goes on with an infinite number or with none: %s', (text, args, why) => {
    expect(() => run(text, args)).toThrow(why);
  });

  it.each([
    ['args.a - 6 / 3 / 2 * 2 == 1', { a: 3 }, true],
    ['7 / 2 == 3 && -7 / 2 == -3 && 7.0 / 2 == 3.5', {}, true],
    ['args.s == "a\\"b\'c\\\\\\n\\u00e9😀" && args.a / 2 == 1 || false', { s: 'a"b\'c\\\né😀', a: 2 }, true],
    ["args['x.y'] / 4.0 == 0.25 ? r'\\d' == '\\\\d' : false", { 'x.y': 1 }, true],
    ['args.l.map(x, x / 2.0) == [0.5, 1.0] && {"k": args.a / 1.0}.k == 2.0', { l: [1, 2], a: 2 }, true],
    ['args.s.matches("^😀$") && args.t == "\\\\ud83d\\\\ude00"', { s: '😀', t: '\\ud83d\\ude00' }, true],
    ['args.s.matches("a/b") && args.a / 2 > 0', { s: 'a/b', a: 1 }, true],
  ])('divides as written: %s', (text, args, wanted) => {
    expect(run(text, args)).toBe(wanted);
  });

  it('does not offer what divisions become', () => {
    expect(compileExpression('quotient(1.0, 2.0) > 0.0', false)).toMatchObject({
      error: '`quotient` is not allowed in an expression',
    });
  });
});

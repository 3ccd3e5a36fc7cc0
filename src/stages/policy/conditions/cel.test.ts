import { describe, expect, it } from 'vitest';
import { type JsonObject, toJson } from '../../../domain/json.ts';
import type { CallFacts } from '../../../domain/policy.ts';
import { Evaluation } from '../evaluation.ts';
import { compileExpression } from './cel.ts';
import { checkExpression } from './cel-types.ts';

function run(text: string, args: object): unknown {
  const expression = compileExpression(text, false);
  if ('error' in expression) throw new Error(expression.error);
  const facts = {
    server: 's',
    tool: 't',
    arguments: toJson(args) as JsonObject,
    caller: { id: 'c' },
    session: { id: 'x' },
    now: 0,
  };
  return expression.run(new Evaluation(facts as CallFacts, []));
}

describe('an expression', () => {
  it.each([
    ['args.a == "x"', { a: 'x' }, true],
    ['args.a + 1 > 2', { a: 1.5 }, true],
    ['args.a * 2 == 3.0', { a: 1.5 }, true],
    ['args.a % 2 == 1', { a: 5 }, true],
    ['has(args.b) || args.a == 1', { a: 1 }, true],
    ['"a" in args', { a: null }, true],
    ['args.a == null', { a: null }, true],
    ['args.l.filter(x, x > 1).size() == 2', { l: [1, 2, 3] }, true],
    ['args.s.matches("^a+$")', { s: 'aaa' }, true],
    ['args.s.matches("^(a+)+$")', { s: `${'a'.repeat(40)}!` }, false],
    ['args.o.k.startsWith("v")', { o: { k: 'vv' } }, true],
    ['args.a == "5"', { a: 5 }, false],
  ])('%s of %j', (text, args, expected) => {
    expect(run(text, args)).toBe(expected);
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
    ['args.s.matches(args.p)', '`matches` needs a pattern written as a literal'],
    ['matches(args.s, "a")', 'write `text.matches("pattern")`'],
    ['args.s.matches("(?=a)")', 'not a pattern in RE2 syntax'],
    ['args.s.searchRe2("a")', '`searchRe2` is not allowed'],
    ['foo == 1', 'Unknown variable'],
    ['args.l.all(a, args.l.all(b, args.l.all(c, true)))', 'nested 3 deep'],
    ['true'.padEnd(4_001), 'an expression may have 4000 characters'],
    [`${'('.repeat(200)}1${')'.repeat(200)} == 1`, 'not a CEL expression'],
  ])('%s is refused at load', (text, said) => {
    const expression = compileExpression(text, false);
    expect('error' in expression && expression.error).toContain(said);
  });

  it('shows no value of the call in its errors', () => {
    try {
      run('args.a + 1 > 2', { a: 's3cret' });
      expect.unreachable();
    } catch (fault) {
      expect(String(fault)).not.toContain('s3cret');
    }
  });
});

describe('against a schema', () => {
  const schema = toJson({
    type: 'object',
    properties: {
      quantity: { type: 'number' },
      symbol: { type: 'string' },
      tags: { type: 'array', items: { type: 'string' } },
      o: { type: 'object', properties: { c: { type: 'number' } } },
    },
  });
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
  ])('%s fits: %s', (text, fits) => {
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
    ]) {
      expect(checkExpression(expression, toJson(open))).toBeUndefined();
    }
    expect(checkExpression(expression, undefined)).toBeUndefined();
  });
});

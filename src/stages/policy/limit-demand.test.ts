import { describe, expect, it } from 'vitest';
import { type JsonObject, toJson } from '../../domain/json.ts';
import type { CallFacts } from '../../domain/policy.ts';
import type { LimitRule } from '../../domain/policy-document.ts';
import { Evaluation } from './evaluation.ts';
import { compileLimit, countable } from './limit-demand.ts';

type Amount = LimitRule['amount'];

/** The amount counted, or why it cannot be. */
function amountOf(amount: Amount, args: object): string {
  const problems: string[] = [];
  const limit: LimitRule = {
    pointer: '/l',
    counter: 'c',
    per: ['grant'],
    max: '1',
    window: { kind: 'sliding', ms: 1 },
    windowText: '1s',
    ...(amount === undefined ? {} : { amount }),
  };
  const compiled = compileLimit(limit, 'p.yaml', false, {
    prefix: '',
    elements: 'some',
    inResult: false,
    problem: (pointer, message) => problems.push(`${pointer} ${message}`),
  });
  if (problems.length > 0) return problems.join('\n');
  const facts = {
    server: 's',
    tool: 't',
    arguments: toJson(args) as JsonObject,
    caller: { id: 'c' },
    session: { id: 'x' },
    now: 0,
  };
  const demand = compiled.demand(new Evaluation(facts as CallFacts, []));
  return typeof demand === 'string' ? `cannot: ${demand}` : demand.amount;
}

describe('what can be counted', () => {
  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['1.50', '1.5'],
    ['1e3', '1000'],
    [`0.${'0'.repeat(17)}1`, `0.${'0'.repeat(17)}1`],
    [`0.${'0'.repeat(18)}1`, { error: 'has more than 18 fraction digits' }],
    [`0.1${'0'.repeat(30)}`, '0.1'],
    ['9'.repeat(36), '9'.repeat(36)],
    ['9'.repeat(37), { error: 'is too large' }],
    ['1e36', { error: 'is too large' }],
    ['-0.1', { error: 'is negative' }],
    ['abc', { error: 'is no number within bounds' }],
    ['1e999', { error: 'is no number within bounds' }],
    ['Infinity', { error: 'is no number within bounds' }],
    ['NaN', { error: 'is no number within bounds' }],
  ])('%s → %j', (text, counted) => {
    expect(countable(text)).toEqual(counted);
  });
});

describe('an amount', () => {
  it.each([
    [undefined, {}, '1'],
    ['args.a', { a: '2.50' }, '2.5'],
    ['args.a', {}, 'cannot: is missing: `args.a` is not given'],
    ['args.a', { a: null }, 'cannot: is no number: `args.a`'],
    ['args.a', { a: {} }, 'cannot: is no number: `args.a`'],
    ['args.a', { a: 'x' }, 'cannot: is no number within bounds'],
    ['args.a', { a: -1 }, 'cannot: is negative'],
    ['args.a.b', { a: 'x' }, 'cannot: leads into a string, which has no member `b`'],
    [{ sum: ['args.l[*]'] }, { l: [1, '2.5'] }, '3.5'],
    [{ product: ['args.a', 'args.b'] }, { a: 0.1, b: 3 }, '0.3'],
    [{ cel: 'args.a * 2' }, { a: 1.5 }, '3'],
    [{ cel: 'size(args.l)' }, { l: [1, 2] }, '2'],
    [{ cel: 'args.s' }, { s: '0.1' }, '0.1'],
    [{ cel: 'string(args.a)' }, { a: 7 }, '7'],
    [{ cel: 'args.a / 0' }, { a: 1 }, 'cannot: cannot be evaluated: division by zero'],
    [{ cel: 'args.f' }, { f: true }, 'cannot: is no number'],
    [{ cel: 'args.a - 5' }, { a: 1 }, 'cannot: is negative'],
    [{ cel: 'args.a == 1' }, { a: 1 }, '/l/amount/cel the expression gives bool, not a number'],
    [{ cel: 'args.a +' }, {}, '/l/amount/cel not a CEL expression: Unexpected token: EOF'],
    [{ cel: 'result.a' }, {}, '/l/amount/cel the expression does not fit its types: Unknown variable: result'],
  ] as [Amount, object, string][])('%j of %j → %s', (amount, args, counted) => {
    expect(amountOf(amount, args)).toBe(counted);
  });

  it('by an expression that errs cannot be counted', () => {
    expect(amountOf({ cel: 'args.a * 2' }, {})).toMatch(/^cannot: cannot be evaluated: /);
  });
});

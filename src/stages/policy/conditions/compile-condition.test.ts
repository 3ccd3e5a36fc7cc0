import { describe, expect, it } from 'vitest';
import { JsonNumber, type JsonObject, toJson } from '../../../domain/json.ts';
import type { CallFacts, Outcome } from '../../../domain/policy.ts';
import type { ConditionSource } from '../../../domain/policy-document.ts';
import { Evaluation } from '../evaluation.ts';
import { compileConditions } from './compile-condition.ts';

interface Looked {
  readonly outcome: Outcome;
  readonly trail: unknown[];
  readonly fault: string | undefined;
  readonly absent: string | undefined;
  readonly words: string;
}

function look(
  source: ConditionSource,
  args: object,
  more: { elements?: 'every' | 'some'; shadow?: boolean; facts?: object } = {},
): Looked {
  const problems: string[] = [];
  const [condition] = compileConditions([source], {
    prefix: '',
    elements: more.elements ?? 'every',
    inResult: false,
    problem: (pointer, message) => problems.push(`${pointer} ${message}`),
  });
  if (problems.length > 0 || condition === undefined) throw new Error(problems.join('\n'));
  const facts = {
    server: 's',
    tool: 't',
    arguments: toJson(args) as JsonObject,
    caller: { id: 'c' },
    session: { id: 'x' },
    now: 0,
    ...more.facts,
  };
  const evaluation = new Evaluation(facts as CallFacts, []);
  evaluation.shadow = more.shadow ?? false;
  const outcome = condition.evaluate(evaluation);
  const { fault, absent } = evaluation;
  return {
    outcome,
    trail: JSON.parse(JSON.stringify(evaluation.trail)) as unknown[],
    fault,
    absent,
    words: condition.words,
  };
}

function test(path: string | object, op: string, value?: unknown): ConditionSource {
  return {
    kind: 'test',
    pointer: '/c',
    path: path as string,
    op,
    value: value === undefined ? undefined : toJson(value),
  };
}

function problemsOf(source: ConditionSource): string[] {
  const problems: string[] = [];
  compileConditions([source], {
    prefix: '',
    elements: 'every',
    inResult: false,
    problem: (pointer, message) => problems.push(`${pointer} ${message}`),
  });
  return problems;
}

describe('a pattern over every element', () => {
  const text = 'ab'.repeat(1_000);
  const source = test('args.l[*]', 'regex', 'a[ab]{300}[cd]');
  it('has one bound for all of them', () => {
    expect(look(source, { l: Array.from({ length: 20 }, () => text) }).trail).toMatchObject([{ outcome: 'fails' }]);
    expect(look(source, { l: Array.from({ length: 40 }, () => text) }).trail).toMatchObject([
      { outcome: 'error', note: 'is too much for this pattern' },
    ]);
  });
});

describe('one value', () => {
  const base = { rule: '/c', kind: 'condition', read: 'args.a' };
  it.each([
    ['holds', test('args.a', 'eq', 1), { a: 1 }, { ...base, outcome: 'holds', op: 'eq', expected: 1, seen: 1 }],
    ['fails', test('args.a', 'eq', 1), { a: 2 }, { ...base, outcome: 'fails', op: 'eq', expected: 1, seen: 2 }],
    ['is missing', test('args.a', 'eq', 1), {}, { ...base, outcome: 'missing', op: 'eq', expected: 1 }],
    [
      'is an error',
      test('args.a', 'eq', 1),
      { a: 'x' },
      {
        ...base,
        outcome: 'error',
        op: 'eq',
        expected: 1,
        seen: 'x',
        note: 'is a string, and `eq` compares it with a number',
      },
    ],
    [
      'is asked for only',
      test('args.a', 'exists'),
      { a: null },
      { ...base, outcome: 'holds', op: 'exists', seen: null },
    ],
    [
      'is asked for and missing',
      test('args.a', 'exists', false),
      {},
      { ...base, outcome: 'holds', op: 'exists', expected: false },
    ],
  ])('%s', (_name, source, args, entry) => {
    expect(look(source, args).trail).toEqual([entry]);
  });

  it('in shadow says so', () => {
    expect(look(test('args.a', 'eq', 1), { a: 1 }, { shadow: true }).trail).toEqual([
      { ...base, outcome: 'holds', op: 'eq', expected: 1, seen: 1, shadow: true },
    ]);
  });

  it('leaves why behind: the fault, the missing path', () => {
    expect(look(test('args.a', 'lt', 1), { a: [] })).toMatchObject({
      fault: '`args.a` is a list, and `lt` needs a number',
      absent: undefined,
    });
    expect(look(test('args.a', 'lt', 1), {})).toMatchObject({ fault: undefined, absent: 'args.a' });
    expect(look(test('args.a', 'lt', 1), { a: 0 })).toMatchObject({ fault: undefined, absent: undefined });
  });
});

describe('every value of a list', () => {
  const source = test('args.l[*].n', 'lt', 5);
  it.each([
    [{ l: [{ n: 1 }, { n: 2 }] }, 'holds', 'holds', [1, 2]],
    [{ l: [{ n: 1 }, { n: 9 }] }, 'fails', 'holds', [1, 9]],
    [{ l: [{ n: 8 }, { n: 9 }] }, 'fails', 'fails', [8, 9]],
    [{ l: [{ n: 1 }, {}] }, 'missing', 'holds', [1]],
    [{ l: [{ n: 9 }, {}] }, 'fails', 'fails', [9]],
    [{ l: [{ n: 1 }, { n: 'x' }] }, 'error', 'error', [1, 'x']],
    [{ l: [] }, 'missing', 'missing', []],
    [{}, 'missing', 'missing', []],
    [{ l: null }, 'missing', 'missing', []],
    [{ l: [null] }, 'missing', 'missing', []],
    [{ l: 'x' }, 'error', 'error', []],
    [{ l: ['x'] }, 'error', 'error', []],
  ])('%j: every %s, some %s', (args, every, some, seen) => {
    for (const [elements, outcome] of [
      ['every', every],
      ['some', some],
    ] as const) {
      const looked = look(source, args, { elements });
      expect(looked.outcome).toBe(outcome);
      expect(looked.trail).toMatchObject([
        { rule: '/c', kind: 'condition', outcome, read: 'args.l[*].n', op: 'lt', expected: 5, seen },
      ]);
      expect(looked.words).toBe(`${elements} \`args.l[*].n\` is less than 5`);
    }
  });

  it('leaves why behind', () => {
    expect(look(source, { l: [{ n: true }] })).toMatchObject({
      fault: '`args.l[*].n` is a boolean, and `lt` needs a number',
      trail: [{ note: 'is a boolean, and `lt` needs a number' }],
    });
    expect(look(source, { l: [{}] })).toMatchObject({ fault: undefined, absent: 'args.l[*].n' });
    expect(look(source, { l: [{ n: 1 }] })).toMatchObject({ fault: undefined, absent: undefined });
    expect(look(source, { l: 5 }).fault).toBe('`args.l[*].n` leads into a number where it needs a list');
  });

  it('notes nothing where there is nothing to note', () => {
    expect(look(source, { l: [{ n: 1 }] }).trail).toEqual([
      { rule: '/c', kind: 'condition', outcome: 'holds', read: 'args.l[*].n', op: 'lt', expected: 5, seen: [1] },
    ]);
  });

  it('shows twenty of very many', () => {
    const [entry] = look(source, { l: Array.from({ length: 50 }, (_, n) => ({ n })) }).trail as { seen: number[] }[];
    expect(entry?.seen).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it('reads at most a hundred thousand', () => {
    expect(look(source, { l: Array.from({ length: 100_000 }, () => ({ n: 1 })) }).outcome).toBe('holds');
    expect(look(source, { l: Array.from({ length: 100_001 }, () => ({ n: 1 })) })).toMatchObject({
      outcome: 'error',
      fault: '`args.l[*].n` has more than 100000 elements',
    });
  });

  it('of `exists` is asked of every position', () => {
    const exists = test('args.l[*].n', 'exists');
    const absent = test('args.l[*].n', 'exists', false);
    expect([
      look(exists, { l: [{ n: 1 }, {}] }).outcome,
      look(absent, { l: [{}, {}] }).outcome,
      look(exists, { l: [] }).outcome,
      look(absent, {}).outcome,
    ]).toEqual(['fails', 'holds', 'fails', 'holds']);
  });
});

describe('combinations', () => {
  const a = test('args.a', 'eq', 1);
  const b = test('args.b', 'eq', 2);
  it('look at every member, whatever the first says', () => {
    for (const kind of ['all', 'any'] as const) {
      const looked = look({ kind, pointer: '/c', members: [a, b] }, { a: 1, b: 'x' });
      expect([looked.outcome, looked.trail.length]).toEqual(['error', 2]);
    }
  });

  it('say their words', () => {
    expect(look({ kind: 'all', pointer: '/c', members: [a, b] }, {}).words).toBe('`args.a` is 1 and `args.b` is 2');
    expect(look({ kind: 'any', pointer: '/c', members: [a, b] }, {}).words).toBe('`args.a` is 1 or `args.b` is 2');
    expect(look({ kind: 'not', pointer: '/c', member: a }, {}).words).toBe('it is not so that `args.a` is 1');
  });
});

describe('paths', () => {
  it.each([
    ['args.o.n', { o: { n: 1 } }, 'holds'],
    ['args.o.n', { o: null }, 'missing'],
    ['args.o.n', { o: {} }, 'missing'],
    ['args.o.n', {}, 'missing'],
    ['args.o.n', { o: 'text' }, 'error'],
    ['args.o.length', { o: [1] }, 'error'],
    ['args.l[1]', { l: [0, 1] }, 'holds'],
    ['args.l[2]', { l: [0, 1] }, 'missing'],
    ['args.l[0]', { l: { '0': 1 } }, 'error'],
    ['args.l[0]', { l: 'ab' }, 'error'],
    ['args["a b"]', { 'a b': 1 }, 'holds'],
    ['args["\\u0061"].b', { a: { b: 1 } }, 'holds'],
    ['args.constructor', {}, 'missing'],
    ['args.o.__proto__', { o: {} }, 'missing'],
    ['session.calls', {}, 'missing'],
    ['caller.agent', {}, 'missing'],
    ['time.hour', {}, 'fails'],
  ])('%s of %j: %s', (path, args, outcome) => {
    expect(look(test(path, 'eq', 1), args).outcome).toBe(outcome);
  });

  it('read what is known of tool, caller, session and time', () => {
    const facts = {
      category: 'read',
      severity: 'low',
      caller: { id: 'c', agent: 'g', groups: ['x'] },
      session: { id: 'i', labels: ['l'], calls: 3 },
      now: Date.UTC(2026, 0, 4, 23),
    };
    const seen = (path: string): unknown =>
      (look(test(path, 'exists'), {}, { facts }).trail[0] as { seen: unknown }).seen;
    const paths = [
      'tool.name',
      'tool.server',
      'tool.category',
      'tool.severity',
      'caller.id',
      'caller.agent',
      'caller.groups',
      'session.id',
      'session.labels',
      'session.calls',
      'time.hour',
      'time.weekday',
      'time.date',
    ];
    expect(paths.map(seen)).toEqual(['t', 's', 'read', 'low', 'c', 'g', ['x'], 'i', ['l'], 3, 23, 'sun', '2026-01-04']);
    for (const path of ['tool.category', 'tool.severity']) {
      expect(look(test(path, 'exists'), {})).toMatchObject({
        outcome: 'error',
        fault: `\`${path}\` is unknown for this tool`,
      });
    }
  });

  it.each([
    ['args', []],
    [`args${'.a'.repeat(32)}`, []],
    [`args${'.a'.repeat(33)}`, ['/c/path a path may have 32 steps']],
    [`args${'[*]'.repeat(4)}`, []],
    [`args${'[*]'.repeat(5)}`, ['/c/path a path may have `[*]` at most 4 times']],
    ['tool', ['/c/path `tool` is no path']],
    ['tool.name.x', []],
    ['tool[0]', ['/c/path `tool[0]` is no path']],
    ['args["a\\q"]', ['/c/path `args["a\\q"]` is no path: a bad string in brackets']],
    ['args.', ['/c/path `args.` is no path: cannot read `.`']],
    ['args[-1]', ['/c/path `args[-1]` is no path: cannot read `[-1]`']],
    ['args[01]', ['/c/path `args[01]` is no path: cannot read `[01]`']],
    ['argsx.a', ['/c/path `argsx.a` is no path']],
    ['constructor.a', ['/c/path `constructor.a` is no path']],
    ['facts.x', ['/c/path `facts.x` reads a fact, which is not supported yet']],
    ['result.x', ['/c/path `result.` can be read in `inspect` only']],
  ])('%s at load: %j', (path, problems) => {
    expect(problemsOf(test(path, 'exists'))).toEqual(problems);
  });
});

describe('products and sums', () => {
  const product = { product: ['args.q', 'args.p'] };
  it.each([
    [product, { q: '0.1', p: 3 }, 'holds', '0.3'],
    [product, { q: -2, p: 3 }, 'fails', '-6'],
    [{ sum: ['args.q', new JsonNumber('0.2')] }, { q: 0.1 }, 'holds', '0.3'],
    [
      { sum: ['args.l[*].n', { product: ['args.q', 'args.p'] }] },
      { l: [{ n: 1 }, { n: '2' }], q: 2, p: -1.35 },
      'holds',
      '0.3',
    ],
    [product, { q: 1 }, 'missing', undefined],
    [product, { q: 1, p: null }, 'error', undefined],
    [product, { q: 1, p: 'x' }, 'error', undefined],
    [product, { p: 'x' }, 'error', undefined],
    [product, { q: 1, p: new JsonNumber('1e401') }, 'error', undefined],
  ])('%j of %j %s', (path, args, outcome, seen) => {
    const looked = look(test(path, 'eq', new JsonNumber('0.3')), args);
    expect(looked.outcome).toBe(outcome);
    expect((looked.trail[0] as { seen?: number }).seen).toBe(seen === undefined ? undefined : Number(seen));
  });

  it.each([
    [product, 'lt', '0', { q: new JsonNumber('1e400'), p: '-1e400' }, 'holds'],
    [product, 'gt', '1e400', { q: new JsonNumber('1e400'), p: '1.1' }, 'holds'],
    [{ sum: [product, 'args.q'] }, 'gt', '1e400', { q: new JsonNumber('1e400'), p: 2 }, 'holds'],
    [{ sum: ['args.q', { sum: ['args.p'] }] }, 'eq', '1e400', { q: new JsonNumber('1e400'), p: 0 }, 'holds'],
    [{ sum: ['args.q', new JsonNumber('1')] }, 'lte', '1e400', { q: new JsonNumber('1e400') }, 'fails'],
    [
      { product: Array.from({ length: 4 }, () => ({ product: Array.from({ length: 6 }, () => 'args.q') })) },
      'gt',
      '0',
      { q: new JsonNumber('1e400') },
      'error',
    ],
  ])('stay exact beyond what may be written: %j %s %s', (path, op, value, args, outcome) => {
    expect(look(test(path, op, new JsonNumber(value)), args).outcome).toBe(outcome);
  });

  it('say what is wrong and what is missing', () => {
    expect(look(test(product, 'gt', 1), { q: 1, p: 'x' }).fault).toBe(
      '`product(args.q, args.p)` needs numbers, and `args.p` is a string that is no number',
    );
    expect(look(test(product, 'gt', 1), { q: 1, p: [] }).fault).toBe(
      '`product(args.q, args.p)` needs numbers, and `args.p` is a list',
    );
    expect(look(test(product, 'gt', 1), { q: 1, p: new JsonNumber('1e401') }).fault).toBe(
      '`product(args.q, args.p)` needs numbers, and `args.p` is a number out of bounds',
    );
    expect(look(test(product, 'gt', 1), { q: 1 }).absent).toBe('args.p');
  });

  const nested = (levels: number): object => (levels === 0 ? { sum: ['args.a'] } : { sum: [nested(levels - 1)] });
  it.each([
    [{ sum: Array.from({ length: 16 }, () => 'args.a') }, []],
    [{ sum: Array.from({ length: 17 }, () => 'args.a') }, ['/c/path `sum` may have 16 members']],
    [{ product: [] }, ['/c/path the list of `product` is empty']],
    [nested(3), []],
    [nested(4), ['/c/path product and sum may be nested 4 deep']],
    [{ product: ['args.l[*]'] }, ['/c/path `args.l[*]` in a product']],
    [{ sum: ['arg.x'] }, ['/c/path `arg.x` is no path']],
    [{ sum: [new JsonNumber('1e999')] }, ['/c/path `1e999` is out of bounds']],
  ])('%j at load: %j', (path, problems) => {
    expect(problemsOf(test(path, 'gt', 1))).toEqual(problems);
  });

  it('are asked numbers only', () => {
    expect(problemsOf(test(product, 'contains', 'x'))).toEqual([
      '/c/op `contains` cannot be asked of a product or sum',
    ]);
    expect(problemsOf(test('args.a', 'is', 'x'))).toEqual(['/c/op `is` is no operator']);
    expect(problemsOf(test('args.a', 'lt'))).toEqual(['/c `lt` needs a number as `value`']);
    expect(problemsOf(test('args.a', 'lt', 'x'))).toEqual(['/c/value `lt` needs a number as `value`']);
  });
});

describe('expressions', () => {
  const cel = (text: string): ConditionSource => ({ kind: 'cel', pointer: '/c', text });
  const base = { rule: '/c', kind: 'condition', op: 'cel' };
  it.each([
    ['args.a == 1', { a: 1 }, { outcome: 'holds' }, undefined],
    ['args.a == 1', { a: 2 }, { outcome: 'fails' }, undefined],
    [
      'args.a',
      { a: 'yes' },
      { outcome: 'error', note: 'gives neither true nor false' },
      'gives neither true nor false',
    ],
    [
      'args.a == 1',
      {},
      { outcome: 'error', note: 'cannot be evaluated: No such key: a' },
      'cannot be evaluated: No such key: a',
    ],
  ])('%s of %j', (text, args, entry, fault) => {
    expect(look(cel(text), args)).toEqual({
      outcome: entry.outcome,
      trail: [{ ...base, read: text, ...entry }],
      fault: fault === undefined ? undefined : `the expression \`${text}\` ${fault}`,
      absent: undefined,
      words: `the expression \`${text}\` is true`,
    });
  });

  it('in shadow say so', () => {
    expect(look(cel('args.a == 1'), { a: 1 }, { shadow: true }).trail).toEqual([
      { ...base, outcome: 'holds', read: 'args.a == 1', shadow: true },
    ]);
  });

  it('are logic: what gives anything else is refused at load', () => {
    expect(problemsOf(cel('1 + 1'))).toEqual(['/c/cel the expression gives int, not true or false']);
    expect(problemsOf(cel('args.a >'))).toEqual(['/c/cel not a CEL expression: Unexpected token: EOF']);
    expect(problemsOf(cel('result.a == 1'))).toEqual([
      '/c/cel the expression does not fit its types: Unknown variable: result',
    ]);
  });
});

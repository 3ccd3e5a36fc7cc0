import { Environment } from '@marcbachmann/cel-js';
import { describe, expect, it } from 'vitest';
import { toJson } from '../../../domain/json.ts';
import { affordable, loopCostMax, loopsIn } from './cel-loops.ts';

const environment = new Environment({ unlistedVariablesAreDyn: true });

function fits(expression: string, args: object, result?: object): boolean {
  const loops = loopsIn(environment.parse(expression).ast);
  return affordable(loops, { args: toJson(args), result: result === undefined ? undefined : toJson(result) });
}

const many = Array.from({ length: 10_000 }, (_, i) => `tag${i}`);
const long = 'a'.repeat(1_000_000);

describe('a loop', () => {
  it.each([
    ['args.l.all(x, x != "y")', { l: many }],
    ['args.l.all(x, x in args.few)', { l: many, few: ['a', 'b'], other: long }],
    ['args.few.all(x, x in args.l)', { l: many, few: ['a', 'b'] }],
    [
      'args.order.items.all(i, i.price <= args.order.max)',
      { order: { items: many.map((name) => ({ name })), max: 5 } },
    ],
    ['args.order["items"].all(i, i == args.order["max"])', { order: { items: many, max: 5 } }],
    ['args.l.all(x, args.l.all(y, x != y))', { l: many.slice(0, 300) }],
    ['args.l.all(x, x.split("").all(y, y != "%"))', { l: many }],
    ['args.s.split("").all(x, x != "b")', { s: long }],
    ['args.s.size() > 3', { s: long }],
    ['[1, 2].all(x, args.s.size() > x)', { s: long }],
  ])('may run where its body reads little besides its element: %s', (expression, args) => {
    expect(fits(expression, args)).toBe(true);
  });

  it.each([
    ['args.l.all(x, args.s.size() > 3)', { l: many, s: long }],
    ['args.l.all(x, (args.s + x).size() > 0)', { l: many.slice(0, 100), s: long }],
    ['args.l.all(x, args.s.split(",").exists(y, y == x))', { l: many.slice(0, 100), s: long }],
    ['args.l.all(x, x in args.l)', { l: many }],
    ['args.l.map(x, args["s"]).size() > 0', { l: many, s: long }],
    ['args.l.all(x, args == args)', { l: many, s: long }],
    ['args.s.split("").all(x, args.s.split("").all(y, x == y))', { s: long }],
    ['args.m.all(k, args.m.all(j, j != k))', { m: Object.fromEntries(many.map((name) => [name, 1])) }],
    ['args.a.all(x, args.b.all(y, args.c.all(z, x != z)))', { a: many, b: many, c: many }],
    ['[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21].all(x, args.s != "")', { s: long }],
    ['args.l.filter(x, x != "").all(y, args.s != y)', { l: many, s: long }],
    ['(args.few + args.l.map(x, x)).all(y, args.s != y)', { few: ['a'], l: many, s: long }],
    ['args.o.rows.all(r, r.items.all(y, args.s != y))', { o: { rows: [{ items: many }] }, s: long }],
    ['args.few.map(x, args.l)[0].all(y, args.s != y)', { few: ['a'], l: many, s: long }],
  ])('may not where that would take seconds: %s', (expression, args) => {
    expect(fits(expression, args)).toBe(false);
  });

  it.each([
    ['args.l.map(x, x).all(y, args.n != y)', { l: Array.from({ length: 30 }, () => long), n: 1 }],
    ['args.l[0].n.all(x, x != 1)', { l: [{ n: [1] }] }],
  ])('is as long as its list, however large that is: %s', (expression, args) => {
    expect(fits(expression, args)).toBe(true);
  });

  it('reads all of a list of which it reads a member of one element', () => {
    const rows = [{ text: long }];
    expect(fits('args.l.all(x, args.rows[0].text != x)', { l: many, rows })).toBe(false);
  });

  it('is dear from the first character beyond the bound', () => {
    const l = Array.from({ length: 1_000 }, () => 'x');
    // Its own element is read too, and a text is one more than its characters.
    const exactly = loopCostMax / l.length - 2;
    expect(fits('args.l.all(x, args.s != x)', { l, s: 'a'.repeat(exactly) })).toBe(true);
    expect(fits('args.l.all(x, args.s != x)', { l, s: 'a'.repeat(exactly + 1) })).toBe(false);
  });

  it('holds the loops in its body, and counts their lists where they are computed', () => {
    const leaf = { splits: false, written: 0, reads: [], inner: [] };
    const loops = (expression: string) => loopsIn(environment.parse(expression).ast);
    expect(loops('args.a.all(x, args.b.exists(y, y == x))')).toEqual([
      { ...leaf, over: [['args', 'a']], inner: [{ ...leaf, over: [['args', 'b']] }] },
    ]);
    expect(loops('args.a.all(x, (args.b + args.c).exists(y, y == x))')).toEqual([
      {
        ...leaf,
        over: [['args', 'a']],
        reads: [
          ['args', 'b'],
          ['args', 'c'],
        ],
        inner: [
          {
            ...leaf,
            over: [
              ['args', 'b'],
              ['args', 'c'],
            ],
          },
        ],
      },
    ]);
    expect(loops('(args.s.split(",") + args.l.map(x, x)).all(x, x != "")')).toMatchObject([
      {
        splits: true,
        over: [
          ['args', 's'],
          ['args', 'l'],
        ],
      },
      { splits: false, over: [['args', 'l']] },
    ]);
  });

  it('counts what comes back as it counts arguments', () => {
    const result = { rows: many, text: long };
    expect(fits('result.rows.all(x, result.text != x)', {}, result)).toBe(false);
    expect(fits('result.rows.all(x, args.name != x)', { name: 'a' }, result)).toBe(true);
  });
});

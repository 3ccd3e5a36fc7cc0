import { describe, expect, it } from 'vitest';
import { type JsonObject, toJson } from '../../domain/json.ts';
import type { CallFacts } from '../../domain/policy.ts';
import { Evaluation } from './evaluation.ts';
import { type Path, parsePath } from './path.ts';

function path(text: string, inResult = false): Path {
  const parsed = parsePath(text, inResult);
  if ('error' in parsed) throw new Error(parsed.error);
  return parsed;
}

function evaluation(args: object, result?: object): Evaluation {
  const call = { arguments: toJson(args) as JsonObject } as CallFacts;
  return new Evaluation(call, [], result === undefined ? undefined : toJson(result));
}

describe('a path', () => {
  it('is read once, until ten thousand others were, and apart where a result may be read', () => {
    const first = path('args.first');
    path('args.second');
    expect(path('args.first')).toBe(first);
    expect(path('args.first', true)).not.toBe(first);
    for (let i = 0; i < 10_000; i++) parsePath(`args.p${i}`, false);
    expect(path('args.first')).not.toBe(first);
  });

  it('tells what it may start with: a result only where there is one', () => {
    expect(parsePath('arg.a', false)).toEqual({
      error: '`arg.a` is no path',
      hint: 'a path starts with `args.`, `tool.`, `caller.`, `session.`, `time.`',
    });
    expect(parsePath('arg.a', true)).toMatchObject({ hint: expect.stringMatching(/`time\.`, `result\.`$/) as string });
    expect(parsePath('', false)).toHaveProperty('error');
    expect(parsePath('tool.nam', false)).toEqual({
      error: '`tool.nam` is no path',
      hint: '`tool` has name, server, category, severity',
    });
    expect(parsePath('result.a', false)).toEqual({ error: '`result.` can be read in `inspect` only' });
  });

  it('reads the result where there is one', () => {
    expect(path('result.a[1].b', true).read(evaluation({}, { a: [0, { b: 'x' }] }))).toBe('x');
    expect(path('result.a', true).read(evaluation({}))).toBeUndefined();
    expect(path('result', true).read(evaluation({}, { a: 1 }))).toMatchObject({ a: {} });
  });

  it('of every element is no one value', () => {
    expect(() => path('args.l[*].n').read(evaluation({ l: [{ n: 1 }] }))).toThrow(
      'cannot read every element of `args.l[*].n` as one value',
    );
    expect(path('args.l[*].n').hasEvery).toBe(true);
    expect(path('args.l[0].n').hasEvery).toBe(false);
  });

  it('leads into what has such a part, or is an error that says what it met', () => {
    for (const [text, args, said] of [
      ['args.l[0]', { l: {} }, 'leads into an object where it needs a list'],
      ['args.l[0]', { l: 'x' }, 'leads into a string where it needs a list'],
      ['args.o.n', { o: [] }, 'leads into a list, which has no member `n`'],
    ] as const) {
      expect(() => path(text).read(evaluation(args))).toThrow(said);
    }
  });

  it.each([
    ['args.l[*][*]', { l: [['a', 'b'], [], ['c']] }, ['a', 'b', undefined, 'c']],
    ['args.l[*][0]', { l: [['a', 'b'], [], null] }, ['a', undefined, undefined]],
    ['args.l[*].a[*].b', { l: [{ a: [{ b: 'x' }] }, {}, { a: null }] }, ['x', undefined, undefined]],
    ['args.l[*]', { l: [null, 'a'] }, [null, 'a']],
  ])('%s of %j is every position: %j', (text, args, seen) => {
    expect(path(text).readEvery(evaluation(args))).toEqual(seen);
  });
});

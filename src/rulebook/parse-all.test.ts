import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readSource } from '../platform/yaml-document.ts';
import { checkPolicy } from './check.ts';
import { loadDocuments } from './load.ts';
import { parseAll } from './parse-all.ts';

const check = (document: object) =>
  checkPolicy('big.json', JSON.stringify({ version: '1', default: 'deny', ...document }));
const rule = {
  conditions: [
    { path: 'args.a', op: 'in', value: ['x', 'y', 'z'] },
    { path: 'args.b', op: 'lt', value: 5 },
  ],
};
const entry = { require: [rule, rule], deny_if: [rule], limits: [{ max: 1, window: 'day' }] };
const many = (count: number, made: (i: number) => object = () => entry) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, made(i)]));
/** More than two portions. */
const count = 2_500;

describe('a document that is read in portions', () => {
  it('is read whole, in its order', () => {
    const all_tools = { reason: 'all' };
    const document = {
      version: '1',
      default: 'deny',
      tools: many(count),
      hide: ['a'],
      all_tools,
      servers: { s: { hide: ['b'] } },
    };
    const loaded = loadDocuments([{ file: 'big.json', text: JSON.stringify(document) }]);
    if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
    const [read] = loaded.documents;
    const { tools, hide, allTools } = read?.document.level ?? {};
    expect(
      [...(tools ?? [])].map(([name, { require, denyIf, limits }]) => [
        name,
        require.length,
        denyIf.length,
        limits.length,
      ]),
    ).toEqual(Array.from({ length: count }, (_, i) => [`t${i}`, 2, 1, 1]));
    expect([hide?.map(({ pattern }) => pattern), allTools?.reason]).toEqual([['a'], 'all']);
    expect(read?.document.servers.get('s')?.hide.map(({ pattern }) => pattern)).toEqual(['b']);
  });

  it('has its mistakes said from every portion, each once', () => {
    const tools = many(count, (i) => (i % 1_200 === 7 ? { ...entry, limts: 1 } : entry));
    const { errors } = check({ tools, hid: [], servers: { s: { default: 'maybe' } } });
    expect(errors.map(({ message }) => message)).toEqual([
      'unknown key `limts`',
      'unknown key `limts`',
      'unknown key `limts`',
      'unknown key `hid`',
      'must be one of `deny`, `allow`',
    ]);
    expect(checkPolicy('big.json', JSON.stringify({ tools })).errors.map(({ message }) => message)).toEqual([
      '`version` is missing',
      '`default` is missing',
      ...Array.from({ length: 3 }, () => 'unknown key `limts`'),
    ]);
  });

  it('has the first hundred said where there are very many, wherever they begin', () => {
    for (const right of [0, 100, 2_000]) {
      const tools = {
        ...many(right),
        ...Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`bad${i}`, { limts: i }])),
      };
      const { errors } = check({ tools });
      expect(errors.length).toBe(100);
      expect(new Set(errors.map(({ message }) => message))).toEqual(new Set(['unknown key `limts`']));
    }
    expect(check(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, 1]))).errors.length).toBe(100);
  });

  it('is refused, and no fault, where it has more mistakes than the schema can make', () => {
    let looks = 0;
    const atMost = (most: number) =>
      z.any().superRefine(({ list }: { list: unknown[] }, context) => {
        looks++;
        const wrong = list.flatMap((value, i) => (typeof value === 'string' ? [i] : []));
        // As a list of arguments that is longer than the stack.
        if (wrong.length > most) throw new RangeError('too many');
        for (const i of wrong) context.addIssue({ code: 'custom', path: ['list', i], message: 'no number' });
      });
    const list = [...Array.from({ length: 9_000 }, () => 1), ...Array.from({ length: 9_000 }, () => 'x')];
    const read = readSource('big.json', JSON.stringify({ list }));
    if ('errors' in read) throw new Error('unread');
    const { errors, value } = parseAll(atMost(300), read.document);
    expect([errors.length, value, errors[0]?.message, errors[0]?.column]).toEqual([
      100,
      undefined,
      'no number',
      18_010,
    ]);
    expect(looks).toBeLessThan(20);
    expect(parseAll(atMost(5), read.document).errors).toEqual([
      { file: 'big.json', line: 1, column: 1, message: 'there are more mistakes here than can be told' },
    ]);
  });
});

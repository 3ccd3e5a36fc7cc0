import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readSource } from '../platform/yaml-document.ts';
import { firstPart, isOfWhole } from './first-part.ts';
import { loadPolicy } from './load.ts';
import { policyDocument } from './schema.ts';

const folder = new URL('../../cases/compile/errors/', import.meta.url);

function json(document: object): string {
  return JSON.stringify({ version: '1', default: 'deny', ...document });
}

describe('the first part of a document', () => {
  it('shows no mistake that the whole does not have, wherever it is cut off', () => {
    let looks = 0;
    for (const file of readdirSync(folder)) {
      const read = readSource(file, readFileSync(new URL(file, folder), 'utf8'));
      if ('errors' in read) continue;
      const whole = new Set(policyDocument.safeParse(read.document.value).error?.issues.map(said));
      for (let valuesMax = 0; ; valuesMax++) {
        const part = firstPart(read.document.value, valuesMax);
        if (part === undefined) break;
        looks++;
        const issues = policyDocument.safeParse(part.value).error?.issues ?? [];
        const untrue = issues.filter((issue) => isOfWhole(issue, part) && !whole.has(said(issue)));
        expect(untrue, `${file} after ${valuesMax} values`).toEqual([]);
      }
    }
    expect(looks).toBeGreaterThan(200);
  });

  it('ends after as many values as are asked for, and is nothing where there are no more', () => {
    const read = readSource('a.json', '{"a":[1,{"b":2,"c":3}],"d":4}');
    if ('errors' in read) throw new Error('does not read');
    const part = (valuesMax: number): string => {
      const first = firstPart(read.document.value, valuesMax);
      return first === undefined ? 'whole' : `${JSON.stringify(first.value)} cut in /${first.cut.join('/')}`;
    };
    expect([0, 1, 2, 3, 4, 5, 6].map(part)).toEqual([
      '{} cut in /',
      '{"a":[]} cut in /a',
      '{"a":[1]} cut in /a',
      '{"a":[1,{}]} cut in /a/1',
      '{"a":[1,{"b":2}]} cut in /a/1',
      '{"a":[1,{"b":2,"c":3}]} cut in /',
      'whole',
    ]);
  });
});

function said({ code, path, message }: { code: string; path: PropertyKey[]; message: string }): string {
  // Of several unknown keys the part may hold the first only.
  return JSON.stringify([code, path, code === 'unrecognized_keys' ? '' : message]);
}

describe('a file of very many mistakes', () => {
  const first = (text: string): unknown => {
    const loaded = loadPolicy([{ file: 'a.json', text }]);
    return 'errors' in loaded ? [loaded.errors.length, loaded.errors[0], loaded.errors.at(-1)] : 'loads';
  };

  it.each([
    ['unknown keys', (i: number) => [`k${i}`, 1], (members: object) => members],
    ['empty entries', (i: number) => [`t${i}`, null], (tools: object) => ({ tools })],
    ['wrong limits', (i: number) => [`t${i}`, { limits: [{ max: true }] }], (tools: object) => ({ tools })],
  ])('says the first hundred: %s', (_name, member, around) => {
    const of = (count: number) => json(around(Object.fromEntries(Array.from({ length: count }, (_, i) => member(i)))));
    expect(first(of(40_000))).toEqual(first(of(120)));
  });

  it('says them too where it begins well', () => {
    const fine = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`a${i}`, { shadow: true }]));
    const wrong = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`b${i}`, 1]));
    expect(first(json({ tools: { ...fine, ...wrong(20_000) } }))).toEqual(
      first(json({ tools: { ...fine, ...wrong(120) } })),
    );
  });

  it('loads where there is none', () => {
    expect(first(json({ hide: Array.from({ length: 20_000 }, (_, i) => `t${i}`) }))).toBe('loads');
  });
});

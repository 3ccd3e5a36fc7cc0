import { describe, expect, it } from 'vitest';
import { Repeated } from './repeated.ts';

const left = (texts: readonly string[], text: string): string | undefined => new Repeated(texts).replaceIn(text, '*');

describe('texts that another repeats', () => {
  it.each<[readonly string[], string, string]>([
    [['abcd'], 'abcd', '*'],
    [['abcd'], 'x abcd y abcdabcd z', 'x * y ** z'],
    [['abcd', 'abcdef'], 'abcdef abcde', '* *e'],
    [['abcd', 'cdef'], 'xabcdefx', 'x*x'],
    [['aaaa'], 'aaaaaa b', '* b'],
    [['abcd', 'wxyz'], 'wxyz-abcd', '*-*'],
    [['abc', '12', ''], 'abc 12', 'abc 12'],
    [[], 'abcd', 'abcd'],
    [['abcd'], 'abc', 'abc'],
    [['abcd efgh'], 'abcd efg', 'abcd efg'],
  ])('%j in %j: %j', (texts, text, wanted) => {
    expect(left(texts, text)).toBe(wanted);
  });

  it('are found in one pass, however many there are', () => {
    // A search for one after the other shows as the test's time-out.
    const ids = Array.from({ length: 100_000 }, (_, i) => `id-${String(i).padStart(9, '0')}`);
    expect(left(ids, ids.join(' '))).toBe(ids.map(() => '*').join(' '));
  });

  it('are not looked for at any price', () => {
    const near = 'a'.repeat(20_000);
    const texts = Array.from({ length: 200 }, (_, i) => `${near.slice(i)}b`);
    expect(left(texts, near.slice(150))).toBeDefined();
    expect(left(texts, near.repeat(20))).toBeUndefined();
  });
});

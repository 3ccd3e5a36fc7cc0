import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { programSizeMax, safePattern, searchCostMax } from './safe-pattern.ts';

const evil = readFileSync(new URL('../../../cases/regex-evil.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

const length = 100 * 1024;

/** Texts that lead backtrackers and automata astray: runs, near misses, and coin flips. */
const texts = [
  'a'.repeat(length),
  `${'a'.repeat(length - 1)}!`,
  'ab'.repeat(length / 2),
  ' '.repeat(length),
  '"'.repeat(length),
  ','.repeat(length),
  'é'.repeat(length),
  '\n'.repeat(length),
  coinFlips(length, 'x'),
];

function coinFlips(count: number, first: string): string {
  let state = 1;
  let text = first;
  while (text.length < count) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    text += (state >>> 16) % 2 === 0 ? 'a' : 'b';
  }
  return text;
}

describe('evil patterns', () => {
  it('are at least fifty', () => {
    expect(evil.length).toBeGreaterThanOrEqual(50);
  });

  // Forty of these take V8 minutes on the same texts; a pattern that slips through shows as the test's time-out.
  it('are refused with the reason, or searched within the bounds', { timeout: 30_000 }, () => {
    const refused: string[] = [];
    for (const source of evil) {
      const pattern = safePattern(source);
      if ('error' in pattern) {
        expect(pattern.error, source).toMatch(
          /^(?:not a pattern in RE2 syntax: .+|the pattern compiles to \d+ steps; at most 2000)$/,
        );
        refused.push(source);
        continue;
      }
      for (const text of texts) {
        const found = pattern.search(text);
        expect([true, false, undefined]).toContain(found);
      }
    }
    for (const source of ['(?=a+)+b', '(?!a)b*', '(?<=a)b', '(a)\\1+', '(a{1,1000}){1,1000}'])
      expect(refused).toContain(source);
    for (const source of ['(a+)+$', '(a|a)*$', '^(([a-z])+.)+[A-Z]([a-z])+$']) expect(refused).not.toContain(source);
  });

  it('of which the automaton has no bounded form are not searched in long texts', () => {
    const explosive = safePattern('[ab]*a[ab]{150}x');
    if ('error' in explosive) throw new Error(explosive.error);
    expect(explosive.search(coinFlips(length, 'x'))).toBeUndefined();
    expect(explosive.search(coinFlips(2_000, 'x'))).toBe(false);
  });
});

describe('a pattern', () => {
  it('is searched anywhere', () => {
    const pattern = safePattern('b+');
    if ('error' in pattern) throw new Error(pattern.error);
    expect(pattern.search('abba')).toBe(true);
    expect(pattern.search('acca')).toBe(false);
  });

  it('is not searched above the bound of program times text', () => {
    const source = `[a-z]{${programSizeMax / 4}}`;
    const pattern = safePattern(source);
    if ('error' in pattern) throw new Error(pattern.error);
    expect(pattern.search('A'.repeat(searchCostMax / (programSizeMax / 4) + 1))).toBeUndefined();
  });

  it('replaces every match, and nothing where that is dear', () => {
    const pattern = safePattern('a.*z|a');
    if ('error' in pattern) throw new Error(pattern.error);
    expect(pattern.replaceAll('xaxbzay', '-')).toBe('x-' + '-y');
    expect(pattern.replaceAll('a'.repeat(length), '-')).toBeUndefined();
  });

  it('may be long, but not very', () => {
    expect(safePattern('a'.repeat(10_001))).toEqual({ error: 'the pattern has more than 10000 characters' });
  });
});

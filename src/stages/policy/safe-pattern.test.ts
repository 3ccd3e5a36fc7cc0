import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { programSizeMax, type SafePattern, safePattern, searchCostMax } from './safe-pattern.ts';

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

function searching(source: string): SafePattern {
  const pattern = safePattern(source);
  if ('error' in pattern) throw new Error(pattern.error);
  return pattern;
}

describe('a pattern', () => {
  it('is searched anywhere', () => {
    const pattern = safePattern('b+');
    if ('error' in pattern) throw new Error(pattern.error);
    expect(pattern.search('abba')).toBe(true);
    expect(pattern.search('acca')).toBe(false);
  });

  it('may have two thousand steps, and is not searched above the bound of steps times text', () => {
    expect(safePattern('a'.repeat(programSizeMax - 1))).toEqual({
      error: 'the pattern compiles to 2001 steps; at most 2000',
    });
    const largest = searching('a'.repeat(programSizeMax - 2));
    const longest = searchCostMax / programSizeMax;
    expect(largest.search('A'.repeat(longest))).toBe(false);
    expect(largest.search('A'.repeat(longest + 1))).toBeUndefined();
    // What the automaton can do is not held to what a simulation may cost.
    expect(searching('[a-z]{100}').search('A'.repeat(100_000))).toBe(false);
  });

  it('that the automaton gives up on is simulated in short texts', () => {
    const explosive = searching('[ab]*a[ab]{150}x');
    expect([explosive.search(coinFlips(15_000, 'x')), explosive.search(coinFlips(30_000, 'x'))]).toEqual([
      false,
      undefined,
    ]);
  });

  it('is compiled once, until ten thousand others were', () => {
    const first = safePattern('first');
    safePattern('second');
    expect(safePattern('first')).toBe(first);
    for (let i = 0; i < 10_000; i++) safePattern(`p${i}`);
    expect(safePattern('first')).not.toBe(first);
  });

  it('replaces every match, and nothing where that is dear', () => {
    const pattern = safePattern('a.*z|a');
    if ('error' in pattern) throw new Error(pattern.error);
    expect(pattern.replaceAll('xaxbzay', '-')).toBe('x-' + '-y');
    expect(pattern.replaceAll('a'.repeat(length), '-')).toBeUndefined();
  });

  it('may be long, but not very', () => {
    expect(safePattern('a'.repeat(10_000))).toEqual({ error: 'the pattern compiles to 10002 steps; at most 2000' });
    expect(safePattern('a'.repeat(10_001))).toEqual({ error: 'the pattern has more than 10000 characters' });
  });

  it('that is none is told in eighty characters', () => {
    const wrong = safePattern(`(?P<${'x'.repeat(200)}`);
    expect('error' in wrong && wrong.error.length).toBe('not a pattern in RE2 syntax: '.length + 80);
  });
});

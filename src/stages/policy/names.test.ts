import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globMatcher } from './names.ts';

/** The definition, on code points. */
function matches(pattern: readonly string[], text: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return text.length === 0;
  if (head === '*') return matches(rest, text) || (text.length > 0 && matches(pattern, text.slice(1)));
  return text.length > 0 && (head === '?' || head === text[0]) && matches(rest, text.slice(1));
}

describe('globs', () => {
  it('agree with their definition', () => {
    const letters = fc.constantFrom('a', 'b', '𝒳', 'é');
    const pattern = fc.array(fc.oneof(letters, fc.constantFrom('*', '?')), { maxLength: 8 });
    fc.assert(
      fc.property(pattern, fc.array(letters, { maxLength: 10 }), (p, t) => {
        expect(globMatcher(p.join(''))(t.join(''))).toBe(matches(p, t));
      }),
      { numRuns: 5_000 },
    );
  });

  it('of many stars take no longer than the text', () => {
    expect(globMatcher(`${'*a'.repeat(400)}*b`)('a'.repeat(100_000))).toBe(false);
  });

  it('see half a surrogate pair as a character of its own', () => {
    expect(globMatcher('?')('\ud800')).toBe(true);
    expect(globMatcher('*?a')('\udc00a')).toBe(true);
    expect(globMatcher('*?b*')('\udc00b')).toBe(true);
  });

  it.each([
    ['?', '\uffff', true],
    ['??', '\u{10000}', false],
    ['*??', '\u{10000}', false],
    ['*a?', 'a\u{10000}', true],
    ['*a?', 'a\u{103ff}', true],
    ['*a?', 'a\uff5e', true],
    ['*a?*', 'a\u{10ffff}', true],
    ['*a?*', 'a', false],
    ['*a?', 'a', false],
    ['a?', 'a', false],
    ['ab*ab', 'ab', false],
    ['*ab*ab', 'ab', false],
    ['ab*', 'ab', true],
    ['*?', '', false],
  ])('%j of %j: %s', (pattern, text, expected) => {
    expect(globMatcher(pattern)(text)).toBe(expected);
  });
});

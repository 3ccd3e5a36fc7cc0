import { expect, test } from 'vitest';
import { visible, visibleJson } from './visible.ts';

test.each([
  ['\u001b[2J', '\\u{1b}[2J'],
  ['a\nb\r', 'a\\u{a}b\\u{d}'],
  ['\u009b31m', '\\u{9b}31m'],
  ['\u202eevil\u200b', '\\u{202e}evil\\u{200b}'],
  ['\u2028\u2029', '\\u{2028}\\u{2029}'],
  ['read_file é 中 😀', 'read_file é 中 😀'],
])('%j is shown as %j', (text, shown) => {
  expect(visible(text)).toBe(shown);
});

test('JSON stays the same value, and shows what it holds', () => {
  const value = { 'a\u009b': 'b\u202e\u{e0041}\n', c: ['é', 1] };
  const shown = visibleJson(JSON.stringify(value, null, 2));
  expect(JSON.parse(shown)).toEqual(value);
  expect(shown).not.toMatch(/[\u009b\u202e\u{e0041}]/u);
});

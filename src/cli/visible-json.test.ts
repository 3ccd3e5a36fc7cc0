import { expect, test } from 'vitest';
import { visibleJson } from './visible-json.ts';

test('it stays the same value, and shows what it holds', () => {
  const value = { 'a\u009b': 'b\u202e\u{e0041}\n', c: ['é', 1] };
  const shown = visibleJson(JSON.stringify(value, null, 2));
  expect(JSON.parse(shown)).toEqual(value);
  expect(shown).not.toMatch(/[\u009b\u202e\u{e0041}]/u);
});

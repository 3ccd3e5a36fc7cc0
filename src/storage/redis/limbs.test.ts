import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromLimbs, toLimbs } from './limbs.ts';

test('every amount stands as five limbs below 10^15, and comes back', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 75n - 1n }), (amount) => {
      const text = toLimbs(amount);
      expect(text).toMatch(/^(?:\d{1,15},){4}\d{1,15}$/);
      expect(fromLimbs(text)).toBe(amount);
    }),
  );
  expect(toLimbs(10n ** 18n)).toBe('0,0,0,1000,0');
});

test('what does not fit is an error, never another amount', () => {
  expect(() => toLimbs(10n ** 75n)).toThrow(RangeError);
  expect(() => toLimbs(-1n)).toThrow(RangeError);
});

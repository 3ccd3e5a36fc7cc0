import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDecimals, compareDecimals, type Decimal, decimalText, multiplyDecimals, parseDecimal } from './decimal.ts';

const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 25 }))
  .map(([digits, scale]): Decimal => ({ digits, scale }));

/** The value as a whole number of 10^-100. */
function whole({ digits, scale }: Decimal): bigint {
  return digits * 10n ** BigInt(100 - scale);
}

describe('exact decimals', () => {
  it('add, multiply and compare as whole numbers do', () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        expect(whole(addDecimals(a, b))).toBe(whole(a) + whole(b));
        expect(whole(multiplyDecimals(a, b)) * 10n ** 100n).toBe(whole(a) * whole(b));
        expect(compareDecimals(a, b)).toBe(whole(a) < whole(b) ? -1 : whole(a) > whole(b) ? 1 : 0);
      }),
    );
  });

  it('survive being written and read', () => {
    fc.assert(
      fc.property(decimal, (a) => {
        const again = parseDecimal(decimalText(a));
        expect(again && whole(again)).toBe(whole(a));
      }),
    );
  });

  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['-0.0', '0'],
    ['1.500', '1.5'],
    ['1e3', '1000'],
    ['1.5E-3', '0.0015'],
    ['-12.30e1', '-123'],
    ['9007199254740993', '9007199254740993'],
    ['1e400', `1${'0'.repeat(400)}`],
  ])('read %s as %s', (text, plain) => {
    const read = parseDecimal(text);
    expect(read && decimalText(read)).toBe(plain);
  });

  it.each([
    '',
    ' 1',
    '1 ',
    '+1',
    '01',
    '.5',
    '5.',
    '1e',
    '0x1',
    'NaN',
    'Infinity',
    '1_0',
    '١',
    '1e401',
    '1e-401',
    '1'.repeat(401),
    '--1',
  ])('do not read %j', (text) => {
    expect(parseDecimal(text)).toBeUndefined();
  });
});

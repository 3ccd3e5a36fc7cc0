import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  compare,
  decimal,
  decimalOr,
  divide,
  exact,
  fixed,
  floorToStep,
  multiply,
  plainNumber,
  round,
  show,
  subtract,
} from './decimal.ts';

const amounts = fc.record({
  units: fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }),
  scale: fc.integer({ min: 0, max: 12 }),
});

describe('amounts are exact', () => {
  it('adds what floats cannot', () => {
    expect(show(add(decimal('0.1'), decimal('0.2')))).toBe('0.3');
  });

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(amounts, (a) => {
        expect(decimal(exact(a))).toEqual(a);
      }),
    );
  });

  it('adds, subtracts and multiplies as integers do', () => {
    fc.assert(
      fc.property(amounts, amounts, (a, b) => {
        expect(compare(subtract(add(a, b), b), a)).toBe(0);
        expect(compare(multiply(a, b), multiply(b, a))).toBe(0);
      }),
    );
  });

  it('divides to within one unit of the last digit, towards zero', () => {
    fc.assert(
      fc.property(amounts, amounts, (a, b) => {
        fc.pre(b.units !== 0n);
        const left = subtract(a, multiply(divide(a, b, 18), b));
        const size = { units: b.units < 0n ? -b.units : b.units, scale: b.scale + 18 };
        expect(compare({ units: left.units < 0n ? -left.units : left.units, scale: left.scale }, size)).toBe(-1);
      }),
    );
  });

  it('refuses to divide by zero', () => {
    expect(() => divide(decimal('1'), decimal('0.00'))).toThrow(RangeError);
  });

  it.each([
    ['0.0075', '0.001', '0.007'],
    ['0.007', '0.001', '0.007'],
    ['1', '0', '1'],
  ])('cuts %s down to a multiple of %s', (value, step, expected) => {
    expect(show(floorToStep(decimal(value), decimal(step)))).toBe(expected);
  });

  it.each([
    ['1.005', '1.01'],
    ['-1.005', '-1.01'],
    ['1.004', '1'],
  ])('rounds %s to %s for people', (value, expected) => {
    expect(show(round(decimal(value), 2))).toBe(expected);
  });

  it.each([
    ['4.5', '4.50000000'],
    ['-0.000000019', '-0.00000001'],
    ['7', '7.00000000'],
  ])('writes %s as the exchange writes margins', (value, expected) => {
    expect(fixed(decimal(value))).toBe(expected);
  });
});

describe('what is no decimal', () => {
  it.each(['', ' 1', '1e3', 'NaN', 'Infinity', '0x10', '1.', '.5', '1,5', '١', '9'.repeat(65)])(
    'refuses %j',
    (text) => {
      expect(() => decimal(text)).toThrow(RangeError);
      expect(decimalOr(text, 'none')).toBe('none');
    },
  );
});

it('writes JSON numbers without exponent and without loss', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }), (value) => {
      const text = plainNumber(value);
      expect(text).toMatch(/^-?\d+(\.\d+)?$/);
      expect(Object.is(Number(text), value === 0 ? Number(text) : value)).toBe(true);
    }),
  );
});

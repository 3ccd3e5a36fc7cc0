import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonNumber, type JsonValue, toJson } from '../../domain/json.ts';
import { comparable, compareWith, equalValues, jsonType } from './values.ts';

const n = (text: string): JsonNumber => new JsonNumber(text);

describe('types in words', () => {
  it.each([
    [null, 'null'],
    [false, 'a boolean'],
    ['', 'a string'],
    [n('0'), 'a number'],
    [[], 'a list'],
    [{}, 'an object'],
  ] as [JsonValue, string][])('%j is %s', (value, type) => {
    expect(jsonType(value)).toBe(type);
  });
});

describe('order', () => {
  /** Whole, and times 10^30. */
  const decimal = fc.record({
    negative: fc.boolean(),
    whole: fc.oneof(fc.constantFrom('0', '9', '10', '999999999999999', '9007199254740993'), fc.nat().map(String)),
    fraction: fc.oneof(
      fc.constantFrom('', '0', '1', '10', '000000000000001', '00000000000000000001'),
      fc.nat().map(String),
    ),
  });
  type Written = { negative: boolean; whole: string; fraction: string };
  const text = ({ negative, whole, fraction }: Written): string =>
    `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
  const exact = ({ negative, whole, fraction }: Written): bigint =>
    (negative ? -1n : 1n) * BigInt(whole + fraction.padEnd(30, '0'));

  it('is exact for numbers of any length, as numbers and as strings', () => {
    fc.assert(
      fc.property(decimal, decimal, fc.boolean(), (a, b, asText) => {
        const known = comparable(n(text(b)));
        if (known === undefined) throw new Error(`no number: ${text(b)}`);
        const difference = exact(a) - exact(b);
        expect(compareWith(asText ? text(a) : n(text(a)), known)).toBe(difference < 0n ? -1 : difference > 0n ? 1 : 0);
      }),
      { numRuns: 3_000 },
    );
  });

  it.each(['1.', '.5', '-', '', '--1', '1-1', '1.2.3', '01', '-01', '1e', '１', '1:0', '1/2', ' 1'])(
    'has no place for %j',
    (written) => {
      const known = comparable(n('1'));
      if (known === undefined) throw new Error('no number');
      expect(compareWith(written, known)).toBeUndefined();
      expect(comparable(written)).toBeUndefined();
    },
  );
});

describe('equality', () => {
  it.each([
    [n('1e999'), n('1e999'), true],
    [n('1e999'), n('1.0e999'), false],
    [n('1'), n('1e999'), false],
    [n('1e999'), n('1'), false],
    [n('1'), '1', false],
    [n('1'), {}, false],
    [{}, n('1'), false],
    [[], {}, false],
    [{}, [], false],
    [[1, 2], [1], false],
    [[1], [1, 2], false],
    [[1, 2], [1, 3], false],
    [[[1]], [[1]], true],
    [[[1]], [[2]], false],
    [{ a: 1 }, { b: 1 }, false],
    [{ a: 1 }, { a: 2 }, false],
    [{ a: 1, b: 2 }, { a: 1, b: 3 }, false],
    [{ a: 1, b: 2 }, { a: 1 }, false],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [n('1'), [1], false],
    [[1], n('1'), false],
    [null, null, true],
    ['a', 'a', true],
    [true, true, true],
    [{ toString: 1 }, { a: 1 }, false],
    [{ a: 1 }, { toString: 1 }, false],
    [{ a: { b: [null] } }, { a: { b: [null] } }, true],
    [null, {}, false],
    [{}, null, false],
    [true, {}, false],
    ['a', ['a'], false],
    [['a'], 'a', false],
  ] as [unknown, unknown, boolean][])('of %j and %j is %s', (a, b, equal) => {
    expect(equalValues(toJson(a), toJson(b))).toBe(equal);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toJson } from '../domain/json.ts';
import { canonicalText, exactDecimal } from './canonical.ts';
import { readJsonText } from './read-json.ts';

const canonical = (text: string) => {
  const read = readJsonText(text);
  if (read.kind === 'malformed') throw new Error(read.why);
  return canonicalText(read.value);
};

describe('numbers', () => {
  test.each([
    ['100', '100'],
    ['1e2', '100'],
    ['100.0', '100'],
    ['1.50', '1.5'],
    ['-0', '0'],
    ['-0.0e5', '0'],
    ['0.001', '0.001'],
    ['1E-3', '0.001'],
    ['9007199254740993', '9007199254740993'],
    ['-12.340e1', '-123.4'],
    ['1e5000', '0.1e5001'],
  ])('%s is %s', (text, expected) => {
    expect(exactDecimal(text)).toBe(expected);
  });

  test('two texts are one number exactly when they get one text', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -999_999, max: 999_999 }),
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: -6, max: 6 }),
        (digits, fraction, exponent) => {
          const scaled = BigInt(digits) * 10n ** BigInt(12 - fraction + exponent);
          const sign = digits < 0 ? '-' : '';
          const padded = String(Math.abs(digits)).padStart(fraction + 1, '0');
          const text = `${sign}${padded.slice(0, padded.length - fraction)}${fraction === 0 ? '' : `.${padded.slice(-fraction)}`}e${exponent}`;
          const exact = exactDecimal(text);
          const [whole = '', rest = ''] = exact.split('.');
          const negative = whole.startsWith('-');
          const magnitude = BigInt(whole.replace('-', '')) * 10n ** 12n + BigInt((rest || '0').padEnd(12, '0'));
          expect(negative ? -magnitude : magnitude).toBe(scaled);
        },
      ),
    );
  });
});

test('members are sorted by UTF-16 code units, strings are escaped the shortest way', () => {
  expect(canonical('{"b":1,"a":[true,null,"\\u00e9\\u000a"],"\\ud83d\\ude00":1,"\\ufb33":2}')).toBe(
    '{"a":[true,null,"é\\n"],"b":1,"😀":1,"\ufb33":2}',
  );
});

test('key order and spelling of numbers make no difference, anything else does', () => {
  expect(canonical('{"a":1,"b":2.0}')).toBe(canonical('{"b":2,"a":1e0}'));
  expect(canonical('{"a":"1"}')).not.toBe(canonical('{"a":1}'));
  expect(canonicalText(toJson({ a: [] }))).not.toBe(canonicalText(toJson({ a: {} })));
});

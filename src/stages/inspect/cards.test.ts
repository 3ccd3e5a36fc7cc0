import { describe, expect, it } from 'vitest';
import { isCardNumber, withoutCards } from './cards.ts';

const shown = (text: string): string => withoutCards(text, '*');

describe('a card number', () => {
  it.each([
    ['4222222222222', '*'],
    ['30569309025904', '*'],
    ['378282246310005', '*'],
    ['4111111111111111', '*'],
    ['4917610000000000003', '*'],
    ['2221000000000009', '*'],
    ['6759649826438453', '*'],
    ['4111 1111 1111 1111', '*'],
    ['4111-1111-1111-1111', '*'],
    ['4 111 1111 1111 1111', '*'],
    ['4111  1111  1111  1111', '*'],
    ['4111\u00a01111\u00a01111\u00a01111', '*'],
    ['4111–1111–1111–1111', '*'],
    ['4111.1111.1111.1111', '*'],
    ['3782 822463 10005', '*'],
    ['3056 930902 5904', '*'],
    ['４１１１１１１１１１１１１１１１', '*'],
    ['４１１１ １１１１ １１１１ １１１１', '*'],
  ])('%s is found', (text, wanted) => {
    expect(shown(text)).toBe(wanted);
    expect(shown(`(${text})`)).toBe(`(${wanted})`);
  });

  it.each([
    ['4111 1111 1111 1111 12/27 123', '* 12/27 123'],
    ['12 4111 1111 1111 1111', '12 *'],
    ['1234 4111 1111 1111 1111', '1234 *'],
    ['order 7 4111111111111111', 'order 7 *'],
    ['1-4111111111111111', '1-*'],
    ['4111111111111111, 4012888888881881', '*, *'],
    ['4111 1111 1111 1111 4012 8888 8888 1881', '* *'],
  ])('beside other numbers: %s', (text, wanted) => {
    expect(shown(text)).toBe(wanted);
  });

  it.each([
    '4111 1111 1111 1112',
    '1234567812345670',
    '14111111111111111',
    '41111111111111110',
    '41111111111111111111111',
    'id 1772000000000',
    '4111\n1111\n1111\n1111',
  ])('is not %s', (text) => {
    expect(shown(text)).toBe(text);
  });

  it('is a JSON number too, of digits alone', () => {
    expect(isCardNumber('4111111111111111')).toBe(true);
    for (const text of ['4111111111111112', '4.111111111111111e15', '-4111111111111111']) {
      expect(isCardNumber(text)).toBe(false);
    }
  });

  it('is searched in one pass, however many groups there are', () => {
    // A quadratic search, and one that runs out of stack, show here.
    for (const near of ['4', '4 ', '4111 ', '4111 111111 ', '4111111111111112 ']) {
      const many = near.repeat(200_000);
      expect(shown(many)).toBe(many);
    }
  });
});

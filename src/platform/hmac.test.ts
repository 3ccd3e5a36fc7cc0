import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { hmacSha256 } from './hmac.ts';

test.each(['', 'a', 'é 😀', 'x'.repeat(1000), '{"a":1}'])(
  'a message of any kind gets what node:crypto gives it: %j',
  (message) => {
    for (const key of ['k', '0123456789abcdef'.repeat(4)]) {
      expect(hmacSha256(key)(message)).toBe(createHmac('sha256', key).update(message).digest('base64url'));
    }
  },
);

test('another key gives another digest, and a key that does not fit is refused', () => {
  expect(hmacSha256('a')('m')).not.toBe(hmacSha256('b')('m'));
  expect(() => hmacSha256('x'.repeat(65))).toThrow('at most 64');
  expect(() => hmacSha256('é')).toThrow('ASCII');
});

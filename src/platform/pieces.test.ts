import { expect, test } from 'vitest';
import { Pieces } from './pieces.ts';

test.each([1, 3, 700, 1_023, 1_024, 70_000])('pieces of %d bytes are whole again, in their order', (length) => {
  const pieces = new Pieces();
  const all = Buffer.from(Array.from({ length: 200_000 }, (_, n) => n % 251));
  for (let at = 0; at < all.length; at += length) pieces.push(all.subarray(at, at + length));
  expect(pieces.bytes).toBe(all.length);
  expect(pieces.take().equals(all)).toBe(true);
  expect([pieces.bytes, pieces.take().length]).toEqual([0, 0]);
});

test('very many small ones are kept in few, large ones as they are', () => {
  const pieces = new Pieces();
  for (let n = 0; n < 1_000_000; n++) pieces.push(Buffer.from([n % 251]));
  expect(pieces.count).toBeLessThan(5_000);
  expect(pieces.take()).toHaveLength(1_000_000);
  const large = Buffer.alloc(65_536);
  for (let n = 0; n < 300; n++) pieces.push(large);
  expect(pieces.count).toBe(300);
});

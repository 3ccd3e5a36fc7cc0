import { expect, test } from 'vitest';
import { Bag } from './bag.ts';

test('what is added can be found and taken, once', () => {
  const bag = new Bag<number>();
  for (const item of [1, 2, 3, 4]) bag.add(item);
  expect(bag.take((item) => item === 2)).toBe(2);
  expect(bag.take((item) => item === 2)).toBeUndefined();
  expect(bag.remove(1)).toBe(true);
  expect(bag.remove(1)).toBe(false);
  expect(bag.find((item) => item > 3)).toBe(4);
  expect([...bag.all()].sort()).toEqual([3, 4]);
  expect(bag.size).toBe(2);
});

test('going through it is not disturbed by removing', () => {
  const bag = new Bag<number>();
  for (const item of [1, 2, 3]) bag.add(item);
  const seen: number[] = [];
  for (const item of bag.all()) {
    seen.push(item);
    bag.remove(item);
  }
  expect(seen).toEqual([1, 2, 3]);
  expect(bag.size).toBe(0);
});

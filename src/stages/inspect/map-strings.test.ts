import { expect, test } from 'vitest';
import { toJson } from '../../domain/json.ts';
import { mapStrings } from './map-strings.ts';

test('names that become one are told apart, also from a name that was there', () => {
  const given = toJson({ a1: 1, 'a 2': 2, a3: 3, b: 4, a4: 5 });
  const mapped = mapStrings(given, (text) => text.replace(/a\d/, 'a'));
  expect(JSON.parse(JSON.stringify(mapped))).toEqual({ a: 1, 'a 2': 2, 'a 3': 3, b: 4, 'a 4': 5 });
});

test('names by the ten thousand may become one', () => {
  // Counting from two for each of them shows as the test's time-out.
  const given = toJson(Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`k${i}`, i])));
  const mapped = mapStrings(given, () => 'x');
  expect(Object.keys(mapped as object)).toHaveLength(200_000);
});

import { expect, test } from 'vitest';
import { withWayOut } from './way-out.ts';

const at = { file: 'p.yaml', line: 3, column: 1 };

test.each([
  ['the key `default` is written twice', 'keep one of the two'],
  ['expected a mapping (`key: value`), found a number', 'write its keys below it, or {} for none'],
  ['`max` is missing', 'add it'],
  ['something that nobody foresaw', 'correct it there, or take it out'],
])('%s: %s', (message, hint) => {
  expect(withWayOut({ ...at, message })).toEqual({ ...at, message, hint });
});

test('who found the mistake knows better', () => {
  const error = { ...at, message: '`max` is missing', hint: 'write max: 10' };
  expect(withWayOut(error)).toBe(error);
  const said = { ...at, message: 'a second document; write one document a file' };
  expect(withWayOut(said)).toBe(said);
});

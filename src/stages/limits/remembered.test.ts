import { expect, test } from 'vitest';
import { remembered } from './remembered.ts';

test('what was made of a key is made once, until there are too many', () => {
  const known = new Map<string, string>();
  const made: string[] = [];
  const ask = (key: string): string =>
    remembered(known, 2, key, (asked) => {
      made.push(asked);
      return asked.toUpperCase();
    });
  expect(['a', 'b', 'a', 'b'].map(ask)).toEqual(['A', 'B', 'A', 'B']);
  expect(made).toEqual(['a', 'b']);
  // A third one does not fit beside them; what is asked again then is made again.
  expect(['c', 'b', 'c', 'b'].map(ask)).toEqual(['C', 'B', 'C', 'B']);
  expect(made).toEqual(['a', 'b', 'c', 'b']);
  expect([...known.keys()]).toEqual(['c', 'b']);
});

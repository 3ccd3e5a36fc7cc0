import { expect, test } from 'vitest';
import { normalUri } from './normal-uri.ts';

test.each([
  ['file:///srv/a.txt', 'file:///srv/a.txt'],
  ['FILE:///srv/A.txt', 'file:///srv/A.txt'],
  ['https://API.Example.com/Users?Q=1', 'https://api.example.com/Users?Q=1'],
  ['file:///srv/%73ecret%2D1', 'file:///srv/secret-1'],
  ['file:///srv/a%20b%2Fc%25', 'file:///srv/a%20b%2Fc%25'],
  ['file://LOCALHOST/srv/a', 'file:///srv/a'],
  ['file://localhost.example/a', 'file://localhost.example/a'],
  ['Memo:Note', 'memo:Note'],
  ['no uri at all', 'no uri at all'],
])('%s is read as %s', (uri, read) => {
  expect(normalUri(uri)).toBe(read);
});

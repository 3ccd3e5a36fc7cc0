import { expect, test } from 'vitest';
import { fetchToolList } from './tool-list.ts';

const pageOf = (names: readonly string[], next?: string, more = '') => ({
  kind: 'replied' as const,
  text: JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    result: { tools: names.map((name) => ({ name, description: more, inputSchema: {} })), nextCursor: next },
  }),
  isError: false,
  status: 200,
});
const options = { forHttp: false, onProblem: () => {} };

test('pages are put together in their order', async () => {
  const pages = [pageOf(['a', 'b'], 'two'), pageOf(['c'])];
  const asked: (string | undefined)[] = [];
  const list = await fetchToolList(async (cursor) => {
    asked.push(cursor);
    return pages.shift() ?? pageOf([]);
  }, options);
  expect(list.kind === 'tools' && list.tools.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  expect(asked).toEqual([undefined, 'two']);
});

test('a list without end is none', async () => {
  let pages = 0;
  const list = await fetchToolList(async () => pageOf([`t${pages++}`], 'next'), options);
  expect([list.kind, pages]).toEqual(['no-list', 100]);
});

test('nor is one whose pages are too much together', async () => {
  let pages = 0;
  const page = pageOf(['a'], 'next', 'x'.repeat(8 * 1024 * 1024));
  const list = await fetchToolList(async () => {
    pages++;
    return page;
  }, options);
  expect(list).toEqual({ kind: 'no-list', why: 'its tools/list is longer than 67108864 characters' });
  expect(pages).toBe(8);
});

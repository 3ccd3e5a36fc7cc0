import { expect, test } from 'vitest';
import type { Reply } from '../../domain/reply.ts';
import { isOffered } from './offers.ts';

const lists: Record<string, object> = {
  'prompts/list': { prompts: [{ name: 'one' }], nextCursor: 'two' },
  'prompts/list two': { prompts: [{ name: 'two' }] },
  'resources/list': { resources: [{ uri: 'file:///a' }] },
  'resources/templates/list': { resourceTemplates: [{ uriTemplate: 'file:///{x}' }] },
};
const asked: string[] = [];
const page = async (method: string, cursor: string | undefined): Promise<Reply> => {
  const name = cursor === undefined ? method : `${method} ${cursor}`;
  asked.push(name);
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, result: lists[name] });
  return { kind: 'replied', text, isError: false, status: 200 };
};

test.each([
  ['prompts', 'one', true],
  ['prompts', 'two', true],
  ['prompts', 'three', false],
  ['prompts', 'file:///a', false],
  ['resources', 'file:///a', true],
  ['resources', 'file:///{x}', true],
  ['resources', 'file:///b', false],
] as const)('%s %s: %s', async (kind, name, is) => {
  expect(await isOffered({ kind, name }, page)).toBe(is);
});

test('a server without such lists offers nothing, and one whose list has no end is not asked without end', async () => {
  const error: Reply = { kind: 'replied', text: '{"jsonrpc":"2.0","id":1,"error":{}}', isError: true, status: 200 };
  expect(await isOffered({ kind: 'resources', name: 'a' }, async () => error)).toBe(false);
  asked.length = 0;
  const endless = (method: string, _cursor: string | undefined) => page(method, undefined);
  expect(await isOffered({ kind: 'prompts', name: 'three' }, endless)).toBe(false);
  expect(asked.length).toBe(100);
});

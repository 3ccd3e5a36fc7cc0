import { describe, expect, test } from 'vitest';
import { type JsonObject, toJson } from '../domain/json.ts';
import type { PolicySet } from '../domain/policy.ts';
import type { Session } from '../domain/session.ts';
import { loadPolicy } from '../rulebook/load.ts';
import type { ToolList } from '../stages/upstream/tool-list.ts';
import { filteredPage, marked, toolsAnswer } from './listing.ts';

const sessionOf = (era: 'legacy' | 'modern') => ({ era, server: 'up' }) as Session;
const policyOf = (document: object): PolicySet => {
  const text = JSON.stringify({ version: '1', ...document });
  const loaded = loadPolicy([{ file: 'p.yaml', name: 'p.yaml', path: '/p.yaml', text }], { servers: ['up'] });
  if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
  return loaded.policy;
};
const allow = policyOf({ default: 'allow', hide: ['secret*'] });
const listOf = (tools: readonly object[], extras: object = {}): ToolList => ({
  kind: 'tools',
  tools: tools.map((tool) => toJson(tool) as JsonObject),
  byName: new Map(),
  extras: toJson(extras) as JsonObject,
});
const answer = (
  list: ToolList,
  cursor?: unknown,
  policy: PolicySet | undefined = allow,
  era: 'legacy' | 'modern' = 'legacy',
) => {
  const text = toolsAnswer('i', list, cursor === undefined ? undefined : toJson(cursor), sessionOf(era), policy);
  return text === undefined ? undefined : JSON.parse(text);
};

describe('the list of tools', () => {
  test('holds what the policy shows, as the server wrote it', () => {
    const tools = [{ name: 'a', mine: 1.5 }, { name: 'secret_b' }, { name: 'c' }];
    expect(answer(listOf(tools, { more: 1 }))).toEqual({
      jsonrpc: '2.0',
      id: 'i',
      result: { more: 1, tools: [tools[0], tools[2]] },
    });
  });
  test('is empty without a policy, and of tools without a name', () => {
    const noPolicy = toolsAnswer('i', listOf([{ name: 'a' }]), undefined, sessionOf('legacy'), undefined);
    expect(JSON.parse(noPolicy ?? '').result).toEqual({ tools: [] });
    expect(answer(listOf([{ name: 1 }, {}])).result).toEqual({ tools: [] });
  });
  test('comes in pages of 500 of what is shown', () => {
    const names = Array.from({ length: 1_002 }, (_, i) => (i < 2 ? `secret${i}` : `tool${i}`));
    const list = listOf(names.map((name) => ({ name })));
    const pages = [undefined, 'sallyport:500'].map((cursor) => answer(list, cursor).result);
    expect(pages.map(({ tools, nextCursor }) => [tools.length, tools[0].name, nextCursor])).toEqual([
      [500, 'tool2', 'sallyport:500'],
      [500, 'tool502', undefined],
    ]);
    const longer = listOf([...names, 'one'].map((name) => ({ name })));
    expect(answer(longer, 'sallyport:500').result.nextCursor).toBe('sallyport:1000');
    expect(answer(longer, 'sallyport:1000').result).toEqual({ tools: [{ name: 'one' }] });
    expect(answer(longer, 'sallyport:5000').result).toEqual({ tools: [] });
  });
  test.each([
    '',
    'sallyport:',
    'sallyport:-1',
    'sallyport:1.5',
    'sallyport:1x',
    'xsallyport:1',
    'sallyport:1234567890',
    1,
    null,
  ])('has no page %j', (cursor) => expect(answer(listOf([]), cursor)).toBeUndefined());
  test('is a stateless client’s own', () => {
    expect(answer(listOf([], { ttlMs: 5, cacheScope: 'public' }), undefined, allow, 'modern').result).toEqual({
      resultType: 'complete',
      tools: [],
      ttlMs: 5,
      cacheScope: 'private',
    });
  });
});

test.each([
  [undefined, 0],
  [-1, 0],
  [0.9, 0],
  [59_999.5, 59_999],
  [60_001, 60_000],
  ['60000', 0],
])('a list that may be kept for %j ms may be kept for %i', (ttlMs, kept) => {
  const result = toJson(ttlMs === undefined ? {} : { ttlMs }) as JsonObject;
  expect(JSON.parse(JSON.stringify(marked(result, sessionOf('modern'))))).toEqual({
    resultType: 'complete',
    ttlMs: kept,
    cacheScope: 'private',
  });
  expect(marked(result, sessionOf('legacy'))).toBe(result);
});

describe('a page of another list', () => {
  const policy = policyOf({ default: 'deny', prompts: { allow: ['a'] }, resources: { allow: ['file:///a'] } });
  const page = (method: string, result: object, by: PolicySet | undefined = policy) =>
    JSON.parse(JSON.stringify(filteredPage(method, toJson(result) as JsonObject, sessionOf('legacy'), by)));
  test.each([
    ['prompts/list', 'prompts', 'name', 'a'],
    ['resources/list', 'resources', 'uri', 'file:///a'],
    ['resources/templates/list', 'resourceTemplates', 'uriTemplate', 'file:///a'],
  ])('of %s holds what the policy shows', (method, key, name, shown) => {
    const items = [{ [name]: 'other' }, { [name]: shown, mine: 1 }, { [name]: 1 }, shown, null];
    expect(page(method, { [key]: items, more: true })).toEqual({ [key]: [{ [name]: shown, mine: 1 }], more: true });
    expect(page(method, { [key]: 'x' })).toEqual({ [key]: [] });
    const without = filteredPage(method, toJson({ [key]: items }) as JsonObject, sessionOf('legacy'), undefined);
    expect(without).toEqual({ [key]: [] });
  });
  test('names its next one as the gateway will know it again', () => {
    expect(page('prompts/list', { prompts: [], nextCursor: 'n' }).nextCursor).toBe('sallyport:at:bg');
  });
});

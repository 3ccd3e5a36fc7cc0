import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { bin, ended, fixture, temporaryFolder } from '../support/processes.ts';

const folder = temporaryFolder('shadow');
afterAll(() => folder.remove());

/** The records of these calls, one after the other, under a policy of these tools; what the client got, too. */
async function recorded(name: string, document: object, tools: readonly string[], more: readonly object[] = []) {
  const policy = join(folder.path, `${name}.json`);
  writeFileSync(policy, JSON.stringify({ version: '1', default: 'deny', ...document }));
  const data = join(folder.path, name);
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const lines = [
    { method: 'initialize', id: 0, params },
    { method: 'notifications/initialized' },
    ...tools.map((tool, i) => ({ method: 'tools/call', id: i + 1, params: { name: tool, arguments: {} } })),
    ...more,
  ];
  const input = lines.map((line) => `${JSON.stringify({ jsonrpc: '2.0', ...line })}\n`).join('');
  const { out: answers } = await ended(
    [bin, 'wrap', '--policy', policy, '--data', data, '--', process.execPath, fixture],
    { input },
  );
  const { out } = await ended([bin, 'audit', 'export', '--json', '--data', data]);
  const records = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ verdict }) => verdict !== undefined)
    .map(({ tool, verdict, shadow, wouldBe }) => ({ tool, verdict, shadow, wouldBe }));
  return { records, answers };
}

const silent = { shadow: undefined, wouldBe: undefined };

test('a call that only rules in shadow refuse goes on, and its record says what they would have said', async () => {
  const tools = { echo: { action: 'deny', reason: 'not yet', shadow: true }, get_me: {} };
  const { records } = await recorded('entry', { tools }, ['echo', 'get_me']);
  expect(records).toEqual([
    {
      tool: 'echo',
      verdict: 'permit',
      shadow: true,
      wouldBe: { verdict: 'refuse', rule: '/tools/echo/action', sentence: 'not yet' },
    },
    { tool: 'get_me', verdict: 'permit', ...silent },
  ]);
});

test('a call above a limit in shadow goes on, and its record names the limit', async () => {
  const limits = [{ max: 1, window: 'day' }];
  const wouldBe = {
    verdict: 'refuse',
    rule: '/tools/get_me/limits/0',
    sentence: 'the limit at /tools/get_me/limits/0 is reached: 1 of 1 used',
  };
  const calls = ['get_me', 'get_me', 'get_me'];
  const entry = await recorded('limit', { tools: { get_me: { shadow: true, limits } } }, calls);
  const watched = { tool: 'get_me', verdict: 'permit', shadow: true, wouldBe };
  expect(entry.records).toEqual([{ tool: 'get_me', verdict: 'permit', ...silent }, watched, watched]);

  const document = await recorded('mode', { mode: 'shadow', tools: { get_me: { limits } } }, calls);
  const passed = { verdict: 'permit', rule: '/tools/get_me', sentence: 'the policy allows this call' };
  expect(document.records).toEqual([{ ...watched, wouldBe: passed }, watched, watched]);
});

test('a call that is refused or asked says so where rules in shadow would have been more severe, to the record alone', async () => {
  const more = { get_me: { action: 'deny' }, echo: { action: 'require_approval' } };
  const watching = {
    'get_*': { action: 'deny', shadow: true },
    'e*': { action: 'deny', reason: 'never', shadow: true },
  };
  const { records, answers } = await recorded('more', { tools: { ...more, ...watching } }, ['get_me', 'echo']);
  expect(records).toEqual([
    { tool: 'get_me', verdict: 'refuse', ...silent },
    {
      tool: 'echo',
      verdict: 'ask',
      shadow: true,
      wouldBe: { verdict: 'refuse', rule: '/tools/e*/action', sentence: 'never' },
    },
  ]);
  expect(answers).toContain('approve');
  expect(answers).not.toContain('never');
});

test('a prompt or resource that only rules in shadow hide is given, and its record says so', async () => {
  const { records, answers } = await recorded(
    'hidden',
    { mode: 'shadow', prompts: { allow: ['greet'] }, resources: { hide: ['file:///b'] } },
    [],
    [
      { method: 'prompts/get', id: 1, params: { name: 'secret' } },
      { method: 'prompts/get', id: 2, params: { name: 'greet' } },
      { method: 'resources/read', id: 3, params: { uri: 'file:///b' } },
    ],
  );
  const hidden = (kind: string) => ({ verdict: 'hidden', rule: `/${kind}s`, sentence: `this ${kind} is hidden` });
  expect(records.map(({ verdict, wouldBe }) => [verdict, wouldBe])).toEqual([
    ['permit', hidden('prompt')],
    ['permit', undefined],
    ['permit', hidden('resource')],
  ]);
  expect(answers).not.toContain('"error"');
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { bin, ended, fixture, temporaryFolder } from '../support/processes.ts';

const folder = temporaryFolder('shadow');
afterAll(() => folder.remove());

test('a call that only rules in shadow refuse goes on, and its record says what they would have said', async () => {
  const policy = join(folder.path, 'policy.json');
  const tools = { echo: { action: 'deny', reason: 'not yet', shadow: true }, get_me: {} };
  writeFileSync(policy, JSON.stringify({ version: '1', default: 'deny', tools }));
  const data = join(folder.path, 'data');
  const call = (id: number, name: string) => ({ method: 'tools/call', id, params: { name, arguments: {} } });
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const lines = [
    { method: 'initialize', id: 0, params },
    { method: 'notifications/initialized' },
    call(1, 'echo'),
    call(2, 'get_me'),
  ];
  const input = lines.map((line) => `${JSON.stringify({ jsonrpc: '2.0', ...line })}\n`).join('');
  await ended([bin, 'wrap', '--policy', policy, '--data', data, '--', process.execPath, fixture], { input });

  const { out } = await ended([bin, 'audit', 'export', '--json', '--data', data]);
  const records = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const intents = records.filter(({ kind }) => kind === 'intent');
  expect(intents.map(({ tool, verdict, shadow, wouldBe }) => ({ tool, verdict, shadow, wouldBe }))).toEqual([
    {
      tool: 'echo',
      verdict: 'permit',
      shadow: true,
      wouldBe: { verdict: 'refuse', rule: '/tools/echo/action', sentence: 'not yet' },
    },
    { tool: 'get_me', verdict: 'permit', shadow: undefined, wouldBe: undefined },
  ]);
});

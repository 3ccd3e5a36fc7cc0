import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { expect, test } from 'vitest';
import { clientBlocks } from './client-blocks.ts';

const blocks = clientBlocks({
  name: 'binance',
  url: 'http://127.0.0.1:7420/mcp/binance',
  token: 'sp_x',
  tokenFile: '/data/local.token',
  bin: '/clone/bin/sallyport.js',
});

function jsonOf(client: string) {
  const block = blocks.split(/\n(?=[A-Z])/).find((one) => one.startsWith(client)) ?? '';
  return JSON.parse(block.slice(block.indexOf('{'))) as Record<string, { binance: Record<string, unknown> }>;
}

test('every client has a block', () => {
  expect(blocks.match(/^\w.*$/gm)?.map((line) => line.split(' (')[0])).toEqual([
    'Claude Code',
    'Claude Desktop',
    'Cursor',
    'VS Code',
    'Codex',
    'Gemini CLI',
  ]);
});

test('a program with a window finds the Node it is to start', () => {
  const { command, args } = jsonOf('Claude Desktop')['mcpServers']?.binance ?? {};
  expect(isAbsolute(String(command)) && existsSync(String(command))).toBe(true);
  expect(args).toEqual([
    '/clone/bin/sallyport.js',
    'stdio',
    '--url',
    'http://127.0.0.1:7420/mcp/binance',
    '--token-file',
    '/data/local.token',
  ]);
});

test.each([
  ['Cursor', 'mcpServers', 'url'],
  ['VS Code', 'servers', 'url'],
  ['Gemini CLI', 'mcpServers', 'httpUrl'],
])('%s is told the address and the token', (client, servers, url) => {
  expect(jsonOf(client)[servers]?.binance).toMatchObject({
    [url]: 'http://127.0.0.1:7420/mcp/binance',
    headers: { Authorization: 'Bearer sp_x' },
  });
});

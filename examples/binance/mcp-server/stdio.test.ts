import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { expect, it } from 'vitest';
import { environment, openDesk } from './test/desk.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

/** Sends the lines one after the other, each after the answer to the one before, then closes stdin and waits for the end. */
async function talk(
  lines: readonly object[],
  env: Record<string, string> = {},
): Promise<{ stdout: string[]; code: number | null }> {
  const child = spawn(process.execPath, [main], { env: environment(env), stdio: ['pipe', 'pipe', 'ignore'] });
  const waiting = [...lines];
  const stdout: string[] = [];
  let rest = '';
  const next = (): void => {
    const line = waiting.shift();
    if (line === undefined) child.stdin.end();
    else child.stdin.write(`${JSON.stringify(line)}\n`);
  };
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      stdout.push(part);
      next();
    }
  });
  next();
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { stdout: rest === '' ? stdout : [...stdout, rest], code };
}

const call = {
  jsonrpc: '2.0',
  id: 3,
  method: 'tools/call',
  params: { name: 'binance_futures_price', arguments: { symbol: 'BTCUSDT' } },
};

it('writes nothing but JSON-RPC to stdout, starts its own exchange, and ends when stdin closes', async () => {
  const { stdout, code } = await talk([
    {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
    },
    { jsonrpc: '2.0', id: 2, method: 'tools/list' },
    call,
  ]);
  const replies = stdout.map(
    (line) => JSON.parse(line) as { jsonrpc: string; id: number; result: Record<string, unknown> },
  );
  expect(replies.map((reply) => [reply.jsonrpc, reply.id])).toEqual([
    ['2.0', 1],
    ['2.0', 2],
    ['2.0', 3],
  ]);
  expect(replies[2]?.result['structuredContent']).toMatchObject({ total: 1 });
  expect(code).toBe(0);
});

it('answers everything it was asked when stdin closes right behind the questions', async () => {
  const child = spawn(process.execPath, [main], { env: environment(), stdio: ['pipe', 'pipe', 'ignore'] });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  const order = {
    name: 'binance_futures_place_order',
    arguments: { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', quantity: '0.002', price: '44000' },
  };
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } };
  const lines = [
    { jsonrpc: '2.0', id: 1, method: 'initialize', params },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', id: 2, method: 'tools/call', params: order },
    call,
  ];
  child.stdin.end(
    lines
      .map((line) => JSON.stringify(line))
      .join('\n')
      .concat('\n'),
  );
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const replies = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: number; result: { structuredContent?: object } });
  expect(replies.map((reply) => reply.id).sort()).toEqual([1, 2, 3]);
  expect(replies.find((reply) => reply.id === 2)?.result.structuredContent).toMatchObject({ status: 'NEW' });
  expect(code).toBe(0);
});

it('answers the stateless revision on the same pipe', async () => {
  const envelope = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const { stdout } = await talk([{ ...call, params: { ...call.params, _meta: envelope } }]);
  expect(JSON.parse(stdout[0] ?? '')).toMatchObject({
    id: 3,
    result: { resultType: 'complete', structuredContent: { total: 1 } },
  });
});

it('calls an unknown tool a protocol error', async () => {
  const desk = await openDesk();
  await expect(desk.client.callTool({ name: 'binance_withdraw', arguments: {} })).rejects.toThrow('unknown tool');
  await desk.close();
});

it('answers on an exchange that is not there with `not-sent`, and finds it when it is started later', async () => {
  const { startExchange } = await import('../paper-exchange/index.ts');
  const gone = await startExchange();
  const { port } = new URL(gone.url);
  await gone.close();
  const desk = await openDesk({ args: ['--exchange', gone.url] });
  const result = await desk.call('binance_futures_price', { symbol: 'BTCUSDT' });
  expect(result.structured.error.reason).toBe('not-sent');
  const back = await startExchange({ port: Number(port) });
  await desk.ok('binance_futures_price', { symbol: 'BTCUSDT' });
  await desk.close();
  await back.close();
});

it('serves a client of the previous SDK, which checks structured content of errors too', async () => {
  const client = new OldClient({ name: 'old', version: '1' });
  await client.connect(
    new OldTransport({ command: process.execPath, args: [main], env: environment(), stderr: 'ignore' }),
  );
  expect((await client.listTools()).tools).toHaveLength(35);
  const good = await client.callTool({ name: 'binance_futures_price', arguments: { symbol: 'BTCUSDT' } });
  expect(good.structuredContent).toMatchObject({ total: 1 });
  const bad = await client.callTool({
    name: 'binance_futures_cancel_order',
    arguments: { symbol: 'BTCUSDT', orderId: '1' },
  });
  expect(bad).toMatchObject({ isError: true, structuredContent: { error: { code: -2011 } } });
  const rehearsed = await client.callTool({
    name: 'binance_futures_cancel_all_orders',
    arguments: { symbol: 'BTCUSDT', dryRun: true },
  });
  expect(rehearsed.structuredContent).toMatchObject({ dryRun: { checkedBy: 'local' } });
  await client.close();
});

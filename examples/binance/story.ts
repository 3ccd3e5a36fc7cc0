/**
 * The whole thing, run and asserted: exchange, Binance server and gateway as one command starts them, driven by the
 * official MCP client in both eras. `npm run story`.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const bin = fileURLToPath(new URL('../../bin/sallyport.js', import.meta.url));

type Result = {
  isError?: boolean;
  content: { type: string; text: string }[];
  structuredContent?: Record<string, unknown>;
  _meta?: Record<string, unknown>;
};

const data = mkdtempSync(join(tmpdir(), 'sallyport-story-'));
const gateway = spawn(
  process.execPath,
  [bin, 'demo', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--data', data],
  {
    stdio: ['ignore', 'pipe', 'pipe'],
  },
);
const calls: string[] = [];

try {
  const { url, token } = await ready(gateway);
  say(`the gateway is ready at ${url}`);
  for (const era of ['legacy', 'auto'] as const) await tell(url, token, era);
  await verify();
  say('every step is on record, and the record is complete');
} finally {
  gateway.kill('SIGTERM');
  await new Promise((resolve) => gateway.once('exit', resolve));
  rmSync(data, { recursive: true, force: true });
}
process.stdout.write('the story holds\n');

async function tell(url: string, token: string, era: 'legacy' | 'auto'): Promise<void> {
  const client = new Client(
    { name: 'story', version: '1.0.0' },
    era === 'auto' ? { versionNegotiation: { mode: 'auto' } } : {},
  );
  const headers = { Authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  const call = async (name: string, args: Record<string, unknown> = {}) =>
    (await client.callTool({ name, arguments: args })) as unknown as Result;
  say(`an agent connects (${era === 'auto' ? 'stateless revision' : 'session'})`);

  const { tools } = await client.listTools();
  const names = tools.map((tool) => tool.name);
  assert.ok(names.includes('binance_futures_place_order'));
  assert.ok(!names.includes('binance_futures_cancel_all_orders'), 'a hidden tool is not listed');
  say(`it sees ${names.length} tools`);

  const before = await margin(call);
  const placed = await call('binance_futures_place_order', {
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'LIMIT',
    quantity: '0.001',
    price: 45000,
    timeInForce: 'GTC',
  });
  assert.equal(placed.isError ?? false, false, placed.content[0]?.text);
  const orderId = String(placed.structuredContent?.['orderId']);
  const during = await margin(call);
  assert.equal(round(before - during), 4.5, 'placing 0.001 BTC at 45,000 and 10x locks 4.5 USDT');
  say(`it places an order (${orderId}): 4.5 USDT are locked`);

  const cancelled = await call('binance_futures_cancel_order', { symbol: 'BTCUSDT', orderId });
  assert.equal(cancelled.isError ?? false, false, cancelled.content[0]?.text);
  assert.equal(round((await margin(call)) - during), 4.5, 'cancelling releases it');
  say('it cancels the order: 4.5 USDT are released');

  const denied = await call('binance_futures_change_leverage', { symbol: 'BTCUSDT', leverage: 125 });
  assert.equal(denied.isError, true);
  assert.match(denied.content[0]?.text ?? '', /^\[sallyport\] refused: .*leverage is set by the desk/);
  say('it asks for 125x: refused, with the reason');

  const hidden = await failure(() => call('binance_futures_cancel_all_orders', { symbol: 'BTCUSDT' }));
  const misspelt = await failure(() => call('binance_futures_cancel_all_ordres', { symbol: 'BTCUSDT' }));
  assert.equal(hidden.replace('orders', 'ordres'), misspelt, 'hidden and absent are one answer');
  say('it tries the hidden tool: there is no such tool');

  let limited: Result | undefined;
  for (let i = 0; i < 11 && limited === undefined; i++) {
    const answer = await call('binance_futures_cancel_order', { symbol: 'BTCUSDT', orderId: '999999999' });
    if (answer.content[0]?.text.startsWith('[sallyport]') === true) limited = answer;
  }
  assert.ok(limited, 'the eleventh cancel in a minute is refused');
  assert.match(limited.content[0]?.text ?? '', /resets at .*, in [0-9]+ s/);
  say('it cancels again and again: limited, with the second it resets');
  await client.close();
}

async function margin(call: (name: string) => Promise<Result>): Promise<number> {
  const info = await call('binance_portfolio_account');
  const available = info.structuredContent?.['availableBalance'];
  assert.ok(typeof available === 'string', `no available balance in ${JSON.stringify(info).slice(0, 300)}`);
  return Number(available);
}

function round(amount: number): number {
  return Math.round(amount * 1e6) / 1e6;
}

async function failure(attempt: () => Promise<unknown>): Promise<string> {
  try {
    await attempt();
  } catch (fault) {
    return (fault as Error).message;
  }
  throw new Error('it was let through');
}

/** Waits for the URL and the token on stdout; shows what the gateway says if it ends before. */
function ready(child: ChildProcess): Promise<{ url: string; token: string }> {
  return new Promise((resolve, reject) => {
    let url: string | undefined;
    const words: string[] = [];
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      if (/^http:\/\/\S+\/mcp\/binance$/.test(line)) url = line;
      const token = /^Authorization: Bearer (\S+)$/.exec(line)?.[1];
      if (url !== undefined && token !== undefined) resolve({ url, token });
    });
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      words.push(line);
      calls.push(line);
    });
    child.once('exit', (code) => reject(new Error(`the gateway ended with ${code}:\n${words.join('\n')}`)));
  });
}

async function verify(): Promise<void> {
  const child = spawn(process.execPath, [bin, 'audit', 'verify', '--data', data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  assert.equal(code, 0, out);
  assert.match(out, /^complete: [0-9]+ records/);
  assert.ok(
    calls.some((line) => line.includes('binance_futures_cancel_order')),
    'the log names the calls',
  );
}

function say(line: string): void {
  process.stdout.write(`· ${line}\n`);
}

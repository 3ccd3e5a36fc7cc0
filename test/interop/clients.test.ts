import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bin,
  ended,
  fixture,
  type Running,
  root,
  startFixture,
  startGateway,
  type TestGateway,
  temporaryFolder,
} from '../support/processes.ts';

/** Clients nobody here wrote, through the gateway: over HTTP, over `wrap`, and over `stdio` to the HTTP endpoint. */
const folder = temporaryFolder('clients');
const policy = {
  version: '1',
  default: 'deny',
  hide: ['delete_*'],
  tools: { echo: {}, progress: {}, create_payment: { action: 'deny', reason: 'payments are made by people' } },
};
let upstream: Running & { url: string };
let gateway: TestGateway;
let wrap: string[];
let bridge: string[];

beforeAll(async () => {
  upstream = await startFixture();
  gateway = await startGateway({ folder: join(folder.path, 'gateway'), policy, server: { url: upstream.url } });
  const tokenFile = join(gateway.data, 'local.token');
  wrap = [
    bin,
    'wrap',
    '--policy',
    gateway.policyFile,
    '--data',
    join(folder.path, 'wrap'),
    '--',
    process.execPath,
    fixture,
  ];
  bridge = [bin, 'stdio', '--url', gateway.url, '--token-file', tokenFile];
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
  folder.remove();
});

type AnyClient = {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<any>;
  close(): Promise<void>;
};

async function drive(client: AnyClient): Promise<void> {
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(['echo', 'create_payment', 'progress']);
  const echoed = await client.callTool({ name: 'echo', arguments: { text: 'hello' } });
  expect(echoed.content[0].text).toBe('hello');
  const denied = await client.callTool({ name: 'create_payment', arguments: { amount: 1 } });
  expect([denied.isError, denied.content[0].text]).toEqual([
    true,
    expect.stringContaining('payments are made by people'),
  ]);
  await expect(client.callTool({ name: 'delete_repo', arguments: {} })).rejects.toThrow('Unknown tool: delete_repo');
  await client.close();
}

const auth = () => ({ requestInit: { headers: { Authorization: `Bearer ${gateway.token}` } } });
const stdio = (args: string[]) => ({ command: process.execPath, args, stderr: 'ignore' as const });

describe.each(['legacy', 'auto'] as const)('the official TypeScript client, version 2, %s', (era) => {
  const client = () =>
    new Client({ name: 't', version: '1' }, era === 'auto' ? { versionNegotiation: { mode: 'auto' } } : {});
  test('over HTTP', async () => {
    const one = client();
    await one.connect(new StreamableHTTPClientTransport(new URL(gateway.url), auth()));
    await drive(one as unknown as AnyClient);
  });
  test('over wrap', async () => {
    const one = client();
    await one.connect(new StdioClientTransport(stdio(wrap)));
    await drive(one as unknown as AnyClient);
  });
  test('over stdio to the gateway', async () => {
    const one = client();
    await one.connect(new StdioClientTransport(stdio(bridge)));
    await drive(one as unknown as AnyClient);
  });
});

describe('the official TypeScript client, version 1', () => {
  test('over HTTP', async () => {
    const one = new ClientV1({ name: 't', version: '1' });
    await one.connect(new HttpV1(new URL(gateway.url), auth()) as never);
    await drive(one as unknown as AnyClient);
  });
  test('over wrap', async () => {
    const one = new ClientV1({ name: 't', version: '1' });
    await one.connect(new StdioV1(stdio(wrap)));
    await drive(one as unknown as AnyClient);
  });
  test('over stdio to the gateway', async () => {
    const one = new ClientV1({ name: 't', version: '1' });
    await one.connect(new StdioV1(stdio(bridge)));
    await drive(one as unknown as AnyClient);
  });
});

describe('the inspector’s command line', () => {
  const inspector = join(root, 'node_modules', '.bin', 'mcp-inspector');
  const ask = async (target: string[], more: string[]) => ended([inspector, '--cli', ...target, ...more]);
  test('over HTTP', async () => {
    const target = [gateway.url, '--transport', 'http', '--header', `Authorization: Bearer ${gateway.token}`];
    expect((await ask(target, ['--method', 'tools/list'])).out).toContain('"echo"');
    expect(
      (await ask(target, ['--method', 'tools/call', '--tool-name', 'echo', '--tool-arg', 'text=seen'])).out,
    ).toContain('seen');
  });
  test('over wrap', async () => {
    const file = join(folder.path, 'inspector.json');
    writeFileSync(
      file,
      JSON.stringify({ mcpServers: { gate: { type: 'stdio', command: process.execPath, args: wrap } } }),
    );
    const target = ['--config', file, '--server', 'gate'];
    expect(
      (await ask(target, ['--method', 'tools/call', '--tool-name', 'echo', '--tool-arg', 'text=seen'])).out,
    ).toContain('seen');
  });
});

describe('the Python SDK', () => {
  const python = process.env['SALLYPORT_PYTHON'] ?? join(root, '.venv', 'bin', 'python');
  const script = join(root, 'test', 'interop', 'python-client.py');
  const available = existsSync(python);
  const expected = [
    'tools echo,create_payment,progress',
    'echo from python',
    'refused True [sallyport] refused:',
    'hidden Unknown tool: delete_repo',
  ];
  test('is there wherever this must pass', () => {
    expect(available || process.env['CI'] === undefined, `no ${python}: npm test makes it where there is python3`).toBe(
      true,
    );
  });
  test.runIf(available).each(['legacy', 'auto'])('over HTTP, %s', async (mode) => {
    const ran = await output(python, [script, 'http', gateway.url, gateway.token, mode]);
    for (const line of expected) expect(ran).toContain(line);
  });
  test.runIf(available).each(['legacy', 'auto'])('over wrap, %s', async (mode) => {
    const ran = await output(python, [script, 'stdio', mode, process.execPath, ...wrap]);
    for (const line of expected) expect(ran).toContain(line);
  });
});

function output(file: string, args: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(file, args, (fault, out, err) => resolve(fault === null ? out : out + err));
  });
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect as connectTo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpProcess, startHttp, stop } from './test/desk.ts';

const alice = 'alice-token-alice-token-alice-token-1';
const bob = 'bob-token-bob-token-bob-token-bob-tok2';
let folder: string;
let server: HttpProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binance-mcp-'));
  const keys = join(folder, 'keys.json');
  await writeFile(keys, JSON.stringify({ [alice]: {}, [bob]: {} }), { mode: 0o600 });
  server = await startHttp({ args: [], env: { BINANCE_MCP_KEYS_FILE: keys } });
});
afterAll(async () => {
  await stop(server.child);
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** A raw request, because fetch does not let a caller lie about Host. */
function raw(headers: Record<string, string>, body: unknown, path = '/mcp', method = 'POST'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const url = new URL(path, server.url);
    const out = request(
      url,
      {
        method,
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
      },
      (reply) => {
        let text = '';
        reply.setEncoding('utf8');
        reply.on('data', (chunk: string) => {
          text += chunk;
        });
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: text }));
      },
    );
    out.once('error', reject);
    out.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const initialize = (protocolVersion: string) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion, capabilities: {}, clientInfo: { name: 't', version: '1' } },
});
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function connect(token: string): Promise<Client> {
  const client = new Client({ name: 't', version: '1' });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers: bearer(token) } }),
  );
  return client;
}

describe('who may call', () => {
  it.each([
    ['no token', {}],
    ['an unknown token', bearer('x'.repeat(40))],
    ['the token of somebody else, cut short', bearer(alice.slice(0, -1))],
    ['the token as Basic', { authorization: `Basic ${alice}` }],
    ['the token in the wrong place', { 'x-api-key': alice }],
  ])('answers 401 to %s', async (_what, headers) => {
    const answer = await raw(headers, initialize('2025-06-18'));
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('Bearer');
    expect(answer.body).not.toContain('binance-mcp-server');
  });

  it.each([
    ['a foreign Host', { host: 'evil.example:80' }],
    ['a foreign Origin', { origin: 'https://evil.example' }],
    ['the Origin null', { origin: 'null' }],
  ])('answers 403 to %s even with a good token', async (_what, headers) => {
    expect((await raw({ ...bearer(alice), ...headers }, initialize('2025-06-18'))).status).toBe(403);
  });

  it('answers 400 to two Hosts, of which each reader would believe another', async () => {
    const { port } = new URL(server.url);
    const body = JSON.stringify(initialize('2025-06-18'));
    const head = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nAuthorization: Bearer ${alice}\r\n`;
    const rest = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connectTo(Number(port), '127.0.0.1', () => socket.write(head + rest));
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      socket.once('end', () => resolve(text));
      socket.once('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
  });

  it('answers a page on this machine', async () => {
    expect((await raw({ ...bearer(alice), origin: 'http://localhost:3000' }, initialize('2025-06-18'))).status).toBe(
      200,
    );
  });

  it('has no other path', async () => {
    expect((await raw(bearer(alice), initialize('2025-06-18'), '/')).status).toBe(404);
  });

  it('refuses a body that is too large', async () => {
    const answer = await raw(bearer(alice), { ...initialize('2025-06-18'), padding: 'x'.repeat(1_100_000) });
    expect(answer.status).toBe(413);
  });

  it('never writes a token or a key to its log', () => {
    expect(server.stderr()).not.toContain(alice);
    expect(server.stderr()).not.toContain(bob);
  });
});

describe('whose account', () => {
  it('gives each token a paper account of its own', async () => {
    const [a, b] = await Promise.all([connect(alice), connect(bob)]);
    const place = {
      name: 'binance_futures_place_order',
      arguments: { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', quantity: '0.001', price: '45000' },
    };
    const placed = await a.callTool(place);
    expect(placed.isError ?? false).toBe(false);
    const open = async (client: Client): Promise<number> => {
      const reply = await client.callTool({ name: 'binance_futures_open_orders', arguments: {} });
      return (reply.structuredContent as { count: number }).count;
    };
    expect(await open(a)).toBe(1);
    expect(await open(b)).toBe(0);
    await Promise.all([a.close(), b.close()]);
  });
});

describe('revisions', () => {
  it.each(['2025-06-18', '2025-11-25'])('speaks %s', async (version) => {
    const answer = await raw(bearer(alice), initialize(version));
    expect(answer.status).toBe(200);
    expect(answer.body).toContain(`"protocolVersion":"${version}"`);
  });

  it('speaks 2026-07-28, statelessly', async () => {
    const envelope = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const answer = await raw(
      {
        ...bearer(alice),
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'binance_futures_price',
      },
      {
        jsonrpc: '2.0',
        id: 7,
        method: 'tools/call',
        params: { name: 'binance_futures_price', arguments: { symbol: 'BTCUSDT' }, _meta: envelope },
      },
    );
    expect(answer.status).toBe(200);
    const reply = JSON.parse(answer.body) as { result: { structuredContent: { total: number }; resultType: string } };
    expect(reply.result).toMatchObject({ resultType: 'complete', structuredContent: { total: 1 } });
  });

  it('refuses a header that does not say what the body says', async () => {
    const envelope = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const answer = await raw(
      {
        ...bearer(alice),
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'binance_futures_price',
      },
      {
        jsonrpc: '2.0',
        id: 7,
        method: 'tools/call',
        params: { name: 'binance_futures_cancel_all_orders', arguments: { symbol: 'BTCUSDT' }, _meta: envelope },
      },
    );
    expect(answer.status).toBe(400);
  });
});

import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway, temporaryFolder, until } from '../support/processes.ts';
import { LegacySession, modernCall } from '../support/wire.ts';

/** What became of a call, by what the server's HTTP did: a server that misbehaves as it is told by the tool's name. */
const folder = temporaryFolder('outcomes');
const names = [
  'http_500',
  'http_403',
  'reset',
  'garbage',
  'another_id',
  'no_answer',
  'stream_cut',
  'stream_ok',
  'pretty',
  'error',
];
let server: Server;
let gateway: TestGateway;
let arrived = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      if (request.method !== 'POST') return response.writeHead(405).end();
      const { id, method, params } = JSON.parse(body);
      const answer = (result: object, status = 200, indent?: number) =>
        response
          .writeHead(status, { 'content-type': 'application/json' })
          .end(JSON.stringify({ jsonrpc: '2.0', id, result }, null, indent));
      if (id === undefined) return response.writeHead(202).end();
      if (method === 'initialize')
        return answer({
          protocolVersion: params.protocolVersion,
          capabilities: { tools: {} },
          serverInfo: { name: 's', version: '1' },
        });
      if (method === 'server/discover')
        return answer({ supportedVersions: ['2026-07-28'], capabilities: {}, resultType: 'complete' });
      if (method === 'tools/list')
        return answer({
          tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })),
          resultType: 'complete',
        });
      arrived++;
      switch (params.name) {
        case 'http_500':
          return response.writeHead(500, { 'content-type': 'text/plain' }).end('oops');
        case 'http_403':
          return response.writeHead(403).end();
        case 'reset':
          return request.socket.destroy();
        case 'garbage':
          return response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
        case 'another_id':
          return response
            .writeHead(200, { 'content-type': 'application/json' })
            .end('{"jsonrpc":"2.0","id":"other","result":{}}');
        case 'stream_cut':
          response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n');
          return setTimeout(() => response.end(), 50);
        case 'stream_ok':
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          return response.end(
            `data: ${JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'streamed' }] } })}\n\n`,
          );
        case 'pretty':
          return answer({ content: [{ type: 'text', text: 'two\nlines' }] }, 200, 2);
        case 'error':
          return response.writeHead(200, { 'content-type': 'application/json' }).end(
            JSON.stringify({
              jsonrpc: '2.0',
              id,
              error: { code: -32050, message: 'its own', data: { kept: [1, 2] } },
            }),
          );
        default:
          return undefined;
      }
    });
  }).listen(0, '127.0.0.1');
  await until('the server', () => server.listening);
  const { port } = server.address() as { port: number };
  const tools = Object.fromEntries(names.map((name) => [name, { rate_limit: { max: 1, window: 60 } }]));
  gateway = await startGateway({
    folder: folder.path,
    policy: { version: '1', default: 'deny', tools },
    server: { url: `http://127.0.0.1:${port}/mcp`, timeout: '1s' },
  });
});
afterAll(async () => {
  await gateway.stop();
  server.closeAllConnections();
  server.close();
  folder.remove();
});

describe.each(['legacy', 'modern'] as const)('%s', (era) => {
  const caller = async () => {
    if (era === 'modern') return (name: string) => modernCall(gateway.url, gateway.token, name);
    const session = await LegacySession.open(gateway.url, gateway.token);
    return (name: string) => session.call(name);
  };

  test.each([
    ['http_500', 'unknown', /HTTP 500/],
    ['http_403', 'failed', /HTTP 403/],
    ['reset', 'unknown', /connection broke|closed|socket/i],
    ['garbage', 'unknown', /no JSON-RPC response/],
    ['another_id', 'unknown', /no JSON-RPC response/],
    ['no_answer', 'unknown', /silent/],
    ['stream_cut', 'unknown', /ended without an answer/],
  ])('%s is %s, its quota is kept, and nothing is sent twice', async (name, outcome, why) => {
    const call = await caller();
    const before = arrived;
    const { result } = (await call(name)).messages[0];
    expect(result.isError).toBe(true);
    expect(result._meta['sallyport/outcome']).toMatchObject({
      version: 1,
      outcome,
      record: expect.stringMatching(/^r[0-9]+$/),
    });
    expect(result.content[0].text).toMatch(why);
    expect(arrived).toBe(before + 1);
    const again = (await call(name)).messages[0].result;
    expect(again._meta['sallyport/refusal'].limit.max).toBe(1);
    expect(arrived).toBe(before + 1);
  });

  test('a streamed answer, a pretty one and an error of the server come through as they are', async () => {
    const call = await caller();
    expect((await call('stream_ok')).messages[0].result.content[0].text).toBe('streamed');
    expect((await call('pretty')).messages[0].result.content[0].text).toBe('two\nlines');
    expect((await call('error')).messages[0].error).toEqual({
      code: -32050,
      message: 'its own',
      data: { kept: [1, 2] },
    });
  });
});

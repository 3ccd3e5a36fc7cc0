import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startGateway, type TestGateway, temporaryFolder, until } from '../support/processes.ts';
import { LegacySession, modernHeaders, modernMeta, post } from '../support/wire.ts';

/** Streams that stand open hold a connection each, here and at the server; calls must find their way all the same. */

const folder = temporaryFolder('many-streams');
let server: Server;
let standing = 0;
let gateway: TestGateway;
beforeAll(async () => {
  server = createServer((request, response) => void serve(request, response)).listen(0, '127.0.0.1');
  await until('the server', () => server.listening);
});
beforeEach(async (context) => {
  const { port } = server.address() as AddressInfo;
  gateway = await startGateway({
    folder: join(folder.path, context.task.id),
    policy: { version: '1', default: 'allow' },
    server: { url: `http://127.0.0.1:${port}/mcp` },
    config: { bounds: { calls: 50 } },
  });
});
afterEach(() => gateway.stop());
afterAll(() => {
  server.closeAllConnections();
  server.close();
  folder.remove();
});

/** A server that holds every standing stream it is asked for. */
async function serve(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
  const stand = () => {
    standing++;
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    response.on('close', () => standing--);
  };
  if (request.method !== 'POST') return request.method === 'GET' ? stand() : response.writeHead(204).end();
  const { id, method, params } = JSON.parse(await text(request)) as { id?: unknown; method: string; params: any };
  if (id === undefined) return response.writeHead(202).end();
  if (method === 'subscriptions/listen') return stand();
  const answers: Record<string, object> = {
    initialize: {
      protocolVersion: params.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: 's', version: '1' },
    },
    'server/discover': {
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: {} },
      serverInfo: { name: 's', version: '1' },
      resultType: 'complete',
    },
    'tools/list': { tools: [{ name: 'echo', inputSchema: { type: 'object' } }], resultType: 'complete' },
    'tools/call': { content: [{ type: 'text', text: 'here' }], resultType: 'complete' },
  };
  response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': crypto.randomUUID() });
  return response.end(JSON.stringify({ jsonrpc: '2.0', id, result: answers[method] }));
}

test('hundreds of sessions with a standing stream each leave connections for calls', async () => {
  const sessions: LegacySession[] = [];
  for (let i = 0; i < 300; i++) sessions.push(await LegacySession.open(gateway.url, gateway.token));
  await until('every session to have its stream', () => standing === sessions.length);
  const called = await sessions[0]?.call('echo');
  expect(called?.text).toContain('here');
});

test('standing streams of the stateless revision are no calls: as many of these as may run find room beside them', async () => {
  const controller = new AbortController();
  const ask = (id: number, method: string, params: object, signal?: AbortSignal) =>
    post(
      gateway.url,
      JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, ...modernMeta() } }),
      modernHeaders(gateway.token, method, (params as { name?: string }).name),
      signal,
    );
  const listens = Array.from({ length: 300 }, (_, i) =>
    ask(i + 1, 'subscriptions/listen', { notifications: { toolsListChanged: true } }, controller.signal),
  );
  const ended = Promise.allSettled(listens);
  await until('all to listen', () => standing === listens.length);
  expect((await ask(1_000, 'tools/call', { name: 'echo', arguments: {} })).text).toContain('here');
  controller.abort();
  await ended;
  await until('the server to have seen them go', () => standing === 0);
});

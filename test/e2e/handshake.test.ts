import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway, temporaryFolder, until } from '../support/processes.ts';
import { LegacySession } from '../support/wire.ts';

/** How servers over HTTP answer `initialize`, and what the client hears of it. */

const folder = temporaryFolder('handshake');
let server: Server;
let gateway: TestGateway;
let answer: (id: string, response: ServerResponse) => void;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.method !== 'POST') return response.writeHead(405).end();
    return void text(request).then((body) => {
      const { id, method } = JSON.parse(body) as { id?: string; method: string };
      if (id === undefined || method !== 'initialize') return response.writeHead(202).end();
      return answer(id, response);
    });
  }).listen(0, '127.0.0.1');
  await until('the server', () => server.listening);
  gateway = await startGateway({
    folder: join(folder.path, 'gateway'),
    policy: { version: '1', default: 'allow' },
    server: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp` },
  });
});
afterAll(async () => {
  await gateway.stop();
  server.closeAllConnections();
  server.close();
  folder.remove();
});

const saying = (id: string, protocolVersion: string) =>
  JSON.stringify({ jsonrpc: '2.0', id, result: { protocolVersion, capabilities: {} } });
const json = (response: ServerResponse, body: string) =>
  response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 's' }).end(body);

test('what a server says before its answer is not taken for the answer', async () => {
  answer = (id, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'mcp-session-id': 's' });
    response.write(
      'data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"hi"}}\n\n',
    );
    response.end(`data: ${saying(id, '2025-11-25')}\n\n`);
  };
  const session = await LegacySession.open(gateway.url, gateway.token);
  expect(session.initialize.protocolVersion).toBe('2025-11-25');
});

test('an answer to something else is none', async () => {
  answer = (_, response) => json(response, saying('other', '2025-11-25'));
  await expect(LegacySession.open(gateway.url, gateway.token)).rejects.toThrow('no answer to initialize');
});

test.each(['2026-07-28', 'next'])('a server that wants to speak %s in a session is left', async (revision) => {
  answer = (id, response) => json(response, saying(id, revision));
  await expect(LegacySession.open(gateway.url, gateway.token)).rejects.toThrow(`the revision ${revision}`);
});

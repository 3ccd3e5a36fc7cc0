import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { HttpConnection } from './http-connection.ts';
import { HttpEndpoint } from './http-exchange.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function endpointTo(serve: (request: IncomingMessage, response: ServerResponse) => void): Promise<HttpEndpoint> {
  const server = createServer(serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = new HttpEndpoint({
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`),
    headers: [],
    silenceMsMax: 60_000,
    totalMsMax: 60_000,
    responseBytesMax: 1_000_000,
  });
  closing.push(() => server.close());
  closing.push(() => endpoint.close());
  return endpoint;
}

const nothing = () => {};
const log = { childSaid: nothing, dropped: nothing, up: nothing, down: nothing };
const plain = { era: 'legacy', revision: '2025-11-25', standing: nothing, log } as const;

test('a standing stream is opened again though the server was away for longer than one try', async () => {
  let opened = 0;
  const third = Promise.withResolvers<void>();
  const endpoint = await endpointTo((_request, response) => {
    opened++;
    if (opened === 2) return void response.destroy();
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': here\n\n');
    if (opened === 1) setTimeout(() => response.destroy(), 10);
    else third.resolve();
  });
  const connection = new HttpConnection({ ...plain, endpoint, sessionId: undefined });
  connection.listen();
  await third.promise;
  expect(opened).toBe(3);
  await connection.close();
});

test('calls that meet the end of the session together open one new session between them', async () => {
  const met: ServerResponse[] = [];
  const endpoint = await endpointTo((request, response) => {
    if (request.method === 'DELETE') return void response.writeHead(200).end();
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => void (text += chunk));
    request.on('end', () => {
      if (request.headers['mcp-session-id'] === 'new') {
        const { id } = JSON.parse(text) as { id: number };
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id, result: {} }));
        return;
      }
      met.push(response);
      // All of them are told together.
      if (met.length === 5) for (const one of met) one.writeHead(404).end();
    });
  });
  let sessions = 0;
  const reopen = async () => {
    sessions++;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return 'new';
  };
  const connection = new HttpConnection({ ...plain, endpoint, sessionId: 'old', reopen });
  const rest = '"method":"ping"}';
  const replies = await Promise.all(
    [1, 2, 3, 4, 5].map((n) =>
      connection.send(
        { id: `c${n}`, handle: {}, method: 'ping', params: undefined, rest, onMessage: nothing },
        nothing,
      ),
    ),
  );
  expect(replies.map(({ kind }) => kind)).toEqual(Array.from({ length: 5 }, () => 'replied'));
  expect(sessions).toBe(1);
  await connection.close();
});

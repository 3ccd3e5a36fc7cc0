import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { HttpEndpoint } from './http-exchange.ts';
import { initializeHttp } from './initialize.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server that answers with these events. */
async function saying(events: readonly string[]): Promise<HttpEndpoint> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'mcp-session-id': 's' });
    response.end(events.map((data) => `data: ${data}\n\n`).join(''));
  }).listen(0, '127.0.0.1');
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
const log = { childSaid: nothing, dropped: nothing, up: nothing, down: nothing, listed: nothing };
const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
const said = '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"starting"}}';
const answer =
  '{"jsonrpc":"2.0","id":"sallyport:initialize","result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}';

test('what a server says on the stream before it answers is not the answer', async () => {
  const opened = await initializeHttp(await saying(['', said, answer]), params, log);
  expect(opened).toStrictEqual({
    reply: { kind: 'replied', text: answer, isError: false, status: 200 },
    sessionId: 's',
    revision: '2025-06-18',
  });
});

test('a stream that ends without the answer leaves it unknown', async () => {
  const opened = await initializeHttp(await saying([said]), params, log);
  expect(opened.reply).toStrictEqual({ kind: 'unknown', why: 'the stream ended without an answer' });
});

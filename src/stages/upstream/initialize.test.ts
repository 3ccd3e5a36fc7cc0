import { expect, test } from 'vitest';
import { endpointTo, unread } from '../../../test/support/upstream.ts';
import type { HttpEndpoint } from './http-exchange.ts';
import { initializeHttp } from './initialize.ts';

/** A server that answers with these events. */
function saying(events: readonly string[]): Promise<HttpEndpoint> {
  return endpointTo((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'mcp-session-id': 's' });
    response.end(events.map((data) => `data: ${data}\n\n`).join(''));
  });
}

const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
const said = '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"starting"}}';
const answer =
  '{"jsonrpc":"2.0","id":"sallyport:initialize","result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}';

test('what a server says on the stream before it answers is not the answer', async () => {
  const opened = await initializeHttp(await saying(['', said, answer]), params, unread);
  expect(opened).toStrictEqual({
    reply: { kind: 'replied', text: answer, isError: false, status: 200 },
    sessionId: 's',
    revision: '2025-06-18',
  });
});

test('a stream that ends without the answer leaves it unknown', async () => {
  const opened = await initializeHttp(await saying([said]), params, unread);
  expect(opened.reply).toStrictEqual({ kind: 'unknown', why: 'the stream ended without an answer' });
});

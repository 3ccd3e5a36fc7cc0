import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { UpstreamServer } from './server.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of closing.splice(0).reverse()) await close();
});

const nothing = () => {};

test('a server that seemed to be of another era is asked again after a while', async () => {
  let asked = 0;
  let isMoving = true;
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    asked++;
    request.resume();
    if (isMoving) return void response.writeHead(404).end();
    const result = { supportedVersions: ['2026-07-28'], capabilities: {} };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ jsonrpc: '2.0', id: 'sallyport:discover', result }));
  };
  const http = createServer(serve).listen(0, '127.0.0.1');
  await once(http, 'listening');
  closing.push(() => http.close());
  const server = new UpstreamServer({
    id: 'up',
    transport: {
      kind: 'http',
      url: new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`),
      headers: [],
    },
    silenceMsMax: 10_000,
    totalMsMax: 10_000,
    responseBytesMax: 1_000_000,
    childrenMax: 16,
    log: { childSaid: nothing, dropped: nothing, up: nothing, down: nothing, listed: nothing },
  });
  closing.push(() => server.close());
  const open = async () => (await server.modernLink('grant', nothing)).kind;
  expect([await open(), asked]).toEqual(['not-opened', 1]);
  isMoving = false;
  // For a while that is the answer: a server of another era is not asked by every caller.
  expect([await open(), asked]).toEqual(['not-opened', 1]);
  const later = performance.now() + 300_001;
  vi.spyOn(performance, 'now').mockReturnValue(later);
  expect([await open(), asked]).toEqual(['link', 2]);
});

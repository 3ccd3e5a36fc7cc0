import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { bounds, httpServer, nothing, unread } from '../../../test/support/upstream.ts';
import { UpstreamServer } from './server.ts';

afterEach(() => vi.restoreAllMocks());

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
  const server = new UpstreamServer({
    id: 'up',
    transport: { kind: 'http', url: await httpServer(serve), headers: [] },
    ...bounds,
    childrenMax: 16,
    log: unread,
  });
  onTestFinished(() => server.close());
  const open = async () => (await server.modernLink('grant', nothing)).kind;
  expect([await open(), asked]).toEqual(['not-opened', 1]);
  isMoving = false;
  // For a while that is the answer: a server of another era is not asked by every caller.
  expect([await open(), asked]).toEqual(['not-opened', 1]);
  const later = performance.now() + 300_001;
  vi.spyOn(performance, 'now').mockReturnValue(later);
  expect([await open(), asked]).toEqual(['link', 2]);
});

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished, vi } from 'vitest';
import { Pace } from '../../src/platform/pace.ts';
import { HttpEndpoint } from '../../src/stages/upstream/http-exchange.ts';

/** What stands before a server, for tests that need one of it: a real server, an endpoint to it, a log nobody reads. */

export type Serve = (request: IncomingMessage, response: ServerResponse) => unknown;

/** A server over HTTP that does as it is told; it ends with the test. */
export async function httpServer(serve: Serve, protocol = 'http'): Promise<URL> {
  const server = createServer((request, response) => void serve(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
}

export async function endpointTo(
  serve: Serve,
  more: { protocol?: string; totalMsMax?: number } = {},
): Promise<HttpEndpoint> {
  const url = await httpServer(serve, more.protocol);
  const endpoint = new HttpEndpoint({ url, headers: [], ...bounds, totalMsMax: more.totalMsMax ?? bounds.totalMsMax });
  onTestFinished(() => endpoint.close());
  return endpoint;
}

/** The message a request carries. */
export async function messageIn(request: IncomingMessage): Promise<{ id?: string | number; method?: string }> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return JSON.parse(text) as { id?: string | number; method?: string };
}

/** A clock by which things take as long as they are told to, besides the time that passes. */
export function slowly(): (ms: number) => void {
  let took = 0;
  const now = performance.now.bind(performance);
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + took);
  onTestFinished(() => void clock.mockRestore());
  return (ms) => {
    took += ms;
  };
}

export const nothing = () => {};
export const bounds = {
  silenceMsMax: 60_000,
  totalMsMax: 60_000,
  responseBytesMax: 1_000_000,
  pace: new Pace(nothing),
};
export const unread = {
  childSaid: nothing,
  dropped: nothing,
  paced: nothing,
  up: nothing,
  down: nothing,
  listed: nothing,
};

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, test, vi } from 'vitest';
import { endpointTo, nothing } from '../../../test/support/upstream.ts';

test('a stream that the server leaves open after its answer gives its connection back', async () => {
  const responses: ServerResponse[] = [];
  const endpoint = await endpointTo((_request, response) => {
    responses.push(response);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {"answer":true}\n\n');
  });
  const exchange = endpoint.exchange({ method: 'POST', headers: [], body: '{}', onEvent: () => true });
  expect(await exchange.done).toEqual({ kind: 'answered' });
  const [response] = responses as [ServerResponse];
  await once(response, 'close');
  expect(response.writableEnded).toBe(false);
});

test.each([
  ['Text/Event-Stream; charset=utf-8', 'answered'],
  ['text/event-stream', 'answered'],
  ['text/event-stream-like', 'ended'],
])('%s: %s', async (type, kind) => {
  const endpoint = await endpointTo((_request, response) => {
    response.writeHead(200, { 'content-type': type }).end('data: {"answer":true}\n\n');
  });
  const exchange = endpoint.exchange({ method: 'POST', headers: [], body: '{}', onEvent: () => true });
  expect((await exchange.done).kind).toBe(kind);
});

test('a server that is asked for TLS and speaks none: nothing was sent, and why', async () => {
  const endpoint = await endpointTo(nothing, 'https');
  const exchange = endpoint.exchange({ method: 'POST', headers: [], body: '{}', onEvent: () => true });
  expect(await exchange.done).toEqual({ kind: 'not-sent', why: 'it does not speak TLS at this port' });
});

test('a standing stream on which a server says very much is read on later, and nothing of it is lost', async () => {
  const all = 4_000;
  const endpoint = await endpointTo((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let n = 0; n < all; n++) response.write(`data: {"n":${n},"pad":"${'x'.repeat(80)}"}\n\n`);
  });
  // The second in which it began does not pass.
  const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now());
  const heard: number[] = [];
  const onEvent = (data: string) => {
    heard.push((JSON.parse(data) as { n: number }).n);
    return false;
  };
  const exchange = endpoint.exchange({ method: 'GET', headers: [], onEvent, standing: true });
  await expect.poll(() => heard.length).toBeGreaterThan(1_000);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(heard.length).toBeLessThan(all / 2);
  clock.mockRestore();
  await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(all);
  expect(heard).toEqual(Array.from({ length: all }, (_, n) => n));
  exchange.abort('done');
});

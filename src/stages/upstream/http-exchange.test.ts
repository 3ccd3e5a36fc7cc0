import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, expect, test, vi } from 'vitest';
import { bounds, endpointTo, nothing, slowly } from '../../../test/support/upstream.ts';

afterEach(() => vi.restoreAllMocks());

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

test.each([
  ['a stream', (response: ServerResponse) => response.setHeader('content-type', 'text/event-stream').write(': \n\n')],
  ['a body', (response: ServerResponse) => response.write(' ')],
  ['hints', (response: ServerResponse) => response.writeEarlyHints({ link: '</x>; rel=preload' })],
])('%s without end is no answer, and ends in all', async (_what, say) => {
  const endpoint = await endpointTo(
    (_request, response) => {
      const saying = setInterval(() => (response.headersSent ? response.write(': \n\n') : say(response)), 20);
      response.on('close', () => clearInterval(saying));
    },
    { totalMsMax: 500 },
  );
  const exchange = endpoint.exchange({ method: 'POST', headers: [], body: '{}', onEvent: () => false });
  expect(await exchange.done).toEqual({ kind: 'lost', why: 'no answer within 0.5 s' });
});

test('a server that is asked for TLS and speaks none: nothing was sent, and why', async () => {
  const endpoint = await endpointTo(nothing, { protocol: 'https' });
  const exchange = endpoint.exchange({ method: 'POST', headers: [], body: '{}', onEvent: () => true });
  expect(await exchange.done).toEqual({ kind: 'not-sent', why: 'it does not speak TLS at this port' });
});

test.each([true, false])(
  'what a server says without end is read at a pace, and nothing of it is lost',
  async (standing) => {
    const takes = slowly();
    const all = 20_000;
    const endpoint = await endpointTo((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let n = 0; n < all; n++) response.write(`data: {"n":${n},"pad":"${'x'.repeat(80)}"}\n\n`);
    });
    const rests = vi.spyOn(bounds.pace, 'restAfter');
    const heard: number[] = [];
    const onEvent = (data: string) => {
      takes(0.02);
      heard.push((JSON.parse(data) as { n: number }).n);
      return false;
    };
    const exchange = endpoint.exchange({ method: 'GET', headers: [], onEvent, standing });
    await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(all);
    expect(heard).toEqual(Array.from({ length: all }, (_, n) => n));
    expect(rests.mock.results.some(({ value }) => Number(value) > 0)).toBe(true);
    exchange.abort('done');
  },
);

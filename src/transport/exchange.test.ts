import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { justReceived, NO_HEADERS, type Received } from '../domain/received.ts';
import { Exchange } from './exchange.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const BOTH = 'application/json, text/event-stream';
const answered = { kind: 'answer', status: 400, text: '{"id":"é"}', sessionId: 's1' } as const;

/** One request of a real client, and the exchange it is to the gateway. */
async function begin(accept = BOTH, unreadBytesMax = 1_000_000) {
  const beginning = Promise.withResolvers<Exchange>();
  const server = createServer((request, response) => {
    request.resume();
    beginning.resolve(new Exchange(request, response, unreadBytesMax));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const gone = new AbortController();
  const responding = fetch(`http://127.0.0.1:${port}`, { headers: { accept }, signal: gone.signal });
  responding.catch(() => {});
  return { exchange: await beginning.promise, responding, gone };
}

const received = (more: Partial<Received> = {}): Received => {
  const made = justReceived({
    transport: 'http',
    bytes: Buffer.from(''),
    headers: NO_HEADERS,
    emit: () => false,
  });
  return Object.assign(made, more);
};
/** Whole milliseconds: fractions would be rounded where they are added to. */
const later = () => Math.ceil(performance.now()) + 15_001;

describe('an answer', () => {
  test('is JSON with its status, as long as nothing was said before it', async () => {
    const { exchange, responding } = await begin();
    exchange.answer(answered);
    const response = await responding;
    expect([response.status, await response.text()]).toEqual([400, answered.text]);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(answered.text)),
      'mcp-session-id': 's1',
    });
  });
  test('is the last event of a stream where something was', async () => {
    const { exchange, responding } = await begin();
    expect(exchange.emit('{"n":1}')).toBe(true);
    expect(exchange.emit('{"n":2}')).toBe(true);
    exchange.answer(answered);
    const response = await responding;
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
    });
    const event = (data: string) => `event: message\ndata: ${data}\n\n`;
    expect(await response.text()).toBe(event('{"n":1}') + event('{"n":2}') + event(answered.text));
  });
  test('comes once, and nothing after it', async () => {
    const { exchange, responding } = await begin();
    exchange.answer(answered);
    exchange.answer({ kind: 'accepted' });
    expect(exchange.emit('{}')).toBe(false);
    expect((await responding).status).toBe(400);
  });
  test('of what needs none is 202, or nothing', async () => {
    const accepted = await begin();
    accepted.exchange.answer({ kind: 'accepted' });
    expect([(await accepted.responding).status, await (await accepted.responding).text()]).toEqual([202, '']);
    const silent = await begin();
    silent.exchange.answer({ kind: 'silent' });
    expect(await (await silent.responding).text()).toBe('');
  });
});

describe('a message before the answer', () => {
  test('is not written to a client that takes no stream', async () => {
    const { exchange, responding } = await begin('application/json');
    exchange.received = received();
    expect(exchange.emit('{}')).toBe(false);
    exchange.beat(later());
    exchange.answer(answered);
    expect((await responding).status).toBe(400);
  });
  test('is to one that takes whatever comes', async () => {
    const { exchange } = await begin('*/*');
    expect(exchange.emit('{}')).toBe(true);
  });
  test('is left out where too much is unread', async () => {
    const unread = 'x'.repeat(4_000_000);
    const { exchange } = await begin(BOTH, 1_000);
    // More than the sockets take; nobody reads the body.
    expect(exchange.emit(unread)).toBe(true);
    expect(exchange.emit('{}')).toBe(false);
  });
});

describe('a client that waits', () => {
  test('gets a sign of life every 15 seconds', async () => {
    const { exchange, responding } = await begin();
    exchange.received = received();
    exchange.beat(performance.now());
    const now = later();
    exchange.beat(now);
    exchange.beat(now + 14_999);
    exchange.beat(now + 15_000);
    exchange.answer(answered);
    const sign = ': still running\n\n';
    expect(await (await responding).text()).toBe(`${sign}${sign}event: message\ndata: ${answered.text}\n\n`);
  });
  test('gets none while its request is still coming, nor after the answer', async () => {
    const { exchange, responding } = await begin();
    exchange.beat(later());
    exchange.received = received();
    exchange.answer(answered);
    exchange.beat(later());
    expect((await responding).status).toBe(400);
  });
  test('gets none where the answer brings the name of its session, which a stream that began could not', async () => {
    const { exchange, responding } = await begin();
    exchange.received = received({ headersToCome: true });
    exchange.beat(later());
    exchange.answer({ ...answered, status: 200 });
    expect((await responding).headers.get('mcp-session-id')).toBe('s1');
  });
});

describe('a client that goes', () => {
  const cancelledBy: string[] = [];
  const sent = (goneMeansCancelled: boolean) =>
    received({ goneMeansCancelled, sentBy: { cancel: (_, why) => cancelledBy.push(why) } });
  afterEach(() => cancelledBy.splice(0));

  test.each([true, false])('cancels its request: %s, as its revision has it', async (goneMeansCancelled) => {
    const { exchange, gone } = await begin();
    exchange.received = sent(goneMeansCancelled);
    gone.abort();
    await expect.poll(() => exchange.emit('{}')).toBe(false);
    expect([exchange.received.cancelled, cancelledBy]).toEqual(
      goneMeansCancelled ? [true, ['the client cancelled it']] : [false, []],
    );
    exchange.answer(answered);
  });
  test('cancels nothing once it has its answer', async () => {
    const { exchange, responding } = await begin();
    exchange.received = sent(true);
    exchange.answer(answered);
    await (await responding).text();
    expect([exchange.received.cancelled, cancelledBy]).toEqual([false, []]);
  });
});

describe('at the end of the gateway', () => {
  test('a request that has not come to its end is cut off, one that has is not', async () => {
    const coming = await begin();
    coming.exchange.endUnread();
    await expect(coming.responding).rejects.toThrow();
    const whole = await begin();
    whole.exchange.received = received();
    whole.exchange.endUnread();
    whole.exchange.answer(answered);
    expect((await whole.responding).status).toBe(400);
  });
  test('what runs is given up where it was sent, and nothing is where nothing was', async () => {
    const why: string[] = [];
    const { exchange } = await begin();
    exchange.giveUp();
    exchange.received = received();
    exchange.giveUp();
    exchange.received = received({ sentBy: { cancel: (_, reason) => why.push(reason) } });
    exchange.giveUp();
    expect([why, exchange.received.cancelled]).toEqual([['the gateway was stopped'], false]);
  });
});

import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { fixture, startGateway, type TestGateway, temporaryFolder, until } from '../support/processes.ts';
import { LegacySession, modernHeaders, modernMeta } from '../support/wire.ts';

/** Clients that open a stream and do not read it: what they leave unread is bounded, and no answer is lost to it. */

const folder = temporaryFolder('unread');
afterAll(() => folder.remove());
let gateway: TestGateway;
afterEach(() => gateway.stop());

/** More than the operating system's own buffers take. */
const TIMES = 600;
const BYTES = TIMES * 65_536;
const UNREAD = 400_000;

function start(name: string, server: Record<string, unknown>): Promise<TestGateway> {
  const options = { folder: join(folder.path, name), policy: { version: '1', default: 'allow' }, server };
  return startGateway({ ...options, config: { bounds: { unread: UNREAD } } });
}

/** Sends a request and reads nothing until it is told to. */
function unreadRequest(method: string, headers: Record<string, string>, body = '') {
  const { hostname, port, pathname } = new URL(gateway.url);
  const socket: Socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  const all = { host: 'localhost', accept: 'application/json, text/event-stream', ...headers };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const more = body === '' ? '' : `content-type: application/json\r\ncontent-length: ${body.length}\r\n`;
  socket.write(`${method} ${pathname} HTTP/1.1\r\n${head.join('')}${more}\r\n${body}`);
  let text = '';
  socket.setEncoding('utf8').pause();
  return {
    read: () => socket.resume().on('data', (chunk: string) => void (text += chunk)),
    text: () => text,
    closed: once(socket, 'close'),
    end: () => socket.destroy(),
  };
}

function call(name: string, args: object, more: object = {}): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id: 'unread',
    method: 'tools/call',
    params: { name, arguments: args, ...more },
  });
}

const turnedAway = async () => (await fetch(`${gateway.admin}/metrics`)).text();

describe('a client that does not read', () => {
  test('the standing stream of its session loses it, and finds the last messages on the next one', async () => {
    gateway = await start('standing', { command: 'node', args: [fixture] });
    const session = await LegacySession.open(gateway.url, gateway.token);
    const stream = unreadRequest('GET', session.headers);
    await until('the stream', async () => /sallyport_sessions 1/.test(await turnedAway()));
    const flood = { times: TIMES, method: 'notifications/tools/list_changed' };
    expect((await session.call('flood', flood)).messages[0].result.content[0].text).toBe('flooded');
    expect(await turnedAway()).toContain('sallyport_turned_away_total{why="unread"} 1');
    stream.read();
    await stream.closed;
    expect(stream.text().length).toBeLessThan(BYTES / 2);
    const next = unreadRequest('GET', session.headers);
    next.read();
    const progress = () => [...next.text().matchAll(/"progress":([0-9]+)/g)].map(([, number]) => Number(number));
    // Half of the bound: three messages.
    await until('the last messages', () => progress().length === 3);
    expect(progress()).toEqual([TIMES - 3, TIMES - 2, TIMES - 1]);
    expect((await session.call('flood', { ...flood, times: 1 })).status).toBe(200);
    await until('the next message', () => progress().length === 4);
    next.end();
  });

  test('a call: messages before its answer are left out, its answer never', async () => {
    gateway = await start('call', { command: 'node', args: [fixture] });
    const session = await LegacySession.open(gateway.url, gateway.token);
    const flood = { times: TIMES, method: 'notifications/progress' };
    const body = call('flood', flood, { _meta: { progressToken: 'p' } });
    const running = unreadRequest('POST', session.headers, body);
    await until('the answer', () => /"tool":"flood"/.test(gateway.err()));
    running.read();
    await until('the answer', () => running.text().includes('flooded'));
    expect(running.text().length).toBeLessThan(BYTES / 2);
    expect(running.text()).toContain('"progress":0');
    running.end();
  });

  test('a question in its call is refused to the server, which goes on', async () => {
    gateway = await start('question', { command: 'node', args: [fixture] });
    const session = await LegacySession.open(gateway.url, gateway.token, '2025-11-25', { elicitation: {} });
    const response = await fetch(session.url, {
      method: 'POST',
      headers: { ...session.headers, 'content-type': 'application/json', accept: 'application/json' },
      body: call('ask', {}),
    });
    expect(await response.text()).toContain('no stream of the client is open');
  });

  test('a standing stream of the stateless revision ends with a word, so that it is opened anew', async () => {
    const upstream = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => void (text += chunk));
      request.on('end', () => {
        const { id, method } = JSON.parse(text) as { id: string; method: string };
        if (method === 'server/discover') {
          const result = { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: {} };
          response.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id, result }));
          return;
        }
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const params = { _meta: { 'io.modelcontextprotocol/subscriptionId': id }, pad: 'x'.repeat(65_536) };
        const event = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/tools/list_changed', params });
        const say = () => {
          while (!response.destroyed && response.write(`data: ${event}\n\n`));
        };
        response.on('drain', say);
        say();
      });
    }).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    gateway = await start('listen', { url: `http://127.0.0.1:${(upstream.address() as { port: number }).port}/mcp` });
    const method = 'subscriptions/listen';
    const params = { notifications: { toolsListChanged: true }, ...modernMeta() };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 'l', method, params });
    const listening = unreadRequest('POST', modernHeaders(gateway.token, method), body);
    await until('its end', async () => /requests_in_flight 0/.test(await turnedAway()) && listening.read());
    await until('the word', () => listening.text().includes('the client does not read its stream'));
    listening.end();
    upstream.closeAllConnections();
    upstream.close();
  });
});

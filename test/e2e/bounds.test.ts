import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bin, ended, fixture, startGateway, type TestGateway, temporaryFolder } from '../support/processes.ts';
import { LegacySession, modernHeaders, modernMeta, post } from '../support/wire.ts';

const folder = temporaryFolder('bounds');
const bounds = { body: 4_096, header: 2_048, response: 65_536, idle: '1s', sessions: 3, streams: 1, children: 1 };

describe('bounds of the configuration', () => {
  let gateway: TestGateway;

  beforeAll(async () => {
    gateway = await startGateway({
      folder: folder.path,
      policy: { version: '1', default: 'deny', tools: { echo: {}, slow: {} } },
      server: { command: process.execPath, args: [fixture] },
      config: { bounds },
    });
  });

  afterAll(async () => {
    await gateway.stop();
    folder.remove();
  });

  const echo = (text: string, headers: Record<string, string> = {}) => {
    const params = { name: 'echo', arguments: { text }, ...modernMeta() };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
    return post(gateway.url, body, { ...modernHeaders(gateway.token, 'tools/call', 'echo'), ...headers });
  };

  test('a body, or headers, within them pass, and over them do not', async () => {
    expect((await echo('x'.repeat(3_000))).status).toBe(200);
    expect((await echo('x'.repeat(4_000))).status).toBe(413);
    expect((await echo('x', { 'x-more': 'y'.repeat(1_000) })).status).toBe(200);
    expect((await echo('x', { 'x-more': 'y'.repeat(2_000) })).status).toBe(431);
  });

  test.each([
    ['nothing', ''],
    ['a request without its body', 'POST /mcp/up HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n'],
  ])('a connection with %s is closed', async (_, written) => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.resume().write(written);
    await once(socket, 'close');
  });

  test('the session that rests longest goes, and one that has a stream stays', async () => {
    const [first, second, third] = [await open(), await open(), await open()];
    const stream = await fetch(gateway.url, { headers: { ...first.headers, accept: 'text/event-stream' } });
    expect(stream.status).toBe(200);
    const another = await fetch(gateway.url, { headers: { ...third.headers, accept: 'text/event-stream' } });
    expect(another.status).toBe(503);
    await open();
    expect((await second.send('ping')).status).toBe(404);
    expect((await first.send('ping')).status).toBe(200);
    await stream.body?.cancel();
  });

  test('a session that needs a process while the only one is busy is told so', async () => {
    const [busy, waiting] = [await open(), await open()];
    const running = busy.call('slow', { ms: 7_000 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const said = await waiting.call('echo', { text: 'x' });
    expect(said.text).toContain('1 children busy');
    expect((await running).messages.at(-1).result).toBeDefined();
  }, 20_000);

  test('they are shown as they are in force, and what is none is refused with its place', async () => {
    const { out } = await ended([bin, 'config', 'print', '--json', '-c', gateway.configFile]);
    expect(JSON.parse(out).config.bounds).toEqual({ ...bounds, idle: '1000ms', unread: 1_048_576, calls: 1_000 });
    const wrong = join(folder.path, 'wrong');
    const started = startGateway({
      folder: wrong,
      policy: { version: '1' },
      server: { command: process.execPath, args: [fixture] },
      config: { bounds: { header: 100, idle: 'long', children: 0, stream: 1 } },
    });
    await expect(started).rejects.toThrow(
      /ended with 78[^]*>=1024[^]*no length of time[^]*>=1;[^]*did you mean `streams`/,
    );
  });

  const open = () => LegacySession.open(gateway.url, gateway.token);
});

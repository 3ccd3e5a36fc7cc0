import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { fixture, startFixture, startGateway, type TestGateway, temporaryFolder, until } from '../support/processes.ts';
import { LegacySession, modernCall, modernHeaders, modernMeta, post } from '../support/wire.ts';

/** What changes while calls run: servers, grants, policies; and the end of the process itself. */

const folder = temporaryFolder('changes');
afterAll(() => folder.remove());
const allow = { version: '1', default: 'allow' };
const tokens = { ONE: 'a'.repeat(40), TWO: 'b'.repeat(40) };
const one = { token: `\${env:ONE}`, servers: ['up'], policy: 'policy.yaml' };
const two = { token: `\${env:TWO}`, servers: ['up'], policy: 'policy.yaml' };
const child = (...args: string[]) => ({ command: 'node', args: [fixture, ...args] });

let gateway: TestGateway;
afterEach(async () => {
  await gateway.stop();
});

async function start(name: string, grants: object): Promise<void> {
  gateway = await startGateway({
    folder: join(folder.path, name),
    policy: allow,
    server: child(),
    env: tokens,
    config: { policy: undefined, grants },
  });
}

function change(parts: object): void {
  const config = JSON.parse(readFileSync(gateway.configFile, 'utf8')) as object;
  writeFileSync(gateway.configFile, JSON.stringify({ ...config, ...parts }));
}

async function takenOver(times = 1): Promise<void> {
  await until('the change', () => gateway.err().split('is in force').length > times);
}

async function ready(): Promise<{ status: string }> {
  return (await fetch(`${gateway.admin}/readyz`)).json() as Promise<{ status: string }>;
}

describe('a changed server', () => {
  test('a call that runs is answered by the old one, and its session goes on at the new one', async () => {
    await start('server', { one });
    const session = await LegacySession.open(gateway.url, tokens.ONE);
    const running = session.call('slow', { ms: 1_500 });
    await until('the call', async () =>
      /sallyport_audit_open_intents 1/.test(await (await fetch(`${gateway.admin}/metrics`)).text()),
    );
    change({ servers: { up: child('--tools', 'echo,new_tool') } });
    await takenOver();
    expect((await session.call('new_tool')).messages[0].result.content[0].text).toBe('ran new_tool');
    expect((await running).messages[0].result.content[0].text).toBe('slept');
  });
});

describe('a question of a changed server', () => {
  test.each(['http', 'stdio'])(
    'is answered at the one that asked it, which then answers its call: %s',
    async (kind) => {
      const upstream = kind === 'http' ? await startFixture() : undefined;
      gateway = await startGateway({
        folder: join(folder.path, `question-${kind}`),
        policy: allow,
        server: upstream === undefined ? child() : { url: upstream.url },
      });
      const session = await LegacySession.open(gateway.url, gateway.token, '2025-11-25', { elicitation: {} });
      const running = await fetch(session.url, {
        method: 'POST',
        headers: {
          ...session.headers,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 'asking', method: 'tools/call', params: { name: 'ask' } }),
      });
      const reader = running.body?.pipeThrough(new TextDecoderStream()).getReader();
      const question = JSON.parse(/data: (.*)/.exec((await reader?.read())?.value ?? '')?.[1] ?? '{}');
      change({ servers: { up: child('--tools', 'new_tool') } });
      await takenOver();
      expect((await session.call('new_tool')).messages[0].result.content[0].text).toBe('ran new_tool');
      const answer = JSON.stringify({ jsonrpc: '2.0', id: question.id, result: { action: 'accept' } });
      expect((await post(session.url, answer, session.headers)).status).toBe(202);
      expect((await reader?.read())?.value).toContain('accept');
      expect((await post(session.url, answer, session.headers)).status).toBe(400);
      await upstream?.stop();
    },
  );
});

describe('a removed server', () => {
  test('is made anew when it comes back as it was', async () => {
    const other = { ...child(), cwd: folder.path };
    await start('comes-back', { one });
    const servers = { up: child(), other };
    change({ servers, grants: { one: { ...one, servers: ['up', 'other'] } } });
    await takenOver(1);
    const url = gateway.url.replace('/up', '/other');
    expect((await modernCall(url, tokens.ONE, 'echo', { text: 'there' })).text).toContain('there');
    change({ servers: { up: child() }, grants: { one } });
    await takenOver(2);
    expect((await modernCall(url, tokens.ONE, 'echo', { text: 'gone' })).status).toBe(404);
    change({ servers, grants: { one: { ...one, servers: ['up', 'other'] } } });
    await takenOver(3);
    expect((await modernCall(url, tokens.ONE, 'echo', { text: 'back' })).messages[0].result.content[0].text).toBe(
      'back',
    );
  });
});

describe('an ended session', () => {
  test('leaves nothing that was counted for it', async () => {
    await start('counted', { one });
    const counts = async () =>
      /^sallyport_session_counts ([0-9]+)$/m.exec(await (await fetch(`${gateway.admin}/metrics`)).text())?.[1];
    const session = await LegacySession.open(gateway.url, tokens.ONE);
    await session.call('echo', { text: 'x' });
    expect(await counts()).toBe('1');
    expect((await fetch(session.url, { method: 'DELETE', headers: session.headers })).status).toBe(204);
    expect(await counts()).toBe('0');
  });
});

describe('a removed grant', () => {
  test('its running calls finish, its next request fails, its streams close', async () => {
    await start('grant', { one, two });
    const session = await LegacySession.open(gateway.url, tokens.TWO);
    const running = session.call('slow', { ms: 4_000 });
    const listening = post(
      gateway.url,
      JSON.stringify({
        jsonrpc: '2.0',
        id: 'l',
        method: 'subscriptions/listen',
        params: { notifications: { toolsListChanged: true }, _meta: modernMeta() },
      }),
      modernHeaders(tokens.TWO, 'subscriptions/listen'),
    );
    const quick = await modernCall(gateway.url, tokens.TWO, 'echo', { text: 'x' });
    expect(quick.status).toBe(200);
    change({ grants: { one } });
    await takenOver();
    expect((await session.send('ping')).status).toBe(401);
    expect((await listening).messages.at(-1)).toMatchObject({ id: 'l' });
    expect((await running).messages[0].result.content[0].text).toBe('slept');
  });
});

describe('a refused change', () => {
  test('mending a policy that only the refused configuration names is noticed', async () => {
    await start('mended', { one });
    const policy = join(gateway.folder, 'other.yaml');
    writeFileSync(policy, '{"version":"1","default":"maybe"}');
    change({ grants: { one, two: { ...two, policy: 'other.yaml' } } });
    await until('the alarm', async () => (await ready()).status === 'degraded');
    writeFileSync(policy, JSON.stringify(allow));
    await takenOver();
    expect((await ready()).status).toBe('ok');
    expect((await modernCall(gateway.url, tokens.TWO, 'echo', { text: 'x' })).status).toBe(200);
  });
});

describe('the end of the process', () => {
  test('an answer that is being read is read to its end', async () => {
    await start('slow-reader', { one });
    const session = await LegacySession.open(gateway.url, tokens.ONE);
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'big', arguments: { bytes: 12_000_000 } },
    });
    const { hostname, port, pathname } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    const headers = Object.entries({ ...session.headers, 'content-type': 'application/json' });
    const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    socket.write(
      `POST ${pathname} HTTP/1.1\r\nhost: localhost\r\n${head}content-length: ${body.length}\r\n\r\n${body}`,
    );
    socket.pause();
    await until('the answer', () => /"tool":"big"/.test(gateway.err()));
    const stopping = gateway.stop();
    await until('the stop', async () => (await fetch(`${gateway.admin}/readyz`)).status === 503);
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    socket.resume();
    await until('all of it', () => bytes > 12_000_000);
    socket.destroy();
    expect(await stopping).toBe(0);
  });

  test('a request that has not come to its end is not waited for', async () => {
    await start('unread', { one });
    const { hostname, port, pathname } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    const head = `host: localhost\r\nauthorization: Bearer ${tokens.ONE}\r\ncontent-type: application/json`;
    socket.write(`POST ${pathname} HTTP/1.1\r\n${head}\r\ncontent-length: 100\r\n\r\n{`);
    const inFlight = async () => /requests_in_flight 1/.test(await (await fetch(`${gateway.admin}/metrics`)).text());
    await until('the request', inFlight);
    gateway.child.kill('SIGTERM');
    // Well before the ten seconds that running calls get.
    await until('the end', () => gateway.child.exitCode === 0, 5_000);
    socket.destroy();
  });

  test.each(['open', 'on its way to the server'])(
    'a standing stream of the stateless revision is told and not waited for: %s',
    async (state) => {
      await start(`standing-${state.slice(0, 4).trim()}`, { one });
      // The first request of this revision waits for a child to start.
      if (state === 'open') await modernCall(gateway.url, tokens.ONE, 'echo', { text: 'x' });
      const params = { notifications: { toolsListChanged: true }, ...modernMeta() };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 'l', method: 'subscriptions/listen', params });
      const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
      const opening = fetch(gateway.url, {
        method: 'POST',
        headers: { ...headers, ...modernHeaders(tokens.ONE, 'subscriptions/listen') },
        body,
      });
      const inFlight = async () => /requests_in_flight 1/.test(await (await fetch(`${gateway.admin}/metrics`)).text());
      await (state === 'open' ? opening : until('the request', inFlight));
      gateway.child.kill('SIGTERM');
      expect(await (await opening).text()).toMatch(/"id":"l","error":.*(?:the gateway is stopping|cancelled before)/);
      // Well before the ten seconds that running calls get.
      await until('the end', () => gateway.child.exitCode === 0, 5_000);
    },
  );

  test('files of the data folder are for its user alone', async () => {
    await start('modes', { one });
    const modes = readdirSync(gateway.data, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => [name, statSync(join(gateway.data, name)).mode & 0o777]);
    expect(modes.filter(([, mode]) => mode !== 0o600)).toEqual([]);
  });
});

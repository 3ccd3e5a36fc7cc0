import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { fixture, startGateway, type TestGateway, temporaryFolder, until } from '../support/processes.ts';
import { LegacySession, post } from '../support/wire.ts';

/** As many calls run as may: what makes room again is let in, and nothing else. */

const folder = temporaryFolder('call-bound');
afterAll(() => folder.remove());
let gateway: TestGateway;
afterEach(() => gateway.stop('SIGKILL'));

const CALLS = 2;

/** A session at a gateway with as many calls running as may. */
async function full(name: string, tool: string) {
  const journal = join(folder.path, `${name}.journal`);
  writeFileSync(journal, '');
  const policy = { version: '1', default: 'allow' };
  const server = { command: 'node', args: [fixture, '--journal', journal] };
  const config = { bounds: { calls: CALLS } };
  gateway = await startGateway({ folder: join(folder.path, name), policy, server, config });
  const session = await LegacySession.open(gateway.url, gateway.token, '2025-11-25', { elicitation: {} });
  await session.send('tools/list');
  const stuck = Array.from({ length: CALLS }, (_, n) => session.send('tools/call', { name: tool }, `stuck-${n}`));
  for (const one of stuck) one.catch(() => {});
  const ran = () =>
    readFileSync(journal, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"name"'));
  await until('the calls', () => ran().length === CALLS);
  return { session, stuck, ran };
}

const cancelled = (id: string, more: object = {}) =>
  JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id, ...more } });

test('a cancellation gets through and makes room; a call does not, and nothing of it is sent', async () => {
  const { session, stuck, ran } = await full('cancel', 'silent');
  const refused = await session.call('echo', { text: 'x' });
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
  expect(ran()).toHaveLength(CALLS);
  expect((await post(session.url, cancelled('stuck-0'), session.headers)).status).toBe(202);
  expect((await stuck[0])?.text).toContain('the client cancelled it');
  expect((await session.call('echo', { text: 'room' })).messages[0].result.content[0].text).toBe('room');
});

test("the answer to a server's question gets through", async () => {
  const { session, stuck } = await full('answer', 'ask');
  const stream = await fetch(session.url, { headers: { ...session.headers, accept: 'text/event-stream' } });
  for (const id of ['ask-1', 'ask-2']) {
    const answer = JSON.stringify({ jsonrpc: '2.0', id, result: { action: 'decline' } });
    expect((await post(session.url, answer, session.headers)).status).toBe(202);
  }
  for (const one of stuck) expect((await one).text).toContain('decline');
  await stream.body?.cancel();
});

test('what is read so is bounded: in size, in number and in time', async () => {
  const { session, stuck } = await full('bounded', 'silent');
  const long = cancelled('stuck-0', { reason: 'x'.repeat(70_000) });
  expect((await post(session.url, long, session.headers)).status).toBe(429);
  const { hostname, port, pathname } = new URL(gateway.url);
  const head = Object.entries({ ...session.headers, host: 'localhost', 'content-type': 'application/json' });
  const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const answers = Array.from({ length: 64 }, () => {
    const socket = connect(Number(port), hostname);
    socket.write(`POST ${pathname} HTTP/1.1\r\n${lines}content-length: 1000\r\n\r\n{`);
    return once(socket.setEncoding('utf8'), 'data').finally(() => socket.destroy());
  });
  const inFlight = async () => /sallyport_requests_in_flight ([0-9]+)/.exec(await metrics())?.[1];
  await until('the unfinished ones', async () => (await inFlight()) === String(CALLS + 64));
  expect((await post(session.url, cancelled('stuck-0'), session.headers)).status).toBe(429);
  for (const one of await Promise.all(answers)) expect(one[0]).toMatch(/^HTTP\/1\.1 429 /);
  expect((await post(session.url, cancelled('stuck-0'), session.headers)).status).toBe(202);
  expect((await stuck[0])?.text).toContain('the client cancelled it');
});

async function metrics(): Promise<string> {
  return (await fetch(`${gateway.admin}/metrics`)).text();
}

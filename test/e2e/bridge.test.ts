import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bin,
  ended,
  fixture,
  type Running,
  run,
  startGateway,
  type TestGateway,
  temporaryFolder,
  until,
} from '../support/processes.ts';
import { modernMeta } from '../support/wire.ts';

/** A stdio client before an HTTP gateway, and before `wrap`: what a pipe may do that a request cannot. */

const folder = temporaryFolder('bridge');
const policy = { version: '1', default: 'allow' };
const initialize = {
  jsonrpc: '2.0',
  id: 'init',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};
const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' };
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    folder: join(folder.path, 'gateway'),
    policy,
    server: { command: 'node', args: [fixture] },
  });
});
afterAll(async () => {
  await gateway.stop();
  folder.remove();
});

function bridge(url: string, tokenFile = join(gateway.data, 'local.token')): Running {
  return run([bin, 'stdio', '--url', url, '--token-file', tokenFile], { input: 'pipe' });
}

function say(running: Running, ...messages: readonly (object | Buffer)[]): void {
  for (const message of messages) {
    running.child.stdin?.write(Buffer.isBuffer(message) ? message : `${JSON.stringify(message)}\n`);
  }
}

function said(running: Running, id: unknown): Promise<any> {
  return until(`the answer to ${JSON.stringify(id)}`, () =>
    running
      .out()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { id?: unknown })
      .find((message) => message.id === id),
  );
}

test('bytes that are no UTF-8 are refused, not replaced', async () => {
  const client = bridge(gateway.url);
  say(client, initialize);
  await said(client, 'init');
  const [before, after] = JSON.stringify({
    jsonrpc: '2.0',
    id: 7,
    method: 'tools/call',
    params: { name: 'echo', arguments: { text: '|' } },
  }).split('|') as [string, string];
  say(client, Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(`${after}\n`)]));
  expect(await said(client, null)).toMatchObject({ error: { code: -32700 } });
  await client.stop();
});

test('what the door turns away is answered under the id of the request', async () => {
  const wrong = join(folder.path, 'wrong.token');
  writeFileSync(wrong, 'x'.repeat(43));
  const client = bridge(gateway.url, wrong);
  say(client, initialize);
  expect(await said(client, 'init')).toMatchObject({ error: { message: expect.stringContaining('token') } });
  say(client, { jsonrpc: '2.0', id: 12, method: 'ping' });
  expect(await said(client, 12)).toMatchObject({ error: {} });
  await client.stop();
});

test('a notification that is turned away is answered to nobody', async () => {
  const client = bridge(gateway.url);
  say(client, initialized, { jsonrpc: '2.0', id: 'ping', method: 'ping' });
  await said(client, 'ping');
  await until('the log', () => client.err().includes('not delivered'));
  expect(client.out().trim().split('\n')).toHaveLength(1);
  await client.stop();
});

test('a call without an id is no notification: it is refused, as over wrap', async () => {
  const client = bridge(gateway.url);
  say(client, initialize);
  await said(client, 'init');
  say(client, initialized, { jsonrpc: '2.0', method: 'tools/call', params: { name: 'echo' } });
  expect(await said(client, null)).toMatchObject({ error: { code: -32600, message: expect.stringContaining('id') } });
  await client.stop();
});

test('a stateless request beside a session carries its own revision', async () => {
  const client = bridge(gateway.url);
  say(client, initialize);
  await said(client, 'init');
  const params = { name: 'echo', arguments: { text: 'both' }, _meta: modernMeta() };
  say(client, initialized, { jsonrpc: '2.0', id: 2, method: 'tools/call', params });
  expect(await said(client, 2)).toMatchObject({ result: { content: [{ text: 'both' }] } });
  await client.stop();
});

test('the standing stream is found again after the gateway was away', async () => {
  const at = join(folder.path, 'away');
  const options = { folder: at, policy, server: { command: 'node', args: [fixture] } };
  let away = await startGateway(options);
  const { port } = new URL(away.url);
  const client = bridge(away.url, join(away.data, 'local.token'));
  say(client, initialize);
  await said(client, 'init');
  say(client, initialized, { jsonrpc: '2.0', id: 1, method: 'ping' });
  await said(client, 1);
  await away.stop();
  // Long enough for the bridge to have looked once in vain.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  away = await startGateway({ ...options, listen: `127.0.0.1:${port}` });
  let changes = 0;
  await until('list_changed', async () => {
    writeFileSync(away.policyFile, JSON.stringify({ ...policy, hide: [`n${++changes}`] }));
    await new Promise((resolve) => setTimeout(resolve, 700));
    return ['tools', 'prompts', 'resources'].every((list) => client.out().includes(`${list}/list_changed`));
  });
  await client.stop();
  await away.stop();
});

test('a call that the gateway took with it is unknown, one that finds no gateway was not sent', async () => {
  const at = join(folder.path, 'killed');
  const away = await startGateway({ folder: at, policy, server: { command: 'node', args: [fixture] } });
  const client = bridge(away.url, join(away.data, 'local.token'));
  const call = (id: string, method: string, params: object) =>
    say(client, { jsonrpc: '2.0', id, method, params: { ...params, ...modernMeta() } });
  call('one', 'tools/call', { name: 'echo', arguments: { text: 'here' } });
  await said(client, 'one');
  call('two', 'tools/call', { name: 'silent' });
  await until('the call', async () => /in_flight 1/.test(await (await fetch(`${away.admin}/metrics`)).text()));
  await away.stop('SIGKILL');
  expect(await said(client, 'two')).toMatchObject({
    result: {
      isError: true,
      resultType: 'complete',
      content: [{ text: expect.stringMatching(/^\[sallyport\] unknown: the call was sent.*do not repeat it/) }],
      _meta: { 'sallyport/outcome': { version: 1, outcome: 'unknown' } },
    },
  });
  call('three', 'tools/call', { name: 'echo' });
  expect(await said(client, 'three')).toMatchObject({
    result: {
      isError: true,
      content: [{ text: expect.stringMatching(/^\[sallyport\] unavailable: the gateway: .*Nothing was sent/) }],
      _meta: { 'sallyport/outcome': { version: 1, outcome: 'not-sent' } },
    },
  });
  call('four', 'prompts/get', { name: 'greet' });
  expect(await said(client, 'four')).toMatchObject({
    error: { code: -32603, data: { 'sallyport/outcome': { version: 1, outcome: 'not-sent' } } },
  });
  call('five', 'ping', {});
  expect(await said(client, 'five')).toMatchObject({ error: { code: -32603 } });
  await client.stop();
});

test('above the bound of running calls a request is refused under its id, and a cancellation makes room', async () => {
  const file = join(folder.path, 'policy.yaml');
  writeFileSync(file, JSON.stringify(policy));
  const args = [bin, 'wrap', '--policy', file, '--data', join(folder.path, 'busy'), '--', 'node', fixture];
  const client = run(args, { input: 'pipe' });
  say(client, initialize);
  await said(client, 'init');
  const call = (id: number, name: string) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name } });
  say(client, initialized, ...Array.from({ length: 1_000 }, (_, id) => call(id, 'silent')), call(1_000, 'echo'));
  expect(await said(client, 1_000)).toMatchObject({ error: { message: 'too many requests are running' } });
  say(client, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } });
  await until('room', async () => {
    const id = 2_000 + client.out().length;
    say(client, call(id, 'get_me'));
    return (await said(client, id)).result !== undefined;
  });
  // Those that run would get ten seconds.
  await client.stop('SIGKILL');
});

test('lines that come together with `initialize` wait for its answer', async () => {
  const file = join(folder.path, 'policy.yaml');
  writeFileSync(file, JSON.stringify(policy));
  const call = { jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'echo', arguments: { text: 'piped' } } };
  const input = [initialize, initialized, call].map((message) => `${JSON.stringify(message)}\n`).join('');
  const args = [bin, 'wrap', '--policy', file, '--data', join(folder.path, 'wrap'), '--', 'node', fixture];
  const { code, out } = await ended(args, { input });
  expect(code).toBe(0);
  const ids = out
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: unknown }).id);
  expect(ids).toEqual(['init', 3]);
  expect(out).toContain('"piped"');
});

test.each(['wrap', 'stdio'])('%s: a standing stream does not hold up its end', async (kind) => {
  const file = join(folder.path, 'policy.yaml');
  writeFileSync(file, JSON.stringify(policy));
  const args = [bin, 'wrap', '--policy', file, '--data', join(folder.path, 'listen'), '--', 'node', fixture];
  const client = kind === 'wrap' ? run(args, { input: 'pipe' }) : bridge(gateway.url);
  const params = { notifications: { toolsListChanged: true }, ...modernMeta() };
  say(client, { jsonrpc: '2.0', id: 'l', method: 'subscriptions/listen', params });
  await until('the stream', () => client.out().includes('subscriptions/acknowledged'));
  client.child.stdin?.end();
  // Well before the ten seconds that running calls get.
  await until('the end', () => client.child.exitCode === 0, 6_000);
});

describe('a last line without a line feed', () => {
  const file = join(folder.path, 'policy.yaml');
  const call = { jsonrpc: '2.0', id: 4, method: 'tools/call', params: { name: 'echo', arguments: { text: 'last' } } };
  const lines = [initialize, initialized, call].map((message) => JSON.stringify(message)).join('\n');
  const token = () => join(gateway.data, 'local.token');
  const wrap = (...command: string[]) => [
    bin,
    'wrap',
    '--policy',
    file,
    '--data',
    join(folder.path, 'last'),
    '--',
    'node',
    ...command,
  ];
  const answerTo = (id: unknown, out: string) =>
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: unknown })
      .find((message) => message.id === id);
  beforeAll(() => writeFileSync(file, JSON.stringify(policy)));

  test.each(['wrap', 'stdio'])(
    '%s answers it where it is a message, and refuses it where it was cut off',
    async (kind) => {
      const args = kind === 'wrap' ? wrap(fixture) : [bin, 'stdio', '--url', gateway.url, '--token-file', token()];
      const whole = await ended(args, { input: lines });
      expect(whole.code).toBe(0);
      expect(answerTo(4, whole.out)).toMatchObject({ result: { content: [{ text: 'last' }] } });
      const cut = await ended(args, { input: lines.slice(0, -1) });
      expect(answerTo(null, cut.out)).toMatchObject({ error: { code: -32700 } });
    },
  );

  test('of a server is its answer', async () => {
    const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'curt', version: '1' } };
    const answer = JSON.stringify(JSON.stringify({ jsonrpc: '2.0', id: 'sallyport:initialize', result }));
    const server = `process.stdin.once('data', () => { process.stdout.write(${answer}); process.stdout.end(); })`;
    const { out } = await ended(wrap('-e', server), { input: `${JSON.stringify(initialize)}\n` });
    expect(JSON.parse(out)).toMatchObject({ id: 'init', result: { serverInfo: { name: 'curt' } } });
  });
});

test.each(['wrap', 'stdio'])(
  '%s: a separator that some servers and clients take for a line end arrives whole',
  async (command) => {
    const file = join(folder.path, 'all.json');
    writeFileSync(file, JSON.stringify(policy));
    const client =
      command === 'stdio'
        ? bridge(gateway.url)
        : run([bin, 'wrap', '--policy', file, '--data', join(folder.path, 'lines'), '--', 'node', fixture], {
            input: 'pipe',
          });
    say(client, initialize);
    await said(client, 'init');
    const text = 'a\u2028b\u2029c\u0085d';
    say(client, { jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'echo', arguments: { text } } });
    expect(await said(client, 3)).toMatchObject({ result: { content: [{ text }] } });
    expect(client.out()).not.toMatch(/[\u2028\u2029\u0085]/);
    await client.stop();
  },
);

test('before the handshake wrap answers a ping, and nothing else', async () => {
  const file = join(folder.path, 'ping.json');
  writeFileSync(file, JSON.stringify(policy));
  const client = run([bin, 'wrap', '--policy', file, '--data', join(folder.path, 'ping'), '--', 'node', fixture], {
    input: 'pipe',
  });
  say(client, { jsonrpc: '2.0', id: 1, method: 'ping' }, { jsonrpc: '2.0', id: 2, method: 'tools/list' });
  expect(await said(client, 1)).toMatchObject({ result: {} });
  expect(await said(client, 2)).toMatchObject({ error: { code: -32600 } });
  await client.stop();
});

test('of very many calls at once those above the bound are refused, each under its own id', async () => {
  const file = join(folder.path, 'many.json');
  writeFileSync(file, JSON.stringify(policy));
  const client = run([bin, 'wrap', '--policy', file, '--data', join(folder.path, 'many'), '--', 'node', fixture], {
    input: 'pipe',
  });
  say(client, initialize);
  await said(client, 'init');
  const calls = Array.from({ length: 1_010 }, (_, id) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: 'slow', arguments: { ms: 300 } },
  }));
  say(client, ...calls);
  const answers = await until('all answers', () => {
    const lines = client.out().split('\n').slice(1, -1);
    return lines.length >= calls.length && lines.map((line) => JSON.parse(line) as { id: unknown; error?: object });
  });
  expect(new Set(answers.map(({ id }) => id))).toEqual(new Set(calls.map(({ id }) => id)));
  expect(answers.filter(({ error }) => error !== undefined)).toHaveLength(10);
  await client.stop();
});

test.each(['wrap', 'stdio'])('%s: a stateless call is cancelled without a word about the revision', async (command) => {
  const journal = join(folder.path, `cancelled-${command}`);
  writeFileSync(journal, '');
  const file = join(folder.path, 'all.json');
  writeFileSync(file, JSON.stringify(policy));
  const at = join(folder.path, `cancelling-${command}`);
  const server = { command: 'node', args: [fixture, '--journal', journal] };
  const other = command === 'stdio' ? await startGateway({ folder: at, policy, server }) : undefined;
  const client =
    other !== undefined
      ? bridge(other.url, join(other.data, 'local.token'))
      : run([bin, 'wrap', '--policy', file, '--data', at, '--', 'node', ...server.args], { input: 'pipe' });
  const params = { name: 'slow', arguments: { ms: 20_000 }, ...modernMeta() };
  say(client, { jsonrpc: '2.0', id: 'long', method: 'tools/call', params });
  await until('the call', () => readFileSync(journal, 'utf8').includes('slow'));
  say(client, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'long' } });
  await until('the cancellation', () => readFileSync(journal, 'utf8').includes('notifications/cancelled'));
  await client.stop();
  await other?.stop();
});

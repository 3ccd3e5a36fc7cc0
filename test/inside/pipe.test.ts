import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { StdioServer } from '../../src/transport/stdio-server.ts';
import { type Inside, startInside } from '../support/inside.ts';
import { temporaryFolder, until } from '../support/processes.ts';
import { LegacySession, modernMeta, post } from '../support/wire.ts';

/** What a client on a pipe may say, and when; what every transport has in common with it. */
const folder = temporaryFolder('pipe-inside');
let inside: Inside;
beforeAll(async () => {
  inside = await startInside({ folder: folder.path, policy: { version: '1', default: 'allow' }, tools: ['pay'] });
});
afterEach(() => {
  inside.arrived.length = 0;
  for (const method of Object.keys(inside.answers)) delete inside.answers[method];
});
afterAll(async () => {
  await inside.close();
  folder.remove();
});

let made = 0;
function pipe() {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const caller = inside.serving.gateway.rules().callers.get('desk');
  if (caller === undefined) throw new Error('no caller');
  new StdioServer({
    gate: inside.serving.gateway.gate,
    caller,
    server: 'up',
    processId: `p-${++made}`,
    lineBytesMax: 10_000,
    callsMax: 10,
    unreadBytesMax: 10_000,
    input,
    output,
    noteTurnedAway: () => {},
    noteDefect: (fault) => {
      throw fault;
    },
  });
  let out = '';
  output.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  const said = () => out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  return {
    say: (...messages: object[]) =>
      input.write(messages.map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`).join('')),
    write: (text: string) => input.write(text),
    said,
    heard: (count: number) => until(`${count} lines`, () => said().length >= count && said()),
  };
}
const initialize = { id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {} } };
const initialized = { method: 'notifications/initialized' };
const pay = (id: unknown, more: object = {}) => ({ id, method: 'tools/call', params: { name: 'pay', ...more } });
const calls = () => inside.arrived.filter(({ method }) => method === 'tools/call').length;
/** A server that answers calls when it is told to. */
function hold(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  inside.answers['tools/call'] = async () => {
    await promise;
    return { content: [] };
  };
  return resolve;
}

test('before `initialize` a client may ask whether anybody is there, and nothing else', async () => {
  const { say, heard } = pipe();
  say({ method: 'notifications/progress' }, { id: 'a', method: 'ping' }, pay('b'), { method: 'no/such' });
  say({ id: 'c', result: {} }, { id: 'd', method: 'no/such' });
  const lines = await heard(4);
  expect(lines.map(({ id, result, error }) => [id, result ?? error.message])).toEqual([
    ['a', {}],
    ['b', 'the session has not been initialized; send `initialize` first'],
    ['c', 'the session has not been initialized; send `initialize` first'],
    ['d', 'Method not found: no/such'],
  ]);
  expect(inside.arrived).toEqual([]);
});

test('lines that come with `initialize` wait for its answer, in their order; a second one is refused', async () => {
  const { say, heard } = pipe();
  say(initialize, initialized, pay(2), { id: 3, method: 'ping' }, { ...initialize, id: 4 });
  const lines = await heard(4);
  expect(lines.map(({ id }) => id).sort()).toEqual([1, 2, 3, 4]);
  expect(lines[0].result.protocolVersion).toBe('2025-11-25');
  expect(lines.find(({ id }) => id === 2).result.content[0].text).toBe('ran pay');
  expect(lines.find(({ id }) => id === 4).error).toEqual({
    code: -32600,
    message: 'the session is initialized already',
  });
  expect(inside.arrived[0]?.method).toBe('initialize');
});

test('an `initialize` that failed may be sent again', async () => {
  const { say, heard } = pipe();
  inside.answers['initialize'] = () => ({ protocolVersion: '1999-01-01', capabilities: {} });
  say(initialize);
  expect((await heard(1))[0].error.message).toContain('1999-01-01');
  delete inside.answers['initialize'];
  say({ ...initialize, id: 2 });
  expect((await heard(2))[1].result.protocolVersion).toBe('2025-11-25');
});

test('a line that cannot be read is told so, and the next one is', async () => {
  const { write, say, heard } = pipe();
  write('{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}\n[]\n');
  say({ id: 3, method: 'ping' });
  expect((await heard(3)).map(({ id, error }) => [id, error?.code])).toEqual([
    [null, -32700],
    [null, -32600],
    [3, undefined],
  ]);
});

test('an id is one request’s at a time: another under it is refused, and where it is a call on record', async () => {
  const { say, heard, said } = pipe();
  say(initialize, initialized);
  await heard(1);
  const answer = hold();
  say(pay(7));
  await until('the call', () => calls() === 1);
  say(pay(7), { id: 7, method: 'tools/list' }, { id: '7', method: 'ping' });
  await heard(4);
  answer();
  await heard(5);
  const why = 'a request with this id is still running';
  expect(said().flatMap(({ error }) => (error === undefined ? [] : [[error.code, error.message]]))).toEqual([
    [-32600, why],
    [-32600, why],
  ]);
  expect(calls()).toBe(1);
  const refused = inside.trail().filter(({ sentence }) => sentence === why);
  expect(refused).toMatchObject([{ kind: 'refusal', tool: 'pay', rule: '(decode)' }]);
});

test.each(['legacy', 'modern'])(
  'a client that cancels (%s) gets no answer, and the outcome is on record',
  async (era) => {
    const { say, heard, said } = pipe();
    if (era === 'legacy') {
      say(initialize, initialized);
      await heard(1);
    }
    const before = said().length;
    const answer = hold();
    say(pay('c', era === 'legacy' ? {} : modernMeta()));
    await until('the call', () => calls() === 1);
    // A cancellation need not say its revision.
    say({ method: 'notifications/cancelled', params: { requestId: 'c' } });
    await until('the outcome', () => inside.trail().at(-1).outcome === 'unknown');
    answer();
    say({ id: 'last', method: 'ping' });
    const lines = await heard(before + 1);
    expect(lines.slice(before).map(({ id }) => id)).toEqual(['last']);
  },
);

test('over HTTP what cannot be read is 400 in JSON-RPC, under its id where it has one', async () => {
  const auth = { authorization: `Bearer ${inside.token}` };
  const say = async (body: string) => {
    const { status, messages } = await post(inside.url, body, auth);
    return [status, messages[0].id, messages[0].error.code];
  };
  expect(await say('{"a":1,"a":2}')).toEqual([400, null, -32700]);
  expect(await say('{"jsonrpc":"2.0","id":7,"method":"ping","x":1}')).toEqual([400, 7, -32600]);
  expect(await say('{"jsonrpc":"2.0","id":7,"method":"ping","params":[]}')).toEqual([400, 7, -32602]);
  expect(await say('{"jsonrpc":"2.0","id":7,"method":"ping"}')).toEqual([400, 7, -32600]);
});

test('a session outlives the gateway, with what its client said when it was opened', async () => {
  const options = { folder: `${folder.path}/again`, policy: { version: '1', default: 'allow' }, tools: ['pay'] };
  const first = await startInside(options);
  const session = await LegacySession.open(first.url, first.token, '2025-06-18');
  await first.close();
  const second = await startInside(options);
  const again = new LegacySession(second.url, session.headers, session.initialize);
  expect((await again.call('pay')).messages[0].result.content[0].text).toBe('ran pay');
  const opened = second.arrived.find(({ method }) => method === 'initialize');
  expect(opened?.params).toMatchObject({ protocolVersion: '2025-06-18', clientInfo: { name: 'test' } });
  expect((await again.call('pay')).messages[0].error).toBeUndefined();
  await second.close();
});

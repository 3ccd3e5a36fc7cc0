import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { endpointTo, messageIn, nothing, unread } from '../../../test/support/upstream.ts';
import { HttpConnection } from './http-connection.ts';

const plain = { era: 'legacy', revision: '2025-11-25', standing: nothing, log: unread } as const;

test('a standing stream is opened again though the server was away for longer than one try', async () => {
  let opened = 0;
  const third = Promise.withResolvers<void>();
  const endpoint = await endpointTo((_request, response) => {
    opened++;
    if (opened === 2) return void response.destroy();
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': here\n\n');
    if (opened === 1) setTimeout(() => response.destroy(), 10);
    else third.resolve();
  });
  const connection = new HttpConnection({ ...plain, endpoint, sessionId: undefined });
  connection.listen();
  await third.promise;
  expect(opened).toBe(3);
  await connection.close();
});

test('what comes on the standing stream while calls run goes past what is looked for in theirs', async () => {
  let stream: ServerResponse | undefined;
  const called = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const endpoint = await endpointTo((request, response) => {
    if (request.method !== 'GET') return void called.resolve();
    stream = response;
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': here\n\n');
    opened.resolve();
  });
  const heard: string[] = [];
  const withheld: string[] = [];
  const enough = Promise.withResolvers<void>();
  const connection = new HttpConnection({
    ...plain,
    endpoint,
    sessionId: undefined,
    standing: ({ text }) => {
      heard.push(text);
      if (text.includes('last')) enough.resolve();
    },
  });
  connection.listen();
  const said = (data: string) =>
    `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"${data}"}}`;
  const call = connection.send(
    {
      id: 'c',
      handle: {},
      method: 'tools/call',
      params: undefined,
      rest: '"method":"tools/call"}',
      onMessage: ({ text }) => withheld.push(text),
      shown: (text) => (text.includes('never') ? undefined : text.replace('secret', '[redacted]')),
    },
    nothing,
  );
  await Promise.all([opened.promise, called.promise]);
  for (const data of ['a secret', 'never', 'last']) stream?.write(`data: ${said(data)}\n\n`);
  await enough.promise;
  expect(heard).toEqual([said('a [redacted]'), said('last')]);
  expect(withheld).toEqual([said('never')]);
  await connection.close();
  await call;
});

test('calls that meet the end of the session together open one new session between them', async () => {
  const met: ServerResponse[] = [];
  const endpoint = await endpointTo(async (request, response) => {
    if (request.method === 'DELETE') return void response.writeHead(200).end();
    const { id } = await messageIn(request);
    if (request.headers['mcp-session-id'] === 'new') {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id, result: {} }));
      return;
    }
    met.push(response);
    // All of them are told together.
    if (met.length === 5) for (const one of met) one.writeHead(404).end();
  });
  let sessions = 0;
  const reopen = async () => {
    sessions++;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return 'new';
  };
  const connection = new HttpConnection({ ...plain, endpoint, sessionId: 'old', reopen });
  const rest = '"method":"ping"}';
  const replies = await Promise.all(
    [1, 2, 3, 4, 5].map((n) =>
      connection.send(
        { id: `c${n}`, handle: {}, method: 'ping', params: undefined, rest, onMessage: nothing },
        nothing,
      ),
    ),
  );
  expect(replies.map(({ kind }) => kind)).toEqual(Array.from({ length: 5 }, () => 'replied'));
  expect(sessions).toBe(1);
  await connection.close();
});

test('a server that asks without end and takes no answer is not answered without end; the call goes on', async () => {
  let answers = 0;
  const endpoint = await endpointTo(async (request, response) => {
    const { id, method } = await messageIn(request);
    // What it is answered it leaves lying.
    if (method === undefined) return void answers++;
    const asked = (n: number) => ({ jsonrpc: '2.0', id: n, method: n % 2 === 0 ? 'ping' : 'sampling/createMessage' });
    const events = [...Array.from({ length: 2_000 }, (_, n) => asked(n)), { jsonrpc: '2.0', id, result: {} }];
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''));
  });
  const unanswered: string[] = [];
  const connection = new HttpConnection({
    ...plain,
    log: { ...unread, dropped: (why) => why.includes('has yet to take') && unanswered.push(why) },
    endpoint,
    sessionId: undefined,
  });
  const call = { id: 'c', handle: {}, method: 'tools/call', params: undefined, rest: '"method":"tools/call"}' };
  const reply = await connection.send({ ...call, onMessage: nothing }, nothing);
  expect(reply.kind).toBe('replied');
  expect(unanswered.length).toBe(2_000 - 256);
  expect(answers).toBeLessThanOrEqual(256);
  await connection.close();
});

test.each([401, 403])('a server that turns the gateway away with %d has not done so to the client', async (status) => {
  const endpoint = await endpointTo(async (request, response) => {
    const { id } = await messageIn(request);
    const error = { code: -32001, message: 'who are you' };
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, error }));
  });
  const connection = new HttpConnection({ ...plain, endpoint, sessionId: undefined });
  const call = { id: 'c', handle: {}, method: 'tools/call', params: undefined, rest: '"method":"tools/call"}' };
  const why = `the server refused the request with HTTP ${status}`;
  expect(await connection.send({ ...call, onMessage: nothing }, nothing)).toEqual({ kind: 'failed', status, why });
  await connection.close();
});

const ran = { result: { content: [], isError: true } };
const unknownTool = { error: { code: -32602, message: 'Unknown tool: x' } };
const forgotten = { error: { code: -32001, message: 'Session not found' } };
test.each([
  ['the result of the call', ran, true, 1],
  ['its error', unknownTool, true, 1],
  ['that the session is not known', forgotten, true, 2],
  ['an error of nobody in particular', forgotten, false, 2],
  ['nothing', undefined, false, 2],
] as const)(
  'after a 404 with %s the call is sent again only where it cannot have run',
  async (_what, body, isNamed, times) => {
    let sent = 0;
    const endpoint = await endpointTo(async (request, response) => {
      if (request.method === 'DELETE') return void response.writeHead(200).end();
      const { id } = await messageIn(request);
      sent++;
      const answer = { jsonrpc: '2.0', id: isNamed ? id : null, ...body };
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(body === undefined ? '' : JSON.stringify(answer));
    });
    const connection = new HttpConnection({ ...plain, endpoint, sessionId: 'old', reopen: async () => 'new' });
    const call = { id: 'c', handle: {}, method: 'tools/call', params: undefined, rest: '"method":"tools/call"}' };
    const reply = await connection.send({ ...call, onMessage: nothing }, nothing);
    expect(sent).toBe(times);
    const text = JSON.stringify({ jsonrpc: '2.0', id: 'c', ...body });
    expect(reply).toMatchObject(times === 1 ? { kind: 'replied', text, status: 200 } : { kind: 'failed', status: 404 });
    await connection.close();
  },
);

import type { ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
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

describe('a stream that ends before its answer', () => {
  const call = { id: 'c', handle: {}, method: 'tools/call', params: undefined, rest: '"method":"tools/call"}' };
  const answer = '{"jsonrpc":"2.0","id":"c","result":{}}';
  const progress = '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}';

  /** A server that says `first` to the POST and ends; what `later` does with each GET. */
  async function ending(first: string, later: (at: unknown, response: ServerResponse) => void, era = plain) {
    const asked: unknown[] = [];
    const endpoint = await endpointTo((request, response) => {
      if (request.method === 'DELETE') return void response.writeHead(200).end();
      asked.push(request.method === 'GET' ? request.headers['last-event-id'] : request.method);
      if (request.method === 'GET') return later(request.headers['last-event-id'], response);
      request.resume().on('end', () => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end(first);
      });
    });
    const connection = new HttpConnection({ ...era, endpoint, sessionId: 's' });
    onTestFinished(() => connection.close());
    return { asked, connection };
  }

  test('is taken up where it ended, as often as there is more; the call is sent once', async () => {
    const said = [`id: b\nretry: 1\ndata: ${progress}\n\n`, '', `id: c\ndata: ${answer}\n\n`];
    const { asked, connection } = await ending('id: a\nretry: 1\ndata:\n\n', (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(said.shift());
    });
    const heard: string[] = [];
    const reply = await connection.send({ ...call, onMessage: ({ text }) => heard.push(text) }, nothing);
    expect(reply).toEqual({ kind: 'replied', text: answer, isError: false, status: 200 });
    expect(heard).toEqual([progress]);
    expect(asked).toEqual(['POST', 'a', 'b', 'b']);
  });

  test.each([
    ['its events have no ids', 'retry: 1\ndata:\n\n', 200, ['POST']],
    ['an id that no header can hold', 'id: ü\nretry: 1\ndata:\n\n', 200, ['POST']],
    ['it is not to be asked in time', 'id: a\nretry: 60001\ndata:\n\n', 200, ['POST']],
    ['the server does not know it any more', 'id: a\nretry: 1\ndata:\n\n', 404, ['POST', 'a']],
    ['nothing new comes', 'id: a\nretry: 1\ndata:\n\n', 200, ['POST', 'a', 'a', 'a']],
  ])('stays unknown where %s', async (_, first, status, expected) => {
    const { asked, connection } = await ending(first, (_at, response) => {
      response.writeHead(status, { 'content-type': status === 200 ? 'text/event-stream' : 'text/plain' }).end();
    });
    expect((await connection.send({ ...call, onMessage: nothing }, nothing)).kind).toBe('unknown');
    expect(asked).toEqual(expected);
  });

  test('is not taken up in the stateless revision, which knows no such thing', async () => {
    const modern = { ...plain, era: 'modern', revision: '2026-07-28' } as never;
    const { asked, connection } = await ending('id: a\nretry: 1\ndata:\n\n', (_, response) => response.end(), modern);
    expect((await connection.send({ ...call, onMessage: nothing }, nothing)).kind).toBe('unknown');
    expect(asked).toEqual(['POST']);
  });

  test('is not taken up once the call is cancelled', async () => {
    const { asked, connection } = await ending('id: a\nretry: 50000\ndata:\n\n', (_, response) => response.end());
    const sent = connection.send({ ...call, onMessage: nothing }, nothing);
    await expect.poll(() => asked).toEqual(['POST']);
    await new Promise((resolve) => setTimeout(resolve, 50));
    connection.cancel(call.handle, 'the client is gone');
    expect(await sent).toEqual({ kind: 'unknown', why: 'the client is gone' });
    expect(asked.filter((at) => at === 'a')).toEqual([]);
  });
});

test('a standing stream goes on after the last event that was heard, else begins anew', async () => {
  const asked: unknown[] = [];
  const fourth = Promise.withResolvers<void>();
  const endpoint = await endpointTo((request, response) => {
    asked.push(request.headers['last-event-id']);
    if (asked.length === 3) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (asked.length === 1) response.end('id: a\nretry: 1\ndata:\n\n');
    else if (asked.length === 2) response.end('id: b\nretry: 1\ndata:\n\n');
    else fourth.resolve();
  });
  const connection = new HttpConnection({ ...plain, endpoint, sessionId: undefined });
  connection.listen();
  await fourth.promise;
  expect(asked).toEqual([undefined, 'a', 'b', undefined]);
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

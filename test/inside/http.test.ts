import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Inside, night, startInside } from '../support/inside.ts';
import { temporaryFolder, until } from '../support/processes.ts';
import { LegacySession, modernCall, modernHeaders, modernMeta, post } from '../support/wire.ts';

/** The door: what is turned away before anybody reads what it says. */
const folder = temporaryFolder('http-inside');
const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
const LIST = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: modernMeta() });
let inside: Inside;
let port: number;
let listing: Record<string, string>;
beforeAll(async () => {
  inside = await startInside({
    folder: folder.path,
    policy: { version: '1', default: 'allow' },
    tools: ['pay'],
    others: ['one', 'two'],
    config: {
      bounds: { body: 2_000, calls: 2 },
      origins: ['https://app.example'],
      grants: {
        desk: { token: '${env:DESK}', servers: ['up'], policy: 'policy.yaml' },
        night: { token: '${env:NIGHT}', servers: ['one', 'two'], policy: 'policy.yaml' },
      },
    },
  });
  port = Number(new URL(inside.url).port);
  listing = modernHeaders(inside.token, 'tools/list');
});
afterEach(() => {
  inside.arrived.length = 0;
  for (const method of Object.keys(inside.answers)) delete inside.answers[method];
});
afterAll(async () => {
  await inside.close();
  folder.remove();
});

/** Exactly these lines, and the whole answer. */
async function raw(lines: readonly string[], body = LIST, start = 'POST /mcp/up HTTP/1.1'): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk;
  });
  const framing = lines.some((line) => /^transfer-encoding/i.test(line)) ? [] : [`content-length: ${body.length}`];
  socket.write([start, ...lines, 'connection: close', ...framing, '', body].join('\r\n'));
  await once(socket, 'close');
  return answer;
}
const usual = () => [
  `host: 127.0.0.1:${port}`,
  'content-type: application/json',
  'accept: application/json, text/event-stream',
  ...Object.entries(listing).map(([name, value]) => `${name}: ${value}`),
];
const withHeader = (header: string) => {
  const [name] = header.split(':', 1) as [string];
  return [...usual().filter((line) => !line.toLowerCase().startsWith(`${name.toLowerCase()}:`)), header];
};
const status = (answer: string) => Number(/^HTTP\/1\.1 ([0-9]+)/.exec(answer)?.[1]);
const turnedAway = async (why: string) => {
  const metrics = await (await fetch(`${inside.serving.adminUrl}/metrics`)).text();
  return Number(new RegExp(`sallyport_turned_away_total\\{why="${why}"\\} ([0-9]+)`).exec(metrics)?.[1] ?? 0);
};

test('what is as it should be is let in', async () => {
  expect(await raw(usual())).toMatch(/^HTTP\/1\.1 200 .*"tools":\[\{/s);
});

describe('who may come in', () => {
  test('none without a token, and none with a wrong one', async () => {
    const before = await turnedAway('token');
    for (const header of ['authorization: Bearer wrong', 'authorization: Basic x', 'x-nothing: 1']) {
      const lines = [...usual().filter((line) => !line.startsWith('authorization')), header];
      const answer = await raw(lines);
      expect(status(answer)).toBe(401);
      expect(answer).toMatch(/^www-authenticate: Bearer realm="sallyport"\r$/im);
      expect(answer).toContain('"code":-32600,"message":"a bearer token of a grant is needed"');
      expect(answer).toMatch(/^sallyport-gateway: 1\r$/im);
    }
    expect(await turnedAway('token')).toBe(before + 3);
    expect(inside.arrived).toEqual([]);
  });
  test.each(['host: evil.example', 'host: 169.254.169.254', 'origin: https://evil.example', 'origin: null'])(
    'none with %s',
    async (header) => {
      const [name] = header.split(':', 1) as [string];
      const before = await turnedAway(name);
      const answer = await raw(withHeader(header));
      expect([status(answer), await turnedAway(name)]).toEqual([403, before + 1]);
      expect(answer).not.toMatch(/access-control/i);
    },
  );
  test.each(['http://localhost:3000', 'https://app.example'])('a page of %s may', async (origin) => {
    expect(status(await raw(withHeader(`origin: ${origin}`)))).toBe(200);
  });
  test.each([
    'host: localhost',
    'authorization: Bearer other',
    'content-type: application/json',
    'content-encoding: identity',
    'origin: http://localhost',
    'mcp-method: tools/call',
    'MCP-Protocol-Version: 2025-11-25',
    'Mcp-Param-Region: a',
  ])('%s is not taken twice', async (header) => {
    const lines = [...withHeader(header), header];
    expect(lines.filter((line) => line === header)).toHaveLength(2);
    const answer = await raw(lines);
    const [name] = header.split(':', 1) as [string];
    expect([status(answer), answer]).toEqual([400, expect.stringContaining(`\`${name.toLowerCase()}\` is sent more`)]);
  });
  test('other headers may come twice', async () => {
    expect(status(await raw([...usual(), 'x-a: 1', 'x-a: 2', 'accept: */*']))).toBe(200);
  });
});

describe('where it leads', () => {
  const at = async (path: string, token = inside.token) => {
    const headers = { ...modernHeaders(token, 'tools/list'), 'content-type': 'application/json' };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: LIST, headers });
    const said = (await response.json()) as { error?: { message: string } };
    return [response.status, said.error?.message];
  };
  test.each(['/mcp/up', '/mcp', '/mcp/', '/mcp/up?x=1', '/mcp?x'])('%s is the server', async (path) => {
    expect(await at(path)).toEqual([200, undefined]);
  });
  test.each([
    '/',
    '/mcp/other',
    '/mcp/up/',
    '/mcp/UP',
    '/MCP/up',
    '/mcp/u%70',
    '/mcp/up/x',
    '/mcpx',
    '/mcp//up',
    '/healthz',
  ])('%s is nothing', async (path) => {
    expect(await at(path)).toEqual([404, 'there is no such endpoint; use /mcp/<server>']);
  });
  test('a server that the grant has not is as one that is not there', async () => {
    expect(await at('/mcp/up', night)).toEqual(await at('/mcp/absent', night));
    expect(await at('/mcp', night)).toEqual([404, 'this grant has 2 servers; use /mcp/<server>']);
  });
  test.each(['PUT', 'PATCH', 'HEAD', 'OPTIONS'])('%s is not served', async (method) => {
    const response = await fetch(inside.url, { method, headers: listing });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, GET, DELETE']);
  });
});

describe('a body', () => {
  test.each([
    'application/json',
    'Application/JSON;charset=UTF-8',
    'application/json; charset="utf-8"',
    'application/json;',
  ])('of the type %s is read', async (type) => {
    expect(status(await raw(withHeader(`content-type: ${type}`)))).toBe(200);
  });
  test.each([
    'content-type: text/plain',
    'content-type: application/json; charset=latin1',
    'content-type: application/jsonp',
    'content-type: application/json; x=y',
    'content-type:',
    'x-no-type: 1',
    'content-encoding: gzip',
    'content-encoding: identity',
    'transfer-encoding: gzip, chunked',
  ])('with %s is not', async (header) => {
    const lines =
      header === 'x-no-type: 1' ? usual().filter((line) => !line.startsWith('content-type')) : withHeader(header);
    expect(status(await raw(lines, header.startsWith('transfer') ? '0\r\n\r\n' : LIST))).toBe(415);
    expect(inside.arrived).toEqual([]);
  });
  test('in pieces is', async () => {
    const pieces = [LIST.slice(0, 10), LIST.slice(10)].map((part) => `${part.length.toString(16)}\r\n${part}\r\n`);
    expect(status(await raw([...usual(), 'Transfer-Encoding: Chunked'], `${pieces.join('')}0\r\n\r\n`))).toBe(200);
  });
  test('of 2,000 bytes is read, and not of one more', async () => {
    const of = (length: number) => LIST.replace('{', `{${' '.repeat(length - LIST.length)}`);
    expect(status(await raw(usual(), of(2_000)))).toBe(200);
    const large = await raw(usual(), of(2_001));
    expect([status(large), large]).toEqual([413, expect.stringContaining('the body is larger than 2000 bytes')]);
  });
});

test.each([
  ['headers of more than 16 KiB', [`x: ${'y'.repeat(17_000)}`], 431],
  ['what is no HTTP', ['no header at all'], 400],
])('%s', async (_, lines, said) => {
  expect(status(await raw([...usual(), ...lines]))).toBe(said);
});

describe('streams and ends of sessions', () => {
  const ask = async (method: 'GET' | 'DELETE', headers: Record<string, string>) => {
    const response = await fetch(inside.url, { method, headers: { accept: 'text/event-stream', ...headers } });
    if (response.status === 200) await response.body?.cancel();
    return [response.status, response.headers.get('allow')];
  };
  test.each(['GET', 'DELETE'] as const)('%s names a session of its grant, in its revision', async (method) => {
    const session = await LegacySession.open(inside.url, inside.token);
    const { authorization, ...named } = session.headers as Record<string, string> & { authorization: string };
    expect(await ask(method, { authorization })).toEqual([405, 'POST']);
    expect(await ask(method, { ...session.headers, 'mcp-protocol-version': '2026-07-28' })).toEqual([405, 'POST']);
    expect(await ask(method, { ...session.headers, 'mcp-session-id': 'x' })).toEqual([404, null]);
    expect(await ask(method, { ...session.headers, 'mcp-protocol-version': '2025-06-18' })).toEqual([400, null]);
    expect(await ask(method, { ...named, authorization: 'Bearer wrong' })).toEqual([401, null]);
    expect((await session.send('ping')).status).toBe(200);
    expect((await ask(method, session.headers))[0]).toBe(method === 'GET' ? 200 : 204);
    expect((await session.send('ping')).status).toBe(method === 'GET' ? 200 : 404);
  });
  test('a stream is for those who take one', async () => {
    const session = await LegacySession.open(inside.url, inside.token);
    expect(await ask('GET', { ...session.headers, accept: 'application/json' })).toEqual([406, null]);
    expect((await ask('GET', { ...session.headers, accept: '*/*' }))[0]).toBe(200);
  });
});

describe('how many at once', () => {
  test('two calls; a third is told when to come again, and a standing stream is no call', async () => {
    const going = Promise.withResolvers<void>();
    inside.answers['tools/call'] = async () => {
      await going.promise;
      return { content: [] };
    };
    inside.answers['subscriptions/listen'] = async () => {
      await going.promise;
      return { resultType: 'complete' };
    };
    const listen = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params: modernMeta() });
    const listening = post(inside.url, listen, modernHeaders(inside.token, 'subscriptions/listen'));
    await until('the stream', () => inside.arrived.length === 1);
    const calls = [1, 2].map(() => modernCall(inside.url, inside.token, 'pay'));
    await until('both', () => inside.arrived.filter(({ method }) => method === 'tools/call').length === 2);
    const third = await post(inside.url, LIST, listing);
    expect([third.status, third.headers.get('retry-after'), third.messages[0].error.message]).toEqual([
      429,
      '1',
      'too many requests are running',
    ]);
    going.resolve();
    for (const { messages } of [...(await Promise.all(calls)), await listening])
      expect(messages[0].error).toBeUndefined();
    expect((await post(inside.url, LIST, listing)).status).toBe(200);
  });
});

test('a defect of ours tells its client nothing of it', async () => {
  const { gate } = inside.serving.gateway;
  const handle = gate.handle.bind(gate);
  gate.handle = () => {
    throw new Error('the inner workings');
  };
  const said = await post(inside.url, LIST, listing);
  gate.handle = handle;
  expect([said.status, said.text]).toEqual([
    500,
    '{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"internal error"}}',
  ]);
});

test('at its end a gateway takes nothing new, and answers what runs', async () => {
  const ending = await startInside({
    folder: `${folder.path}/ending`,
    policy: { version: '1', default: 'allow' },
    tools: ['pay'],
  });
  const going = Promise.withResolvers<void>();
  ending.answers['tools/call'] = async () => {
    await going.promise;
    return { content: [] };
  };
  const session = await LegacySession.open(ending.url, ending.token);
  const calling = session.call('pay');
  await until('the call', () => ending.arrived.some(({ method }) => method === 'tools/call'));
  // A connection that was made before.
  const socket = connect(Number(new URL(ending.url).port), '127.0.0.1');
  await once(socket, 'connect');
  const closing = ending.serving.close(10_000);
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk;
  });
  const lines = ['POST /mcp/up HTTP/1.1', 'host: localhost', `authorization: Bearer ${ending.token}`];
  socket.write([...lines, 'content-type: application/json', `content-length: ${PING.length}`, '', PING].join('\r\n'));
  await until('its answer', () => answer.includes('is stopping'));
  expect([status(answer), /retry-after: 1/i.test(answer)]).toEqual([503, true]);
  going.resolve();
  expect((await calling).messages[0].result).toEqual({ content: [] });
  await closing;
  await ending.closeServer();
});

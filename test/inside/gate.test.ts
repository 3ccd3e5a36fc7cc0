import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { justReceived, NO_HEADERS } from '../../src/domain/received.ts';
import { type Inside, night, startInside } from '../support/inside.ts';
import { temporaryFolder, until } from '../support/processes.ts';
import { LegacySession, modernCall, modernHeaders, modernMeta, post, type Said } from '../support/wire.ts';

/** What a client may say, and what of it reaches the server. */
const folder = temporaryFolder('gate-inside');
const policy = {
  version: '1',
  default: 'deny',
  hide: ['secret*'],
  tools: { pay: {}, few: { rate_limit: { max: 1, window: 60 } }, never: { action: 'deny' } },
  prompts: { allow: ['greet'] },
  resources: { allow: ['file:///a*'], hide: ['file:///ab'] },
};
const grant = (token: string) => ({ token, servers: ['up'], policy: 'policy.yaml' });
let inside: Inside;
beforeAll(async () => {
  inside = await startInside({
    folder: folder.path,
    policy,
    tools: ['pay', 'few', 'never', 'secret_tool'],
    config: { grants: { desk: grant('${env:DESK}'), night: grant('${env:NIGHT}') } },
  });
});
afterEach(() => {
  inside.arrived.length = 0;
  for (const method of Object.keys(inside.answers)) delete inside.answers[method];
});
afterAll(async () => {
  await inside.close();
  folder.remove();
});

/** A session whose server has heard all of its opening; what arrives from then on is the test's. */
const open = async (token = inside.token) => {
  const session = await LegacySession.open(inside.url, token);
  await until('the server to hear of it', () => methods().includes('notifications/initialized'));
  inside.arrived.length = 0;
  return session;
};
const methods = () => inside.arrived.map(({ method }) => method);
const error = ({ status, messages }: Said) => [status, messages[0].error.code, messages[0].error.message];
const tell = (session: LegacySession, message: object) =>
  post(session.url, JSON.stringify({ jsonrpc: '2.0', ...message }), session.headers);
const stateless = (method: string, params: object, id: string | number = 1) => {
  const body = JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, ...modernMeta() } });
  const { name, uri } = params as { name?: string; uri?: string };
  return post(inside.url, body, modernHeaders(inside.token, method, name ?? uri));
};

describe('a session', () => {
  const list = (headers: Record<string, string>) =>
    post(inside.url, '{"jsonrpc":"2.0","id":1,"method":"tools/list"}', headers);

  test('is named by its id, held by its grant, and spoken in its revision', async () => {
    const session = await open();
    const { authorization, 'mcp-session-id': id } = session.headers as Record<string, string> & {
      authorization: string;
    };
    const unnamed = 'the header Mcp-Session-Id is missing; send `initialize` first';
    expect(error(await list({ authorization }))).toEqual([400, -32600, unnamed]);
    const gone = [404, -32001, 'Session not found; send `initialize` again'];
    expect(error(await list({ ...session.headers, 'mcp-session-id': `${id}x` }))).toEqual(gone);
    expect(error(await list({ ...session.headers, authorization: `Bearer ${night}` }))).toEqual(gone);
    const other = 'this session speaks 2025-11-25, not 2025-06-18';
    expect(error(await list({ ...session.headers, 'mcp-protocol-version': '2025-06-18' }))).toEqual([
      400,
      -32600,
      other,
    ]);
    expect(methods()).toEqual([]);
    const { 'mcp-protocol-version': _, ...without } = session.headers;
    expect((await list(without)).messages[0].result.tools).toHaveLength(3);
  });

  test('that could not be opened is none, and its client is told why', async () => {
    const failing = await startInside({ folder: `${folder.path}/failing`, policy, tools: ['pay'] });
    const opening = () => LegacySession.open(failing.url, failing.token);
    failing.answers['initialize'] = () => ({ protocolVersion: '1999-01-01', capabilities: {} });
    await expect(opening()).rejects.toThrow(/wants to speak the revision 1999-01-01, which no session has/);
    const not = { error: { code: -32000, message: 'not today' } };
    Object.assign(failing.answers, { initialize: () => not, 'server/discover': () => not });
    await expect(opening()).rejects.toThrow(/200 .*"code":-32603.*unavailable: up: .*not today/);
    const metrics = await (await fetch(`${failing.serving.adminUrl}/metrics`)).text();
    expect(metrics).toMatch(/^sallyport_sessions 0$/m);
    await failing.close();
  });

  test('of more than 256 KiB is none, and its server hears nothing of it', async () => {
    const params = { protocolVersion: '2025-11-25', capabilities: { experimental: { x: 'y'.repeat(262_144) } } };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
    const said = await post(inside.url, body, { authorization: `Bearer ${inside.token}` });
    expect([...error(said), methods()]).toEqual([400, -32600, '`initialize` is larger than 262144 bytes', []]);
    expect(said.headers.get('mcp-session-id')).toBeNull();
  });

  test('is told its server’s revision where that chose another', async () => {
    inside.answers['initialize'] = () => ({ protocolVersion: '2025-06-18', capabilities: {} });
    const session = await open();
    expect(session.headers['mcp-protocol-version']).toBe('2025-06-18');
    expect((await session.send('ping')).messages[0].result).toEqual({});
  });

  test('that is ended is gone', async () => {
    const session = await open();
    const ended = await fetch(inside.url, { method: 'DELETE', headers: session.headers });
    expect([ended.status, (await session.send('ping')).status]).toEqual([204, 404]);
  });
});

test('no stream may begin before the answer to `initialize`, which names the session', async () => {
  const handle = async (message: object) => {
    const received = justReceived({
      transport: 'http',
      bytes: Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message })),
      headers: NO_HEADERS,
      emit: () => true,
    });
    const caller = inside.serving.gateway.rules().callers.get('desk');
    if (caller === undefined) throw new Error('no caller');
    await inside.serving.gateway.gate.handle(received, caller, 'up', { kind: 'http' });
    return received.headersToCome;
  };
  expect(
    await handle({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {} } }),
  ).toBe(true);
  expect(await handle({ id: 1, method: 'ping' })).toBe(false);
});

describe('what reaches the server', () => {
  test('nothing of what the gateway answers itself', async () => {
    const session = await open();
    expect((await session.send('ping')).messages[0]).toEqual({ jsonrpc: '2.0', id: expect.any(Number), result: {} });
    expect(error(await session.send('tasks/get', { taskId: 'x' }))).toEqual([
      200,
      -32601,
      'Method not found: tasks/get',
    ]);
    expect(error(await stateless('tasks/get', { taskId: 'x' }))).toEqual([404, -32601, 'Method not found: tasks/get']);
    expect(error(await session.send('tools/list', { cursor: 'sallyport:x' }))[2]).toContain('not one that was given');
    expect(error(await session.send('prompts/list', { cursor: 'x' }))[2]).toContain('not one that was given');
    expect(methods().filter((method) => method !== 'tools/list')).toEqual([]);
  });

  test.each(['secret_tool', 'absent'])('nothing of a call of %s, and it is on record', async (name) => {
    const session = await open();
    for (const said of [await session.call(name), await modernCall(inside.url, inside.token, name)])
      expect(error(said)).toEqual([200, -32602, `Unknown tool: ${name}`]);
    expect(methods()).not.toContain('tools/call');
    expect(inside.trail().slice(-2)).toMatchObject(
      [1, 2].map(() => ({ kind: 'refusal', tool: name, verdict: 'hidden', reason: 'unknown-name' })),
    );
  });

  test('nothing of a call without `params`', async () => {
    const session = await open();
    for (const method of ['tools/call', 'prompts/get', 'resources/read']) {
      const said = await tell(session, { id: 1, method });
      expect(error(said)).toEqual([200, -32602, `\`${method}\` names nothing`]);
    }
    expect(methods()).toEqual([]);
  });

  test('a call as it was judged, once, after its intent', async () => {
    const session = await open();
    let before: any[] = [];
    inside.answers['tools/call'] = () => {
      before = inside.trail();
      return { content: [] };
    };
    const params = '{"name":"pay","arguments":{"amount":1.50},"_meta":{"progressToken":7},"mine":[1e2]}';
    await post(session.url, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`, session.headers);
    const sent = inside.arrived.filter(({ method }) => method === 'tools/call').map(({ raw }) => raw);
    expect(sent).toEqual([expect.stringContaining(`"method":"tools/call","params":${params}}`)]);
    expect(before.at(-1)).toMatchObject({ kind: 'intent', tool: 'pay', verdict: 'permit', rule: '/tools/pay' });
    expect(inside.trail().at(-1)).toMatchObject({ kind: 'outcome', ref: before.at(-1).seq, outcome: 'replied' });
  });

  test('what a client says of itself, and no notification that the tables do not name', async () => {
    const session = await open();
    const progress = { method: 'notifications/progress', params: { progressToken: 1, progress: 1 } };
    const roots = { method: 'notifications/roots/list_changed' };
    for (const message of [progress, roots]) expect((await tell(session, message)).status).toBe(202);
    for (const method of ['notifications/message', 'notifications/tools/list_changed'])
      expect((await tell(session, { method })).status).toBe(400);
    await until('both', () => inside.arrived.length === 2);
    expect(inside.arrived.map(({ raw }) => JSON.parse(raw))).toEqual([
      { jsonrpc: '2.0', ...progress },
      { jsonrpc: '2.0', ...roots },
    ]);
  });

  test('no answer to a question that nobody asked', async () => {
    const session = await open();
    for (const body of [{ result: { action: 'accept' } }, { error: { code: 1, message: 'no' } }])
      expect(error(await tell(session, { id: 'ask-1', ...body }))).toEqual([
        400,
        -32600,
        'a response to a request nobody made',
      ]);
    expect(methods()).toEqual([]);
  });
});

describe('a server that needs sampling of its client, which it does not hear of', () => {
  const error = { code: -32021, message: 'no', data: { requiredCapabilities: { sampling: {} } } };
  const call = (capabilities: object) => {
    const { _meta } = modernMeta({ 'io.modelcontextprotocol/clientCapabilities': capabilities }) as { _meta: object };
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'pay', arguments: {}, _meta } };
    inside.answers['tools/call'] = () => ({ error });
    return post(inside.url, JSON.stringify(body), modernHeaders(inside.token, 'tools/call', 'pay'));
  };

  test('says so in vain to a client that did declare it, and the gateway in words that help', async () => {
    const { result } = (await call({ sampling: {}, roots: {} })).messages[0];
    expect([result.isError, result.content[0].text]).toEqual([
      true,
      '[sallyport] failed: the server needs `sampling`, which is not relayed. It counts against the limits.',
    ]);
    expect(inside.trail().at(-1)).toMatchObject({ kind: 'outcome', outcome: 'failed' });
  });

  test('says so itself to one that did not', async () => {
    expect((await call({ roots: {} })).messages[0].error).toEqual(error);
  });
});

describe('a cancellation', () => {
  const cancel = (session: LegacySession, requestId: unknown) =>
    tell(session, { method: 'notifications/cancelled', params: { requestId } });

  test('of a call that has not left: nothing is sent, and its quota comes back', async () => {
    const session = await open();
    const listing = Promise.withResolvers<void>();
    inside.answers['tools/list'] = async () => {
      await listing.promise;
      return { tools: [{ name: 'few', inputSchema: { type: 'object' } }] };
    };
    const calling = session.send('tools/call', { name: 'few' }, 'c1');
    await until('the list to be asked for', () => methods().includes('tools/list'));
    // Another session's, and another id's, are not this one's.
    const stranger = await open();
    expect((await cancel(stranger, 'c1')).status).toBe(202);
    expect((await cancel(session, 'c2')).status).toBe(202);
    expect((await cancel(session, 'c1')).status).toBe(202);
    listing.resolve();
    const { result } = (await calling).messages[0];
    expect(result._meta['sallyport/outcome'].outcome).toBe('not-sent');
    expect(methods()).not.toContain('tools/call');
    expect(inside.trail().at(-1)).toMatchObject({ kind: 'outcome', outcome: 'not-sent' });
    expect((await session.call('few')).messages[0].result.isError).toBeUndefined();
    expect((await session.call('few')).messages[0].result._meta['sallyport/refusal'].limit.max).toBe(1);
  });

  test('is about the id as it was written: 1 is not "1"', async () => {
    const session = await open();
    const answering = Promise.withResolvers<void>();
    inside.answers['tools/call'] = async () => {
      await answering.promise;
      return { content: [] };
    };
    const calling = session.send('tools/call', { name: 'pay' }, 1);
    await until('the call', () => methods().includes('tools/call'));
    for (const requestId of ['1', 2, null, [1], undefined]) await cancel(session, requestId);
    await cancel(await open(night), 1);
    answering.resolve();
    expect((await calling).messages[0].result).toEqual({ content: [] });
  });
});

describe('prompts and resources', () => {
  test('what is hidden is not asked of the server, and a call of it is on record', async () => {
    const session = await open();
    const hidden: [string, object, [number, string]][] = [
      ['prompts/get', { name: 'other' }, [-32602, 'Unknown prompt: other']],
      ['resources/read', { uri: 'file:///ab' }, [-32002, 'Resource not found']],
      ['resources/read', { uri: 'file:///b' }, [-32002, 'Resource not found']],
      ['resources/subscribe', { uri: 'file:///b' }, [-32002, 'Resource not found']],
      ['resources/unsubscribe', { uri: 'file:///b' }, [-32002, 'Resource not found']],
      ['completion/complete', { ref: { type: 'ref/prompt', name: 'other' } }, [-32602, 'Unknown prompt: other']],
      ['completion/complete', { ref: { type: 'ref/resource', uri: 'file:///b' } }, [-32002, 'Resource not found']],
    ];
    for (const [method, params, said] of hidden)
      expect(error(await session.send(method, params))).toEqual([200, ...said]);
    for (const params of [{}, { uri: 1 }])
      expect(error(await session.send('resources/subscribe', params))).toEqual([
        200,
        -32602,
        '`params.uri` is no string',
      ]);
    expect(methods()).toEqual([]);
    const refused = inside.trail().slice(-3);
    expect(refused).toMatchObject([
      { kind: 'refusal', method: 'prompts/get', prompt: 'other', verdict: 'hidden' },
      { kind: 'refusal', method: 'resources/read', resource: 'file:///ab', verdict: 'hidden' },
      { kind: 'refusal', method: 'resources/read', resource: 'file:///b', verdict: 'hidden' },
    ]);
  });

  test.each([
    { type: 'ref/prompt', name: 'greet', uri: 'file:///b' },
    { type: 'ref/resource', uri: 'file:///a', name: 'other' },
    { type: 'ref/resource', name: 'greet' },
    { type: 'ref/prompt', uri: 'file:///a' },
    { type: 'ref/other', name: 'greet' },
    { type: 'ref/prompt', name: ['greet'] },
    { name: 'greet' },
    { uri: 'file:///a' },
    { type: 'ref/prompt', name: 'greet', Name: 'other' },
    { type: 'ref/resource', uri: 'file:///a', URI: 'file:///b' },
    'greet',
    undefined,
  ])('a reference that could be read in two ways, or in none, is not completed: %j', async (ref) => {
    const session = await open();
    const said = await session.send('completion/complete', { ref });
    expect(error(said)).toEqual([200, -32602, '`ref` must name one prompt or one resource, as its type says']);
    expect(methods()).toEqual([]);
  });

  test('what is shown is completed', async () => {
    const session = await open();
    inside.answers['completion/complete'] = () => ({ completion: { values: ['one'] } });
    for (const ref of [
      { type: 'ref/prompt', name: 'greet', title: 'x' },
      { type: 'ref/resource', uri: 'file:///a' },
    ])
      expect((await session.send('completion/complete', { ref })).messages[0].result.completion.values).toEqual([
        'one',
      ]);
    expect(inside.arrived.map(({ params }) => params.ref.type)).toEqual(['ref/prompt', 'ref/resource']);
  });

  test('a standing stream ends when its grant is withdrawn, and hears before that what has changed for it', async () => {
    const changed = await startInside({ folder: `${folder.path}/listens`, policy, tools: ['pay'] });
    changed.answers['subscriptions/listen'] = () => undefined;
    const params = { notifications: { toolsListChanged: true, resourcesListChanged: false }, ...modernMeta() };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 'l', method: 'subscriptions/listen', params });
    const listening = post(changed.url, body, modernHeaders(changed.token, 'subscriptions/listen'));
    await until('the stream', () => changed.arrived.some(({ method }) => method === 'subscriptions/listen'));
    await changed.change({ policy: { ...policy, default: 'allow' } });
    await changed.change({ config: { grants: { desk: grant('${env:NIGHT}'), other: grant('${env:DESK}') } } });
    await changed.change({ config: { grants: { other: grant('${env:DESK}') } } });
    const { messages } = await listening;
    const meta = { 'io.modelcontextprotocol/subscriptionId': 'l' };
    expect(messages[0]).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/tools/list_changed',
      params: { _meta: meta },
    });
    expect(messages.at(-1)).toMatchObject({ id: 'l', error: { code: -32603 } });
    expect(messages.at(-1).error.message).toContain('the grant has been withdrawn');
    await changed.close();
  });

  test('what is shown is read with intent and outcome', async () => {
    const session = await open();
    inside.answers['resources/read'] = () => ({ contents: [] });
    inside.answers['prompts/get'] = () => ({ messages: [] });
    expect((await session.send('resources/read', { uri: 'file:///a' })).messages[0].result).toEqual({ contents: [] });
    expect((await stateless('prompts/get', { name: 'greet' })).messages[0].result).toEqual({ messages: [] });
    expect(inside.trail().slice(-4)).toMatchObject([
      { kind: 'intent', resource: 'file:///a', rule: '/resources' },
      { kind: 'outcome', outcome: 'replied' },
      { kind: 'intent', prompt: 'greet', rule: '/prompts' },
      { kind: 'outcome', outcome: 'replied' },
    ]);
  });

  test.each([
    ['prompts/get', { name: 'greet' }, 'prompts/list', { prompts: [{ name: 'greet' }] }],
    ['resources/read', { uri: 'file:///ac' }, 'resources/list', { resources: [{ uri: 'file:///ac' }] }],
    ['resources/subscribe', { uri: 'file:///ac' }, 'resources/list', { resources: [{ uri: 'file:///ac' }] }],
    [
      'completion/complete',
      { ref: { type: 'ref/prompt', name: 'greet' } },
      'prompts/list',
      { prompts: [{ name: 'greet' }] },
    ],
  ])(
    '%s: an error about what the server does not list is that of a hidden name, else its own',
    async (method, params, list, listed) => {
      const session = await open();
      const own = { code: -32000, message: 'no such thing, but secret-thing is here' };
      inside.answers[method] = () => ({ error: own });
      inside.answers[list] = () => listed;
      expect((await session.send(method, params)).messages[0].error).toEqual(own);
      inside.answers[list] = () => ({ prompts: [], resources: [] });
      const { text } = await session.send(method, params, 7);
      const hidden = JSON.stringify(params).replace('greet', 'other').replace('ac', 'ab');
      const said = await session.send(method, JSON.parse(hidden), 7);
      expect(text).toBe(said.text.replace('other', 'greet').replace('ab', 'ac'));
      expect(text).toContain('"error"');
      expect(text).not.toContain('secret-thing');
    },
  );

  test('lists hold what is shown, and a stateless client keeps them to itself', async () => {
    const prompts = [{ name: 'greet' }, { name: 'other' }, 'greet', { name: 1 }, {}];
    inside.answers['prompts/list'] = () => ({
      prompts,
      nextCursor: 'n',
      ttlMs: 3_600_000,
      cacheScope: 'public',
      more: 1,
    });
    inside.answers['resources/list'] = () => ({
      resources: [{ uri: 'file:///a' }, { uri: 'file:///ab' }, { uri: 'x' }],
    });
    inside.answers['resources/templates/list'] = () => ({
      resourceTemplates: [{ uriTemplate: 'file:///a/{x}' }, { uriTemplate: 'file:///{x}' }],
    });
    const listed = (await stateless('prompts/list', {})).messages[0].result;
    const cursor = 'sallyport:at:bg';
    expect(listed).toEqual({
      resultType: 'complete',
      prompts: [{ name: 'greet' }],
      nextCursor: cursor,
      ttlMs: 60_000,
      cacheScope: 'private',
      more: 1,
    });
    const session = await open();
    expect((await session.send('prompts/list', { cursor })).messages[0].result.prompts).toEqual([{ name: 'greet' }]);
    expect(inside.arrived.at(-1)?.params).toEqual({ cursor: 'n' });
    const { result } = (await session.send('resources/list')).messages[0];
    expect(result).toEqual({ resources: [{ uri: 'file:///a' }] });
    const templates = (await session.send('resources/templates/list')).messages[0].result.resourceTemplates;
    expect(templates).toEqual([{ uriTemplate: 'file:///a/{x}' }]);
    inside.answers['resources/list'] = () => ({ resources: 'none' });
    expect((await session.send('resources/list')).messages[0].result).toEqual({ resources: [] });
  });

  test('what a stateless server says it can do is what the gateway relays', async () => {
    inside.answers['server/discover'] = () => ({
      supportedVersions: ['2026-07-28', '2027-01-01'],
      capabilities: { tools: {}, tasks: {}, extensions: { x: {} }, logging: {} },
      serverInfo: { name: 's' },
    });
    expect((await stateless('server/discover', {})).messages[0].result).toEqual({
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: { listChanged: true }, logging: {} },
      serverInfo: { name: 's' },
      ttlMs: 0,
      cacheScope: 'private',
    });
  });

  test('a standing stream asks for what its caller is shown, and hears of nothing else', async () => {
    const updated = (uri: unknown) => ({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri } });
    inside.answers['subscriptions/listen'] = ({ id }, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const done = { jsonrpc: '2.0', id, result: { resultType: 'complete' } };
      for (const message of [
        updated('file:///b'),
        updated('file:///a'),
        updated(1),
        { ...updated(''), params: {} },
        done,
      ])
        response.write(`data: ${JSON.stringify(message)}\n\n`);
      response.end();
      return undefined;
    };
    const resourceSubscriptions = ['file:///a', 'file:///b', 7];
    const { messages } = await stateless('subscriptions/listen', { notifications: { resourceSubscriptions, mine: 1 } });
    expect(inside.arrived.at(-1)?.params.notifications).toEqual({ resourceSubscriptions: ['file:///a'], mine: 1 });
    expect(messages.map(({ params, result }) => params?.uri ?? result)).toEqual([
      'file:///a',
      { resultType: 'complete' },
    ]);
  });
});

describe('a change', () => {
  test('of groups is in force for a session that is open', async () => {
    const readers = { conditions: [{ path: 'caller.groups', op: 'contains', value: 'readers' }] };
    const changed = await startInside({
      folder: `${folder.path}/groups`,
      policy: { version: '1', default: 'deny', tools: { pay: { deny_if: [readers] } } },
      tools: ['pay'],
      config: { grants: { desk: { ...grant('${env:DESK}'), groups: ['payers'] } } },
    });
    const session = await LegacySession.open(changed.url, changed.token);
    expect((await session.call('pay')).messages[0].result.isError).toBeUndefined();
    await changed.change({ config: { grants: { desk: { ...grant('${env:DESK}'), groups: ['readers'] } } } });
    expect((await session.call('pay')).messages[0].result.isError).toBe(true);
    await changed.close();
  });

  test('of the policy is told to the streams of those it is about', async () => {
    const changed = await startInside({ folder: `${folder.path}/lists`, policy, tools: ['pay'] });
    const session = await LegacySession.open(changed.url, changed.token);
    const response = await fetch(changed.url, { headers: { ...session.headers, accept: 'text/event-stream' } });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    await changed.change({ policy: { ...policy, default: 'allow' } });
    let heard = '';
    while (heard.split('data: ').length < 4) heard += (await reader?.read())?.value ?? '';
    expect(heard.match(/notifications\/\w+\/list_changed/g)).toEqual(
      ['tools', 'prompts', 'resources'].map((list) => `notifications/${list}/list_changed`),
    );
    await reader?.cancel();
    await changed.close();
  });
});

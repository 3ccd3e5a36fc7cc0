import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wrapCursor } from '../../src/call/cursor.ts';
import {
  bin,
  ended,
  fixture,
  type Running,
  run,
  startFixture,
  startGateway,
  type TestGateway,
  temporaryFolder,
  until,
} from '../support/processes.ts';
import { LegacySession, modernCall, modernHeaders, modernMeta, post } from '../support/wire.ts';

const folder = temporaryFolder('gate');
const policy = {
  version: '1',
  default: 'deny',
  hide: ['delete_*'],
  tools: {
    echo: {},
    get_me: { rate_limit: { max: 10, window: 60 } },
    slow: {},
    progress: {},
    ask: {},
    roots: {},
    big: {},
    silent: {},
    mirrored: {},
    grow: {},
    create_payment: { action: 'deny', reason: 'payments are made by people' },
  },
};

describe.each(['http', 'stdio'] as const)('a gateway before a server over %s', (kind) => {
  let upstream: (Running & { url: string }) | undefined;
  let gateway: TestGateway;
  const journal = join(folder.path, `${kind}.journal`);

  beforeAll(async () => {
    writeFileSync(journal, '');
    upstream = kind === 'http' ? await startFixture(['--journal', journal]) : undefined;
    const server =
      upstream === undefined ? { command: 'node', args: [fixture, '--journal', journal] } : { url: upstream.url };
    gateway = await startGateway({ folder: join(folder.path, kind), policy, server });
  });
  afterAll(async () => {
    expect(await gateway.stop()).toBe(0);
    await upstream?.stop();
  });

  test('an allowed call runs, and unknown result fields come back', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    const { messages } = await session.call('echo', { text: 'hello' });
    expect(messages[0].result).toEqual({ content: [{ type: 'text', text: 'hello' }], unknownField: { kept: true } });
    const modern = await modernCall(gateway.url, gateway.token, 'echo', { text: 'hi' });
    expect(modern.messages[0].result).toMatchObject({
      resultType: 'complete',
      content: [{ text: 'hi' }],
      unknownField: { kept: true },
    });
  });

  test('the list shows what the policy shows, denied tools included, extensions kept', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    const { messages } = await session.send('tools/list');
    const names = messages[0].result.tools.map((tool: any) => tool.name);
    expect(names).toEqual([
      'echo',
      'get_me',
      'create_payment',
      'slow',
      'progress',
      'ask',
      'roots',
      'big',
      'silent',
      'mirrored',
      'grow',
    ]);
    expect(messages[0].result.listExtra).toBe('kept');
    expect(messages[0].result.tools[0].vendorExtension).toEqual({ keep: 1, exact: 'yes' });
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: modernMeta() });
    const modern = await post(gateway.url, body, modernHeaders(gateway.token, 'tools/list'));
    expect(modern.messages[0].result).toMatchObject({ cacheScope: 'private', ttlMs: 60_000, resultType: 'complete' });
  });

  test('a hidden tool and a misspelt name get the same bytes but for the name, in both eras', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    const hidden = await session.send('tools/call', { name: 'delete_repo' }, 7);
    const absent = await session.send('tools/call', { name: 'delete_rope' }, 7);
    expect(hidden.status).toBe(absent.status);
    expect(hidden.text.replaceAll('delete_repo', 'delete_rope')).toBe(absent.text);
    expect(hidden.messages[0].error).toEqual({ code: -32602, message: 'Unknown tool: delete_repo' });
    const modernHidden = await modernCall(gateway.url, gateway.token, 'delete_repo');
    const modernAbsent = await modernCall(gateway.url, gateway.token, 'delete_rope');
    expect(modernHidden.text.replaceAll('delete_repo', 'delete_rope')).toBe(modernAbsent.text);
    expect(modernHidden.status).toBe(modernAbsent.status);
  });

  test('a denied call is a result with the reason, the rule and the record', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    const { messages } = await session.call('create_payment', { amount: 5 });
    const { result } = messages[0];
    expect(result.isError).toBe(true);
    expect(result.content[0].text).toMatch(/^\[sallyport\] refused: .*payments are made by people/);
    const refusal = result._meta['sallyport/refusal'];
    expect(refusal).toMatchObject({ version: 1, rule: '/tools/create_payment/action' });
    const shown = await ended([bin, 'audit', 'show', refusal.record, '--data', gateway.data, '--json']);
    expect(JSON.parse(shown.out)).toMatchObject({ kind: 'refusal', tool: 'create_payment', verdict: 'refuse' });
    expect(shown.out).not.toContain('"amount":5');
  });

  test('a call under an id that is still running is refused, and on record', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    const first = session.send('tools/call', { name: 'slow', arguments: { ms: 500 } }, 77);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const twin = await session.send('tools/call', { name: 'echo', arguments: { text: 'twin' } }, 77);
    const list = await session.send('tools/list', {}, 77);
    const message = 'a request with this id is still running';
    for (const { status, messages } of [twin, list]) {
      expect([status, messages[0].error.code, messages[0].error.message]).toEqual([400, -32600, message]);
    }
    expect((await first).messages[0].result.content[0].text).toBe('slept');
    const trail = await ended([bin, 'audit', 'export', '--json', '--data', gateway.data]);
    const refused = trail.out.split('\n').filter((line) => line.includes(message));
    expect(refused.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ kind: 'refusal', tool: 'echo', verdict: 'refuse', rule: '(decode)' }),
    ]);
  });

  test('what no entry lists falls to the default', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    const { messages } = await session.call('die');
    expect(messages[0].result._meta['sallyport/refusal'].rule).toBe('/default');
  });

  test('64 calls at once against a limit of 10 give exactly 10; another session is not affected', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    const answers = await Promise.all(Array.from({ length: 64 }, () => session.call('get_me')));
    const ran = answers.filter(({ messages }) => messages[0].result.isError !== true);
    expect(ran).toHaveLength(10);
    const refused = answers.find(({ messages }) => messages[0].result.isError === true);
    const { limit } = refused?.messages[0].result._meta['sallyport/refusal'];
    expect(limit).toMatchObject({ max: 10, window: 60 });
    expect(limit.retryAfter).toBeGreaterThan(0);
    expect(limit.retryAfter).toBeLessThanOrEqual(60);
    expect(refused?.messages[0].result.content[0].text).toContain(limit.resetsAt);
    expect(refused?.messages[0].result.content[0].text).toContain(`in ${limit.retryAfter} s`);
    const other = await LegacySession.open(gateway.url, gateway.token);
    expect((await other.call('get_me')).messages[0].result.isError).toBeUndefined();
  });

  test('progress and logging arrive before the answer', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    const { messages } = await session.send('tools/call', { name: 'progress', _meta: { progressToken: 'p' } });
    expect(messages.map((message) => message.method ?? 'answer')).toEqual([
      ...Array.from({ length: 3 }, () => 'notifications/progress'),
      'notifications/message',
      'answer',
    ]);
    expect(messages[2].params).toEqual({ progressToken: 'p', progress: 3, total: 3 });
  });

  test('a question of the server reaches the session that owns the call, and its answer goes back', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token, '2025-11-25', { elicitation: {} });
    const running = fetch(session.url, {
      method: 'POST',
      headers: {
        ...session.headers,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'ask' } }),
    });
    const response = await running;
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const first = await reader?.read();
    const question = JSON.parse(/data: (.*)/.exec(first?.value ?? '')?.[1] ?? '{}');
    expect(question.method).toBe('elicitation/create');
    const stranger = await LegacySession.open(gateway.url, gateway.token);
    const forged = await post(
      session.url,
      JSON.stringify({ jsonrpc: '2.0', id: question.id, result: { action: 'accept' } }),
      stranger.headers,
    );
    expect(forged.status).toBe(400);
    const answered = await post(
      session.url,
      JSON.stringify({ jsonrpc: '2.0', id: question.id, result: { action: 'decline' } }),
      session.headers,
    );
    expect(answered.status).toBe(202);
    const rest = await reader?.read();
    expect(rest?.value).toContain('decline');
  });

  test('a handshake that is kept for a day is small', async () => {
    const opening = LegacySession.open(gateway.url, gateway.token, '2025-11-25', {
      experimental: { x: 'y'.repeat(300_000) },
    });
    await expect(opening).rejects.toThrow('larger than 262144 bytes');
  });

  test('sampling is not declared to the server', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token, '2025-11-25', {
      sampling: {},
      elicitation: {},
    });
    expect(session.initialize.seenCapabilities).toEqual({ elicitation: {} });
  });

  test('nor is it by a stateless request', async () => {
    const capabilities = { sampling: {}, elicitation: {} };
    const meta = modernMeta({ 'io.modelcontextprotocol/clientCapabilities': capabilities });
    const params = { name: 'echo', arguments: { text: 'declares sampling' }, ...meta };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
    const { messages } = await post(gateway.url, body, modernHeaders(gateway.token, 'tools/call', 'echo'));
    expect(messages[0].result.content[0].text).toBe('declares sampling');
    const arrived = readFileSync(journal, 'utf8')
      .split('\n')
      .find((line) => line.includes('declares sampling'));
    const { raw } = JSON.parse(arrived ?? '{}') as { raw: string };
    expect(JSON.parse(raw).params._meta['io.modelcontextprotocol/clientCapabilities']).toEqual({ elicitation: {} });
  });

  test('a cancelled call is cancelled at the server and recorded as unknown', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    const running = session.send('tools/call', { name: 'slow', arguments: { ms: 20_000 } }, 'to-cancel');
    await until('the call to arrive', () => readFileSync(journal, 'utf8').includes('to-cancel'));
    await post(
      session.url,
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"to-cancel"}}',
      session.headers,
    );
    const { messages } = await running;
    expect(messages[0].result._meta['sallyport/outcome'].outcome).toBe('unknown');
    await until('the cancellation', () => readFileSync(journal, 'utf8').includes('notifications/cancelled'));
  });

  test('closing the stream of a stateless call cancels it', async () => {
    const gone = new AbortController();
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 'gone-1',
      method: 'tools/call',
      params: { name: 'slow', arguments: { ms: 20_000 }, ...modernMeta() },
    });
    const running = post(gateway.url, body, modernHeaders(gateway.token, 'tools/call', 'slow'), gone.signal).catch(
      () => 'aborted',
    );
    const before = readFileSync(journal, 'utf8').split('"slow"').length;
    await until(
      'the call to arrive',
      () =>
        readFileSync(journal, 'utf8').split('"slow"').length > before ||
        readFileSync(journal, 'utf8').includes('gone-1'),
    );
    gone.abort();
    expect(await running).toBe('aborted');
    const trail = await until('the outcome', async () => {
      const { out } = await ended([bin, 'audit', 'tail', '-n', '3', '--data', gateway.data, '--json']);
      return /"outcome":"unknown","why":"the client cancelled it"/.test(out) && out;
    });
    expect(trail).toContain('unknown');
  });

  test('what the server logs reaches the stateless request that asked for it', async () => {
    const call = (more: object) => {
      const meta = { ...(modernMeta() as { _meta: object })._meta, ...more };
      const params = { name: 'progress', arguments: {}, _meta: meta };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
      return post(gateway.url, body, modernHeaders(gateway.token, 'tools/call', 'progress'));
    };
    const asked = await call({ 'io.modelcontextprotocol/logLevel': 'info' });
    expect(asked.messages.map(({ method }) => method)).toContain('notifications/message');
    // Over a pipe shared with others nothing says whose it is.
    if (kind === 'stdio') expect((await call({})).messages).toHaveLength(1);
  });

  test('standing streams of the stateless revision are told apart, and each hears under its own id', async () => {
    const open = async (id: string | number) => {
      const params = { notifications: { toolsListChanged: true }, ...modernMeta() };
      const gone = new AbortController();
      const response = await fetch(gateway.url, {
        method: 'POST',
        signal: gone.signal,
        headers: {
          ...modernHeaders(gateway.token, 'subscriptions/listen'),
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id, method: 'subscriptions/listen', params }),
      });
      let text = '';
      void response.body
        ?.pipeThrough(new TextDecoderStream())
        .pipeTo(new WritableStream({ write: (chunk) => void (text += chunk) }))
        .catch(() => {});
      const heard = () =>
        text
          .split('\n')
          .filter((line) => line.startsWith('data: '))
          .map((line) => JSON.parse(line.slice(6)) as { method: string; params: { _meta: object } })
          .map(({ method, params }) => [method, Object.values(params._meta)]);
      return { heard, gone };
    };
    const [one, two] = [await open(1), await open('two')];
    const said = (id: string | number, what: string) => [`notifications/${what}`, [id]];
    await until('both', () => one.heard().length === 1 && two.heard().length === 1);
    await modernCall(gateway.url, gateway.token, 'grow');
    await until('both', () => one.heard().length === 2 && two.heard().length === 2);
    expect(one.heard()).toEqual([said(1, 'subscriptions/acknowledged'), said(1, 'tools/list_changed')]);
    expect(two.heard()).toEqual([said('two', 'subscriptions/acknowledged'), said('two', 'tools/list_changed')]);
    one.gone.abort();
    two.gone.abort();
  });

  test('a standing stream is not asked for resources its caller is not shown', async () => {
    const gone = new AbortController();
    const params = { notifications: { resourceSubscriptions: ['file:///a'], toolsListChanged: true }, ...modernMeta() };
    const response = await fetch(gateway.url, {
      method: 'POST',
      body: JSON.stringify({ jsonrpc: '2.0', id: 9, method: 'subscriptions/listen', params }),
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...modernHeaders(gateway.token, 'subscriptions/listen'),
      },
      signal: gone.signal,
    });
    const first = await response.body?.pipeThrough(new TextDecoderStream()).getReader().read();
    // What the fixture acknowledges is what it was asked for.
    const acknowledged = JSON.parse(/data: (.*)/.exec(first?.value ?? '')?.[1] ?? '{}');
    expect(acknowledged.params.notifications).toEqual({ resourceSubscriptions: [], toolsListChanged: true });
    gone.abort();
  });

  test('mirrored arguments must be mirrored, and are sent on', async () => {
    const params = { name: 'mirrored', arguments: { region: 'us-west1' }, ...modernMeta() };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
    const headers = modernHeaders(gateway.token, 'tools/call', 'mirrored');
    const missing = await post(gateway.url, body, headers);
    expect([missing.status, missing.messages[0].error.code]).toEqual([400, -32020]);
    const lying = await post(gateway.url, body, { ...headers, 'mcp-param-region': 'eu' });
    expect(lying.status).toBe(400);
    const right = await post(gateway.url, body, { ...headers, 'mcp-param-region': 'us-west1' });
    expect(right.messages[0].result.content[0].text).toBe('ran mirrored');
    if (kind === 'http') {
      const sent = readFileSync(`${journal}.headers`, 'utf8').trim().split('\n').at(-1) ?? '';
      expect(JSON.parse(sent)).toMatchObject({
        'mcp-param-region': 'us-west1',
        'mcp-name': 'mirrored',
        'mcp-method': 'tools/call',
      });
    }
  });

  test('a trace context is passed on where it is well formed', async () => {
    if (kind === 'stdio') return expect(upstream).toBeUndefined();
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'echo', ...modernMeta() },
    });
    const headers = modernHeaders(gateway.token, 'tools/call', 'echo');
    const last = () => JSON.parse(readFileSync(`${journal}.headers`, 'utf8').trim().split('\n').at(-1) ?? '{}');
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await post(gateway.url, body, { ...headers, traceparent });
    expect(last().traceparent).toBe(traceparent);
    await post(gateway.url, body, { ...headers, traceparent: 'x', cookie: 'a=b', 'x-forwarded-for': '1.2.3.4' });
    expect(last().traceparent).toBeUndefined();
    expect(last()).not.toHaveProperty('cookie');
    expect(last()).not.toHaveProperty('x-forwarded-for');
    expect(last()).not.toHaveProperty('authorization');
  });

  test('numbers arrive at the server as they were written', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    const exact = '{"text":"exact","a":1.0,"b":9007199254740993,"c":1e2,"d":-0}';
    await post(
      session.url,
      `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"echo","arguments":${exact}}}`,
      session.headers,
    );
    expect(readFileSync(journal, 'utf8')).toContain(JSON.stringify(exact).slice(1, -1));
  });

  test('ids beyond a double come back as they were sent', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    const said = await post(
      session.url,
      '{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}}}',
      session.headers,
    );
    expect(said.text).toContain('"id":9007199254740993');
    expect(said.text).toContain('"text":"x"');
  });

  test('an answer above the bound is withheld, and the client is told that the call ran', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    const { messages } = await session.call('big', { bytes: 17 * 1024 * 1024 });
    expect(messages[0].result.isError).toBe(true);
    expect(messages[0].result.content[0].text).toMatch(/withheld: the call ran/);
  });

  test('prompts and resources follow the default', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    expect((await session.send('prompts/list')).messages[0].result.prompts).toEqual([]);
    expect((await session.send('resources/list')).messages[0].result.resources).toEqual([]);
    expect((await session.send('prompts/get', { name: 'greet' })).messages[0].error.code).toBe(-32602);
    expect((await session.send('resources/read', { uri: 'file:///a' })).messages[0].error).toMatchObject({
      code: -32002,
      data: { uri: 'file:///a' },
    });
  });

  test('every list a policy cuts is said to change', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    const changing = { listChanged: true };
    expect(session.initialize.capabilities).toMatchObject({ tools: changing, prompts: changing, resources: changing });
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'server/discover', params: modernMeta() });
    const { messages } = await post(gateway.url, body, modernHeaders(gateway.token, 'server/discover'));
    expect(messages[0].result.capabilities).toMatchObject({ tools: changing, prompts: changing, resources: changing });
  });

  test('cursors of the server are wrapped, and others are not taken', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    const page = async (cursor: string) => (await session.send('prompts/list', { cursor })).messages[0];
    expect((await page('second page')).error.code).toBe(-32602);
    const { result } = await page(wrapCursor('second page'));
    expect(result).toMatchObject({ prompts: [], seenCursor: 'second page', nextCursor: wrapCursor('one more') });
    expect((await page(result.nextCursor)).result.seenCursor).toBe('one more');
  });

  test('a changed policy is in force without a restart; an invalid one changes nothing and raises an alarm', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    const opened = { ...policy, tools: { ...policy.tools, create_payment: {} } };
    writeFileSync(gateway.policyFile, JSON.stringify(opened));
    await until(
      'the new policy',
      async () => (await session.call('create_payment')).messages[0].result.isError !== true,
    );
    writeFileSync(gateway.policyFile, '{"version":"1","tools":');
    await until(
      'the alarm',
      async () => ((await (await fetch(`${gateway.admin}/readyz`)).json()) as any).status === 'degraded',
    );
    expect((await session.call('create_payment')).messages[0].result.isError).toBeUndefined();
    writeFileSync(`${gateway.policyFile}.new`, JSON.stringify(policy));
    renameSync(`${gateway.policyFile}.new`, gateway.policyFile);
    await until(
      'the old policy again',
      async () => (await session.call('create_payment')).messages[0].result.isError === true,
    );
    await until(
      'the end of the alarm',
      async () => ((await (await fetch(`${gateway.admin}/readyz`)).json()) as any).status === 'ok',
    );
  });

  test('a name that would forge a line of `audit tail` is shown in its own', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    await session.call('x\u001b[2J\nr999 forged\u202e');
    const tail = ['audit', 'tail', '-n', '1', '--data', gateway.data];
    const { out } = await ended([bin, ...tail]);
    expect(out).toContain('x\\u{1B}[2J\\u{A}r999 forged\\u{202E}');
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    const following = run([bin, ...tail, '-f']);
    await until('the tail', () => following.out() !== '');
    expect(await following.stop('SIGTERM')).toBe(0);
  });

  test('the trail verifies, and the metrics count', async () => {
    const { code, out } = await ended([bin, 'audit', 'verify', '--data', gateway.data]);
    expect(out).toMatch(/^complete: [0-9]+ records, head [0-9a-f]{64}$/m);
    expect(code).toBe(0);
    const metrics = await (await fetch(`${gateway.admin}/metrics`)).text();
    expect(metrics).toMatch(
      /sallyport_calls_total\{server="up",method="tools\/call",verdict="permit",outcome="replied"\} [1-9]/,
    );
    // Nothing runs: no quota is held by a call, and nothing waits for the disk.
    expect(metrics).toMatch(/^sallyport_reservations 0$/m);
    expect(metrics).toMatch(/^sallyport_audit_lag_seconds 0$/m);
    expect(metrics).toMatch(/^sallyport_server_down\{server="up"\} 0$/m);
    expect(metrics).toMatch(/^sallyport_children\{server="up"\} [0-9]+$/m);
  });
});

afterAll(() => folder.remove());

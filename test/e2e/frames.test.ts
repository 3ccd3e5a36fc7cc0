import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { journalled, readByPython } from '../support/frames.ts';
import {
  bin,
  fixture,
  type Running,
  run,
  startFixture,
  startGateway,
  type TestGateway,
  temporaryFolder,
  until,
} from '../support/processes.ts';
import { LegacySession, post } from '../support/wire.ts';

/** Ambiguous and malformed requests: each must be refused, or run exactly what was judged. `echo` is allowed, `delete_repo` is not. */
const folder = temporaryFolder('frames');
const policy = { version: '1', default: 'deny', tools: { echo: {}, delete_repo: { action: 'deny', reason: 'no' } } };
const call = (rest: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call",${rest}}`;
const denied = '"params":{"name":"delete_repo","arguments":{}}';

/** `runs`: the one tool that may run; everything else must move nothing. */
const frames: readonly { what: string; body: string | Uint8Array; headers?: Record<string, string>; runs?: 'echo' }[] =
  [
    { what: 'a plain allowed call', body: call('"params":{"name":"echo"}'), runs: 'echo' },
    { what: 'a plain denied call', body: call(denied) },
    { what: 'an unknown tool', body: call('"params":{"name":"nobody"}') },
    { what: 'two names, the allowed one first', body: call('"params":{"name":"echo","name":"delete_repo"}') },
    { what: 'two names, the denied one first', body: call('"params":{"name":"delete_repo","name":"echo"}') },
    { what: 'name and Name', body: call('"params":{"name":"delete_repo","Name":"echo"}') },
    { what: 'Name and name', body: call('"params":{"Name":"echo","name":"delete_repo"}') },
    { what: 'NAME alone', body: call('"params":{"NAME":"delete_repo"}') },
    { what: 'a name with the long s that Go folds', body: call('"params":{"name":"echo","argumentſ":{}}') },
    { what: 'two params', body: call(`"params":{"name":"echo"},${denied}`) },
    {
      what: 'two methods, the list first',
      body: `{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call",${denied}}`,
    },
    {
      what: 'two methods, the call first',
      body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"tools/list",${denied}}`,
    },
    { what: 'method and Method', body: call(`"Method":"ping",${denied}`) },
    { what: 'params and Params', body: call(`${denied},"Params":{"name":"echo"}`) },
    { what: 'the name in upper case', body: call('"params":{"name":"DELETE_REPO"}') },
    { what: 'the allowed name in upper case', body: call('"params":{"name":"ECHO"}') },
    { what: 'a trailing space', body: call('"params":{"name":"delete_repo "}') },
    { what: 'a leading tab', body: call('"params":{"name":"\\tdelete_repo"}') },
    { what: 'an escaped letter in the denied name', body: call('"params":{"name":"\\u0064elete_repo"}') },
    { what: 'a zero-width space', body: call('"params":{"name":"delete_repo\u200b"}') },
    { what: 'the method with a trailing space', body: `{"jsonrpc":"2.0","id":1,"method":"tools/call ",${denied}}` },
    { what: 'a batch of one', body: `[${call(denied)}]` },
    { what: 'a batch of an allowed and a denied call', body: `[${call('"params":{"name":"echo"}')},${call(denied)}]` },
    { what: 'a call without id', body: `{"jsonrpc":"2.0","method":"tools/call",${denied}}` },
    { what: 'an allowed call without id', body: '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}' },
    { what: 'something after the JSON', body: `${call(denied)}x` },
    { what: 'a byte order mark', body: `\uFEFF${call('"params":{"name":"echo"}')}` },
    { what: 'text/plain', body: call('"params":{"name":"echo"}'), headers: { 'content-type': 'text/plain' } },
    {
      what: 'a charset other than utf-8',
      body: call('"params":{"name":"echo"}'),
      headers: { 'content-type': 'application/json; charset=utf-16' },
    },
    { what: 'a list for a name', body: call('"params":{"name":["delete_repo"]}') },
    { what: 'a number for a name', body: call('"params":{"name":5}') },
    { what: 'no params', body: '{"jsonrpc":"2.0","id":1,"method":"tools/call"}' },
    { what: 'params as a list', body: call('"params":["echo"]') },
    { what: 'arguments as a string', body: call('"params":{"name":"echo","arguments":"{}"}') },
    { what: 'an escaped duplicate key', body: call('"params":{"name":"echo","n\\u0061me":"delete_repo"}') },
    {
      what: 'a duplicate key deep in the arguments',
      body: call('"params":{"name":"echo","arguments":{"a":[{"b":1,"b":2}]}}'),
    },
    { what: '__proto__', body: call('"params":{"name":"echo","arguments":{"__proto__":{"x":1}}}') },
    { what: 'half a surrogate pair', body: call('"params":{"name":"echo","arguments":{"text":"\\ud800"}}') },
    {
      what: 'bytes that are not UTF-8',
      body: Buffer.from(call('"params":{"name":"echo","arguments":{"text":"\xff"}}'), 'latin1'),
    },
    { what: '65 levels', body: call(`"params":{"name":"echo","arguments":{"a":${'['.repeat(62)}${']'.repeat(62)}}}`) },
    { what: 'a number that is not finite', body: call('"params":{"name":"echo","arguments":{"a":1e400}}') },
    { what: 'a result beside the method', body: call('"result":{},"params":{"name":"echo"}') },
    { what: 'a fraction for an id', body: '{"jsonrpc":"2.0","id":1.5,"method":"tools/call","params":{"name":"echo"}}' },
    { what: 'null for an id', body: '{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"echo"}}' },
    {
      what: 'an id of 257 bytes',
      body: `{"jsonrpc":"2.0","id":"${'x'.repeat(257)}","method":"tools/call","params":{"name":"echo"}}`,
    },
    { what: 'no version of JSON-RPC', body: '{"id":1,"method":"tools/call","params":{"name":"echo"}}' },
    {
      what: 'a body above the bound',
      body: call(`"params":{"name":"echo","arguments":{"text":"${'x'.repeat(4 * 1024 * 1024)}"}}`),
    },
    { what: 'a foreign host', body: call('"params":{"name":"echo"}'), headers: { origin: 'https://evil.example' } },
  ];

describe('over HTTP', () => {
  let upstream: Running & { url: string };
  let gateway: TestGateway;
  let session: LegacySession;
  const journal = join(folder.path, 'http.journal');
  beforeAll(async () => {
    writeFileSync(journal, '');
    upstream = await startFixture(['--journal', journal]);
    gateway = await startGateway({ folder: join(folder.path, 'http'), policy, server: { url: upstream.url } });
    session = await LegacySession.open(gateway.url, gateway.token);
  });
  afterAll(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  test.each(frames)('$what', async ({ body, headers, runs }) => {
    const before = journalled(journal).length;
    const said = await post(session.url, body, { ...session.headers, ...headers });
    const after = journalled(journal).slice(before);
    expect(after.map(({ name }) => name)).toEqual(runs === undefined ? [] : [runs]);
    if (runs === undefined) {
      const [answer] = said.messages;
      expect(answer?.error !== undefined || answer?.result?.isError === true || said.status >= 400).toBe(true);
    }
  });

  test('what was forwarded reads the same in Python', async () => {
    const arguments_ =
      '{"text":"é\\u0000\\ud83d\\ude00","n":[1.0,1E2,0.1,123456789012345678901234567890],"k":{"10":1,"2":2,"":3}}';
    await post(session.url, call(`"params":{"name":"echo","arguments":${arguments_}}`), session.headers);
    const raws = journalled(journal).map(({ raw }) => raw);
    const python = await readByPython(raws);
    if (python === undefined) return expect(process.env['CI']).toBeUndefined();
    expect(python).toEqual(raws.map((raw) => JSON.parse(raw)));
    expect((python.at(-1) as any).params.arguments).toEqual(JSON.parse(arguments_));
  });
});

describe('over stdio', () => {
  const journal = join(folder.path, 'stdio.journal');
  let wrapped: Running;
  beforeAll(async () => {
    writeFileSync(journal, '');
    writeFileSync(join(folder.path, 'policy.yaml'), JSON.stringify(policy));
    wrapped = run(
      [
        bin,
        'wrap',
        '--policy',
        join(folder.path, 'policy.yaml'),
        '--data',
        join(folder.path, 'wrap'),
        '--',
        'node',
        fixture,
        '--journal',
        journal,
      ],
      { input: 'pipe' },
    );
    wrapped.child.stdin?.write(
      '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}\n',
    );
    await until('the handshake', () => wrapped.out().includes('"id":0'));
    wrapped.child.stdin?.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
  });
  afterAll(async () => {
    wrapped.child.stdin?.end();
    expect(await wrapped.exited).toBe(0);
    folder.remove();
  });

  const lines = frames.filter(({ headers, body }) => headers === undefined && !String(body).includes('\n'));
  test.each(lines)('$what', async ({ body, runs }) => {
    const before = journalled(journal).length;
    const answers = wrapped.out().split('\n').length;
    wrapped.child.stdin?.write(Buffer.concat([Buffer.from(body), Buffer.from('\n')]));
    await until('an answer', () => wrapped.out().split('\n').length > answers);
    expect(
      journalled(journal)
        .slice(before)
        .map(({ name }) => name),
    ).toEqual(runs === undefined ? [] : [runs]);
    const answer = JSON.parse(wrapped.out().trim().split('\n').at(-1) ?? '{}');
    expect(answer.error !== undefined || answer.result?.isError === true).toBe(runs === undefined);
  });

  test('a bad line does not end the serving', async () => {
    expect(readFileSync(journal, 'utf8')).not.toContain('delete_repo');
    wrapped.child.stdin?.write(`${call('"params":{"name":"echo","arguments":{"text":"still here"}}')}\n`);
    await until('the answer', () => wrapped.out().includes('still here'));
  });
});

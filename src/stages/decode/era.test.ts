import { describe, expect, test } from 'vitest';
import { jsonText } from '../../domain/json.ts';
import type { Message } from '../../domain/message.ts';
import { NO_HEADERS, type Received, type ReceivedHeaders } from '../../domain/received.ts';
import { inEra } from './era.ts';
import { readMessage } from './read-message.ts';

const LEGACY = '2025-11-25';
const MODERN = '2026-07-28';
const VERSION = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const envelope = { [VERSION]: MODERN, [CAPABILITIES]: {} };

function messageOf(message: object): Message {
  const read = readMessage(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message })));
  if (read.kind !== 'message') throw new Error(read.why);
  return read.message;
}

function decode(message: object, headers: Partial<ReceivedHeaders> = {}, transport: 'http' | 'stdio' = 'http') {
  const received = { transport, headers: { ...NO_HEADERS, ...headers } } as Received;
  return inEra(messageOf(message), received);
}

/** A stateless request with its envelope, under the headers it owes. */
const modern = (method: string, params: object = {}, headers: Partial<ReceivedHeaders> = {}) =>
  decode({ id: 1, method, params: { ...params, _meta: envelope } }, { protocolVersion: MODERN, method, ...headers });
const paramsOf = (decoded: ReturnType<typeof inEra>) => {
  if (decoded.kind !== 'in-era' || decoded.message.kind === 'response') throw new Error(JSON.stringify(decoded));
  return JSON.parse(jsonText(decoded.message.params ?? null));
};
const fault = (status: number, code: number) => ({ kind: 'fault', status, code });

describe('methods', () => {
  const shared = [
    'tools/list',
    'prompts/list',
    'resources/list',
    'resources/templates/list',
    'completion/complete',
  ] as const;
  const ofLegacy = ['initialize', 'ping', 'resources/subscribe', 'resources/unsubscribe', 'logging/setLevel'] as const;
  const ofModern = ['server/discover', 'subscriptions/listen'] as const;
  const ofNobody = ['sampling/createMessage', 'tasks/get', 'tools/Call', 'notifications/initialized', '', '__proto__'];

  test.each([...shared, ...ofLegacy])('%s is one of the legacy era', (method) => {
    expect(decode({ id: 1, method })).toMatchObject({ kind: 'in-era', era: 'legacy', message: { method } });
  });
  test.each([...ofModern, ...ofNobody])('%j is none of the legacy era', (method) => {
    const message = `Method not found: ${method}`;
    expect(decode({ id: 1, method })).toMatchObject({ ...fault(200, -32601), message, id: { text: '1' } });
  });
  test.each([...shared, ...ofModern])('%s is one of the stateless era', (method) => {
    expect(modern(method)).toMatchObject({ kind: 'in-era', era: 'modern', message: { method } });
  });
  test.each([...ofLegacy, ...ofNobody])('%j is none of the stateless era', (method) => {
    const message = `Method not found: ${method}`;
    expect(modern(method)).toMatchObject({ ...fault(404, -32601), message, id: { text: '1' } });
  });

  test.each([
    'notifications/initialized',
    'notifications/cancelled',
    'notifications/progress',
    'notifications/roots/list_changed',
  ])('the notification %s is one of the legacy era', (method) => {
    expect(decode({ method })).toMatchObject({ kind: 'in-era', era: 'legacy' });
  });
  test.each(['notifications/message', 'ping', 'completion/complete', 'notifications/other'])(
    'the notification %s is none',
    (method) => expect(decode({ method })).toMatchObject({ ...fault(400, -32601), id: null }),
  );
  test.each(['http', 'stdio'] as const)('over %s a stateless client has one notification: it cancels', (transport) => {
    const say = (method: string) => decode({ method, params: { _meta: envelope } }, headersOver(transport), transport);
    expect(say('notifications/cancelled')).toMatchObject({ kind: 'in-era', era: 'modern' });
    expect(say('notifications/progress')).toMatchObject({ ...fault(404, -32601), id: null });
    expect(say('notifications/initialized')).toMatchObject(fault(404, -32601));
  });
  test('over HTTP a notification may say its revision in the header alone', () => {
    const say = (method: string) => decode({ method }, { protocolVersion: MODERN });
    expect(say('notifications/cancelled')).toMatchObject({ kind: 'in-era', era: 'modern' });
    expect(say('notifications/initialized')).toMatchObject(fault(404, -32601));
  });
  test('only the legacy era has answers of clients', () => {
    expect(decode({ id: 1, result: {} })).toMatchObject({ kind: 'in-era', era: 'legacy' });
    expect(decode({ id: 1, result: {} }, { protocolVersion: MODERN })).toMatchObject(fault(400, -32600));
  });
});

describe('revisions', () => {
  test.each([undefined, '2025-06-18', LEGACY])('a session may name %s in its header', (protocolVersion) => {
    expect(decode({ id: 1, method: 'ping' }, { protocolVersion })).toMatchObject({ kind: 'in-era', era: 'legacy' });
  });
  test.each(['2024-11-05', '2025-03-26', '2025-11-26', '', '1'])('and not %j', (protocolVersion) => {
    const supported = ['2025-06-18', LEGACY, MODERN];
    for (const message of [{ id: 1, method: 'ping' }, { method: 'notifications/progress' }, { id: 1, result: 1 }]) {
      const decoded = decode(message, { protocolVersion });
      expect(decoded).toMatchObject(fault(400, -32022));
      expect(JSON.parse((decoded as { data: string }).data)).toEqual({ supported, requested: protocolVersion });
    }
    // What it asks for is negotiated.
    expect(decode({ id: 1, method: 'initialize' }, { protocolVersion })).toMatchObject({ era: 'legacy' });
    expect(decode({ method: 'notifications/initialized' }, { protocolVersion })).toMatchObject(fault(400, -32022));
  });

  test('a stateless request says in its body what it is', () => {
    const headers = { protocolVersion: MODERN, method: 'tools/list' };
    const say = (params: object) => decode({ id: 1, method: 'tools/list', params }, headers);
    expect(say({ _meta: envelope })).toMatchObject({ era: 'modern' });
    expect(say({})).toMatchObject({ ...fault(400, -32602), message: `\`_meta\` lacks ${VERSION}` });
    expect(say({ _meta: { [VERSION]: MODERN } })).toMatchObject({ message: `\`_meta\` lacks ${CAPABILITIES}` });
    expect(say({ _meta: { ...envelope, [CAPABILITIES]: [] } })).toMatchObject(fault(400, -32602));
    expect(say({ _meta: { ...envelope, [VERSION]: 20260728 } })).toMatchObject(fault(400, -32602));
  });
  test('and the same in its header', () => {
    const say = (protocolVersion: string | undefined) =>
      decode({ id: 1, method: 'tools/list', params: { _meta: envelope } }, { protocolVersion, method: 'tools/list' });
    expect(say(MODERN)).toMatchObject({ era: 'modern' });
    for (const other of [undefined, LEGACY, '2027-01-01']) expect(say(other)).toMatchObject(fault(400, -32020));
  });
  test.each([LEGACY, '2026-07-29', '2025-06-18'])('the revision %s has no stateless requests', (claimed) => {
    const params = { _meta: { ...envelope, [VERSION]: claimed } };
    const decoded = decode({ id: 1, method: 'tools/list', params }, { protocolVersion: claimed, method: 'tools/list' });
    expect(decoded).toMatchObject(fault(400, -32022));
    expect(JSON.parse((decoded as { data: string }).data)).toEqual({ supported: [MODERN], requested: claimed });
  });
});

test('a notification that is turned away has no id', () => {
  const say = (meta: object, protocolVersion: string | undefined) =>
    decode({ method: 'notifications/cancelled', params: { _meta: meta } }, { protocolVersion });
  for (const [meta, protocolVersion] of [
    [{ ...envelope, [VERSION]: 1 }, MODERN],
    [{ ...envelope, [VERSION]: LEGACY }, LEGACY],
    [envelope, undefined],
    [envelope, LEGACY],
  ] as const)
    expect(say(meta, protocolVersion)).toMatchObject({ kind: 'fault', id: null });
});

describe('headers of a stateless request', () => {
  test.each([
    ['tools/call', { name: 'x' }],
    ['prompts/get', { name: 'x' }],
    ['resources/read', { uri: 'x' }],
  ])('%s names in its header what it names in its body', (method, params) => {
    expect(modern(method, params, { name: 'x' })).toMatchObject({ kind: 'in-era', era: 'modern' });
    expect(modern(method, params, { name: '=?base64?eA==?=' })).toMatchObject({ kind: 'in-era' });
    for (const name of [undefined, 'y', 'X', '', '=?base64?eQ==?=', '=?base64?!?='])
      expect(modern(method, params, { name })).toMatchObject({ ...fault(400, -32020), id: { text: '1' } });
  });
  test('the method stands in its header', () => {
    for (const method of [undefined, 'tools/List', 'ping'])
      expect(modern('tools/list', {}, { method })).toMatchObject(fault(400, -32020));
  });
  test('a pipe has none of them', () => {
    const params = { name: 'x', _meta: envelope };
    expect(decode({ id: 1, method: 'tools/call', params }, {}, 'stdio')).toMatchObject({ era: 'modern' });
  });
});

describe('what a server must not hear', () => {
  test('of a legacy client: the envelope and the answers of the stateless era, which it would forge', () => {
    const _meta = { progressToken: 1, 'io.modelcontextprotocol/subscriptionId': 'x', 'com.example/mine': 2 };
    const forged = { name: 'x', inputResponses: {}, requestState: 's', mine: [1], _meta };
    const kept = { name: 'x', mine: [1], _meta: { progressToken: 1, 'com.example/mine': 2 } };
    expect(paramsOf(decode({ id: 1, method: 'tools/call', params: forged }))).toEqual(kept);
    expect(paramsOf(decode({ id: 1, method: 'tools/call', params: { name: 'x', requestState: 's' } }))).toEqual({
      name: 'x',
    });
    expect(paramsOf(decode({ method: 'notifications/progress', params: { inputResponses: {} } }))).toEqual({});
  });
  test('each of these alone, and nothing that is called so elsewhere', () => {
    const one = { 'io.modelcontextprotocol/x': 1 };
    const params = (given: object) =>
      paramsOf(decode({ id: 1, method: 'tools/call', params: { name: 'x', ...given } }));
    expect(params({ _meta: { ...one, mine: 2 } })).toEqual({ name: 'x', _meta: { mine: 2 } });
    expect(params({ inputResponses: {} })).toEqual({ name: 'x' });
    expect(params({ _meta: one, arguments: one, mine: one })).toEqual({
      name: 'x',
      _meta: {},
      arguments: one,
      mine: one,
    });
  });
  test('what forges nothing is left as it is', () => {
    const message = messageOf({ id: 1, method: 'tools/call', params: { name: 'x', _meta: { progressToken: 1 } } });
    const decoded = inEra(message, { transport: 'stdio', headers: NO_HEADERS } as Received);
    expect((decoded as { message: Message }).message).toBe(message);
  });
  test('of a stateless one: that it could sample or hold tasks', () => {
    const offered = {
      sampling: {},
      elicitation: {},
      tasks: {},
      extensions: { 'io.modelcontextprotocol/tasks': {}, x: {} },
    };
    const params = { cursor: 'c', _meta: { ...envelope, [CAPABILITIES]: offered, mine: 1 } };
    const decoded = decode({ id: 1, method: 'tools/list', params }, { protocolVersion: MODERN, method: 'tools/list' });
    const declared = { elicitation: {}, extensions: { x: {} } };
    expect(paramsOf(decoded)).toEqual({ cursor: 'c', _meta: { ...envelope, [CAPABILITIES]: declared, mine: 1 } });
    expect(decoded).toHaveProperty('unheard', ['sampling', 'tasks']);
  });
});

function headersOver(transport: 'http' | 'stdio'): Partial<ReceivedHeaders> {
  return transport === 'http' ? { protocolVersion: MODERN } : {};
}

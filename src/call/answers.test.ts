import { describe, expect, test } from 'vitest';
import type { CallMethod, DecodedCall } from '../domain/call.ts';
import { fault } from '../domain/fault.ts';
import { JsonNumber } from '../domain/json.ts';
import type { Era } from '../domain/message.ts';
import { type RefusalReason, refusal } from '../domain/refusal.ts';
import type { Reply } from '../domain/reply.ts';
import { answerOf, notFound, recordName } from './answers.ts';

const callOf = (method: CallMethod = 'tools/call', era: Era = 'legacy', target = 'pay') =>
  ({ method, target, id: 'i"d', session: { era, server: 'up' } }) as unknown as DecodedCall;
const said = (...args: Parameters<typeof answerOf>) => {
  const answer = answerOf(...args);
  if (answer.kind !== 'answer') throw new Error(answer.kind);
  const { jsonrpc, id, ...body } = JSON.parse(answer.text);
  expect([jsonrpc, id]).toEqual(['2.0', 'i"d']);
  return { status: answer.status, ...body };
};
const others = ['prompts/get', 'resources/read'] as const;
const reasons = ['denied', 'limit', 'approval', 'no-policy', 'unavailable', 'fault'] as const satisfies RefusalReason[];

describe('a refusal', () => {
  test.each(reasons)('of a tool (%s) is a complete result with the sentence, the way out and the rule', (reason) => {
    const refused = refusal(reason, '/r', 'it is not allowed', 'ask for less');
    const result = {
      content: [{ type: 'text', text: '[sallyport] refused: it is not allowed. Ask for less.' }],
      isError: true,
      _meta: { 'sallyport/refusal': { version: 1, rule: '/r', record: 'r7' } },
    };
    expect(said(callOf(), refused, 'r7')).toEqual({ status: 200, result });
    const complete = { resultType: 'complete', ...result };
    expect(said(callOf('tools/call', 'modern'), refused, 'r7')).toEqual({ status: 200, result: complete });
  });
  test('by a limit names its times, and the exact bound', () => {
    const limit = { max: new JsonNumber('1.50'), window: 'day', resetsAt: '2026-11-30T00:00:00.000Z', retryAfter: 61 };
    const refused = refusal('limit', '/l', 'it is reached', '', limit);
    expect(said(callOf(), refused, 'r7').result.content[0].text).toBe(
      '[sallyport] refused: it is reached. It resets at 2026-11-30T00:00:00.000Z, in 61 s.',
    );
    const answer = answerOf(callOf(), refused, 'r7');
    expect(answer.kind === 'answer' && answer.text).toContain(
      '"limit":{"max":1.50,"window":"day","resetsAt":"2026-11-30T00:00:00.000Z","retryAfter":61}',
    );
  });
  test('without a record says so by leaving it out', () => {
    const { result } = said(callOf(), refusal('denied', '/r', 'no', ''), undefined);
    expect(result._meta['sallyport/refusal']).toEqual({ version: 1, rule: '/r' });
  });
  test.each(others)('of %s is an error, of the gateway where the gateway or the server failed', (method) => {
    for (const reason of reasons) {
      const code = reason === 'unavailable' || reason === 'fault' ? -32603 : 1403;
      expect(said(callOf(method), refusal(reason, '/r', 'no', 'wait'), 'r7')).toEqual({
        status: 200,
        error: {
          code,
          message: '[sallyport] refused: no. Wait.',
          data: { 'sallyport/refusal': { version: 1, rule: '/r', record: 'r7' } },
        },
      });
    }
  });
  test('says nothing of what rules in shadow would have said', () => {
    const shadow = { verdict: 'hidden', rule: '/hide/0', reason: 'secret' } as never;
    const answer = answerOf(callOf(), { ...refusal('denied', '/r', 'no', ''), shadow }, 'r7');
    expect(JSON.stringify(answer)).not.toContain('secret');
  });
});

describe('a name that is hidden or absent', () => {
  const unknown = (rule: string) => refusal('unknown-name', rule, '`pay` is unknown', '');
  test.each([
    ['tools/call', 'legacy', { code: -32602, message: 'Unknown tool: pay' }],
    ['tools/call', 'modern', { code: -32602, message: 'Unknown tool: pay' }],
    ['prompts/get', 'legacy', { code: -32602, message: 'Unknown prompt: pay' }],
    ['prompts/get', 'modern', { code: -32602, message: 'Unknown prompt: pay' }],
    ['resources/read', 'legacy', { code: -32002, message: 'Resource not found', data: { uri: 'pay' } }],
    ['resources/read', 'modern', { code: -32602, message: 'Resource not found', data: { uri: 'pay' } }],
  ] as const)('of %s in the %s era is the protocol’s own error', (method, era, error) => {
    const call = callOf(method, era);
    expect(said(call, unknown('/hide/0'), 'r7')).toEqual({ status: 200, error });
    expect(answerOf(call, unknown('/hide/0'), 'r7')).toEqual(answerOf(call, unknown('(unknown)'), undefined));
    expect(notFound(call)).toEqual(answerOf(call, unknown('/default'), 'r8'));
  });
});

test.each(['tools/call', ...others] as const)('what the server answered to %s goes on as it wrote it', (method) => {
  const text = '{"jsonrpc":"2.0","id":"i\\"d","result":{"a":1.0}}';
  for (const status of [200, 400]) {
    const reply: Reply = { kind: 'replied', text, isError: status === 400, status };
    expect(answerOf(callOf(method), reply, 'r7')).toEqual({ kind: 'answer', status, text });
  }
});

test('what cannot be served as a protocol matter is the error of its era', () => {
  expect(said(callOf(), fault(400, -32020, 'they differ', 'i"d', '{"a":1}'), 'r7')).toEqual({
    status: 400,
    error: { code: -32020, message: 'they differ', data: { a: 1 } },
  });
});

describe('what became of a call that was admitted', () => {
  const rows = [
    [
      { kind: 'withheld', why: 'it is too large' },
      'withheld: the call ran, its output is withheld: it is too large. Do not repeat the call to see it.',
    ],
    [{ kind: 'failed', why: 'HTTP 403', status: 403 }, 'failed: HTTP 403. It counts against the limits.'],
    [
      { kind: 'not-sent', why: 'it is down' },
      'unavailable: up: it is down. Nothing was sent; the call may be repeated later.',
    ],
    [
      { kind: 'unknown', why: 'silence' },
      'unknown: the call was sent and no answer came: silence. It may have happened: do not repeat it before you have checked. Outcome r7.',
    ],
  ] as const;
  test.each(rows)('%j', (reply, sentence) => {
    const text = `[sallyport] ${sentence}`;
    const twin = { 'sallyport/outcome': { version: 1, outcome: reply.kind, record: 'r7' } };
    const result = { content: [{ type: 'text', text }], isError: true, _meta: twin };
    expect(said(callOf(), reply, 'r7')).toEqual({ status: 200, result });
    const complete = { resultType: 'complete', ...result };
    expect(said(callOf('tools/call', 'modern'), reply, 'r7')).toEqual({ status: 200, result: complete });
    for (const method of others)
      expect(said(callOf(method), reply, 'r7')).toEqual({
        status: 200,
        error: { code: -32603, message: text, data: twin },
      });
  });
  test('and was not recorded', () => {
    const { result } = said(callOf(), { kind: 'unknown', why: 'silence' }, undefined);
    expect(result.content[0].text).toMatch(/Outcome not recorded\.$/);
    expect(result._meta['sallyport/outcome']).toEqual({ version: 1, outcome: 'unknown' });
  });
  test('in a way nobody foresaw is unknown', () => {
    const { result } = said(callOf(), { kind: 'another' } as never, 'r7');
    expect([result.isError, result._meta['sallyport/outcome'].outcome]).toEqual([true, 'unknown']);
  });
});

test('a record is named as `audit show` takes it', () => {
  expect(recordName(7)).toBe('r7');
});

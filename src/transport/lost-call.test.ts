import { expect, test } from 'vitest';
import { type JsonObject, toJson } from '../domain/json.ts';
import { lostCall } from './lost-call.ts';

const request = (method: unknown) => toJson({ jsonrpc: '2.0', id: 'i"d', method }) as JsonObject;
const rows = [
  ['not-sent', 'unavailable: the gateway: it is away. Nothing was sent; the call may be repeated later.'],
  ['withheld', 'withheld: the call ran, its output is withheld: it is away. Do not repeat the call to see it.'],
  [
    'unknown',
    "unknown: the call was sent and no answer came: it is away. It may have happened: do not repeat it before you have checked. The gateway's audit trail says more.",
  ],
  ['another', 'unknown: what became of the call cannot be told. Check before you repeat it.'],
] as const;

test.each(rows)('a tool call whose answer is %s is a result that says so', (outcome, sentence) => {
  const lost = { outcome: outcome as 'unknown', why: 'it is away' };
  const result = {
    content: [{ type: 'text', text: `[sallyport] ${sentence}` }],
    isError: true,
    _meta: { 'sallyport/outcome': { version: 1, outcome } },
  };
  const said = (isModern: boolean) => JSON.parse(lostCall(request('tools/call'), { ...lost, isModern }) ?? '');
  expect(said(false)).toEqual({ jsonrpc: '2.0', id: 'i"d', result });
  expect(said(true)).toEqual({ jsonrpc: '2.0', id: 'i"d', result: { resultType: 'complete', ...result } });
});

test.each(['prompts/get', 'resources/read'])('of %s it is an error', (method) => {
  const text = lostCall(request(method), { outcome: 'not-sent', why: 'it is away', isModern: true });
  expect(JSON.parse(text ?? '')).toEqual({
    jsonrpc: '2.0',
    id: 'i"d',
    error: {
      code: -32603,
      message: `[sallyport] ${rows[0][1]}`,
      data: { 'sallyport/outcome': { version: 1, outcome: 'not-sent' } },
    },
  });
});

test.each(['tools/list', 'ping', 'TOOLS/CALL', 5, undefined])('%j is no call', (method) => {
  expect(lostCall(request(method ?? null), { outcome: 'unknown', why: '', isModern: false })).toBeUndefined();
});

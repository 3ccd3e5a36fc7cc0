import { expect, test } from 'vitest';
import { refusedQuestion } from './refused-question.ts';

const asking = (method: unknown) =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, result: { resultType: 'input_required', inputRequests: { a: { method } } } });

test.each(['elicitation/create', 'roots/list'])('%s may be asked', (method) => {
  expect(refusedQuestion(asking(method))).toBeUndefined();
});

test.each([
  ['sampling/createMessage', 'sampling/createMessage'],
  ['tools/call', 'tools/call'],
  [undefined, 'no method'],
])('%s may not', (method, named) => {
  expect(refusedQuestion(asking(method))).toBe(named);
});

test('escapes hide no question', () => {
  const hidden = asking('sampling/createMessage').replace('inputRequests', '\\u0069nputRequests');
  expect(refusedQuestion(hidden)).toBe('sampling/createMessage');
});

test.each([
  '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"inputRequests \\u00e9"}]}}',
  '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"inputRequests"}}',
  '{"jsonrpc":"2.0","id":1,"result":null,"x":"\\u0041"}',
  '{"jsonrpc":"2.0","id":1,"result":{"inputRequests":null}}',
])('%s asks nothing', (text) => {
  expect(refusedQuestion(text)).toBeUndefined();
});

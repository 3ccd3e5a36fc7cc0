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

const sampling = '{"a":{"method":"sampling/createMessage"}}';
const roots = '{"a":{"method":"roots/list"}}';
test.each([
  `{"id":1,"result":{"inputRequests":${sampling},"inputRequests":${roots}}}`,
  `{"id":1,"result":{"InputRequests":${sampling}}}`,
  `{"id":1,"result":{"inputRequests":${roots},"INPUTREQUESTS":${sampling}}}`,
  `{"id":1,"result":{"\\u0049nputRequests":${sampling}}}`,
  `{"id":1,"result":{"inputReque\u017fts":${sampling}}}`,
  `{"id":1,"result":{"inputReque\\u017fts":${sampling}}}`,
  `{"id":1,"result":{},"Result":{"inputRequests":${sampling}}}`,
  '{"id":1,"result":{"inputRequests":{"a":{"method":"roots/list","Method":"sampling/createMessage"}}}}',
  '{"id":1,"result":{"inputRequests":{"a":{"method":"roots/list","method":"sampling/createMessage"}}}}',
  `{"id":1,"result":{"inputRequests":${roots}},"result":{"inputRequests":${sampling}}}`,
])('%s could be read in two ways', (text) => {
  expect(refusedQuestion(text)).toBe('what could be read in two ways');
});

test('a question that is none is refused', () => {
  expect(refusedQuestion('{"id":1,"result":{"inputRequests":{"a":"roots/list"}}}')).toBe('no method');
});

test.each([
  // What asks nothing may be written as it likes.
  '{"id":1,"result":{"x":1,"x":"\\ud83d"}}',
  '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"inputRequests \\u00e9"}]}}',
  '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"inputRequests"}}',
  '{"jsonrpc":"2.0","id":1,"result":null,"x":"\\u0041"}',
  '{"jsonrpc":"2.0","id":1,"result":{"inputRequests":null}}',
])('%s asks nothing', (text) => {
  expect(refusedQuestion(text)).toBeUndefined();
});

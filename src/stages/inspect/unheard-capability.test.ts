import { expect, test } from 'vitest';
import { unheardCapability } from './unheard-capability.ts';

const lacking = (requiredCapabilities: unknown, code = -32021) =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code, message: 'no', data: { requiredCapabilities } } });

test('what the client declares and the server does not hear of is named', () => {
  expect(unheardCapability(lacking({ elicitation: {}, sampling: {} }), ['tasks', 'sampling'])).toBe('sampling');
});

test.each([
  ['what the client did not declare', lacking({ sampling: {} }), []],
  ['what the server has heard of', lacking({ elicitation: {} }), ['sampling']],
  ['another error', lacking({ sampling: {} }, -32602), ['sampling']],
  ['no object', lacking(null), ['sampling']],
  ['no data', '{"jsonrpc":"2.0","id":1,"error":{"code":-32021,"message":"no","data":null}}', ['sampling']],
  ['a result', '{"jsonrpc":"2.0","id":1,"result":{}}', ['sampling']],
])('%s is not', (_what, text, unheard) => {
  expect(unheardCapability(text, unheard)).toBeUndefined();
});

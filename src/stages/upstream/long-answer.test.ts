import { expect, test } from 'vitest';
import { idKey } from '../../domain/message.ts';
import { idOfLongAnswer } from './long-answer.ts';

const inner = '{"items":[{"id":1,"name":"x"},{"id":2}],"text":"\\"id\\":3, }"}';
test.each([
  ['first', `{"jsonrpc":"2.0","id":7,"result":${inner}`, inner, 'n7'],
  ['first, a string', `{"id":"a\\"é","jsonrpc":"2.0","result":${inner}`, inner, 'sa"é'],
  ['last', `{"result":${inner}`, `${inner},"jsonrpc":"2.0","id":7}`, 'n7'],
  ['last but for the revision', `{"result":${inner}`, `"}, "id": "b", "jsonrpc": "2.0" } `, 'sb'],
  ['after an inner one', `{"result":{"id":1},"id":7,"more":${inner}`, inner, 'n7'],
  ['in neither', `{"result":${inner}`, `{"id":5}]}}`, undefined],
  ['of a request', `{"jsonrpc":"2.0","id":7,"method":"roots/list","params":${inner}`, inner, undefined],
  ['of a request, last', `{"method":"roots/list","params":${inner}`, `${inner},"jsonrpc":"2.0","id":7}`, undefined],
  ['nowhere', 'x'.repeat(4_096), 'x'.repeat(4_096), undefined],
  ['in text that is cut off', `{"result":{"text":"${'x'.repeat(100)}`, `"id":5}`, undefined],
])('its id is %s', (_where, head, tail, key) => {
  const [first, last] = [head, tail].map((text) => Buffer.from(text).toString('latin1')) as [string, string];
  const id = idOfLongAnswer(first, last);
  expect(id === undefined ? undefined : idKey(id)).toBe(key);
});

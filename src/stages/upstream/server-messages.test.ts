import { describe, expect, test } from 'vitest';
import { classify, refusalTo, statusOf } from './server-messages.ts';

describe('a request of a server that is not relayed', () => {
  test.each([
    ['an id inside its params', '{"jsonrpc":"2.0","method":"sampling/createMessage","params":{"id":5},"id":7}', '7'],
    ['a string', '{"jsonrpc":"2.0","id":"a\\"b","method":"sampling/createMessage"}', '"a\\"b"'],
    ['an integer beyond 2^53', '{"jsonrpc":"2.0","id":9007199254740993,"method":"x/y"}', '9007199254740993'],
    ['a result beside it', '{"jsonrpc":"2.0","id":3,"method":"roots/list","result":{}}', '3'],
  ])('is refused under its own id: %s', (_, text, id) => {
    const refused = classify(text, 'legacy');
    if (refused.kind !== 'refused' || refused.id === undefined) throw new Error(JSON.stringify(refused));
    expect(refusalTo(refused.id, refused.why)).toContain(`{"jsonrpc":"2.0","id":${id},"error":`);
  });

  test.each([
    '{"id":1,"method":"sampling/createMessage"',
    '[{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}]',
    '{"jsonrpc":"2.0","method":"notifications/other","params":{"id":1}}',
    '{"jsonrpc":"2.0","id":null,"method":"sampling/createMessage"}',
    '{"jsonrpc":"2.0","id":1e300,"method":"sampling/createMessage"}',
  ])('has no id that could be answered: %s', (text) => {
    const refused = classify(text, 'legacy');
    expect(['refused', 'no-message']).toContain(refused.kind);
    expect(refused).not.toHaveProperty('id', expect.anything());
  });
});

test('a question keeps an id that a double cannot hold', () => {
  expect(classify('{"jsonrpc":"2.0","id":9007199254740993,"method":"elicitation/create"}', 'legacy')).toMatchObject({
    kind: 'request',
    id: { text: '9007199254740993' },
  });
});

test.each([
  [-32021, 400, 200],
  [-32601, 404, 200],
  [-32602, 200, 200],
  [undefined, 200, 200],
])(
  'the error %j of a server over stdio has HTTP status %d in the stateless revision, else %d',
  (code, modern, legacy) => {
    expect([statusOf(code, 'modern'), statusOf(code, 'legacy')]).toEqual([modern, legacy]);
  },
);

import { expect, test } from 'vitest';
import { idKey } from '../../domain/message.ts';
import { answersWithin } from './answers-within.ts';

const answer = '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"a } \\" {"}]}}';
test.each([
  ['a prompt before it', `> ${answer}`, ['n1']],
  ['half a line before it', `{"jsonrpc":"2.0","method":"notifications/mess${answer}`, ['n1']],
  [
    'an error, its id last',
    `starting… {"error": {"code": 1, "message": "no"}, "jsonrpc": "2.0", "id": "a"} done`,
    ['sa'],
  ],
  ['two on one line', `${answer}${answer.replace('1', '2')}`, ['n1', 'n2']],
  ['a batch', `[${answer}]`, ['n1']],
  ['a request that is shown', `got {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}`, []],
  ['half an answer', `> ${answer.slice(0, -1)}`, []],
  ['an id alone', 'the request {"id":1} is slow', []],
  ['other text', 'listening on port 1', []],
])('%s', (_what, line, keys) => {
  expect(answersWithin(line, 'legacy').map(idKey)).toEqual(keys);
});

test('very much that could be one is not looked at without end', () => {
  expect(answersWithin(`${'{"id":1 '.repeat(100_000)}${answer}`, 'legacy')).toEqual([]);
});

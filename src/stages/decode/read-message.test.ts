import { describe, expect, test } from 'vitest';
import { readMessage } from './read-message.ts';

const read = (text: string) => readMessage(Buffer.from(text));

describe('messages', () => {
  test.each([
    ['{"jsonrpc":"2.0","id":1,"method":"ping"}', 'request'],
    ['{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"x"}}', 'request'],
    ['{"jsonrpc":"2.0","method":"notifications/initialized"}', 'notification'],
    ['{"jsonrpc":"2.0","id":1,"result":null}', 'response'],
    ['{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}', 'response'],
    [
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"NAME":1,"Params":2}}}',
      'request',
    ],
  ])('%s is a %s', (text, kind) => {
    expect(read(text)).toMatchObject({ kind: 'message', message: { kind } });
  });

  test('an id keeps its text, whatever its size', () => {
    expect(read('{"jsonrpc":"2.0","id":123456789012345678901,"method":"ping"}')).toMatchObject({
      message: { id: { text: '123456789012345678901' } },
    });
  });
});

describe('what is none', () => {
  test.each([
    ['[]', -32600],
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600],
    ['"x"', -32600],
    ['{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600],
    ['{"jsonrpc":"2.0","id":1}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":5}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","extra":1}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}', -32600],
    ['{"jsonrpc":"2.0","id":1,"result":1,"error":{}}', -32600],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600],
    ['{"jsonrpc":"2.0","id":true,"method":"ping"}', -32600],
    ['{"jsonrpc":"2.0","id":1e0,"method":"ping"}', -32600],
    ['{"jsonrpc":"2.0","method":"tools/call","params":{"name":"x"}}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["x"]}}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","Arguments":{}}}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","argument\u017F":{}}}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":[]}}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","_meta":1}}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"URI":"x"}}', -32602],
    ['{', -32700],
    ['{"jsonrpc":"2.0","id":1,"id":1,"method":"ping"}', -32700],
  ])('%s gets %i', (text, code) => {
    expect(read(text)).toMatchObject({ kind: 'malformed', code });
  });
});

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

  test('a response is what it says, and nothing besides', () => {
    const error = '{"code":1,"message":"x"}';
    expect(read('{"jsonrpc":"2.0","id":1,"result":null}')).toMatchObject({ message: { body: { result: null } } });
    const failed = read(`{"jsonrpc":"2.0","id":1,"error":${error}}`);
    expect(failed).toMatchObject({ message: { body: { error: { code: { text: '1' }, message: 'x' } } } });
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
    ['{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"x","URI":"y"}}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":["x"]}}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"x","arguments":"y"}}', -32602],
    [
      '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{},"Capabilities":{"sampling":{}}}}',
      -32602,
    ],
    ['{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{},"Ref":{}}}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"Notifications":{}}}', -32602],
    [
      '{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"ResourceSubscriptions":["x"]}}}',
      -32602,
    ],
    ['{', -32700],
    ['{"jsonrpc":"2.0","id":1,"id":1,"method":"ping"}', -32700],
  ])('%s gets %i', (text, code) => {
    expect(read(text)).toMatchObject({ kind: 'malformed', code });
  });

  test.each(['tools/call', 'prompts/get', 'resources/read', 'initialize', 'tools/list'])(
    '%s without an id is refused, for nobody would hear what became of it',
    (method) => {
      const text = `{"jsonrpc":"2.0","method":"${method}","params":{"name":"x","uri":"x"}}`;
      expect(read(text)).toEqual({ kind: 'malformed', code: -32600, why: `\`${method}\` needs an id`, id: null });
    },
  );

  test.each([
    ['a string of more than 256 bytes', JSON.stringify('ü'.repeat(129))],
    ['an integer of more than 256 digits', '1'.repeat(257)],
    ['a fraction', '1.5'],
    ['an object', '{}'],
  ])('an id that is %s', (_, id) => {
    expect(read(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`)).toMatchObject({ code: -32600, id: null });
  });
  test.each([JSON.stringify('ü'.repeat(128)), '1'.repeat(256), '-1', '""'])('an id %s is one', (id) => {
    expect(read(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`).kind).toBe('message');
  });

  test.each([
    ['{"jsonrpc":"2.0","id":7,"method":"ping","extra":1}', 'the key "extra" is not part of JSON-RPC'],
    ['{"jsonrpc":"1.0","id":7,"method":"ping"}', '`jsonrpc` is not "2.0"'],
    ['{"jsonrpc":"2.0","id":7,"method":5}', '`method` is no string'],
    ['{"jsonrpc":"2.0","id":7,"method":"x","error":{}}', '`result` or `error` stands beside `method`'],
    ['{"jsonrpc":"2.0","id":7,"method":"x","params":1}', '`params` is no object'],
    ['{"jsonrpc":"2.0","id":7,"result":1,"params":{}}', 'neither a request nor a response'],
    ['{"jsonrpc":"2.0","id":7,"result":1,"error":{}}', 'neither a request nor a response'],
  ])('%s: who asked is told why, under the id', (text, why) => {
    expect(read(text)).toMatchObject({ why, id: { text: '7' } });
  });
  test.each([
    ['[]', 'batches are not accepted; send one message at a time'],
    ['5', 'a JSON-RPC message is an object'],
    ['null', 'a JSON-RPC message is an object'],
  ])('%s: what it is is said', (text, why) => {
    expect(read(text)).toMatchObject({ code: -32600, why, id: null });
  });
  test('a response without an id answers nothing', () => {
    expect(read('{"jsonrpc":"2.0","result":1}')).toMatchObject({ code: -32600, why: 'a response needs an id' });
  });
});

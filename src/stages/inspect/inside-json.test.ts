import { describe, expect, it } from 'vitest';
import { insideJson } from './inside-json.ts';

const change = (text: string): string => text.replace(/s\/é"/g, '-');

describe('a text that is JSON', () => {
  it.each([
    ['{"a": "s\\/\\u00e9\\"", "n": 1.50}', '{"a":"-","n":1.50}'],
    ['["s\\/é\\""]', '["-"]'],
    ['"s\\/é\\""', '"-"'],
    // A name, and JSON in JSON.
    ['{"s\\/é\\"": 1}', '{"-":1}'],
    ['{"a": "{\\"b\\": \\"s\\\\/é\\\\\\"\\"}"}', '{"a":"{\\"b\\":\\"-\\"}"}'],
  ])('is written again where something in it changes: %s', (given, wanted) => {
    expect(insideJson(given, { change })).toBe(wanted);
  });

  it.each(['{"a": "\\n"}', 'got {"a": "s\\/é\\""}', '{"a": "s\\/é\\"", }', '{"a": 1, "a": "s\\/é\\""}', 's/é"\\', ''])(
    'stays as it is where nothing does, or where it is none: %s',
    (given) => expect(insideJson(given, { change })).toBe(given),
  );

  it('has a number that hides something put into quotes, where that is cheap', () => {
    const looks = { change: () => 'x', hides: (number: string) => number === '12' };
    expect(insideJson('{"a": 12, "b": 13}', looks)).toBe('{"x":"x","x 2":13}');
    const long = `[12${', 13'.repeat(400_000)}]`;
    expect(insideJson(long, looks)).toBe(long);
  });
});

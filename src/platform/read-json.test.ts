import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonNumber, type JsonValue, jsonText } from '../domain/json.ts';
import { readJson, readJsonText } from './read-json.ts';

const value = (text: string): JsonValue => {
  const read = readJsonText(text);
  if (read.kind === 'malformed') throw new Error(read.why);
  return read.value;
};

describe('what is read', () => {
  test.each(['null', 'true', '[]', '{}', '"a\\u0041\\n"', '{"a":[1,{"b":null}],"10":1,"2":2}', ' \t\r\n[1 , 2]\n'])(
    '%s as JSON.parse reads it',
    (text) => {
      expect(JSON.parse(jsonText(value(text)))).toEqual(JSON.parse(text));
    },
  );

  test.each(['0', '-0', '1.0', '1e2', '1E+2', '9007199254740993', '0.1000', '1e308'])(
    'the number %s keeps its text',
    (text) => {
      const read = value(text);
      expect(read).toBeInstanceOf(JsonNumber);
      expect(jsonText(read)).toBe(text);
    },
  );

  test('every JSON text reads to the value that JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        if (text.includes('__proto__')) return;
        expect(JSON.parse(jsonText(value(text)))).toEqual(JSON.parse(text));
      }),
      { numRuns: 2_000 },
    );
  });

  test('nothing is inherited, and nothing can be changed', () => {
    const read = value('{"a":{"b":[1]}}') as Record<string, Record<string, unknown>>;
    expect('toString' in read).toBe(false);
    expect(() => {
      (read['a'] as Record<string, unknown>)['b'] = 2;
    }).toThrow(TypeError);
  });
});

describe('what is refused', () => {
  test.each([
    ['a key twice', '{"a":1,"a":1}', 'stands twice'],
    ['a key twice, once escaped', '{"a":1,"\\u0061":1}', 'stands twice'],
    ['a key twice, deep', '[[{"x":{"y":1,"y":2}}]]', 'stands twice'],
    ['__proto__', '{"__proto__":1}', '__proto__'],
    ['__proto__, escaped', '{"\\u005f_proto__":1}', '__proto__'],
    ['half a surrogate pair', '"\\ud800"', 'surrogate'],
    ['the other half', '"\\udc00x"', 'surrogate'],
    ['halves in the wrong order', '"\\udc00\\ud800"', 'surrogate'],
    ['a byte order mark', '\uFEFF{}', 'expected'],
    ['something after it', '{} x', 'follows'],
    ['two values', '1 2', 'follows'],
    ['nothing', '', 'ends too early'],
    ['a comma too many', '[1,]', 'expected'],
    ['a comma too few', '[1 2]', 'comma'],
    ['a single-quoted string', "'a'", 'expected'],
    ['an unescaped line feed', '"a\nb"', 'control character'],
    ['an unknown escape', '"\\x41"', 'escape'],
    ['a string without end', '"abc', 'does not end'],
    ['a number that is not finite', '1e400', 'too large'],
    ['a leading zero', '01', 'follows'],
    ['a plus sign', '+1', 'expected'],
    ['hexadecimal', '0x10', 'follows'],
    ['NaN', 'NaN', 'expected'],
    ['a comment', '{/**/}', 'key in double quotes'],
    ['65 levels', `${'['.repeat(65)}${']'.repeat(65)}`, 'deeper than 64'],
  ])('%s', (_what, text, why) => {
    const read = readJsonText(text);
    expect(read).toMatchObject({ kind: 'malformed', why: expect.stringContaining(why) });
  });

  test('bytes that are not UTF-8', () => {
    expect(readJson(Buffer.from([0x22, 0xff, 0x22]))).toMatchObject({
      kind: 'malformed',
      why: expect.stringContaining('UTF-8'),
    });
    expect(readJson(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))).toMatchObject({ kind: 'malformed' });
  });

  test('64 levels are read', () => {
    expect(readJsonText(`${'['.repeat(64)}${']'.repeat(64)}`).kind).toBe('value');
  });
});

import { describe, expect, test } from 'vitest';
import { type JsonObject, toJson } from '../../domain/json.ts';
import { checkMirrors, decodeMirrored, encodeMirrored, makeMirrors } from './mirrored-headers.ts';

describe('values', () => {
  test.each(['plain', 'with space', 'ü', ' leading', 'trailing ', '', '=?base64?eA==?=', 'a\tb'])(
    '%j comes back as it was',
    (value) => {
      expect(decodeMirrored(encodeMirrored(value))).toBe(value);
      expect(encodeMirrored(value)).toMatch(/^[\x20-\x7e]*$/);
    },
  );
  test.each(['=?base64?!!?=', '=?base64?eA?=', '=?base64?=', '=?base64?/w==?='])('%s cannot be read', (value) => {
    expect(decodeMirrored(value)).toBeUndefined();
  });
  test.each(['=?BASE64?eA==?=', '=?base64?eA==', 'eA==?='])('%s has not both markers and is literal', (value) => {
    expect(decodeMirrored(value)).toBe(value);
  });
});

const mirrors = [
  { path: ['region'], header: 'Region' },
  { path: ['where', 'zone'], header: 'Zone' },
];
const args = (value: object) => toJson(value) as JsonObject;

describe('arguments and their headers', () => {
  test('what agrees is sent on, made anew', () => {
    const checked = checkMirrors(mirrors, args({ region: 'ü', where: { zone: 7 } }), [
      ['mcp-param-region', '=?base64?w7w=?='],
      ['mcp-param-zone', '7.0'],
    ]);
    expect(checked).toEqual({
      headers: [
        ['mcp-param-region', '=?base64?w7w=?='],
        ['mcp-param-zone', '7'],
      ],
    });
  });
  test.each([
    ['missing', { region: 'a' }, []],
    ['different', { region: 'a' }, [['mcp-param-region', 'A']]],
    ['sent without its argument', {}, [['mcp-param-region', 'a']]],
    ['sent for null', { region: null }, [['mcp-param-region', 'a']]],
    ['a text for a number', { where: { zone: 7 } }, [['mcp-param-zone', 'seven']]],
    ['of an argument that cannot be mirrored', { region: ['a'] }, [['mcp-param-region', 'a']]],
  ] as const)('%s is wrong', (_what, value, sent) => {
    expect(checkMirrors(mirrors, args(value), sent as never)).toHaveProperty('wrong');
  });
  test('a header nobody annotated is passed on', () => {
    expect(checkMirrors([], args({}), [['mcp-param-other', 'x']])).toEqual({ headers: [['mcp-param-other', 'x']] });
  });
  test('a client without headers gets them made', () => {
    expect(makeMirrors(mirrors, args({ region: 'a', where: { zone: true } }))).toEqual([
      ['mcp-param-region', 'a'],
      ['mcp-param-zone', 'true'],
    ]);
  });
});

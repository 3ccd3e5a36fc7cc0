import { describe, expect, test } from 'vitest';
import { JsonNumber, type JsonObject, toJson } from '../../domain/json.ts';
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
    ['nothing for a number', { where: { zone: 0 } }, [['mcp-param-zone', '']]],
    ['another number', { where: { zone: 7 } }, [['mcp-param-zone', '7.01']]],
    ['a number for a text', { region: '7' }, [['mcp-param-region', '7.0']]],
    [
      'sent twice',
      { region: 'a' },
      [
        ['mcp-param-region', 'a'],
        ['mcp-param-region', 'a'],
      ],
    ],
    ['not to be read', { region: 'a' }, [['mcp-param-region', '=?base64?!?=']]],
    ['a null that is written', { where: { zone: null } }, [['mcp-param-zone', 'null']]],
    ['of what is no part of a text', { where: 'zone' }, [['mcp-param-zone', 'zone']]],
    ['of an argument that cannot be mirrored', { region: ['a'] }, [['mcp-param-region', 'a']]],
  ] as const)('%s is wrong', (_what, value, sent) => {
    expect(checkMirrors(mirrors, args(value), sent as never)).toHaveProperty('wrong');
  });
  test.each([
    [[], 'the header Mcp-Param-Region is missing, its argument is not'],
    [['a', 'a'], 'Mcp-Param-Region is sent more than once'],
    [['=?base64?!?='], 'Mcp-Param-Region is encoded in a way that cannot be read'],
    [['b'], 'Mcp-Param-Region differs from its argument'],
  ])('of %j the client is told what is wrong', (values, wrong) => {
    const sent = values.map((value) => ['mcp-param-region', value] as const);
    expect(checkMirrors(mirrors, args({ region: 'a' }), sent)).toEqual({ wrong });
  });
  test('what cannot be mirrored is said to be so', () => {
    const wrong = 'the argument of Mcp-Param-Region is no string, integer or boolean';
    expect(checkMirrors(mirrors, args({ region: ['a'] }), [['mcp-param-region', 'a']])).toEqual({ wrong });
  });
  test('an integer beyond a double is another than its neighbour', () => {
    const big = { where: { zone: new JsonNumber('9007199254740993') } } as unknown as JsonObject;
    expect(checkMirrors(mirrors, big, [['mcp-param-zone', '9007199254740992']])).toHaveProperty('wrong');
    const headers = [['mcp-param-zone', '9007199254740993']] as const;
    expect(checkMirrors(mirrors, big, headers)).toEqual({ headers });
  });
  test('true and false are mirrored, and nothing is where nothing is', () => {
    const headers = [['mcp-param-region', 'false']] as const;
    expect(checkMirrors(mirrors, args({ region: false, where: {} }), headers)).toEqual({ headers });
    expect(checkMirrors(mirrors, args({ where: { zone: null } }), [])).toEqual({ headers: [] });
  });
  test('a header nobody annotated is passed on', () => {
    expect(checkMirrors([], args({}), [['mcp-param-other', 'x']])).toEqual({ headers: [['mcp-param-other', 'x']] });
  });
  test('a client without headers gets them made', () => {
    expect(makeMirrors(mirrors, args({ region: 'a', where: { zone: true } }))).toEqual([
      ['mcp-param-region', 'a'],
      ['mcp-param-zone', 'true'],
    ]);
    expect(makeMirrors(mirrors, args({ region: ' ü', where: { zone: 7 } }))).toEqual([
      ['mcp-param-region', '=?base64?IMO8?='],
      ['mcp-param-zone', '7'],
    ]);
    expect(makeMirrors(mirrors, args({ region: null, where: 'here' }))).toEqual([]);
    expect(makeMirrors(mirrors, args({ region: ['a'] }))).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { JsonNumber, toJson } from '../../../domain/json.ts';
import { operatorNamed, operatorNames, operators } from './operators.ts';

const n = (text: string): JsonNumber => new JsonNumber(text);
type Expected = true | false | 'error';

/** Operator, operand, value seen, what it says. */
const table: readonly (readonly [string, unknown, unknown, Expected])[] = [
  ['eq', 'a', 'a', true],
  ['eq', 'a', 'A', false],
  ['eq', 1, n('1.0'), true],
  ['eq', n('0.1'), n('1e-1'), true],
  ['eq', n('9007199254740993'), n('9007199254740992'), false],
  ['eq', n('0.10000000000000000001'), n('0.1'), false],
  ['eq', 1, '1', 'error'],
  ['eq', '1', 1, 'error'],
  ['eq', true, 'true', 'error'],
  ['eq', null, null, true],
  ['eq', null, 'a', false],
  ['eq', 'a', null, false],
  ['eq', [1, 'a'], [n('1.0'), 'a'], true],
  ['eq', [1, 2], [2, 1], false],
  ['eq', { a: 1, b: null }, { b: null, a: 1 }, true],
  ['eq', { a: 1 }, { a: 1, b: 2 }, false],
  ['eq', {}, [], 'error'],
  ['neq', 'a', 'b', true],
  ['neq', 'a', null, true],
  ['neq', null, null, false],
  ['neq', 1, '1', 'error'],
  ['in', ['a', 'b'], 'b', true],
  ['in', ['a', 'b'], 'c', false],
  ['in', ['a', 'b'], null, false],
  ['in', ['a', null], null, true],
  ['in', ['a'], 1, 'error'],
  ['in', ['a', null], 1, 'error'],
  ['in', [1], 'a', 'error'],
  ['in', ['a', 1], 1, true],
  ['in', ['a', 1], 'b', false],
  ['in', ['a', 1], true, 'error'],
  ['in', [null], 'a', false],
  ['in', [n('1e2')], 100, true],
  ['not_in', ['a'], 'b', true],
  ['not_in', ['a'], 'a', false],
  ['not_in', ['a'], ['a'], 'error'],
  ['not_in', ['a'], null, true],
  ['lt', 5, 4, true],
  ['lt', 5, 5, false],
  ['lte', 5, n('5.000'), true],
  ['lte', 5, n('5.0000000000000000000001'), false],
  ['gt', n('9007199254740992'), n('9007199254740993'), true],
  ['gt', '0.5', '0.50001', true],
  ['gte', n('-1'), n('-0'), true],
  ['gt', 100, '1e3', true],
  ['gt', 100, 'abc', 'error'],
  ['gt', 100, '', 'error'],
  ['gt', 100, ' 200', 'error'],
  ['gt', 100, '+200', 'error'],
  ['gt', 100, '0x100', 'error'],
  ['gt', 100, '1_000', 'error'],
  ['gt', 100, 'Infinity', 'error'],
  ['gt', 100, 'NaN', 'error'],
  ['gt', 100, '200\n', 'error'],
  ['gt', 100, '٢٠٠', 'error'],
  ['gt', 100, true, 'error'],
  ['gt', 100, null, 'error'],
  ['gt', 100, [200], 'error'],
  ['gt', 100, n('1e400'), true],
  ['gt', 100, n('1e401'), 'error'],
  ['gt', 100, n(`1${'0'.repeat(400)}`), 'error'],
  ['gt', 100, n(`1${'0'.repeat(399)}`), true],
  ['lt', n('1e-399'), n('1e-400'), true],
  ['exists', true, null, true],
  ['exists', undefined, 0, true],
  ['exists', false, 'x', false],
  ['contains', 'b', 'abc', true],
  ['contains', 'B', 'abc', false],
  ['contains', 'a', ['a', 'b'], true],
  ['contains', 1, [n('1.0')], true],
  ['contains', 1, ['1'], false],
  ['contains', 1, '1', 'error'],
  ['contains', 'a', { a: 1 }, 'error'],
  ['contains', 'a', null, 'error'],
  ['starts_with', 'ab', 'abc', true],
  ['starts_with', 'bc', 'abc', false],
  ['starts_with', 'a', ['a'], 'error'],
  ['ends_with', 'bc', 'abc', true],
  ['ends_with', 'abcd', 'bcd', false],
  ['length_lt', 3, '𝒳𝒴', true],
  ['length_lt', 2, '𝒳𝒴', false],
  ['length_lte', 2, '𝒳𝒴', true],
  ['length_lte', 0, '', true],
  ['length_lte', 3, 'a\uffff\u{10000}', true],
  ['length_lte', 2, 'a\uffff\u{10000}', false],
  ['length_lte', 1, '\uffffb', false],
  ['length_gt', 1, [1, 2], true],
  ['length_gt', 2, [1, 2], false],
  ['length_gte', 2, [1, 2], true],
  ['length_gte', 3, [1, 2], false],
  ['length_gt', 1, 12, 'error'],
  ['length_gt', 1, { a: 1, b: 2 }, 'error'],
  ['regex', '^BTC', 'BTCUSDT', true],
  ['regex', 'USD', 'BTCUSDT', true],
  ['regex', '^USD', 'BTCUSDT', false],
  ['regex', '(?i)^btc', 'BTCUSDT', true],
  ['regex', '^a$', 'a\n', false],
  ['regex', '.', 5, 'error'],
  ['matches_glob', 'src/*.ts', 'src/a/b.ts', true],
  ['matches_glob', 'src/?.ts', 'src/a.ts', true],
  ['matches_glob', '?', '𝒳', true],
  ['matches_glob', 'a?c', 'abbc', false],
  ['matches_glob', 'a*b*c', 'a1b2c', true],
  ['matches_glob', 'a*ab', 'ab', false],
  ['matches_glob', '*', '', true],
  ['matches_glob', 'SRC/*', 'src/a', false],
  ['matches_glob', '[a]', 'a', false],
  ['matches_glob', '*', 'a/../b', 'error'],
  ['matches_glob', '*', '..\\x', 'error'],
  ['matches_glob', '*', 'a..b', true],
  ['matches_glob', ['a*', 'b*'], 'bx', true],
  ['matches_glob', '*', 1, 'error'],
  ['path_within', ['/srv/data'], '/srv/data', true],
  ['path_within', ['/srv/data'], '/srv/data/', true],
  ['path_within', ['/srv/data'], '/srv/data/a/b', true],
  ['path_within', ['/srv/data'], '/srv//./data/./a', true],
  ['path_within', ['/srv/data'], '/srv', false],
  ['path_within', ['/srv/data'], '/srv/database', false],
  ['path_within', ['/srv/data'], '/SRV/data/a', false],
  ['path_within', '/', '/etc/passwd', true],
  ['path_within', ['/srv/data'], '/srv/data/../x', 'error'],
  ['path_within', ['/srv/data'], 'srv/data/x', 'error'],
  ['path_within', ['/srv/data'], '', 'error'],
  ['path_within', ['/srv/data'], '~/x', 'error'],
  ['path_within', ['/srv/data'], '/srv/data/~x', 'error'],
  ['path_within', ['/srv/data'], '/srv/data/a\0b', 'error'],
  ['path_within', ['/srv/data'], '/srv\\data/x', 'error'],
  ['path_within', ['/srv/data'], '//srv/data/x', 'error'],
  ['path_within', ['/srv/data'], 'C:\\srv\\data', false],
  ['path_within', ['C:\\data'], 'c:\\DATA\\x', true],
  ['path_within', ['C:\\data'], 'C:/data/x', true],
  ['path_within', ['C:\\data'], 'D:\\data\\x', false],
  ['path_within', ['C:\\data'], 'C:\\other\\x', false],
  ['path_within', ['C:\\data'], 'C:\\data/x', 'error'],
  ['path_within', ['C:\\data'], '\\\\srv', 'error'],
  ['path_within', ['C:\\data'], '\\\\.\\C:\\data', 'error'],
  ['path_within', ['C:\\data'], 'C:data\\x', 'error'],
  ['path_within', ['C:\\data'], 'C:\\data\\..\\x', 'error'],
  ['path_within', ['C:\\data'], 'C:\\data\\x:stream', 'error'],
  ['path_within', ['C:\\data'], 'C:\\data\\x. ', 'error'],
  ['path_within', ['C:\\data'], 'C:\\data\\NUL.txt', 'error'],
  ['path_within', ['C:\\data'], 'C:\\PROGRA~1\\x', 'error'],
  ['path_within', ['C:\\data'], '\\\\?\\C:\\data\\x', 'error'],
  ['path_within', ['C:\\data'], '\\data\\x', 'error'],
  ['path_within', ['\\\\srv\\share\\d'], '\\\\SRV\\Share\\d\\x', true],
  ['path_within', ['\\\\srv\\share\\d'], '\\\\other\\share\\d\\x', false],
  ['path_within', ['/srv'], 5, 'error'],
  ['in_cidr', '10.0.0.0/8', '10.1.2.3', true],
  ['in_cidr', '10.0.0.0/8', '11.1.2.3', false],
  ['in_cidr', ['fd00::/8', '192.168.1.5'], '192.168.1.5', true],
  ['in_cidr', '10.0.0.0/8', '::ffff:10.1.2.3', true],
  ['in_cidr', '::ffff:10.0.0.0/104', '10.1.2.3', true],
  ['in_cidr', '10.0.0.0/8', 'fd00::1', false],
  ['in_cidr', 'fd00::/8', 'FD12:0::1', true],
  ['in_cidr', '::ffff:0:0/96', '10.1.2.3', true],
  ['in_cidr', '0.0.0.0/0', '10.1.2.3', true],
  ['in_cidr', '10.1.2.3', '10.1.2.4', false],
  ['in_cidr', '10.1.2.3/32', '10.1.2.3', true],
  ['in_cidr', '10.1.2.3/32', '10.1.2.4', false],
  ['in_cidr', '10.0.0.0/8', '0000:0000:0000:0000:0000:ffff:010.100.100.100', 'error'],
  ['in_cidr', '192.168.0.0/16', '0000:0000:0000:0000:0000:ffff:192.168.100.100', true],
  ['in_cidr', '::/0', `${'0'.repeat(44)}1::`, 'error'],
  ['in_cidr', '::/0', 'fd00::xyz', 'error'],
  ['in_cidr', '127.0.0.0/8', '127.1', 'error'],
  ['in_cidr', '127.0.0.0/8', '0x7f000001', 'error'],
  ['in_cidr', '127.0.0.0/8', '2130706433', 'error'],
  ['in_cidr', '8.0.0.0/8', '010.0.0.1', 'error'],
  ['in_cidr', 'fe80::/10', 'fe80::1%eth0', 'error'],
  ['in_cidr', '10.0.0.0/8', '10.0.0.0/8', 'error'],
  ['in_cidr', '10.0.0.0/8', '', 'error'],
  ['in_cidr', '10.0.0.0/8', 10, 'error'],
  ['url_host_in', ['api.example.com'], 'https://api.example.com/x?y#z', true],
  ['url_host_in', ['api.example.com'], 'HTTPS://API.EXAMPLE.COM:8443/', true],
  ['url_host_in', ['api.example.com'], 'https://api.example.com./', true],
  ['url_host_in', ['api.example.com'], 'https://api.example.com.evil.org/', false],
  ['url_host_in', ['*.example.com'], 'https://a.b.example.com/', true],
  ['url_host_in', ['*.example.com'], 'https://example.com/', false],
  ['url_host_in', ['*.example.com'], 'https://evilexample.com/', false],
  ['url_host_in', ['*.example.com'], 'https://.example.com/', false],
  ['url_host_in', ['example.com'], 'https://example.com\\x', 'error'],
  ['url_host_in', ['example.com'], 'https://example.com:99999/', 'error'],
  ['url_host_in', ['[::1]'], 'http://[::1/', 'error'],
  ['url_host_in', ['127.0.0.1'], 'http://2130706433/', true],
  ['url_host_in', ['[::1]'], 'http://[0:0:0:0:0:0:0:1]/', true],
  ['url_host_in', ['example.com'], 'https://ex%61mple.com/', true],
  ['url_host_in', ['example.com'], 'ftp://example.com/', 'error'],
  ['url_host_in', ['example.com'], 'javascript:alert(1)', 'error'],
  ['url_host_in', ['example.com'], 'https://user@example.com/', 'error'],
  ['url_host_in', ['example.com'], 'https://example.com@evil.org/', 'error'],
  ['url_host_in', ['example.com'], 'https://evil.org\\@example.com/', 'error'],
  ['url_host_in', ['example.com'], 'https:/example.com/', 'error'],
  ['url_host_in', ['example.com'], 'https:example.com', 'error'],
  ['url_host_in', ['example.com'], 'https:///example.com', 'error'],
  ['url_host_in', ['example.com'], ' https://example.com/', 'error'],
  ['url_host_in', ['example.com'], 'https://exam\nple.com/', 'error'],
  ['url_host_in', ['example.com'], 'https://exаmple.com/', 'error'],
  ['url_host_in', ['example.com'], '//example.com/', 'error'],
  ['url_host_in', ['example.com'], 'https://', 'error'],
  ['url_host_in', ['example.com'], null, 'error'],
];

describe('operators', () => {
  for (const [op, operand, seen, expected] of table) {
    const shown = `${op} ${JSON.stringify(operand)} of ${JSON.stringify(seen)}`;
    it(`${shown} ${expected === 'error' ? 'is an error' : `is ${expected}`}`, () => {
      const test = operatorNamed(op)?.compile(op, operand === undefined ? undefined : toJson(operand), plain);
      if (test === undefined || 'error' in test) throw new Error(`does not compile: ${test?.error}`);
      const answer = test.test(toJson(seen));
      expect(typeof answer === 'string' ? 'error' : answer).toBe(expected);
    });
  }

  it('are all in the table', () => {
    const tried = new Set(table.map(([op]) => op));
    expect(operatorNames.filter((name) => !tried.has(name))).toEqual([]);
  });

  it.each([
    ['in', [1, null, 'a'], true, 'is a boolean, and `in` compares it with a number or a string'],
    ['path_within', 'C:\\data', '\\data\\x', 'is not an absolute path'],
    ['path_within', 'C:\\data', 'C:\\data\\..\\x', 'has a `..` segment'],
    ['path_within', 'C:\\data', 'C:\\data\\x ', 'has a name that ends in a dot or a space, which Windows drops'],
  ])('%s %j says of %j that it %s', (op, operand, seen, said) => {
    const test = operatorNamed(op)?.compile(op, toJson(operand), plain);
    if (test === undefined || 'error' in test) throw new Error('does not compile');
    expect(test.test(toJson(seen))).toBe(said);
  });

  it('try no glob for longer than its bound', () => {
    const answer = (globs: readonly string[], length: number): boolean | string => {
      const test = operatorNamed('matches_glob')?.compile('matches_glob', toJson(globs), plain);
      if (test === undefined || 'error' in test) throw new Error('does not compile');
      return test.test('a'.repeat(length));
    };
    expect([answer(['?'.repeat(1_000)], 20_000), answer(['?'.repeat(1_000)], 20_001)]).toEqual([
      false,
      'is too long for this glob',
    ]);
    // What has no `?` costs one step a character.
    expect([answer(['?'.repeat(499), '*b'], 40_000), answer(['?'.repeat(499), '*b'], 40_001)]).toEqual([
      false,
      'is too long for this glob',
    ]);
  });

  it('show eighty characters of an operand', () => {
    const words = (length: number): string => {
      const test = operatorNamed('regex')?.compile('regex', 'x'.repeat(length), plain);
      if (test === undefined || 'error' in test) throw new Error('does not compile');
      return test.holds;
    };
    expect([words(80), words(81)]).toEqual([`matches ${'x'.repeat(80)}`, `matches ${'x'.repeat(80)}…`]);
  });

  it.each([
    [n('1e401'), 'is a number out of bounds (400 characters, exponent ±400)'],
    ['1,000', 'is a string that is no number, and `gt` needs a number'],
    [null, 'is null, and `gt` needs a number'],
  ])('of order say of %j that it %s', (seen, said) => {
    const test = operatorNamed('gt')?.compile('gt', n('1'), plain);
    if (test === undefined || 'error' in test) throw new Error('does not compile');
    expect(test.test(seen)).toBe(said);
  });

  it('never show the value they refuse', () => {
    for (const [op, operand, , expected] of table) {
      if (expected !== 'error') continue;
      const test = operatorNamed(op)?.compile(op, toJson(operand ?? true), plain);
      if (test === undefined || 'error' in test) continue;
      for (const secret of ['s3cr3t-value', '/s3cr3t-value/../x']) {
        const answer = test.test(secret);
        if (typeof answer === 'string') expect(answer).not.toContain('s3cr3t');
      }
    }
  });
});

const plain = { text: 'args.v', date: false };

describe('operands', () => {
  const bad: readonly (readonly [string, unknown])[] = [
    ['eq', undefined],
    ['in', 'a'],
    ['in', []],
    ['lt', 'abc'],
    ['lt', true],
    ['lt', undefined],
    ['lt', n('1e999')],
    ['exists', 'yes'],
    ['contains', ''],
    ['contains', undefined],
    ['starts_with', ''],
    ['starts_with', 1],
    ['length_gt', -1],
    ['length_gt', n('1.5')],
    ['length_lt', 0],
    ['regex', 5],
    ['regex', '('],
    ['regex', '(?=a)'],
    ['regex', '(a)\\1'],
    ['regex', 'a{1001}'],
    ['regex', ''],
    ['matches_glob', []],
    ['matches_glob', [1]],
    ['matches_glob', ['a', 1]],
    ['matches_glob', ['*', '*'.repeat(1_001)]],
    ['path_within', ['data']],
    ['path_within', ['/srv/..']],
    ['path_within', []],
    ['in_cidr', 10],
    ['in_cidr', '10.0.0.0/33'],
    ['in_cidr', '10.0.0.0/08'],
    ['in_cidr', '10.0.0.0/'],
    ['in_cidr', '10.0.0.0/8/8'],
    ['in_cidr', '/8'],
    ['in_cidr', '10.0.0/8'],
    ['in_cidr', 'localhost'],
    ['in_cidr', '::ffff:10.0.0.0/8'],
    ['url_host_in', 5],
    ['url_host_in', '1.2.3.256'],
    ['url_host_in', 'https://example.com'],
    ['url_host_in', 'example.com:443'],
    ['url_host_in', '*'],
    ['url_host_in', 'exämple.com'],
    ['url_host_in', 'a.*.com'],
  ];
  for (const [op, operand] of bad) {
    it(`${op} refuses ${JSON.stringify(operand)} at load`, () => {
      const test = operatorNamed(op)?.compile(op, operand === undefined ? undefined : toJson(operand), plain);
      expect(test).toHaveProperty('error');
    });
  }

  it('of `time.date` are dates', () => {
    const date = { text: 'time.date', date: true };
    const test = operatorNamed('lt')?.compile('lt', '2026-07-01', date);
    if (test === undefined || 'error' in test) throw new Error('does not compile');
    expect(test.test('2026-06-30')).toBe(true);
    expect(test.test('2026-07-01')).toBe(false);
    expect(operatorNamed('lt')?.compile('lt', '2026-7-1', date)).toHaveProperty('error');
    for (const seen of ['2026-6-30', toJson(['2026-06-30'])]) expect(test.test(seen)).toBe('is no date');
    for (const operand of [5, ['2026-07-01']]) {
      expect(operatorNamed('lt')?.compile('lt', toJson(operand), date)).toHaveProperty('error');
    }
  });

  it('say what an operator takes and means on the reference page', () => {
    for (const { reference } of operators) {
      for (const text of Object.values(reference)) expect(text).toMatch(/^[a-z`].*[^.]$/);
    }
  });
});

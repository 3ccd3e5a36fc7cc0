import { describe, expect, it } from 'vitest';
import { withoutPrivateKeys } from './private-keys.ts';

const line = (side: string, kind = ''): string => `-----${side} ${kind}PRIVATE KEY-----`;
const key = `${line('BEGIN')}\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n${line('END')}`;
const far = `"${'no key! '.repeat(5_000)}"`;
const shown = (text: string): string => withoutPrivateKeys(text, '*');

describe('a private key', () => {
  it.each([
    ['as it is', `a ${key} b`, 'a * b'],
    ['with Windows line ends', `a ${key.replaceAll('\n', '\r\n')} b`, 'a * b'],
    ['in JSON text', JSON.stringify({ k: key, e: 1 }), '{"k":"*","e":1}'],
    ['in JSON text in JSON text', JSON.stringify(JSON.stringify({ k: key })), '"{\\"k\\":\\"*\\"}"'],
    ['quoted in a mail', `> ${key.replaceAll('\n', '\n> ')}`, '> *'],
    ['of another kind', `${line('BEGIN', 'OPENSSH ')}\nb3Bl\n${line('END', 'OPENSSH ')}`, '*'],
    ['without an end', `a ${line('BEGIN')}\nMIIEvQIBADANBgkq\nhkiG9w0B "b"`, 'a *"b"'],
    ['without an end in JSON text', `{"k":"${line('BEGIN')}\\nMIIEvQIB\\nhkiG9w0B","e":1}`, '{"k":"*","e":1}'],
    ['without an end before another', `${line('BEGIN')}\nMIIE\n${key}`, '*'],
    ['with an end too far to be its own', `${line('BEGIN')}\nMIIE ${far} ${line('END')}`, `*${far} ${line('END')}`],
    ['twice', `${key}, ${key}`, '*, *'],
  ])('goes %s', (_name, text, wanted) => {
    expect(shown(text)).toBe(wanted);
  });

  it.each(['-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----', `only ${line('END')}`, 'a private key'])(
    'is not %j',
    (text) => {
      expect(shown(text)).toBe(text);
    },
  );

  it('is searched in one pass, however many begin', () => {
    // A quadratic search shows as the test's time-out.
    const many = `${line('BEGIN')}\n"`.repeat(1_200_000);
    expect(shown(many)).toBe('*"'.repeat(1_200_000));
  });
});

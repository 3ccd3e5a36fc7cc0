import { describe, expect, it } from 'vitest';
import { withoutWebTokens } from './web-tokens.ts';

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const header = part({ alg: 'HS256', typ: 'JWT' });
const signed = `${header}.${part({ sub: '1' })}.${'d'.repeat(43)}`;
const shown = (text: string): string => withoutWebTokens(text, '*');

describe('a web token', () => {
  it.each([
    ['signed', `a ${signed}, b`, 'a *, b'],
    ['unsigned', `a ${header}.${part({ sub: '1' })}. b`, 'a * b'],
    ['encrypted', `a ${part({ alg: 'RSA-OAEP' })}.abcd.efgh.ijkl.mnop b`, 'a * b'],
    ['after a hyphen', `token-${signed}`, 'token-*'],
    ['after a dot', `a.b.${signed}`, 'a.b.*'],
    ['twice', `${signed} ${signed}`, '* *'],
  ])('%s goes', (_name, text, wanted) => {
    expect(shown(text)).toBe(wanted);
  });

  it.each(['eyJ', 'eyJhbGciOiJIUzI1NiJ9', 'www.example.com', `x${signed.slice(3)}`, 'a.eyJzdWIi.b'])(
    'is not %j',
    (text) => {
      expect(shown(text)).toBe(text);
    },
  );

  it('is searched in one pass, however many begin', () => {
    // A quadratic search shows as the test's time-out.
    for (const near of ['eyJaaaaaaaa-', 'eyJaaaaaaaa.', '-eyJaaaaaaaa.eyJaaaa-']) {
      const many = near.repeat(2_400_000);
      expect(shown(many).length).toBeLessThanOrEqual(many.length);
    }
  });
});

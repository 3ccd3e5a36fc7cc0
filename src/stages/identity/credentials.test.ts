import { describe, expect, test } from 'vitest';
import type { Caller } from '../../domain/caller.ts';
import { Credentials } from './credentials.ts';

const caller = (id: string): Caller => ({
  kind: 'caller',
  id,
  grant: id,
  agent: undefined,
  groups: [],
  servers: ['up'],
});
const [desk, night, local, second] = [caller('desk'), caller('night'), caller('local'), caller('second')];
const tokens = { desk: 'd'.repeat(32), night: '~n!'.repeat(11) };
const withTokens = [
  { caller: desk, token: tokens.desk },
  { caller: night, token: tokens.night },
];

const withoutToken = [
  { caller: local, token: 'none' },
  { caller: second, token: 'none' },
];

describe('who brings a token', () => {
  test.each([
    [`Bearer ${tokens.desk}`, desk],
    [`bearer ${tokens.desk}`, desk],
    [`BEARER   ${tokens.night}`, night],
  ])('%s is its caller', (header, who) => {
    expect(new Credentials(withTokens).identify(header)).toBe(who);
  });
  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Bearer ${tokens.desk}x`,
    `Bearer ${tokens.desk.slice(1)}`,
    `Bearer ${tokens.desk.toUpperCase()}`,
    `Bearer ${tokens.desk} ${tokens.night}`,
    `Bearer ${tokens.desk}, Bearer ${tokens.night}`,
    `Bearer ${tokens.desk} `,
    ` Bearer ${tokens.desk}`,
    `Bearer${tokens.desk}`,
    `Basic ${tokens.desk}`,
    `x Bearer ${tokens.desk}`,
    tokens.desk,
    'Bearer none',
    'Bearer undefined',
    'Bearer __proto__',
  ])('%j is nobody', (header) => {
    expect(new Credentials(withTokens).identify(header)).toBeUndefined();
  });
});

describe('where a grant needs no token', () => {
  test('who brings none is that caller, the first of several', () => {
    expect(new Credentials([...withTokens, ...withoutToken]).identify(undefined)).toBe(local);
  });
  test('a wrong token is nobody all the same, and a right one its own caller', () => {
    const credentials = new Credentials([...withTokens, ...withoutToken]);
    for (const header of ['', 'Bearer none', 'Bearer wrong', 'none'])
      expect(credentials.identify(header)).toBeUndefined();
    expect(credentials.identify(`Bearer ${tokens.night}`)).toBe(night);
  });
});

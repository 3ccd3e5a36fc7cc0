import { expect, test } from 'vitest';
import type { DecodedCall } from './call.ts';
import { type Allowed, Permit } from './permit.ts';
import type { PolicySet } from './policy.ts';

const shadow = { verdict: 'refuse', rule: '/s', reason: 'watched' } as const;
const allowed = {
  call: { target: 'pay' } as DecodedCall,
  rule: '/tools/pay',
  policy: { hash: 'p' } as PolicySet,
  demands: ['d'],
  shadow,
} as unknown as Allowed<string>;

test('a permit says what it was granted for, and cannot be changed to say more', () => {
  const permit = Permit.grant(allowed);
  expect(Object.fromEntries(Object.entries(permit))).toEqual({ kind: 'permit', ...allowed });
  expect(Permit.isGenuine(permit)).toBe(true);
  expect(() => Object.assign(permit, { call: { target: 'delete' } })).toThrow(TypeError);
});

test.each([
  ['a copy', () => Object.assign({}, Permit.grant(allowed))],
  ['one made with its prototype', () => Object.assign(Object.create(Permit.prototype) as object, allowed)],
  ['one that inherits', () => Object.create(Permit.grant(allowed)) as object],
])('%s is forged', (_, forge) => {
  expect(Permit.isGenuine(forge() as Permit)).toBe(false);
});

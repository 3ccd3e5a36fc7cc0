import { describe, expect, test } from 'vitest';
import type { DecodedCall } from '../../domain/call.ts';
import { fault } from '../../domain/fault.ts';
import type { PolicySet } from '../../domain/policy.ts';
import { refusal } from '../../domain/refusal.ts';
import type { Reply } from '../../domain/reply.ts';
import { callMembers, intentMembers, outcomeMembers, refusalMembers, shadowMembers } from './members.ts';

const read = (members: string) => JSON.parse(`{${members}}`);
const long = 'x'.repeat(1_025);
const cut = `${'x'.repeat(1_024)}…`;

function callOf(more: Partial<DecodedCall> = {}, agent?: string): DecodedCall {
  const caller = { kind: 'caller', id: 'desk', grant: 'desk', agent, groups: [], servers: ['up'] } as const;
  const session = { kind: 'session', id: 's1', caller, server: 'up' } as unknown as DecodedCall['session'];
  return { method: 'tools/call', target: 'pay', session, ...more } as DecodedCall;
}

describe('a call', () => {
  test('is told by who asked, where, and for what', () => {
    expect(read(callMembers(callOf(), '{"a":1}'))).toEqual({
      caller: 'desk',
      session: 's1',
      server: 'up',
      method: 'tools/call',
      tool: 'pay',
      arguments: { a: 1 },
    });
    expect(read(callMembers(callOf({}, 'the "agent"'), '{}'))).toMatchObject({ caller: 'desk', agent: 'the "agent"' });
  });
  test.each([
    ['tools/call', 'tool'],
    ['prompts/get', 'prompt'],
    ['resources/read', 'resource'],
  ] as const)('of %s names its %s, whatever its name would add to the record', (method, member) => {
    const target = '","verdict":"permit';
    expect(read(callMembers(callOf({ method, target }), '{}'))[member]).toBe(target);
    expect(read(callMembers(callOf({ method, target: long }), '{}'))[member]).toBe(cut);
  });
});

describe('an intent', () => {
  const by = { rule: '/tools/a~1b"', policy: { hash: 'sha256:1' } as PolicySet };
  test('says which rule of which policy let it through, and what it takes', () => {
    const permitted = { caller: 'c', verdict: 'permit', rule: '/tools/a~1b"', policy: 'sha256:1' };
    expect(read(intentMembers('"caller":"c"', by, []))).toEqual(permitted);
    const demand = { rule: '/limits/0', counter: 'k', amount: '1', more: 'left out' };
    const limits = [{ rule: '/limits/0', counter: 'k', amount: '1' }];
    expect(read(intentMembers('"caller":"c"', by, [demand]))).toEqual({ ...permitted, limits });
  });
  test('and what rules in shadow would have said', () => {
    expect(shadowMembers(undefined)).toBe('');
    const wouldBe = { verdict: 'refuse', rule: '/x', reason: long } as const;
    const members = shadowMembers(wouldBe as never);
    expect(read(`"a":1${members}`)).toEqual({
      a: 1,
      shadow: true,
      wouldBe: { verdict: 'refuse', rule: '/x', sentence: cut },
    });
  });
});

describe('a refusal', () => {
  test.each([
    ['unknown-name', 'hidden'],
    ['approval', 'ask'],
    ['denied', 'refuse'],
    ['limit', 'refuse'],
    ['no-policy', 'refuse'],
    ['unavailable', 'refuse'],
    ['fault', 'refuse'],
  ] as const)('for %s reads `%s`, with its rule, its sentence and the policy', (reason, verdict) => {
    const refused = refusal(reason, '/r"', 'because "so"', 'the way out');
    expect(read(refusalMembers('"caller":"c"', refused, 'sha256:1'))).toEqual({
      caller: 'c',
      verdict,
      rule: '/r"',
      reason,
      sentence: 'because "so"',
      policy: 'sha256:1',
    });
  });
  test('says what is not the policy’s, and what rules in shadow are more severe', () => {
    const refused = refusal('denied', '/r', long, '');
    expect(read(refusalMembers('"a":1', refused, undefined))).toEqual({
      a: 1,
      verdict: 'refuse',
      rule: '/r',
      reason: 'denied',
      sentence: cut,
    });
    const shadow = { verdict: 'hidden', rule: '/hide/0', reason: 'it is hidden' } as const;
    const members = read(refusalMembers('"a":1', { ...refused, shadow: shadow as never }, 'p'));
    expect(members).toMatchObject({ shadow: true, wouldBe: { verdict: 'hidden' } });
  });
  test('of what cannot be served as a protocol matter says so, and stays small', () => {
    const members = read(refusalMembers('"a":1', fault(400, -32020, long, null), 'p'));
    expect(members).toEqual({
      a: 1,
      verdict: 'refuse',
      rule: '(decode)',
      reason: 'malformed',
      sentence: cut,
      policy: 'p',
    });
  });
});

describe('an outcome', () => {
  test('has its bytes and the time it took', () => {
    const text = '{"result":"ü€"}';
    const reply = (isError: boolean): Reply => ({ kind: 'replied', text, isError, status: 200 });
    expect(read(outcomeMembers(reply(false), 1.23456))).toEqual({ outcome: 'replied', bytes: 18, ms: 1.235 });
    expect(read(outcomeMembers(reply(true), 0))).toEqual({ outcome: 'error', bytes: 18, ms: 0 });
  });
  test.each(['withheld', 'failed', 'not-sent', 'unknown'] as const)('%s says why', (kind) => {
    const reply = (why: string) => ({ kind, why, status: 403 }) as Reply;
    expect(read(outcomeMembers(reply('a "why"'), 2))).toEqual({ outcome: kind, why: 'a "why"', ms: 2 });
    expect(read(outcomeMembers(reply(long), 2)).why).toBe(cut);
    expect(read(outcomeMembers(reply('x'.repeat(1_024)), 2)).why).toHaveLength(1_024);
  });
});

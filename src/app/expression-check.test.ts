import { describe, expect, it } from 'vitest';
import type { Caller } from '../domain/caller.ts';
import { type JsonObject, toJson } from '../domain/json.ts';
import type { PolicySet } from '../domain/policy.ts';
import { Alarms } from '../platform/alarms.ts';
import { loadPolicy } from '../rulebook/load.ts';
import { Credentials } from '../stages/identity/credentials.ts';
import type { ToolList } from '../stages/upstream/tool-list.ts';
import { ExpressionCheck } from './expression-check.ts';
import type { Rules } from './rules.ts';

function policy(tools: object, more: object = {}): PolicySet {
  const loaded = loadPolicy([
    { file: 'p.json', text: JSON.stringify({ version: '1', default: 'deny', tools, ...more }) },
  ]);
  if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
  return loaded.policy;
}

function rulesOf(given: PolicySet, servers: readonly string[] = ['s']): Rules {
  const caller: Caller = { kind: 'caller', id: 'g', grant: 'g', agent: undefined, groups: [], servers };
  const callers = new Map([['g', caller]]);
  const policies = new Map([['g', given]]);
  return { credentials: new Credentials([]), callers, policies, limits: [], arguments: 'digest' };
}

function list(...tools: readonly [name: string, properties: object][]): ToolList {
  const listed = tools.map(
    ([name, properties]) => toJson({ name, inputSchema: { type: 'object', properties } }) as JsonObject,
  );
  return { kind: 'tools', tools: listed, byName: new Map(), extras: {} };
}

function start(given: PolicySet, servers?: readonly string[]) {
  let rules = rulesOf(given, servers);
  const alarms = new Alarms({ raised() {}, ended() {}, now: () => 0 });
  const check = new ExpressionCheck({ alarms, rules: () => rules });
  return {
    check,
    said: () => alarms.standing.map(({ kind, server, sentence }) => `${kind} ${server}: ${sentence}`),
    take: (next: PolicySet): void => {
      rules = rulesOf(next, servers);
      check.rulesChanged();
    },
  };
}

const above = (argument: string) => ({ require: [{ conditions: [{ cel: `args.${argument} > 1.0` }] }] });
const wrong =
  'schema s: `t` of s is refused by /tools/t/require/0/conditions/0: the expression `args.n > 1.0` does not fit the tool’s schema: No such key: n';

describe('an expression that does not fit the schema a server lists', () => {
  it('is an alarm until the server lists one that it fits', () => {
    const { check, said } = start(policy({ t: above('n') }));
    check.listed('s', list(['t', { n: { type: 'number' } }]));
    expect(said()).toEqual([]);
    check.listed('s', list(['t', { m: { type: 'number' } }]));
    expect(said()).toEqual([wrong]);
    check.listed('s', list(['t', { m: { type: 'number' } }]));
    expect(said()).toEqual([wrong]);
    check.listed('s', list(['t', { n: { type: 'number' } }]));
    expect(said()).toEqual([]);
  });

  it('is an alarm until the policy is put right, or the server leaves', () => {
    const { check, said, take } = start(policy({ t: {} }));
    check.listed('s', list(['t', { m: {} }]));
    expect(said()).toEqual([]);
    take(policy({ t: above('n') }));
    expect(said()).toEqual([wrong]);
    take(policy({ t: above('m') }));
    expect(said()).toEqual([]);
    take(policy({ t: above('n') }));
    check.forget('s');
    expect(said()).toEqual([]);
    take(policy({ t: above('n') }));
    expect(said()).toEqual([]);
  });

  it('is counted over every tool that a glob matches', () => {
    const { check, said } = start(policy({ 't*': above('n') }));
    check.listed('s', list(['t1', { m: {} }], ['t2', { n: { type: 'number' } }], ['t3', { k: {} }]));
    expect(said()).toEqual([expect.stringMatching(/^schema s: `t1` of s is refused .* \(and 1 more\)$/)]);
  });

  it('is nothing to a tool that nobody may call, a rule that only watches, or a server that no grant has', () => {
    const hidden = start(policy({ t: above('n') }, { hide: ['t'] }));
    hidden.check.listed('s', list(['t', { m: {} }]));
    const shadow = start(policy({ t: { ...above('n'), shadow: true } }));
    shadow.check.listed('s', list(['t', { m: {} }]));
    const other = start(policy({ t: above('n') }), ['other']);
    other.check.listed('s', list(['t', { m: {} }]));
    expect([hidden, shadow, other].map(({ said }) => said())).toEqual([[], [], []]);
  });
});

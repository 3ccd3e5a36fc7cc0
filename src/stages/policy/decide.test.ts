import { describe, expect, it } from 'vitest';
import { type JsonObject, toJson } from '../../domain/json.ts';
import type { CallFacts, Decision, PolicySet } from '../../domain/policy.ts';
import { loadPolicy } from '../../rulebook/load.ts';
import { noPolicy } from './compile.ts';
import { decide } from './decide.ts';
import { showsPrompt, showsResource, showsTool, wouldShow } from './listing.ts';

function policyOf(...documents: object[]): PolicySet {
  const loaded = loadPolicy(
    documents.map((document, i) => ({ file: `${'abc'[i]}.json`, text: JSON.stringify(document) })),
  );
  if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
  return loaded.policy;
}

function call(tool: string, args: object = {}, more: Partial<CallFacts> = {}): CallFacts {
  return {
    server: 's',
    tool,
    arguments: toJson(args) as JsonObject,
    caller: { id: 'alice' },
    session: { id: 'one' },
    now: Date.UTC(2026, 0, 1),
    ...more,
  };
}

const deny = { version: '1', default: 'deny' };

describe('a decision', () => {
  it('without a policy refuses', () => {
    const { verdict, rule } = decide(noPolicy, call('get_me'));
    expect({ verdict, rule }).toEqual({ verdict: 'refuse', rule: '(no policy)' });
    expect(showsTool(noPolicy, { server: 's', name: 'get_me' })).toBe(false);
    expect(showsPrompt(noPolicy, 's', 'p')).toBe(false);
  });

  it('is not made by anything but a loaded policy', () => {
    expect(() => decide({ hash: 'sha256:0', documents: [] }, call('x'))).toThrow(
      'a policy set that the rulebook did not make',
    );
  });

  it('carries what was seen and what it was compared with', () => {
    const policy = policyOf({
      ...deny,
      tools: { pay: { deny_if: [{ conditions: [{ path: 'args.amount', op: 'gt', value: 100 }] }] } },
    });
    const { trail } = decide(policy, call('pay', { amount: 5 }));
    expect(JSON.parse(JSON.stringify(trail))).toEqual([
      { rule: '/tools/pay', kind: 'listed', outcome: 'holds' },
      {
        rule: '/tools/pay/deny_if/0/conditions/0',
        kind: 'condition',
        outcome: 'fails',
        read: 'args.amount',
        op: 'gt',
        expected: 100,
        seen: 5,
      },
      { rule: '/tools/pay/deny_if/0', kind: 'deny_if', outcome: 'fails' },
    ]);
  });

  it('says what was written for the agent, and what would pass', () => {
    const conditions = [{ path: 'args.amount', op: 'lte', value: 100 }];
    const policy = policyOf({
      ...deny,
      tools: {
        a: { require: [{ conditions, on_deny: 'own words' }], reason: 'the entry' },
        b: { require: [{ conditions }], reason: 'the entry' },
        c: { require: [{ conditions }] },
        d: { action: 'deny' },
        'needs/escape~': { action: 'deny' },
      },
    });
    const reasonOf = (tool: string, args: object = { amount: 500 }): string => decide(policy, call(tool, args)).reason;
    expect(reasonOf('a')).toBe('own words');
    expect(reasonOf('b')).toBe('the entry');
    expect(reasonOf('c')).toBe('this tool is allowed only where `args.amount` is at most 100');
    expect(reasonOf('c', {})).toBe(
      'this tool is allowed only where `args.amount` is at most 100, and `args.amount` is missing',
    );
    expect(reasonOf('c', { amount: 'secret' })).toBe(
      'a rule cannot be judged: `args.amount` is a string that is no number, and `lte` needs a number',
    );
    expect(reasonOf('d')).toBe('this tool is denied');
    expect(decide(policy, call('c', { amount: 500 })).remedy).toBe('It passes where `args.amount` is at most 100');
    expect(decide(policy, call('needs/escape~')).rule).toBe('/tools/needs~1escape~0/action');
  });

  it('never shows a value of the call in its reason', () => {
    const policy = policyOf({
      ...deny,
      tools: {
        x: {
          require: [
            { conditions: [{ path: 'args.v', op: 'in', value: ['a'] }, { cel: "args.v.startsWith('b') && args.w" }] },
          ],
          limits: [{ max: 1, window: 'day', amount: 'args.v' }],
        },
      },
    });
    for (const v of ['s3cret', ['s3cret'], { s3cret: 1 }]) {
      expect(JSON.stringify(decide(policy, call('x', { v, w: 's3cret' })).reason)).not.toContain('s3cret');
    }
  });
});

describe('the trail', () => {
  const policy = (): PolicySet =>
    policyOf({
      ...deny,
      hide: ['gone', 'g*'],
      all_tools: { action: 'deny', shadow: true },
      tools: {
        ok: {},
        limited: { limits: [{ max: 1, window: 'day', amount: 'args.n' }] },
        asked: { action: 'require_approval', approval: { if: [{ path: 'args.n', op: 'gt', value: 1 }] } },
      },
      servers: { open: { default: 'allow' } },
    });
  const steps = (tool: string, args: object = {}, more: Partial<CallFacts> = {}): string[] =>
    decide(policy(), call(tool, args, more)).trail.map(
      ({ kind, rule, outcome, shadow }) => `${kind} ${rule} ${outcome}${shadow === true ? ' shadow' : ''}`,
    );

  it('has every rule looked at, in order', () => {
    expect(steps('gone')).toEqual([
      'hide /hide/0 holds',
      'default /default fails',
      'action /all_tools/action holds shadow',
    ]);
    expect(steps('gx')[0]).toBe('hide /hide/1 holds');
    expect(steps('ok')).toEqual(['listed /tools/ok holds', 'action /all_tools/action holds shadow']);
    expect(steps('other', {}, { server: 'open' })).toEqual([
      'default /servers/open/default holds',
      'action /all_tools/action holds shadow',
    ]);
    expect(steps('limited')).toContain('limit /tools/limited/limits/0 error');
    expect(steps('asked', { n: 1 })).toContain('approval /tools/asked/approval fails');
    expect(steps('asked')).toContain('approval /tools/asked/approval missing');
    expect(steps('asked', { n: 'x' })).toContain('approval /tools/asked/approval error');
  });

  it('is not shared between calls that differ', () => {
    expect(steps('asked', { n: 1 })).toEqual(steps('asked', { n: 1 }));
    expect(steps('asked', { n: 5 })).not.toEqual(steps('asked', { n: 1 }));
  });

  it('names, where nothing refuses, what let the call through', () => {
    expect(decide(policy(), call('ok')).rule).toBe('/tools/ok');
    expect(decide(policy(), call('other', {}, { server: 'open' })).rule).toBe('/servers/open/default');
    expect(decide(policy(), call('asked', { n: 1 })).rule).toBe('/tools/asked');
  });

  it('says how the arguments fit the schema, call by call', () => {
    const typed = policyOf({ ...deny, tools: { t: { arguments: 'schema' } } });
    const schema = toJson({ properties: { n: {} } });
    const looked = (args: object): unknown => {
      const decision = decide(typed, call('t', args, { schema }));
      return [decision.verdict, decision.remedy, decision.trail.at(-1)];
    };
    const entry = { rule: '/tools/t/arguments', kind: 'arguments' };
    expect(looked({ n: 1 })).toStrictEqual(['permit', undefined, { ...entry, outcome: 'holds' }]);
    expect(looked({ m: 1 })).toStrictEqual([
      'refuse',
      'Arguments that fit the tool’s schema pass',
      { ...entry, outcome: 'fails', note: 'the tool’s schema names no `m` in `arguments`' },
    ]);
    expect(decide(typed, call('t', { n: 1 }, { schema }))).not.toHaveProperty('remedy');
  });

  it('says which arguments of the older dialect are missing, call by call', () => {
    const older = policyOf({
      version: '1',
      default: 'deny',
      tools: { t: { rules: [{ validate: { required_args: true } }] } },
    });
    const schema = toJson({ required: ['n'] });
    expect(decide(older, call('t', { n: 1 }, { schema })).verdict).toBe('permit');
    expect(decide(older, call('t', {}, { schema })).reason).toBe('the argument `n` is missing');
  });

  it('is one object for every call of a tool whose rules read nothing of it', () => {
    const plain = policyOf({ ...deny, tools: { t: {}, no: { action: 'deny' } } });
    expect(decide(plain, call('t', { a: 1 }))).toBe(decide(plain, call('t')));
    expect(decide(plain, call('no', { a: 1 }))).toBe(decide(plain, call('no')));
  });
});

describe('what is known of a tool', () => {
  const policy = (): PolicySet =>
    policyOf({
      ...deny,
      categories: { read: { action: 'allow' }, critical: { action: 'deny' } },
      tools: { t: {} },
    });
  it('decides anew when any of it changes', () => {
    const known = policy();
    const verdictOf = (tool: string, more: Partial<CallFacts>): string => decide(known, call(tool, {}, more)).verdict;
    for (let round = 0; round < 2; round++) {
      expect(verdictOf('u', { category: 'read', severity: 'low', reviewed: true })).toBe('permit');
      expect(verdictOf('u', { category: 'read', severity: 'low', reviewed: false })).toBe('refuse');
      expect(verdictOf('u', { category: 'read', severity: 'low' })).toBe('refuse');
      expect(verdictOf('u', { category: 'write', severity: 'low', reviewed: true })).toBe('refuse');
      expect(verdictOf('t', { category: 'read', severity: 'critical' })).toBe('refuse');
      expect(verdictOf('t', { category: 'read', severity: 'low' })).toBe('permit');
    }
  });

  it('counts as unknown where only half is known', () => {
    expect(decide(policy(), call('t', {}, { category: 'read' })).rule).toBe('/categories/critical/action');
    expect(decide(policy(), call('t', {}, { severity: 'low' })).rule).toBe('/categories/critical/action');
    expect(decide(policy(), call('u', {}, { category: 'read', reviewed: true })).verdict).toBe('refuse');
    expect(showsTool(policy(), { server: 's', name: 'u', severity: 'low', reviewed: true })).toBe(false);
  });
});

describe('reasons of several rules', () => {
  const policy = (): PolicySet =>
    policyOf({
      ...deny,
      tools: {
        t: {
          require: [
            { conditions: [{ path: 'args.a', op: 'exists', value: true }] },
            { conditions: [{ path: 'args.b', op: 'eq', value: 1 }] },
          ],
          deny_if: [{ conditions: [{ path: 'args.c', op: 'lt', value: 1 }] }],
        },
        asked: {
          action: 'require_approval',
          approval: { if: [{ path: 'args.c', op: 'lt', value: 1 }] },
          deny_if: [{ conditions: [{ path: 'args.d', op: 'lt', value: 1 }] }],
        },
      },
    });

  it('do not say what another rule missed or stumbled over', () => {
    // `args.c` is missing in the first rule looked at; the one that refuses missed nothing.
    expect(decide(policy(), call('t', { a: 1, b: 2 })).reason).toBe('this tool is allowed only where `args.b` is 1');
    expect(decide(policy(), call('t', { c: 5, a: 1 })).reason).toBe(
      'this tool is allowed only where `args.b` is 1, and `args.b` is missing',
    );
    const both = decide(policy(), call('asked', { c: 'x', d: 'y' }));
    expect([both.rule, both.reason]).toEqual([
      '/tools/asked/deny_if/0',
      'a rule cannot be judged: `args.d` is a string that is no number, and `lt` needs a number',
    ]);
    const one = decide(policy(), call('asked', { c: 'x' }));
    expect([one.rule, one.reason]).toEqual([
      '/tools/asked/approval',
      'a rule cannot be judged: `args.c` is a string that is no number, and `lt` needs a number',
    ]);
  });

  it('name what is missing where that alone refuses', () => {
    expect(decide(policy(), call('t', { a: 1 })).reason).toBe(
      'this tool is allowed only where `args.b` is 1, and `args.b` is missing',
    );
    const require = [
      {
        conditions: [
          { path: 'args.a', op: 'eq', value: 1 },
          { path: 'args.b', op: 'eq', value: 1 },
        ],
      },
    ];
    const both = decide(policyOf({ ...deny, tools: { t: { require } } }), call('t', { a: 2 }));
    expect(both.reason).toBe('this tool is allowed only where `args.a` is 1 and `args.b` is 1');
  });

  it('do not say what a rule that only watches stumbled over', () => {
    const number = (path: string): object[] => [{ path, op: 'lt', value: 1 }];
    const watching = { ...deny, mode: 'shadow', tools: { t: { deny_if: [{ conditions: number('args.d') }] } } };
    for (const entry of [
      { deny_if: [{ conditions: number('args.c') }] },
      { action: 'require_approval', approval: { if: number('args.c') } },
    ]) {
      const { reason } = decide(policyOf(watching, { ...deny, tools: { t: entry } }), call('t', { c: 'x', d: 'y' }));
      expect(reason).toBe('a rule cannot be judged: `args.c` is a string that is no number, and `lt` needs a number');
    }
  });

  it('keep the first of equal verdicts', () => {
    const two = policyOf({
      ...deny,
      tools: { t: { action: 'deny', reason: 'first', deny_if: [{ conditions: [], on_deny: 'second' }] } },
    });
    expect(decide(two, call('t')).reason).toBe('first');
  });
});

describe('what is asked', () => {
  const policy = (): PolicySet =>
    policyOf({
      ...deny,
      tools: {
        pay: {
          action: 'require_approval',
          reason: 'money moves',
          approval: { approvers: ['alice', 'group:risk'], quorum: 2, expires: '5m', valid_for: 60, hold: 0 },
        },
        'p*': { action: 'require_approval' },
      },
    });

  it('is every approval that applies, with its terms', () => {
    const { verdict, asks } = decide(policy(), call('pay'));
    expect(verdict).toBe('ask');
    expect(asks).toEqual([
      {
        rule: '/tools/pay/approval',
        reason: 'money moves',
        approvers: ['alice', 'group:risk'],
        quorum: 2,
        expiresMs: 300_000,
        validForMs: 60_000,
        holdMs: 0,
      },
      {
        rule: '/tools/p*/action',
        reason: 'a person must approve this call',
        approvers: [],
        quorum: 1,
        expiresMs: 900_000,
        validForMs: 600_000,
        holdMs: 45_000,
      },
    ]);
  });

  it('is nothing where the call is refused anyway', () => {
    const refused = policyOf({ ...deny, tools: { t: { action: 'require_approval', deny_if: [{ conditions: [] }] } } });
    expect(decide(refused, call('t'))).toMatchObject({ verdict: 'refuse', asks: [] });
  });

  it('is not asked again of what was approved, and every rule needs its own', () => {
    const half = decide(policy(), call('pay', {}, { approvals: ['/tools/pay/approval'] }));
    expect([half.verdict, half.rule]).toEqual(['ask', '/tools/p*/action']);
    expect(decide(policy(), call('pay', {}, { approvals: ['/tools/pay/approval', '/tools/p*/action'] })).verdict).toBe(
      'permit',
    );
  });
});

describe('the zone of a rule', () => {
  it('is the nearest that is written: the server’s, else the document’s', () => {
    const require = [{ conditions: [{ path: 'time.hour', op: 'eq', value: 9 }] }];
    const here = { tools: { here: { require } } };
    const policy = policyOf({
      ...deny,
      timezone: 'Asia/Tokyo',
      tools: { t: { require } },
      servers: { berlin: { timezone: 'Europe/Berlin', ...here }, plain: here },
    });
    const verdictAt = (hour: number, tool: string, server: string): string =>
      decide(policy, call(tool, {}, { server, now: Date.UTC(2026, 0, 1, hour) })).verdict;
    expect([verdictAt(0, 't', 'plain'), verdictAt(0, 'here', 'plain'), verdictAt(0, 'here', 'berlin')]).toEqual([
      'permit',
      'permit',
      'refuse',
    ]);
    expect([verdictAt(8, 'here', 'plain'), verdictAt(8, 'here', 'berlin')]).toEqual(['refuse', 'permit']);
  });
});

describe('the rule that is named', () => {
  const named = (...patterns: string[]): string => {
    const tools = Object.fromEntries(patterns.map((pattern) => [pattern, { action: 'deny' }]));
    return decide(policyOf({ ...deny, tools }), call('abc')).rule;
  };
  it('is the first of the globs as they sort, however they are written', () => {
    for (const order of [
      ['a*', '*c', 'ab?'],
      ['ab?', 'a*', '*c'],
      ['*c', 'ab?', 'a*'],
    ]) {
      expect(named(...order)).toBe('/tools/*c/action');
    }
    expect([named('ab?', 'a*'), named('a*', 'ab?')]).toEqual(['/tools/a*/action', '/tools/a*/action']);
  });

  it('is the first `hide` that names the tool, by name or by glob', () => {
    const hidden = (...hide: string[]): string => decide(policyOf({ ...deny, hide }), call('abc')).rule;
    expect([hidden('abc', 'abc'), hidden('x', 'a*', 'abc'), hidden('x', 'abc', 'a*')]).toEqual([
      '/hide/0',
      '/hide/1',
      '/hide/1',
    ]);
  });

  it('is said in three hundred characters', () => {
    const reasonOf = (count: number): string => {
      const paths = Array.from({ length: count }, (_, i) => `a${i}`);
      const conditions = paths.map((path) => ({ path: `args.${path}`, op: 'neq', value: 'x'.repeat(60) }));
      const policy = policyOf({ ...deny, tools: { t: { deny_if: [{ conditions }] } } });
      return decide(policy, call('t', Object.fromEntries(paths.map((path) => [path, 'y'])))).reason;
    };
    expect([reasonOf(5).length, reasonOf(5).slice(-2)]).toEqual(['this tool is denied where '.length + 301, 'x…']);
    expect(reasonOf(3).endsWith(`${'x'.repeat(60)}"`)).toBe(true);
  });
});

describe('a category', () => {
  it('lists no tool of which only half is known', () => {
    const policy = policyOf({ ...deny, categories: { read: { action: 'allow' }, low: { action: 'allow' } } });
    const verdictOf = (facts: Partial<CallFacts>): string =>
      decide(policy, call('t', {}, { ...facts, reviewed: true })).verdict;
    expect([
      verdictOf({ category: 'read' }),
      verdictOf({ severity: 'low' }),
      verdictOf({ category: 'read', severity: 'low' }),
    ]).toEqual(['refuse', 'refuse', 'permit']);
  });

  it('lists a reviewed tool only where it writes that it allows', () => {
    const facts = { category: 'read', severity: 'low', reviewed: true } as const;
    const verdictUnder = (entry: object): string =>
      decide(policyOf({ ...deny, categories: { read: entry } }), call('t', {}, facts)).verdict;
    expect([{}, { action: 'allow' }, { action: 'require_approval' }, { action: 'deny' }].map(verdictUnder)).toEqual([
      'refuse',
      'permit',
      'refuse',
      'refuse',
    ]);
  });
});

describe('limits of a decision', () => {
  const limited = (limit: object): Decision =>
    decide(policyOf({ ...deny, tools: { t: { limits: [limit] } } }), call('t', { q: '1.50', p: 2 }));

  it('name their counter, scope, window and amount exactly', () => {
    expect(
      limited({
        counter: 'c',
        max: '10.50',
        window: '30s',
        amount: { product: ['args.q', 'args.p'] },
        on_deny: 'enough',
      }).limits,
    ).toEqual([
      {
        rule: '/tools/t/limits/0',
        counter: 'c',
        scope: ['grant=alice'],
        max: '10.5',
        window: { kind: 'sliding', ms: 30_000 },
        windowText: '30s',
        amount: '3',
        onDeny: 'enough',
        shadow: false,
      },
    ]);
  });

  it('spell scopes in one order, with a bucket for what is absent', () => {
    const scopes = (per: string[], more: Partial<CallFacts> = {}): readonly string[] | undefined =>
      decide(policyOf({ ...deny, tools: { t: { limits: [{ max: 1, window: 60, per }] } } }), call('t', {}, more))
        .limits[0]?.scope;
    expect(scopes(['tool', 'session'])).toEqual(['session=one', 'tool=s/t']);
    expect(scopes(['agent', 'caller', 'server', 'policy'])).toEqual([
      'caller=alice',
      'agent=(none)',
      'server=s',
      'policy=a.json',
    ]);
    // An agent may be called anything, and never shares the bucket of those without a name.
    expect(scopes(['agent'], { caller: { id: 'alice', agent: '(none)' } })).toEqual(['agent="(none)"']);
    expect(scopes(['agent'], { caller: { id: 'alice', agent: '"(none)"' } })).toEqual(['agent="\\"(none)\\""']);
    expect(scopes(['agent'], { caller: { id: 'alice', agent: '"(none)' } })).toEqual(['agent="\\"(none)"']);
    expect(scopes(['agent'], { caller: { id: 'alice', agent: 'x"' } })).toEqual(['agent=x"']);
    expect(scopes(['agent', 'grant'], { grant: 'desk', caller: { id: 'alice', agent: 'x' } })).toEqual([
      'grant=desk',
      'agent=x',
    ]);
  });

  it('keep their counter when `max` or the window changes, and not when what is counted does', () => {
    const counter = (limit: object): string | undefined => limited(limit).limits[0]?.counter;
    const first = counter({ max: 1, window: 'day' });
    expect(counter({ max: 5, window: 'hour', on_deny: 'x' })).toBe(first);
    expect(counter({ max: 1, window: 'day', amount: 'args.p' })).not.toBe(first);
    expect(counter({ max: 1, window: 'day', per: 'session' })).not.toBe(first);
  });

  it('are none where the call is refused, and all where it is asked', () => {
    const policy = policyOf({
      ...deny,
      all_tools: { limits: [{ max: 1, window: 'day' }] },
      tools: { a: { action: 'deny' }, b: { action: 'require_approval' }, c: {} },
    });
    expect(['a', 'b', 'c'].map((tool) => decide(policy, call(tool)).limits.length)).toEqual([0, 1, 1]);
  });
});

describe('shadow', () => {
  it('of a document refuses nothing and says what it would have', () => {
    const policy = policyOf({
      ...deny,
      mode: 'shadow',
      hide: ['gone'],
      tools: { no: { action: 'deny', reason: 'not yet' }, ok: { limits: [{ max: 1, window: 'day' }] } },
    });
    const gone = decide(policy, call('gone'));
    expect([gone.verdict, gone.rule, gone.shadow?.verdict, gone.shadow?.rule]).toEqual([
      'permit',
      '/default',
      'hidden',
      '/hide/0',
    ]);
    const no = decide(policy, call('no'));
    expect([no.verdict, no.shadow]).toEqual([
      'permit',
      { verdict: 'refuse', rule: '/tools/no/action', reason: 'not yet' },
    ]);
    const ok = decide(policy, call('ok'));
    expect([ok.verdict, ok.shadow?.verdict, ok.limits[0]?.shadow]).toEqual(['permit', 'permit', true]);
    expect(showsTool(policy, { server: 's', name: 'gone' })).toBe(true);
    expect(decide(policy, call('unlisted')).shadow?.rule).toBe('/default');
  });

  it('of an entry leaves the others as they are', () => {
    const policy = policyOf({
      ...deny,
      tools: {
        t: { shadow: true, action: 'deny', limits: [{ max: 1, window: 'day' }] },
        't*': { limits: [{ max: 9, window: 'day' }] },
      },
    });
    const decision = decide(policy, call('t'));
    expect([decision.verdict, decision.shadow?.verdict]).toEqual(['permit', 'refuse']);
    // What would have been refused takes nothing from the buckets of shadow.
    expect(decision.limits.map((limit) => limit.rule)).toEqual(['/tools/t*/limits/0']);
  });

  it('beside a document that is enforced hides nothing of it', () => {
    const policy = policyOf(
      { ...deny, mode: 'shadow', tools: { a: {}, b: {} } },
      { version: '1', default: 'allow', tools: { b: { action: 'deny' } } },
    );
    expect(decide(policy, call('a')).verdict).toBe('permit');
    expect(decide(policy, call('b'))).toMatchObject({ verdict: 'refuse', rule: 'b.json#/tools/b/action' });
    expect(decide(policy, call('c'))).toMatchObject({
      verdict: 'permit',
      shadow: { verdict: 'refuse', rule: 'a.json#/default' },
    });
  });
});

describe('shadow beside what is enforced', () => {
  it('asks nobody for a rule that only watches', () => {
    const policy = policyOf({
      ...deny,
      tools: { t: { action: 'require_approval' }, 't*': { action: 'require_approval', shadow: true } },
    });
    expect(decide(policy, call('t')).asks.map(({ rule }) => rule)).toEqual(['/tools/t/action']);
    expect(decide(policy, call('tx'))).toMatchObject({
      verdict: 'permit',
      asks: [],
      shadow: { verdict: 'ask', rule: '/tools/t*/action' },
    });
  });

  it('says nothing where both decide alike, and all where every document only watches', () => {
    const mixed = policyOf({ ...deny, mode: 'shadow', tools: { t: {} } }, { ...deny, tools: { t: {} } });
    expect(decide(mixed, call('t'))).not.toHaveProperty('shadow');
    expect(decide(mixed, call('u'))).toMatchObject({ verdict: 'refuse', rule: 'b.json#/default' });
    expect(decide(mixed, call('u'))).not.toHaveProperty('shadow');
    const watching = policyOf(
      { ...deny, mode: 'shadow', tools: { t: {} } },
      { ...deny, mode: 'shadow', tools: { t: {} } },
    );
    expect(decide(watching, call('t')).shadow).toEqual({
      verdict: 'permit',
      rule: 'a.json#/tools/t',
      reason: 'the policy allows this call',
    });
    expect(showsPrompt(watching, 's', 'x')).toBe(true);
    expect(showsPrompt(mixed, 's', 'x')).toBe(false);
  });

  it('knows which prompts and resources would be shown, had documents in shadow counted', () => {
    const policy = policyOf(
      { version: '1', default: 'allow', resources: { hide: ['file:///keys'] } },
      { ...deny, mode: 'shadow', prompts: { allow: ['daily'] }, resources: { allow: ['file:///keys', 'file:///a'] } },
    );
    const seen = (kind: 'prompts' | 'resources', name: string): unknown => [
      kind === 'prompts' ? showsPrompt(policy, 's', name) : showsResource(policy, 's', name),
      wouldShow(policy, 's', name, kind),
    ];
    expect([seen('prompts', 'daily'), seen('prompts', 'weekly')]).toEqual([
      [true, true],
      [true, false],
    ]);
    expect(['file:///a', 'file:///b', 'file:///keys'].map((uri) => seen('resources', uri))).toEqual([
      [true, true],
      [true, false],
      [false, false],
    ]);
  });

  it('marks what the trail lists', () => {
    const policy = policyOf({ ...deny, tools: { t: { shadow: true }, u: {} } });
    expect(decide(policy, call('t')).trail).toEqual([
      { rule: '/tools/t', kind: 'listed', outcome: 'holds', shadow: true },
    ]);
    expect(decide(policy, call('u')).trail).toEqual([{ rule: '/tools/u', kind: 'listed', outcome: 'holds' }]);
  });
});

describe('lists', () => {
  const policy = (): PolicySet =>
    policyOf({
      ...deny,
      hide: ['secret_*'],
      categories: { read: { action: 'allow' } },
      tools: { open: {}, no: { action: 'deny' }, secret_one: {} },
      prompts: { allow: ['morning', 'daily_*'], hide: ['daily_secret'] },
      resources: { hide: ['file:///keys/*'] },
      servers: { other: { default: 'allow', prompts: { allow: ['extra'] } } },
    });
  const shows = (name: string, more: object = {}): boolean => showsTool(policy(), { server: 's', name, ...more });

  it('show what is listed, denied ones too, and nothing that is hidden or falls to the default', () => {
    expect([shows('open'), shows('no'), shows('secret_one'), shows('unlisted')]).toEqual([true, true, false, false]);
  });

  it('show a reviewed tool of a category that allows', () => {
    const read = { category: 'read', severity: 'low' };
    expect([shows('x', { ...read, reviewed: true }), shows('x', read), shows('x')]).toEqual([true, false, false]);
  });

  it('fall to the document’s default where a server writes none', () => {
    const open = policyOf({ version: '1', default: 'allow', servers: { s: { tools: { a: {} } } } });
    expect(showsResource(open, 's', 'file:///a')).toBe(true);
    expect(decide(open, call('unlisted'))).toMatchObject({ verdict: 'permit', rule: '/default' });
  });

  it('of prompts and resources follow their own rules, else the default', () => {
    const prompts = ['daily_news', 'daily_secret', 'weekly', 'extra'];
    expect(prompts.map((name) => showsPrompt(policy(), 's', name))).toEqual([true, false, false, false]);
    expect(prompts.map((name) => showsPrompt(policy(), 'other', name))).toEqual([true, false, false, true]);
    expect(showsResource(policy(), 's', 'file:///a')).toBe(false);
    expect(showsResource(policy(), 'other', 'file:///a')).toBe(true);
    expect(showsResource(policy(), 'other', 'file:///keys/a')).toBe(false);
  });
});

describe('the URI of a resource that climbs out of what a glob means', () => {
  const within = policyOf({ ...deny, resources: { allow: ['file:///srv/*'] } });
  const without = policyOf({ version: '1', default: 'allow', resources: { hide: ['file:///etc/*'] } });

  it.each([
    'file:///srv/../etc/passwd',
    'file:///srv/..',
    'file:///srv/%2e%2E/etc/passwd',
    'file:///srv/.%2e/etc/passwd',
    'file:///srv\\..\\etc/passwd',
    'file:///srv/./../etc/passwd',
    'file:///srv/..?x',
    'file:///srv/a%2F..%2f..%2Fetc/passwd',
    'file:///srv/..%5c..%5Cetc/passwd',
  ])('%s fits nothing', (uri) => {
    expect(showsResource(within, 's', uri)).toBe(false);
    expect(showsResource(without, 's', uri)).toBe(false);
    expect(wouldShow(within, 's', uri, 'resources')).toBe(false);
  });

  it('is one with a segment of dots, and no other', () => {
    for (const uri of ['file:///srv/a..b', 'file:///srv/...', 'file:///srv/.env', 'file:///srv/a?x=../b']) {
      expect(showsResource(within, 's', uri)).toBe(true);
    }
    // Nobody asked for anything of this one.
    expect(showsResource(policyOf({ version: '1', default: 'allow' }), 's', 'db://a/../b')).toBe(true);
    expect(showsPrompt(policyOf({ ...deny, prompts: { allow: ['a/*'] } }), 's', 'a/../b')).toBe(true);
  });
});

describe('a hidden resource', () => {
  it('is hidden however its URI is spelt', () => {
    const policy = policyOf({ version: '1', default: 'allow', resources: { hide: ['file:///secret/*', 'memo:plan'] } });
    const spelt = [
      'file:///secret/a',
      'FILE:///secret/a',
      'file:///%73ecret/a',
      'file://localhost/secret/a',
      'Memo:pl%61n',
    ];
    expect(spelt.filter((uri) => showsResource(policy, 's', uri))).toEqual([]);
    expect(['file:///secrets/a', 'memo:plans'].map((uri) => showsResource(policy, 's', uri))).toEqual([true, true]);
  });

  it('does not make its spellings allowed ones', () => {
    const policy = policyOf({ ...deny, resources: { allow: ['file:///public/*'] } });
    expect(showsResource(policy, 's', 'FILE:///public/a')).toBe(false);
  });
});

describe('names that nobody offers', () => {
  it('do not grow the cache without bound, and decide the same after it was emptied', () => {
    const policy = policyOf({ ...deny, tools: { 'a*': {} } });
    for (let i = 0; i < 25_000; i++) decide(policy, call(`b${i}`));
    expect(decide(policy, call('a1')).verdict).toBe('permit');
    expect(decide(policy, call('b1')).verdict).toBe('refuse');
    const long = `a${'x'.repeat(100_000)}`;
    expect(decide(policy, call(long))).toEqual(decide(policy, call(long)));
    expect(decide(policy, call(long))).not.toBe(decide(policy, call(long)));
  });

  it('are forgotten with all others of the server, when there are twenty thousand', () => {
    const policy = policyOf({ ...deny, tools: { 'a*': {} } });
    const first = decide(policy, call('a'));
    const elsewhere = decide(policy, call('a', {}, { server: 'other' }));
    for (let i = 1; i < 20_000; i++) decide(policy, call(`b${i}`));
    expect(decide(policy, call('a'))).toBe(first);
    decide(policy, call('one more'));
    expect(decide(policy, call('a'))).not.toBe(first);
    expect(decide(policy, call('a', {}, { server: 'other' }))).toBe(elsewhere);
  });

  it('are remembered up to two hundred and fifty-six characters', () => {
    const policy = policyOf({ ...deny, tools: { 'a*': {} } });
    const same = (length: number): boolean => {
      const name = 'a'.repeat(length);
      return decide(policy, call(name)) === decide(policy, call(name));
    };
    expect([same(256), same(257)]).toEqual([true, false]);
  });

  it('that JavaScript knows are names like others', () => {
    const policy = policyOf({ ...deny, tools: { toString: {} } });
    expect(decide(policy, call('toString')).verdict).toBe('permit');
    for (const name of ['constructor', '__proto__', 'hasOwnProperty', 'valueOf'])
      expect(decide(policy, call(name)).verdict).toBe('refuse');
  });

  it('learn of a tool that the catalogue classified later', () => {
    const policy = policyOf({ ...deny, categories: { critical: { action: 'deny' } }, tools: { t: {} } });
    expect(decide(policy, call('t')).verdict).toBe('refuse');
    expect(decide(policy, call('t', {}, { category: 'read', severity: 'low' })).verdict).toBe('permit');
    expect(decide(policy, call('t')).verdict).toBe('refuse');
  });
});

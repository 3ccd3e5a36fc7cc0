import { describe, expect, it } from 'vitest';
import { type JsonObject, toJson } from '../domain/json.ts';
import { loadPolicy } from './load.ts';
import { type RecordedCall, type ReplayResult, replayCalls } from './replay.ts';

async function replay(document: object, calls: Partial<RecordedCall>[]): Promise<ReplayResult> {
  const loaded = loadPolicy([
    { file: 'new.json', text: JSON.stringify({ version: '1', default: 'deny', ...document }) },
  ]);
  if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
  async function* recorded(): AsyncGenerator<RecordedCall> {
    for (const [i, call] of calls.entries()) {
      yield await Promise.resolve({
        record: String(i + 1),
        at: Date.UTC(2026, 0, 1) + i * 1_000,
        server: 's',
        tool: 'pay',
        caller: { id: 'desk' },
        session: { id: 'one' },
        arguments: {},
        verdict: 'permit' as const,
        rule: '/tools/pay',
        ...call,
      });
    }
  }
  return replayCalls(loaded.policy, recorded());
}

const args = (value: object): JsonObject => toJson(value) as JsonObject;
const amountRule = { deny_if: [{ conditions: [{ path: 'args.amount', op: 'gt', value: 100 }] }] };

describe('a replay', () => {
  it('lists what flips, with both rules', async () => {
    const result = await replay({ tools: { pay: amountRule } }, [
      { arguments: args({ amount: 5 }) },
      { arguments: args({ amount: 500 }) },
      { tool: 'gone', verdict: 'hidden', rule: '/hide/0' },
    ]);
    expect(result).toMatchObject({ calls: 3, same: 1, undecidable: [], unlisted: 0 });
    expect(result.flips).toMatchObject([
      {
        record: '2',
        tool: 'pay',
        caller: 'desk',
        was: { verdict: 'permit', rule: '/tools/pay' },
        now: { verdict: 'refuse', rule: '/tools/pay/deny_if/0' },
      },
      { record: '3', was: { verdict: 'hidden' }, now: { verdict: 'refuse', rule: '/default' } },
    ]);
  });

  it('empties a counter where that was done by hand', async () => {
    const limits = [{ counter: 'c', max: 1, window: 'day' }];
    const refused = { verdict: 'refuse', rule: '/tools/pay/limits/0' } as const;
    const result = await replay({ tools: { pay: { limits } } }, [
      {},
      refused,
      { resets: [{ counter: 'other', scope: [] }], ...refused },
      { resets: [{ counter: 'c', scope: ['grant=elsewhere'] }], ...refused },
      { resets: [{ counter: 'c', scope: [] }] },
      refused,
    ]);
    expect(result).toMatchObject({ calls: 6, same: 6, flips: [] });
  });

  it('flips nothing by a rule in shadow, and lists apart where only such rules say something else', async () => {
    const watching = { pay: { ...amountRule, shadow: true } };
    const refused = { verdict: 'refuse', rule: '/tools/pay/deny_if/0' } as const;
    const calls: Partial<RecordedCall>[] = [
      { arguments: args({ amount: 5 }) },
      { arguments: args({ amount: 500 }) },
      { arguments: args({ amount: 500 }), wouldBe: refused },
      { arguments: args({ amount: 5 }), wouldBe: refused },
      { dropped: ['amount'] },
      { arguments: args({ amount: 500 }), verdict: 'refuse', rule: '/default' },
    ];
    for (const policy of [{ tools: watching }, { mode: 'shadow', tools: { pay: amountRule } }]) {
      const result = await replay(policy, calls);
      expect(result).toMatchObject({
        calls: 6,
        same: 5,
        undecidable: [],
        flips: [{ record: '6', was: { verdict: 'refuse' }, now: { verdict: 'permit', rule: '/tools/pay' } }],
        shadow: [
          { record: '2', was: { verdict: 'permit', rule: '/tools/pay' }, now: refused },
          { record: '4', was: refused, now: { verdict: 'permit' } },
        ],
      });
    }
    const limits = { pay: { limits: [{ max: 1, window: 'hour' }], shadow: true } };
    const counted = await replay({ tools: limits }, [{}, {}]);
    expect([counted.flips, counted.same]).toEqual([[], 2]);
    expect(counted.shadow).toMatchObject([{ record: '2', now: { verdict: 'refuse', rule: '/tools/pay/limits/0' } }]);
  });

  it('counts a call of a session that only a rule in shadow would refuse: it was permitted', async () => {
    const policy = {
      tools: { pay: { deny_if: [{ conditions: [{ path: 'session.calls', op: 'gte', value: 1 }] }] } },
      all_tools: { action: 'deny', shadow: true },
    };
    expect((await replay(policy, [{}, {}])).flips.map(({ record }) => record)).toEqual(['2']);
  });

  it('never counts as the same what reads an argument that was not kept', async () => {
    const result = await replay({ tools: { pay: amountRule } }, [
      { dropped: ['amount'] },
      { dropped: ['note'], arguments: args({ amount: 5 }) },
    ]);
    expect(result.undecidable).toEqual([
      { record: '1', tool: 'pay', rule: '/tools/pay/deny_if/0/conditions/0', read: 'args.amount' },
    ]);
    expect([result.same, result.flips.length]).toEqual([1, 0]);
  });

  it('answers `exists` of an argument that was given but not kept', async () => {
    const policy = { tools: { pay: { require: [{ conditions: [{ path: 'args.reason', op: 'exists' }] }] } } };
    const result = await replay(policy, [{ dropped: ['reason'] }, {}]);
    expect(result.flips.map(({ record }) => record)).toEqual(['2']);
    expect([result.same, result.undecidable.length]).toEqual([1, 0]);
    const deeper = { tools: { pay: { require: [{ conditions: [{ path: 'args.reason.text', op: 'exists' }] }] } } };
    expect((await replay(deeper, [{ dropped: ['reason'] }])).undecidable).toHaveLength(1);
    const absent = {
      tools: { pay: { require: [{ conditions: [{ path: 'args.reason', op: 'exists', value: false }] }] } },
    };
    expect((await replay(absent, [{ dropped: ['reason'] }])).flips).toHaveLength(1);
  });

  it('is certain of a refusal that reads nothing of the call', async () => {
    const policy = { tools: { pay: { ...amountRule, action: 'deny' } } };
    const result = await replay(policy, [{ dropped: ['amount'] }]);
    expect(result).toMatchObject({
      flips: [{ now: { verdict: 'refuse', rule: '/tools/pay/action' } }],
      undecidable: [],
    });
  });

  it('counts with fresh counters, and gives back what was not sent', async () => {
    const policy = { tools: { pay: { limits: [{ max: 2, window: 'hour' }] } } };
    const result = await replay(policy, [
      { outcome: 'done' },
      { outcome: 'not-sent' },
      { outcome: 'unknown' },
      { outcome: 'done' },
    ]);
    expect(result.flips.map(({ record, now }) => [record, now.rule])).toEqual([['4', '/tools/pay/limits/0']]);
  });

  const longest = { limits: [{ counter: 'calls', max: 300, window: 'day' }] };
  it.each([
    ['/tools/pay', { pay: longest }, {}],
    ['/tools/p*', { 'p*': longest }, {}],
    ['/categories/financial', { pay: {} }, { categories: { financial: longest } }],
    ['/servers/bank/tools/pay', {}, { servers: { bank: { tools: { pay: longest } } } }],
    ['/servers/bank/all_tools', { pay: {} }, { servers: { bank: { all_tools: longest } } }],
  ])(
    'remembers a counter as long as its longest window, at %s, also while only a shorter one is asked',
    async (at, tools, more) => {
      const quote = { limits: [{ counter: 'calls', max: 100, window: 'minute' }] };
      const quotes = Array.from({ length: 300 }, () => ({ tool: 'quote', category: 'read', severity: 'low' }) as const);
      const pay = { tool: 'pay', server: 'bank', category: 'financial', severity: 'low' } as const;
      const result = await replay({ tools: { quote, ...tools }, ...more }, [...quotes, pay]);
      expect(result.flips.map(({ record, now }) => [record, now.rule])).toEqual([['301', `${at}/limits/0`]]);
    },
  );

  it('reads amounts and schemas that were not kept as undecidable', async () => {
    const limits = { tools: { pay: { limits: [{ max: 2, window: 'hour', amount: 'args.amount' }] } } };
    expect((await replay(limits, [{ dropped: ['amount'] }])).undecidable).toHaveLength(1);
    const schema = { tools: { pay: { arguments: 'schema' } } };
    const pinned = toJson({ properties: { amount: { type: 'number' } } });
    expect((await replay(schema, [{ dropped: ['amount'], schema: pinned }])).undecidable).toHaveLength(1);
    const cel = { tools: { pay: { require: [{ conditions: [{ cel: 'args.amount < 5.0' }] }] } } };
    expect((await replay(cel, [{ dropped: ['amount'] }])).undecidable).toHaveLength(1);
  });

  it('guesses neither groups nor names that the record does not hold', async () => {
    const groups = {
      tools: { pay: { deny_if: [{ conditions: [{ path: 'caller.groups', op: 'contains', value: 'x' }] }] } },
    };
    expect((await replay(groups, [{}])).undecidable).toMatchObject([{ read: 'caller.groups' }]);
    expect(await replay(groups, [{ caller: { id: 'c', groups: [] } }])).toMatchObject({ same: 1 });
    const absent = {
      tools: { pay: { require: [{ conditions: [{ path: 'args.force', op: 'exists', value: false }] }] } },
    };
    expect((await replay(absent, [{ dropped: 'all' }])).undecidable).toHaveLength(1);
    expect(await replay(absent, [{ dropped: ['other'] }])).toMatchObject({ same: 1 });
    const byId = { tools: { pay: { require: [{ conditions: [{ path: 'caller.id', op: 'eq', value: 'desk' }] }] } } };
    expect(await replay(byId, [{}])).toMatchObject({ same: 1 });
  });

  it('counts the calls of a session as it goes', async () => {
    const policy = { tools: { pay: { deny_if: [{ conditions: [{ path: 'session.calls', op: 'gte', value: 2 }] }] } } };
    const result = await replay(policy, [{}, {}, {}, { session: { id: 'two' } }]);
    expect(result.flips.map(({ record }) => record)).toEqual(['3']);
  });
});

import { describe, expect, it } from 'vitest';
import { jsonText } from '../domain/json.ts';
import { recordBody } from '../stages/audit/record.ts';
import { recordedCalls } from './recorded-calls.ts';

const at = Date.UTC(2026, 0, 1);
const who = '"caller":"desk","agent":"trader","session":"s1","server":"binance","method":"tools/call","tool":"pay"';
const trail = [
  recordBody({ kind: 'start', at, members: '"program":"x"' }, 1, 'w'),
  recordBody(
    {
      kind: 'intent',
      at,
      members: `${who},"arguments":{"full":{"amount":0.10}},"verdict":"permit","rule":"/tools/pay"`,
    },
    2,
    'w',
  ),
  recordBody(
    {
      kind: 'intent',
      at,
      members: `${who},"arguments":{"digest":"d","keys":{"amount":"x"}},"verdict":"permit","rule":"/tools/pay"`,
    },
    3,
    'w',
  ),
  recordBody({ kind: 'outcome', ref: 2, at, members: '"outcome":"not-sent","why":"x"' }, 4, 'w'),
  recordBody({ kind: 'outcome', ref: 3, at, members: '"outcome":"replied"' }, 5, 'w'),
  recordBody(
    {
      kind: 'refusal',
      at,
      members: `${who},"arguments":{},"verdict":"refuse","rule":"/tools/pay/rate_limit","reason":"limit"`,
    },
    6,
    'w',
  ),
  recordBody(
    {
      kind: 'refusal',
      at,
      members: `${who},"arguments":{},"verdict":"hidden","rule":"/hide/0","reason":"unknown-name"`,
    },
    7,
    'w',
  ),
  recordBody(
    {
      kind: 'refusal',
      at,
      members: `${who},"arguments":{},"verdict":"hidden","rule":"/default","reason":"unknown-name"`,
    },
    8,
    'w',
  ),
  recordBody(
    {
      kind: 'refusal',
      at,
      members: `${who},"arguments":{},"verdict":"refuse","rule":"(upstream)","reason":"unavailable"`,
    },
    9,
    'w',
  ),
  recordBody(
    { kind: 'refusal', at, members: `${who},"arguments":{},"verdict":"refuse","rule":"(decode)","reason":"malformed"` },
    10,
    'w',
  ),
  recordBody(
    {
      kind: 'intent',
      at: at + 5_000,
      members: `${who.replace('"desk"', '"other"')},"arguments":{"digest":"d","count":70},"verdict":"permit","rule":"/tools/pay"`,
    },
    11,
    'w',
  ),
  recordBody(
    {
      kind: 'intent',
      at,
      members: `${who.replace('"tool"', '"prompt"')},"arguments":{},"verdict":"permit","rule":"/prompts"`,
    },
    12,
    'w',
  ),
];

describe('calls of the audit trail', () => {
  it('are those that a policy decided, with their outcome and what was kept', () => {
    const calls = [...recordedCalls(() => trail, { since: 0 })];
    expect(
      calls.map(({ record, verdict, outcome, dropped, ...call }) => [
        record,
        verdict,
        outcome,
        dropped,
        jsonText(call.arguments),
      ]),
    ).toEqual([
      ['2', 'permit', 'not-sent', undefined, '{"amount":0.10}'],
      ['3', 'permit', undefined, ['amount'], '{}'],
      ['6', 'refuse', undefined, undefined, '{}'],
      ['7', 'hidden', undefined, undefined, '{}'],
      ['11', 'permit', undefined, 'all', '{}'],
    ]);
    expect(calls[0]).toMatchObject({
      at,
      server: 'binance',
      tool: 'pay',
      caller: { id: 'desk', agent: 'trader' },
      session: { id: 's1' },
      rule: '/tools/pay',
    });
  });

  it('carry what rules in shadow would have said', () => {
    const intent = (seq: number, wouldBe: string) =>
      recordBody(
        {
          kind: 'intent',
          at,
          members: `${who},"arguments":{},"verdict":"permit","rule":"/tools/pay","shadow":true,"wouldBe":${wouldBe}`,
        },
        seq,
        'w',
      );
    const refused = '{"verdict":"refuse","rule":"/tools/pay/limits/0","sentence":"x"}';
    const bodies = [intent(1, refused), intent(2, '{"verdict":"maybe","rule":"/x"}')];
    expect([...recordedCalls(() => bodies, { since: 0 })].map(({ wouldBe }) => wouldBe)).toEqual([
      { verdict: 'refuse', rule: '/tools/pay/limits/0' },
      undefined,
    ]);
  });

  it('say which counters were emptied by hand before them', () => {
    const reset = (seq: number, members: string) => recordBody({ kind: 'limits-reset', at, members }, seq, 'w');
    const intent = (seq: number) =>
      recordBody({ kind: 'intent', at, members: `${who},"arguments":{},"verdict":"permit","rule":"/x"` }, seq, 'w');
    const bodies = [
      intent(1),
      reset(2, '"counter":"a","by":"root"'),
      reset(3, '"counter":"b","scope":["grant=desk"],"by":"root"'),
      intent(4),
      intent(5),
    ];
    expect([...recordedCalls(() => bodies, { since: 0 })].map(({ resets }) => resets)).toEqual([
      undefined,
      [
        { counter: 'a', scope: [] },
        { counter: 'b', scope: ['grant=desk'] },
      ],
      undefined,
    ]);
  });

  it('can be asked for by age and caller', () => {
    expect([...recordedCalls(() => trail, { since: at + 1 })].map(({ record }) => record)).toEqual(['11']);
    expect([...recordedCalls(() => trail, { since: 0, caller: 'other' })].map(({ record }) => record)).toEqual(['11']);
  });
});

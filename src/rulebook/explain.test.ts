import { describe, expect, it } from 'vitest';
import { formatDiagnostic } from '../domain/diagnostic.ts';
import { explainCall } from './explain.ts';

const policy = {
  file: 'desk.yaml',
  text: `version: "1"
default: deny
hide: [gone]
tools:
  pay:
    deny_if: [{ conditions: [{ path: args.amount, op: gt, value: 100 }], on_deny: too much }]
    limits: [{ counter: budget, max: 2, window: day }]
servers:
  bank: { tools: { only_here: {} } }
`,
};

function explain(call: string, state?: string) {
  return explainCall({
    policy,
    call: { file: 'call.json', text: call },
    ...(state === undefined ? {} : { state: { file: 'state.yaml', text: state } }),
    now: Date.UTC(2026, 0, 1),
  });
}

function verdict(call: string, state?: string): string {
  const result = explain(call, state);
  return 'errors' in result
    ? result.errors.map(formatDiagnostic).join('\n')
    : `${result.judged.verdict} ${result.judged.rule}`;
}

describe('explaining a call', () => {
  it('says the trail in words, with the place of the rule', () => {
    const result = explain('{"tool": "pay", "arguments": {"amount": 500}}');
    expect('words' in result && result.words).toBe(`refuse: too much
rule: /tools/pay/deny_if/0  (desk.yaml:6:15)

looked at:
  holds   /tools/pay  lists this tool
  holds   /tools/pay/deny_if/0/conditions/0  args.amount gt 100; seen 500
  holds   /tools/pay/deny_if/0  denies`);
  });

  it.each([
    ['{"tool": "pay", "arguments": {"amount": 5}}', 'permit /tools/pay'],
    ['{"tool": "gone"}', 'hidden /hide/0'],
    ['{"tool": "only_here"}', 'permit /servers/bank/tools/only_here'],
    ['{"tool": "only_here", "server": "other"}', 'refuse /default'],
    ['{"tool": "pay", "arguments": []}', 'refuse (decode)'],
    ['{"tool": "pay", "arguments": "x"}', 'refuse (decode)'],
    ['{"tool": 5}', 'refuse (decode)'],
    ['{"tool": "pay", "tool": "x"}', 'refuse (decode)'],
    ['{"tool": "pay", "Arguments": {}}', 'refuse (decode)'],
    ['{"tool": "pay", "arguments": {"a": 1, "\\u0061": 2}}', 'refuse (decode)'],
    ['{"tool": "pay", "arguments": {"__proto__": 1}}', 'refuse (decode)'],
    ['{"tool": "pay", "arguments": {"a": 1e999}}', 'refuse (decode)'],
    ['{"tool": "pay", "arguments": {"a": "\\ud800"}}', 'refuse (decode)'],
    [`{"tool": "pay", "arguments": ${'{"a":'.repeat(80)}1${'}'.repeat(80)}}`, 'refuse (decode)'],
    ['[{"tool": "pay"}]', 'refuse (decode)'],
    ['{"tool": "pay",', 'refuse (decode)'],
    ['', 'refuse (decode)'],
    ['{"arguments": {}}', 'call.json:1:1: the call has no `tool`'],
    [
      '{"tool": "pay", "argumets": {}}',
      'call.json:1:1: the call has the unknown key `argumets`; did you mean `arguments`?',
    ],
    [
      '{"tool": "pay", "time": "yesterday"}',
      'call.json:1:1: `time` must be RFC 3339, for example `2026-03-01T09:30:00Z`',
    ],
    ...['2026-02-30T00:00:00Z', '2026-03-01T24:00:00Z', '2026-13-01T00:00:00Z', '2026-03-01'].map(
      (time): [string, string] => [
        `{"tool": "pay", "time": "${time}"}`,
        'call.json:1:1: `time` must be RFC 3339, for example `2026-03-01T09:30:00Z`',
      ],
    ),
    ['{"tool": "pay", "time": "2028-02-29T23:59:59.5+05:30", "arguments": {"amount": 1}}', 'permit /tools/pay'],
    ['{"tool": "pay", "caller": {"id": 5}}', 'call.json:1:1: `id` must be text'],
    ['{"tool": "pay", "session": {"calls": -1}}', 'call.json:1:1: `session.calls` must be a whole number, 0 or more'],
    ['5', 'call.json:1:1: a call is an object with `tool` and `arguments`'],
  ])('%s → %s', (call, expected) => {
    expect(verdict(call)).toBe(expected);
  });

  it('starts from empty counters, or from those it is given', () => {
    const call = '{"tool": "pay", "arguments": {"amount": 1}}';
    expect(verdict(call, '[{counter: budget, per: grant, used: 1}]')).toBe('permit /tools/pay');
    expect(verdict(call, '[{counter: budget, used: 1.000000000000000001}]')).toBe('refuse /tools/pay/limits/0');
    expect(verdict(call, 'state: [{counter: /tools/pay/limits/0, used: "2"}]')).toBe('refuse /tools/pay/limits/0');
    expect(verdict(call, '[{counter: budget, per: session, used: 5}]')).toBe('permit /tools/pay');
    expect(verdict(call, '[{counter: budgets, used: 2}]')).toBe(
      'state.yaml:1:12: no limit counts `budgets`; did you mean `budget`?',
    );
    expect(verdict(call, 'state: [{counter: budget, used: 0}, {counter: /nope, used: 2}]')).toContain(
      'state.yaml:1:47: no limit counts `/nope`',
    );
    expect(verdict(call, '[{counter: budget, used: -1}]')).toContain('not a decimal, 0 or more');
  });

  it('says of a calendar window which it is, and of a sliding one that it is any', () => {
    const text = `version: "1"
default: deny
timezone: Europe/Berlin
tools: { pay: { limits: [{ max: 0, window: day, align: calendar }, { counter: c, max: 5, window: 1h }] } }
`;
    const call = { file: 'c.json', text: '{"tool": "pay"}' };
    const result = explainCall({ policy: { file: 'p.yaml', text }, call, now: 0 });
    const judged = 'judged' in result ? result.judged : undefined;
    expect(judged?.reason).toBe('the limit of 0 in a calendar day of Europe/Berlin is reached');
    expect(judged?.trail.flatMap(({ note }) => note ?? [])).toEqual([
      'counts 1 in a calendar day of Europe/Berlin',
      'counts 1 in any 1h',
    ]);
  });

  it('says the errors of the policy where it has any', () => {
    const result = explainCall({
      policy: { file: 'p.yaml', text: 'version: "1"' },
      call: { file: 'c', text: '{}' },
      now: 0,
    });
    expect('errors' in result && result.errors.map(formatDiagnostic)).toEqual([
      'p.yaml:1:1: `default` is missing; write default: deny',
    ]);
  });
});

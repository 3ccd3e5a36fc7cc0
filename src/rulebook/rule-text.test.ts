import { describe, expect, it } from 'vitest';
import { diffPolicies } from './diff.ts';

/** A policy of one tool with these keys, in YAML. */
const policy = (entry: string) => ({
  file: 'a.yaml',
  text: `version: "1"\ndefault: deny\ntools:\n  pay: { ${entry} }\n`,
});

/** What is printed of an entry, beside the same tool without any rule. */
function printed(entry: string): readonly string[] {
  const result = diffPolicies(policy(''), policy(entry));
  if ('errors' in result) throw new Error(JSON.stringify(result.errors));
  return result.changes.flatMap(({ added }) => added);
}

const test = (value: string) => `{ path: args.a, op: ${value} }`;
const conditions = [
  ...['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'length_lt', 'length_lte', 'length_gt', 'length_gte'].map((op) =>
    test(`${op}, value: 5`),
  ),
  test('in, value: [a, "1", 2, true, null, [x], { k: v }]'),
  test('not_in, value: ["no", "a: b", "", " ", "x # y", "true", "1e3", "-", "ü"]'),
  ...['contains', 'starts_with', 'ends_with', 'matches_glob', 'regex'].map((op) =>
    test(`${op}, value: "a*b{c}\\"\\n"`),
  ),
  test('exists'),
  test('exists, value: false'),
  test('path_within, value: ["/tmp/x", "C:\\\\data"]'),
  test('in_cidr, value: "10.0.0.0/8"'),
  test('in_cidr, value: ["::1/128", "10.0.0.0/8"]'),
  test('url_host_in, value: ["*.example.com"]'),
  '{ path: "args.items[*].qty", op: lt, value: 0.10 }',
  '{ path: "args[\\"a.b\\"]", op: eq, value: null }',
  '{ path: { product: [args.a, args.b, 100] }, op: lte, value: "12345678901234567890.5" }',
  '{ path: { sum: [args.a, { product: [args.b, 2] }] }, op: lte, value: 12345678901234567890 }',
  '{ any: [{ path: args.a, op: eq, value: 1 }, { not: { path: args.b, op: exists } }] }',
  '{ all: [{ not: { any: [{ path: args.a, op: gt, value: 1 }] } }, { cel: "args.a == \'x\' && has(args.b)" }] }',
  `{ cel: "args.s.matches(\\"^a: b$\\")" }`,
];

describe('a rule in words', () => {
  it('is the rule as it is written, for every kind of condition', () => {
    for (const condition of conditions) {
      for (const key of ['deny_if', 'require']) {
        const [text = '', ...others] = printed(`${key}: [{ conditions: [${condition}], on_deny: "no: really" }]`);
        const [, rule = ''] = text.split(`${key}: `);
        expect(others).toEqual([]);
        // Read again, it is the same rule.
        expect(rule).toContain('on_deny: "no: really"');
        expect(printed(`${key}: [${rule}]`)).toEqual([text]);
        const same = diffPolicies(
          policy(`${key}: [{ conditions: [${condition}], on_deny: "no: really" }]`),
          policy(`${key}: [${rule}]`),
        );
        expect(same).toEqual({ changes: [] });
      }
    }
  });

  it('does not depend on the order of an object’s members', () => {
    const one = policy('deny_if: [{ conditions: [{ path: args.a, op: eq, value: { k: 1, a: [{ z: 1, y: 2 }] } }] }]');
    const two = policy('deny_if: [{ conditions: [{ op: eq, value: { a: [{ y: 2, z: 1.0 }], k: 1 }, path: args.a }] }]');
    expect(diffPolicies(one, two)).toEqual({ changes: [] });
  });

  it.each([
    [
      'deny_if: [{ conditions: [{ path: args.a, op: gt, value: 100.0 }] }]',
      'deny_if: { conditions: [{ path: args.a, op: gt, value: 100 }] }',
    ],
    ['deny_if: [{ conditions: [] }]', 'deny_if: { conditions: [] }'],
    [
      'require: [{ conditions: [{ path: args.side, op: in, value: [BUY, "no"] }], on_deny: never }]',
      'require: { conditions: [{ path: args.side, op: in, value: [BUY, "no"] }], on_deny: never }',
    ],
    ['action: require_approval', 'approval: {}'],
    [
      'action: require_approval, approval: { if: [{ path: args.a, op: exists }], approvers: ["group:desk", ann], quorum: 2, expires: 90m, valid_for: 1.5, hold: 0 }',
      'approval: { if: [{ path: args.a, op: exists }], approvers: ["group:desk", ann], quorum: 2, expires: 90m, valid_for: 1.5, hold: 0 }',
    ],
    [
      'inspect: { redact: [{ path: result.structuredContent.key }, { pattern: secrets }, { pattern: { regex: "a+" } }], strip: [invisible], max_bytes: 100, deny_if: [{ conditions: [{ path: result.isError, op: eq, value: true }] }] }',
      'inspect: { redact: [{ path: result.structuredContent.key }, { pattern: secrets }, { pattern: { regex: "a+" } }], strip: [invisible], max_bytes: 100, deny_if: [{ conditions: [{ path: result.isError, op: eq, value: true }] }] }',
    ],
    [
      'limits: [{ max: 5, window: day, amount: { product: [args.price, args.qty] } }]',
      'limit 5 of { product: [args.price, args.qty] } in any day per grant',
    ],
    ['limits: [{ max: 5, window: day, amount: args.qty }]', 'limit 5 of args.qty in any day per grant'],
    [
      'limits: [{ max: 5, window: day, amount: { cel: "size(args.l)" } }]',
      'limit 5 of { cel: "size(args.l)" } in any day per grant',
    ],
    ['shadow: true, arguments: schema', 'shadow arguments: schema'],
    ['shadow: true, action: deny', 'shadow action: deny'],
  ])('leaves out what is there by default: %s', (entry, text) => {
    expect(printed(entry)).toEqual([text]);
  });
});

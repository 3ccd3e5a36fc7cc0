import { describe, expect, it } from 'vitest';
import { type JsonObject, toJson } from '../../domain/json.ts';
import type { CallFacts, PolicySet } from '../../domain/policy.ts';
import { loadPolicy } from '../../rulebook/load.ts';
import { inspectRules } from './inspect-rules.ts';
import { fitsSchema } from './json-schema.ts';
import { checkPin } from './pin-check.ts';

function policyOf(tools: object, more: object = {}): PolicySet {
  const loaded = loadPolicy([
    { file: 'p.json', text: JSON.stringify({ version: '1', default: 'deny', tools, ...more }) },
  ]);
  if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
  return loaded.policy;
}

const call: CallFacts = {
  server: 's',
  tool: 'read',
  arguments: toJson({ path: '/a' }) as JsonObject,
  caller: { id: 'c' },
  session: { id: 'x' },
  now: 0,
};

describe('what is to be done with a reply', () => {
  it('is every `inspect` that applies to the tool', () => {
    const policy = policyOf(
      {
        read: { inspect: { max_bytes: 10, strip: ['terminal'] } },
        're*': {},
        'r*': { shadow: true, inspect: { redact: [{ pattern: 'cards' }] } },
        other: { inspect: {} },
      },
      {
        all_tools: {
          inspect: { redact: [{ path: 'result.structuredContent.keys[*]' }, { pattern: { regex: 'x+' } }] },
        },
      },
    );
    const rules = inspectRules(policy, call);
    expect(
      rules.map(({ rule, shadow, maxBytes, strip, redact }) => [
        rule,
        shadow,
        maxBytes,
        strip,
        redact.map(({ kind }) => kind),
      ]),
    ).toEqual([
      ['/tools/read/inspect', false, 10, ['terminal'], []],
      ['/tools/r*/inspect', true, undefined, [], ['pattern']],
      ['/all_tools/inspect', false, undefined, [], ['path', 'regex']],
    ]);
    const [path, regex] = rules[2]?.redact ?? [];
    expect(path).toMatchObject({ steps: [{ name: 'structuredContent' }, { name: 'keys' }, { kind: 'every' }] });
    expect(regex?.kind === 'regex' && regex.replaceAll('axxb', '-')).toBe('a-b');
    // The steps of `x+`: fail, x, once more, match. What a search costs is this times the text.
    expect(regex?.kind === 'regex' && regex.size).toBe(4);
  });

  it('redacts what a path of the result names, and no other', () => {
    const load = (path: string): string[] => {
      const document = { version: '1', default: 'deny', tools: { read: { inspect: { redact: [{ path }] } } } };
      const loaded = loadPolicy([{ file: 'p.json', text: JSON.stringify(document) }]);
      return 'errors' in loaded ? loaded.errors.map(({ message }) => message) : [];
    };
    expect(load('result.a')).toEqual([]);
    expect(load('args.a')).toEqual(['only `result.` paths can be redacted']);
    expect(load('reslt.a')).toEqual(['`reslt.a` is no path']);
  });

  it('is nothing for a tool without', () => {
    expect(inspectRules(policyOf({ read: {} }), call)).toEqual([]);
  });
});

describe('conditions on a result', () => {
  const denies = (conditions: object[], result: object, more: object = {}): string | undefined => {
    const policy = policyOf({ read: { inspect: { deny_if: [{ conditions, ...more }] } } });
    return inspectRules(policy, call)[0]?.denies(toJson(result) as JsonObject);
  };

  it.each([
    [
      'some element is enough',
      [{ path: 'result.structuredContent.rows[*].secret', op: 'eq', value: true }],
      { structuredContent: { rows: [{}, { secret: true }] } },
      true,
    ],
    [
      'none',
      [{ path: 'result.structuredContent.rows[*].secret', op: 'eq', value: true }],
      { structuredContent: { rows: [{}] } },
      false,
    ],
    ['missing', [{ path: 'result.structuredContent.x', op: 'eq', value: 1 }], { content: [] }, false],
    [
      'with the call',
      [
        { path: 'args.path', op: 'eq', value: '/a' },
        { path: 'result.isError', op: 'eq', value: true },
      ],
      { isError: true },
      true,
    ],
    ['an expression', [{ cel: 'result.structuredContent.total > 5.0' }], { structuredContent: { total: 6 } }, true],
    [
      'an expression that is not so',
      [{ cel: 'result.structuredContent.total > 5.0' }],
      { structuredContent: { total: 5 } },
      false,
    ],
  ])('%s', (_name, conditions, result, denied) => {
    expect(denies(conditions, result) !== undefined).toBe(denied);
  });

  it('say why in written words or their own, and withhold where they err', () => {
    const conditions = [{ path: 'result.n', op: 'gt', value: 5 }];
    expect(denies(conditions, { n: 6 })).toBe('the result is withheld where `result.n` is greater than 5');
    expect(denies(conditions, { n: 6 }, { on_deny: 'too many rows' })).toBe('too many rows');
    expect(denies(conditions, { n: 'six' })).toBe(
      'a rule cannot be judged: `result.n` is a string that is no number, and `gt` needs a number',
    );
  });
});

describe('a pin', () => {
  it('is held against the expressions of the tool', () => {
    const policy = policyOf({
      read: { require: [{ conditions: [{ cel: 'args.path.startsWith("/")' }] }] },
      'r*': { deny_if: [{ conditions: [{ cel: 'args.pth == "x"' }] }] },
    });
    const tool = { server: 's', name: 'read' };
    const schema = toJson({ properties: { path: { type: 'string' } } });
    expect(checkPin(policy, tool, schema)).toEqual([
      {
        rule: '/tools/r*/deny_if/0/conditions/0',
        message: 'the expression `args.pth == "x"` does not fit the tool’s schema: No such key: pth',
      },
    ]);
    expect(checkPin(policy, { server: 's', name: 'other' }, schema)).toEqual([]);
  });
});

describe('an output schema', () => {
  it.each([
    [{ type: 'object', properties: { n: { type: 'number' } }, required: ['n'] }, { n: 1, more: 2 }, true],
    [{ type: 'object', properties: { n: { type: 'number' } } }, { n: '[redacted]' }, false],
    [{ properties: { n: { $ref: 'https://example.com/' } } }, { n: 1 }, false],
    [{ properties: { s: { type: 'string', pattern: '(?=a)' } } }, { s: 'a' }, false],
    [true, { n: 1 }, false],
    [{ properties: { s: { type: 'string', pattern: '[ab]{1000}' } } }, { s: 'c'.repeat(20_001) }, false],
    [{ 'x-order': 1, properties: { s: { enum: [null] } } }, { s: null }, true],
  ])('case %# of %j: %s', (schema, value, fits) => {
    const pinned = toJson(schema);
    expect(fitsSchema(pinned, toJson(value))).toBe(fits);
    expect(fitsSchema(pinned, toJson(value))).toBe(fits);
  });
});

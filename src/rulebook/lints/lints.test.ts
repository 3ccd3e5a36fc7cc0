import { describe, expect, it } from 'vitest';
import { formatDiagnostic } from '../../domain/diagnostic.ts';
import { toJson } from '../../domain/json.ts';
import { checkPolicy } from '../check.ts';
import type { KnownTool } from '../known-tools.ts';
import { lints } from './lints.ts';

const orderSchema = toJson({
  type: 'object',
  required: ['symbol'],
  properties: {
    symbol: { type: 'string' },
    quantity: { type: 'number' },
    mode: { type: 'string', default: 'fast' },
    lines: { type: 'array', items: { type: 'object', properties: { qty: { type: 'integer' } } } },
  },
});

const tools: readonly KnownTool[] = [
  { server: 'binance', name: 'place_order', category: 'financial', severity: 'critical', inputSchema: orderSchema },
  { server: 'binance', name: 'cancel_order', category: 'destructive', severity: 'critical', reviewed: true },
  { server: 'binance', name: 'get_price', category: 'read', severity: 'low' },
  { server: 'github', name: 'search', category: 'read', severity: 'low' },
  { server: 'wiki', name: 'search', category: 'read', severity: 'low' },
];

function warnings(text: string, known: readonly KnownTool[] | undefined): string[] {
  const { errors, warnings: found } = checkPolicy(
    'p.yaml',
    `version: "1"\n${text}`,
    known === undefined ? {} : { tools: known },
  );
  expect(errors.map(formatDiagnostic)).toEqual([]);
  return found.map((warning) => formatDiagnostic(warning).replace('p.yaml:', ''));
}

const grantLimit = 'limits: [{ max: 1, window: day }]';

/** Document, what check says of it with the tools above. */
const table: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'nothing listed',
    'default: deny\nhide: [get_price]',
    [
      '2:1: nothing is listed, so `default: deny` refuses every call; list what is allowed, for example `tools: { get_me: {} }`, or write `default: allow`',
    ],
  ],
  [
    'a misspelt tool',
    'default: deny\ntools:\n  get_prise: {}',
    ['4:3: unknown tool `get_prise`; did you mean `get_price`?'],
  ],
  [
    'a list of groups taken for one',
    `default: deny
tools:
  get_price:
    require:
      - conditions: [{ path: caller.groups, op: in, value: [ops] }]
      - conditions: [{ path: "caller.groups[*]", op: in, value: [ops] }, { path: caller.groups, op: contains, value: ops }]
      - conditions: [{ not: { path: session.calls, op: eq, value: "3" } }, { path: session.labels, op: neq, value: null }]`,
    [
      '6:22: `caller.groups` is of type array, and `in` compares it with a string; use `contains`, or read `caller.groups[*]`',
      '8:29: `session.calls` is of type integer, and `eq` compares it with a string',
    ],
  ],
  ['a glob that matches nothing', 'default: deny\ntools:\n  "list_*": {}', ['4:3: no known tool matches `list_*`']],
  [
    'a hide that hides nothing',
    'default: deny\nhide: [get_prices]\ntools:\n  get_price: {}',
    ['3:8: `get_prices` hides no known tool; did you mean `get_price`?'],
  ],
  [
    'a name that two servers offer',
    'default: deny\ntools:\n  search: {}',
    [
      '4:3: `search` is offered by `github` and `wiki`, and this entry allows both; write it under `servers.<id>.tools`',
    ],
  ],
  ['the same name under its server', 'default: deny\nservers: { wiki: { tools: { search: {} } } }', []],
  [
    'an entry for a hidden tool',
    'default: deny\nhide: ["get_*"]\ntools:\n  get_price: {}',
    ['5:3: `get_price` is hidden by `get_*`, so this entry never applies; remove the entry or the hide'],
  ],
  [
    'rules beside a denial',
    `default: deny\ntools:\n  get_price: { action: deny, ${grantLimit} }`,
    ['4:39: `action: deny` refuses every call, so this rule never matters'],
  ],
  [
    'rules after one that always refuses',
    'default: deny\ntools:\n  get_price: { deny_if: [{ conditions: [] }, { conditions: [{ path: args.a, op: exists }] }] }',
    ['4:46: an empty `deny_if` refuses every call, so this rule never matters'],
  ],
  [
    'a rule written twice',
    'default: deny\ntools:\n  get_price: { deny_if: [{ conditions: [{ path: args.a, op: exists }] }, { conditions: [{ path: args.a, op: exists }] }] }',
    ['4:74: the same conditions as `/tools/get_price/deny_if/0`'],
  ],
  [
    'a glob that denies a listed name',
    'default: deny\ntools:\n  get_price: {}\n  "get_*": { action: deny }',
    [
      '4:3: `get_price` is refused by `get_*`, whose `action: deny` applies to it too; everything that applies, applies; narrow the glob',
    ],
  ],
  [
    'a listed name where everything is denied',
    'default: deny\nall_tools: { action: deny }\ntools:\n  get_price: {}',
    [
      '5:3: `get_price` is refused by `all_tools`, whose `action: deny` applies to it too; everything that applies, applies; remove the one or the other',
    ],
  ],
  [
    'a name that only watches what it would deny',
    'default: deny\nall_tools: { action: deny, shadow: true }\ntools:\n  get_price: {}\n  "get_*": { action: deny, shadow: true }',
    [],
  ],
  [
    'a name under a server that the document denies',
    'default: deny\ntools:\n  get_price: { action: deny }\n  "s*": { action: deny }\nservers: { binance: { tools: { get_price: {} } }, wiki: { tools: { search: {} } } }',
    [
      '6:32: `get_price` is refused by `get_price`, whose `action: deny` applies to it too; everything that applies, applies; remove the one or the other',
      '6:68: `search` is refused by `s*`, whose `action: deny` applies to it too; everything that applies, applies; narrow the glob',
    ],
  ],
  [
    'a name that another server’s block denies',
    'default: deny\nservers: { binance: { tools: { get_price: {} } }, wiki: { tools: { search: { action: deny } } } }',
    [],
  ],
  [
    'a name of a category that is denied',
    'default: deny\ncategories: { read: { action: deny } }\ntools:\n  get_price: {}',
    [
      '5:3: `get_price` is refused by `categories.read`, whose `action: deny` applies to it too; everything that applies, applies; remove the one or the other',
    ],
  ],
  [
    'a name of another category than the denied one',
    'default: deny\ncategories: { write: { action: deny } }\ntools:\n  get_price: {}',
    [],
  ],
  [
    'a hide written twice',
    'default: allow\nhide: [get_price, "get_*", get_price]',
    [
      '3:28: `get_price` is hidden already by `get_price`',
      '2:1: `place_order` is critical and allowed without limit or approval; add `limits` with `per: grant`, or `action: require_approval`',
      '2:1: `cancel_order` is critical and allowed without limit or approval; add `limits` with `per: grant`, or `action: require_approval`',
    ],
  ],
  [
    'an unknown argument',
    `default: deny\ntools:\n  place_order: { ${grantLimit}, require: [{ conditions: [{ path: args.quantitty, op: lte, value: 5 }] }] }`,
    ['4:86: `args.quantitty` is not in the schema of `place_order`; did you mean `quantity`?'],
  ],
  [
    'an unknown argument of an element',
    `default: deny\ntools:\n  place_order: { ${grantLimit}, require: [{ conditions: [{ path: "args.lines[*].sku", op: eq, value: x }] }] }`,
    ['4:86: `args.lines[*].sku` is not in the schema of `place_order`; it has qty'],
  ],
  [
    'a type that cannot fit',
    `default: deny\ntools:\n  place_order: { ${grantLimit}, require: [{ conditions: [{ path: args.quantity, op: eq, value: "5" }] }] }`,
    ['4:78: `args.quantity` of `place_order` is of type number, and `eq` compares it with a string'],
  ],
  [
    'an operator that cannot fit',
    `default: deny\ntools:\n  place_order: { ${grantLimit}, require: [{ conditions: [{ path: args.quantity, op: regex, value: "5" }] }] }`,
    ['4:78: `args.quantity` of `place_order` is of type number, which `regex` cannot take'],
  ],
  [
    'an optional argument with a default',
    `default: deny\ntools:\n  place_order: { ${grantLimit}, deny_if: [{ conditions: [{ path: args.mode, op: eq, value: fast }] }] }`,
    [
      '4:78: `args.mode` of `place_order` may be left out, and the server then takes its default, which this rule does not see; add `require` with `exists`, so that it must be given',
    ],
  ],
  [
    'an optional argument with a default that must be given',
    `default: deny\ntools:\n  place_order: { ${grantLimit}, require: [{ conditions: [{ path: args.mode, op: exists }] }], deny_if: [{ conditions: [{ path: args.mode, op: eq, value: fast }] }] }`,
    [],
  ],
  [
    'an optional argument with a default that must be absent',
    `default: deny\ntools:\n  place_order: { ${grantLimit}, require: [{ conditions: [{ path: args.mode, op: exists, value: false }] }], deny_if: [{ conditions: [{ path: args.mode, op: eq, value: fast }] }] }`,
    [
      '4:154: `args.mode` of `place_order` may be left out, and the server then takes its default, which this rule does not see; add `require` with `exists`, so that it must be given',
    ],
  ],
  [
    'an unknown argument of a product',
    `default: deny\ntools:\n  place_order: { ${grantLimit}, require: [{ conditions: [{ path: { product: [args.quantity, args.price] }, op: lte, value: 5 }] }] }`,
    ['4:113: `args.price` is not in the schema of `place_order`; it has symbol, quantity, mode, lines'],
  ],
  [
    'a product of what is no number',
    'default: deny\ntools:\n  place_order: { limits: [{ max: 1, window: day, amount: { sum: [args.quantity, args.lines] } }] }',
    ['4:81: `args.lines` of `place_order` is of type array, which is no number'],
  ],
  [
    'a product of what is known',
    'default: deny\ntools:\n  place_order: { limits: [{ max: 1, window: day, amount: { product: [args.quantity, args.symbol, 2] } }] }',
    [],
  ],
  [
    'a path into what has no parts',
    `default: deny\ntools:\n  place_order: { ${grantLimit}, require: [{ conditions: [{ path: args.lines.qty, op: lte, value: 5 }, { path: "args.symbol[0]", op: eq, value: B }] }] }`,
    [
      '4:86: `args.lines.qty` reads inside of what is of type array in `place_order`',
      '4:131: `args.symbol[0]` reads inside of what is of type string in `place_order`',
    ],
  ],
  [
    'an amount that is no argument',
    'default: deny\ntools:\n  place_order: { limits: [{ max: 1, window: day, amount: args.notional }] }',
    ['4:58: `args.notional` is not in the schema of `place_order`; it has symbol, quantity, mode, lines'],
  ],
  [
    'conditions that exclude each other',
    'default: deny\ntools:\n  get_price: { deny_if: [{ conditions: [{ path: args.a, op: gt, value: 5 }, { path: args.a, op: lte, value: 5 }] }] }',
    ['4:77: `args.a` cannot be both `gt 5` and `lte 5`, so this rule never refuses'],
  ],
  [
    'two equalities',
    'default: deny\ntools:\n  get_price: { require: [{ conditions: [{ path: args.a, op: eq, value: x }, { all: [{ path: args.a, op: in, value: [y, z] }] }] }] }',
    ['4:85: `args.a` cannot be both `eq "x"` and `in ["y","z"]`, so every call is refused'],
  ],
  [
    'absent and compared',
    'default: deny\ntools:\n  get_price: { deny_if: [{ conditions: [{ path: args.a, op: exists, value: false }, { path: args.a, op: eq, value: 1 }] }] }',
    ['4:85: `args.a` cannot be both `exists false` and `eq 1`, so this rule never refuses'],
  ],
  [
    'bounds that meet',
    'default: deny\ntools:\n  get_price: { deny_if: [{ conditions: [{ path: args.a, op: gte, value: 5 }, { path: args.a, op: lte, value: 5 }] }] }',
    [],
  ],
  [
    'a weekday that is none',
    'default: deny\ntools:\n  get_price: { deny_if: [{ conditions: [{ path: time.weekday, op: eq, value: Monday }] }] }',
    ['4:41: `time.weekday` is never "Monday", so this rule never refuses'],
  ],
  [
    'an hour that is none',
    'default: deny\ntools:\n  get_price: { require: [{ conditions: [{ path: time.hour, op: eq, value: 24 }] }] }',
    ['4:41: `time.hour` is never 24, so every call is refused'],
  ],
  [
    'an hour beyond the day',
    'default: deny\ntools:\n  get_price: { deny_if: [{ conditions: [{ path: time.hour, op: gt, value: 23 }] }, { conditions: [{ path: time.hour, op: gt, value: 22 }] }] }',
    ['4:41: `time.hour` is never `gt 23`, so this rule never refuses'],
  ],
  [
    'two rules that must both hold and cannot',
    'default: deny\ntools:\n  get_price: { require: [{ conditions: [{ path: args.a, op: eq, value: x }] }, { conditions: [{ path: args.a, op: eq, value: y }] }] }',
    ['4:95: `args.a` cannot be both `eq "x"` and `eq "y"`, so every call is refused'],
  ],
  [
    'two rules of which one is enough',
    'default: deny\ntools:\n  get_price: { deny_if: [{ conditions: [{ path: args.a, op: eq, value: x }] }, { conditions: [{ path: args.a, op: eq, value: y }] }] }',
    [],
  ],
  [
    'a critical tool without a bound',
    'default: deny\ntools:\n  place_order: {}',
    [
      '4:3: `place_order` is critical and allowed without limit or approval; add `limits` with `per: grant`, or `action: require_approval`',
    ],
  ],
  [
    'a critical tool whose limit only watches',
    `default: deny\ntools:\n  place_order: { shadow: true, ${grantLimit} }`,
    [
      '4:3: `place_order` is critical and allowed without limit or approval; add `limits` with `per: grant`, or `action: require_approval`',
    ],
  ],
  [
    'a critical tool that its severity allows',
    'default: deny\ncategories: { critical: { action: allow } }\ntools:\n  get_price: {}',
    [
      '3:15: `cancel_order` is critical and allowed without limit or approval; add `limits` with `per: grant`, or `action: require_approval`',
    ],
  ],
  ['a critical tool that asks', 'default: deny\ntools:\n  place_order: { action: require_approval }', []],
  [
    'a critical tool bounded by its severity',
    'default: deny\ncategories: { critical: { limits: [{ max: 1, window: day }] } }\ntools:\n  place_order: {}',
    [],
  ],
  [
    'a critical tool limited per session',
    'default: deny\ntools:\n  place_order: { rate_limit: { max: 1, window: 60 } }',
    [
      '4:3: `place_order` is critical and limited only per session; an agent’s client can open a new session; add a limit with `per: grant`',
      '4:18: this limit counts per session, and an agent’s client can open a new session; write `per: grant` to count all sessions of the grant together',
    ],
  ],
  [
    'an expression without a schema',
    'default: deny\ntools:\n  get_price: { require: [{ conditions: [{ cel: "has(args.x)" }] }] }',
    ['4:41: not type-checked: no pin'],
  ],
  [
    'an expression that does not fit the schema',
    `default: deny\ntools:\n  place_order: { ${grantLimit}, require: [{ conditions: [{ cel: "has(args.symbol) && args.symbl == 'BTC'" }] }] }`,
    [
      "4:78: the expression `has(args.symbol) && args.symbl == 'BTC'` does not fit the tool’s schema: No such key: symbl, so `place_order` is refused",
    ],
  ],
  [
    'an expression on amounts',
    `default: deny\ntools:\n  place_order: { ${grantLimit}, require: [{ conditions: [{ cel: "args.quantity <= 5" }] }] }`,
    [
      '4:78: CEL compares numbers as doubles; where it decides an amount, use `lt`, `lte`, `gt` or `gte`, which are exact',
    ],
  ],
  [
    'an amount by expression',
    'default: deny\ntools:\n  place_order: { limits: [{ max: 1, window: day, amount: { cel: "args.quantity" } }] }',
    ['4:58: CEL computes with doubles, so this amount may be inexact; use a path, `{product: […]}` or `{sum: […]}`'],
  ],
  [
    'a hidden brake',
    'default: deny\nhide: [cancel_order]\ntools:\n  place_order: { action: require_approval }',
    [
      '3:8: `cancel_order` is hidden while `place_order` is allowed; what opens a position should not outlive what closes it; allow it with a rate limit',
    ],
  ],
  ['a hidden pair', 'default: deny\nhide: [cancel_order, place_order]\ntools:\n  get_price: {}', []],
];

describe('lints', () => {
  for (const [name, text, expected] of table) {
    it(`say ${expected.length === 0 ? 'nothing' : 'so'} of ${name}`, () => {
      expect(warnings(text, tools).toSorted()).toEqual(expected.toSorted());
    });
  }

  it('that need the servers’ tools say nothing where none are known', () => {
    expect(warnings('default: deny\ntools:\n  get_prise: {}\n  search: {}', undefined)).toEqual([]);
  });

  it('say no more than a thousand', () => {
    const hide = JSON.stringify(Array.from({ length: 1_500 }, () => 'get_*'));
    expect(warnings(`default: allow\nhide: ${hide}`, undefined)).toHaveLength(1_000);
  });

  it('hold the rest of a file against the first thousand of its globs and conditions alone', () => {
    const hide = Array.from({ length: 1_001 }, (_, i) => `x${i}_*`);
    const conditions = Array.from({ length: 1_001 }, (_, value) => ({ path: 'args.n', op: 'neq', value }));
    const entry = (value: number) => ({
      require: [{ conditions: [...conditions, { path: 'args.n', op: 'eq', value }] }],
    });
    const globs = Object.fromEntries(hide.map((glob) => [`y${glob}`, { action: 'deny' }]));
    const named = { x999_a: {}, x1000_a: {}, yx999_a: {}, yx1000_a: {}, first: entry(999), second: entry(1_000) };
    const document = { default: 'allow', hide, tools: { ...globs, ...named } };
    const { warnings: found } = checkPolicy('p.json', JSON.stringify({ version: '1', ...document }));
    expect(found.map(({ message }) => message.replace(/[,;].*$/, ''))).toEqual([
      '`x999_a` is hidden by `x999_*`',
      '`yx999_a` is refused by `yx999_*`',
      '`args.n` cannot be both `neq 999` and `eq 999`',
    ]);
  });

  it('have a name and a meaning for the reference page', () => {
    for (const { name, meaning } of lints) expect(`${name}: ${meaning}`).toMatch(/^[a-z ]+: [a-z`].*[^.]$/);
  });
});

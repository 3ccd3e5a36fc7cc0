import { describe, expect, it } from 'vitest';
import { type JsonObject, toJson } from '../../domain/json.ts';
import type { CallFacts } from '../../domain/policy.ts';
import { checkArguments, checkRequired } from './arguments-schema.ts';

const order = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  required: ['symbol'],
  additionalProperties: true,
  properties: {
    symbol: { type: 'string', pattern: '^[A-Z]+$' },
    quantity: { type: 'number', maximum: 5 },
    legs: { type: 'array', items: { $ref: '#/definitions/leg' } },
    free: { type: 'object' },
    pair: { type: 'array', items: [{ type: 'string' }, { type: 'number' }] },
    nested: { type: 'object', properties: { inner: { type: 'object', properties: { c: { type: 'number' } } } } },
  },
  definitions: { leg: { type: 'object', properties: { side: { enum: ['BUY', 'SELL'] } } } },
};

function check(args: object, schema: object | undefined): string | undefined {
  const facts = { arguments: toJson(args) as JsonObject, ...(schema === undefined ? {} : { schema: toJson(schema) }) };
  return checkArguments(facts as CallFacts);
}

describe('arguments against the pinned schema', () => {
  it.each([
    [
      {
        symbol: 'BTC',
        quantity: 1,
        free: { anything: 1 },
        legs: [{ side: 'BUY' }],
        nested: { inner: { c: 1 } },
        pair: ['a', 1],
      },
      undefined,
    ],
    [{ symbol: 'btc' }, '`arguments.symbol` does not fit the tool’s schema: it must match pattern "^[A-Z]+$"'],
    [{ quantity: 1 }, '`arguments` lacks `symbol`, which the tool’s schema requires'],
    [{ symbol: 'A', extra: 1 }, 'the tool’s schema names no `extra` in `arguments`'],
    [{ symbol: 'A', legs: [{ side: 'BUY', z: 1 }] }, 'the tool’s schema names no `z` in `arguments.legs.0`'],
    [{ symbol: 'A', nested: { inner: { c: 1, d: 1 } } }, 'the tool’s schema names no `d` in `arguments.nested.inner`'],
    [{ symbol: 'A', pair: ['a', 'b'] }, '`arguments.pair.1` does not fit the tool’s schema: it must be number'],
    [{ symbol: 'A', quantity: 6 }, '`arguments.quantity` does not fit the tool’s schema: it must be <= 5'],
  ])('%j', (args, said) => {
    expect(check(args, order)).toBe(said);
  });

  it.each([
    ['no arguments', {}, { type: 'object' }, undefined],
    [
      'arguments of a tool that has none',
      { x: 1 },
      { type: 'object' },
      'the tool’s schema names no `x` in `arguments`',
    ],
    [
      'what `additionalProperties: true` lets through',
      { x: 1 },
      { additionalProperties: true },
      'the tool’s schema names no `x` in `arguments`',
    ],
    ['a map', { x: 1 }, { additionalProperties: { type: 'number' } }, undefined],
    ['parts that add up', { a: 1, b: 2 }, { allOf: [{ properties: { a: {} } }, { properties: { b: {} } }] }, undefined],
    [
      'what `unevaluatedProperties` lets through',
      { c: 1 },
      { allOf: [{ properties: { a: {} } }], unevaluatedProperties: {} },
      'the tool’s schema names no `c` in `arguments`',
    ],
    [
      'more than the parts',
      { a: 1, c: 2 },
      { allOf: [{ properties: { a: {} } }, { properties: { b: {} } }] },
      'the tool’s schema names no `c` in `arguments`',
    ],
    ['no schema', {}, undefined, 'the arguments cannot be checked: no schema of this tool is pinned'],
  ])('%s', (_name, args, schema, said) => {
    expect(check(args, schema)).toBe(said);
  });

  it.each([
    ['that refers outside itself', { $ref: 'https://example.com/schema' }],
    ['with a pattern that RE2 does not have', { properties: { x: { type: 'string', pattern: '(?=a)' } } }],
    ['of too many parts', { properties: Object.fromEntries(Array.from({ length: 2_001 }, (_, i) => [`p${i}`, {}])) }],
    ['with a member that is null', { properties: { x: null } }],
    ['whose members are null', { properties: null }],
    ['that is no schema', { properties: { x: { type: 'nothing' } } }],
  ])('a schema %s refuses', (_name, schema) => {
    expect(check({ x: 'a' }, schema)).toMatch(/^the arguments cannot be checked: /);
  });

  const names = (extra: string, place: string): string => `the tool’s schema names no \`${extra}\` in \`${place}\``;
  const n = { properties: { n: { type: 'number' } } };
  // As text: an object with a `then` could be taken for a promise.
  const conditional = JSON.parse(
    `{"if": {"required": ["n"]}, "then": {"properties": {"n": {}, "c": ${JSON.stringify(n)}}}, "else": {"properties": {"c": ${JSON.stringify(n)}}}}`,
  ) as object;
  it.each([
    ['patternProperties', { patternProperties: { '^x': n } }, { x1: { n: 1 } }, { x1: { m: 1 } }, 'arguments.x1'],
    [
      'patternProperties alone',
      { properties: { a: { patternProperties: { '^x': {} } } } },
      { a: { x1: 1 } },
      { a: { m: 1 } },
      'arguments.a',
    ],
    [
      'an object that allows no more, and names none',
      { properties: { a: { type: 'object', additionalProperties: false } } },
      { a: {} },
      { a: { m: 1 } },
      'arguments.a',
    ],
    ['a list', { properties: { l: { items: n } } }, { l: [{ n: 1 }] }, { l: [{ m: 1 }] }, 'arguments.l.0'],
    [
      'prefixItems',
      { properties: { l: { prefixItems: [n], items: n } } },
      { l: [{ n: 1 }, { n: 1 }] },
      { l: [{ m: 1 }] },
      'arguments.l.0',
    ],
    [
      'what follows a tuple of draft 07',
      { properties: { l: { items: [{}], additionalItems: n } } },
      { l: [{ any: 1 }, { n: 1 }] },
      { l: [{ any: 1 }, { m: 1 }] },
      'arguments.l.1',
    ],
    ['a map', { additionalProperties: n }, { any: { n: 1 } }, { any: { m: 1 } }, 'arguments.any'],
    [
      'a map beside names',
      { properties: { a: { properties: { b: {} }, additionalProperties: n } } },
      { a: { b: 1, c: { n: 1 } } },
      { a: { b: 1, c: { m: 1 } } },
      'arguments.a.c',
    ],
    [
      'names beside `additionalProperties: true`',
      { properties: { a: { ...n, additionalProperties: true } } },
      { a: { n: 1 } },
      { a: { m: 1 } },
      'arguments.a',
    ],
    [
      'a reference',
      { properties: { a: { $ref: '#/$defs/n' } }, $defs: { n } },
      { a: { n: 1 } },
      { a: { m: 1 } },
      'arguments.a',
    ],
    ...['allOf', 'anyOf', 'oneOf'].map((key): [string, object, object, object, string] => [
      `${key} of a value`,
      { properties: { a: { [key]: [n] } } },
      { a: { n: 1 } },
      { a: { m: 1 } },
      'arguments.a',
    ]),
    [
      'a branch, whose inner objects it closes itself',
      { properties: { a: { allOf: [{ properties: { b: n } }] } } },
      { a: { b: { n: 1 } } },
      { a: { b: { m: 1 } } },
      'arguments.a.b',
    ],
    ['then', conditional, { n: 1, c: { n: 1 } }, { n: 1, c: { m: 1 } }, 'arguments.c'],
    ['else', conditional, { c: { n: 1 } }, { c: { m: 1 } }, 'arguments.c'],
    [
      'a composed schema that leaves the rest open',
      { allOf: [{ properties: { a: n } }], unevaluatedProperties: n },
      { a: { n: 1 } },
      { a: { m: 1 } },
      'arguments.a',
    ],
    [
      'dependentSchemas',
      { properties: { a: {} }, dependentSchemas: { a: { properties: { c: n } } } },
      { a: 1, c: { n: 1 } },
      { a: 1, c: { m: 1 } },
      'arguments.c',
    ],
    [
      'definitions of a definition',
      { properties: { a: { $ref: '#/definitions/x' } }, definitions: { x: { properties: { y: n } } } },
      { a: { y: { n: 1 } } },
      { a: { y: { m: 1 } } },
      'arguments.a.y',
    ],
  ])('closes objects inside %s', (_name, schema, named, unnamed, place) => {
    expect(check(named, schema)).toBeUndefined();
    expect(check(unnamed, schema)).toBe(names('m', place));
  });

  it.each([
    ['a boolean schema', { properties: { a: true } }, { a: { any: 1 } }],
    ['an object that it says nothing of', { properties: { a: { type: 'object' } } }, { a: { any: 1 } }],
    [
      'an object that only a condition speaks of',
      JSON.parse('{"properties": {"a": {"if": {"required": ["b"]}, "then": {"required": ["c"]}}}}'),
      { a: { b: 1, c: 1 } },
    ],
    [
      'a map of anything inside the arguments',
      { properties: { a: { additionalProperties: true } } },
      { a: { any: { m: 1 } } },
    ],
    [
      'words that it does not know',
      { $id: 'http://no host', 'x-order': 1, properties: { a: { default: null } } },
      { a: 1 },
    ],
    ['`additionalProperties: false`', { properties: { a: {} }, additionalProperties: false }, { a: 1 }],
  ])('leaves %s as it is', (_name, schema, args) => {
    expect(check(args, schema)).toBeUndefined();
  });

  it('says what the first thing wrong is, where it stands', () => {
    expect(check({ a: { b: {} } }, { properties: { a: { properties: { b: { required: ['c'] } } } } })).toBe(
      '`arguments.a.b` lacks `c`, which the tool’s schema requires',
    );
    expect(check({ x: 1 }, { properties: {}, additionalProperties: false })).toBe(names('x', 'arguments'));
  });

  it('cannot be done with a schema whose pattern is too dear for a text', () => {
    const schema = { properties: { s: { type: 'string', pattern: '[ab]{1000}' } } };
    expect(check({ s: 'c'.repeat(20_000) }, schema)).toBe(
      'the arguments cannot be checked: a text is too long for the schema’s pattern',
    );
  });

  const nested = (levels: number): object => (levels === 0 ? {} : { properties: { x: nested(levels - 1) } });
  const wide = (parts: number): object => ({
    properties: { x: { enum: Array.from({ length: parts - 3 }, (_, i) => ({ i })) } },
  });
  it.each([
    [nested(32), undefined],
    [nested(33), 'its schema is nested more than 32 deep'],
    [wide(2_000), undefined],
    [wide(2_001), 'its schema has more than 2000 parts'],
    [{ $ref: 'https://example.com/schema' }, "its schema cannot be used: can't resolve reference"],
  ])('is not done with a schema that is too large or reaches outside, case %#', (schema, wrong) => {
    if (wrong === undefined) expect(check({}, schema)).toBeUndefined();
    else expect(check({}, schema)).toContain(`the arguments cannot be checked: ${wrong}`);
  });

  it('is checked by name alone where the older dialect asks for required ones', () => {
    const facts = (args: object): CallFacts => ({ arguments: toJson(args), schema: toJson(order) }) as CallFacts;
    expect(checkRequired(facts({ symbol: 5 }))).toBeUndefined();
    expect(checkRequired(facts({}))).toBe('the argument `symbol` is missing');
    expect(checkRequired({ arguments: {} } as CallFacts)).toContain('no schema');
    for (const odd of [{}, { required: 'symbol' }, { required: [5, null] }]) {
      expect(checkRequired({ arguments: {}, schema: toJson(odd) } as CallFacts)).toBeUndefined();
    }
  });
});

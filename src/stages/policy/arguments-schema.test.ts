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
    ['that is no schema', { properties: { x: { type: 'nothing' } } }],
  ])('a schema %s refuses', (_name, schema) => {
    expect(check({ x: 'a' }, schema)).toMatch(/^the arguments cannot be checked: /);
  });

  it('is checked by name alone where the older dialect asks for required ones', () => {
    const facts = (args: object): CallFacts => ({ arguments: toJson(args), schema: toJson(order) }) as CallFacts;
    expect(checkRequired(facts({ symbol: 5 }))).toBeUndefined();
    expect(checkRequired(facts({}))).toBe('the argument `symbol` is missing');
    expect(checkRequired({ arguments: {} } as CallFacts)).toContain('no schema');
  });
});

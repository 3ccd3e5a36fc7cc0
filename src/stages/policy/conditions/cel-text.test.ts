import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { describe, expect, it } from 'vitest';
import { textOf } from './cel-text.ts';

const environment = new Environment({ unlistedVariablesAreDyn: true });

/** What an expression is, without where it stood. */
function shape(text: string): unknown {
  const of = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(of);
    if (typeof node !== 'object' || node === null || !('op' in node)) return node;
    const { op, args } = node as ASTNode;
    return [op, of(args)];
  };
  return of(environment.parse(text).ast);
}

const infix = ['||', '&&', '==', '!=', '<', '<=', '>', '>=', 'in', '+', '-', '*', '/', '%'];
const shapes = [
  ...infix.map((op) => `(x) ${op} (y)`),
  '!(x)',
  '-(x)',
  '(x) ? (y) : (z)',
  '(x).f',
  '(x)[y]',
  '(x).size()',
  'size(x)',
  '[x, y]',
  '{"k": x}',
];

describe('the text of an expression', () => {
  it('is the same expression when it is read again, whatever stands inside of what', () => {
    for (const outer of shapes) {
      for (const place of ['x', 'y', 'z'].filter((name) => new RegExp(`\\b${name}\\b`).test(outer))) {
        for (const inner of shapes) {
          const text = outer.replace(new RegExp(`\\b${place}\\b`), inner);
          expect([text, shape(textOf(environment.parse(text).ast))]).toEqual([text, shape(text)]);
        }
      }
    }
  });

  it.each([
    '0.1 + 0.00000000001',
    '123456.0123456789012',
    '1e21',
    '5e-324',
    '1.7976931348623157e308',
    '3.0',
    '0x10',
    '9223372036854775807',
    '"a\\"b\\\\c\\n\\u0007é😀\\\\ud83d"',
    "r'\\d+'",
    'true && null == null',
    'a.b.all(x, x.n > 1 && x.m.exists(y, y == x))',
  ])('keeps its literals: %s', (text) => {
    expect(shape(textOf(environment.parse(text).ast))).toEqual(shape(text));
  });
});

import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../domain/policy.ts';
import { both, either, opposite } from './evaluation.ts';

const outcomes: readonly Outcome[] = ['holds', 'fails', 'missing', 'error'];

/** Rows: the first, columns: the second, both in the order above. */
const all: readonly Outcome[][] = [
  ['holds', 'fails', 'missing', 'error'],
  ['fails', 'fails', 'fails', 'error'],
  ['missing', 'fails', 'missing', 'error'],
  ['error', 'error', 'error', 'error'],
];
const any: readonly Outcome[][] = [
  ['holds', 'holds', 'holds', 'error'],
  ['holds', 'fails', 'fails', 'error'],
  ['holds', 'fails', 'missing', 'error'],
  ['error', 'error', 'error', 'error'],
];

describe('three values and errors', () => {
  for (const [i, a] of outcomes.entries()) {
    for (const [j, b] of outcomes.entries()) {
      it(`${a} with ${b}: all ${all[i]?.[j]}, any ${any[i]?.[j]}`, () => {
        expect(both(a, b)).toBe(all[i]?.[j]);
        expect(either(a, b)).toBe(any[i]?.[j]);
      });
    }
  }

  it('not turns what holds and what fails, and leaves the rest', () => {
    expect(outcomes.map(opposite)).toEqual(['fails', 'holds', 'missing', 'error']);
  });
});

/** What a condition is compiled in. */
import type { Evaluation } from '../evaluation.ts';

/** A CEL expression that passed the checks at load. */
export interface Expression {
  readonly text: string;
  /** The rewritten text, which a type check must parse: `matches` is gone from it. */
  readonly checked: string;
  /** `args` is used as a whole, as in `"x" in args`: its members cannot be given types then. */
  readonly readsAllArguments: boolean;
  /** Throws a ReadFault where it cannot be evaluated. */
  run(evaluation: Evaluation): unknown;
}

export interface ConditionContext {
  /** What a pointer in the trail starts with: empty, or `file#`. */
  readonly prefix: string;
  /** How `[*]` reads: every element must satisfy, or some element is enough. `not` turns it round. */
  readonly elements: 'every' | 'some';
  readonly inResult: boolean;
  problem(pointer: string, message: string, hint?: string): void;
  /** Whether so many problems were told that more would not be said; absent: never. */
  enough?(): boolean;
  /** Told of every expression, for the checks against schemas. */
  expression?(pointer: string, expression: Expression): void;
}

/** The shape of an operator: one file each, one line in `operators.ts`. */
import type { JsonValue } from '../../../domain/json.ts';

export interface Operator {
  /** The spellings this file answers to. */
  readonly names: readonly string[];
  /** For the reference page: the operand, the values it takes, the meaning. One sentence each, no full stop. */
  readonly reference: { readonly operand: string; readonly takes: string; readonly meaning: string };
  compile(op: string, operand: JsonValue | undefined, path: PathKind): Test | OperandError;
}

/** What is known of the path at load. */
interface PathKind {
  readonly text: string;
  readonly date: boolean;
}

export interface Test {
  /** True or false, or why the value cannot be taken: what follows the path in a sentence, never the value itself. */
  test(seen: JsonValue): boolean | string;
  /** Steps that the test of a value takes, where they can be many: those of all elements of a list have one bound. */
  readonly cost?: (seen: JsonValue) => number;
  /** What follows the path where it holds: `is at most 100`. */
  readonly holds: string;
  /** Asked instead of `test` where the value is missing; absent: a missing value is missing. */
  readonly whenMissing?: boolean;
}

interface OperandError {
  readonly error: string;
  readonly hint?: string;
}

const shownMax = 80;

/** An operand in a sentence. */
export function shown(text: string): string {
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text;
}

/** An operand that may be one string or a list of them. */
export function stringList(operand: JsonValue | undefined): readonly string[] | undefined {
  if (typeof operand === 'string') return [operand];
  if (!Array.isArray(operand) || operand.length === 0) return undefined;
  const list = operand as readonly JsonValue[];
  return list.every((item) => typeof item === 'string') ? (list as readonly string[]) : undefined;
}

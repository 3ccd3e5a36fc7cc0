/** What conditions read while one call is decided, and what they leave behind. */
import type { JsonValue } from '../../domain/json.ts';
import type { CallFacts, Outcome, TrailEntry } from '../../domain/policy.ts';
import { type WallClock, wallClock } from './wall-clock.ts';

export class Evaluation {
  readonly call: CallFacts;
  readonly trail: TrailEntry[];
  /** In `inspect`: what came back. */
  readonly result: JsonValue | undefined;
  /** The first error of the rule being evaluated: what a refusal says. */
  fault: string | undefined = undefined;
  /** The first path that was missing in the rule being evaluated. */
  absent: string | undefined = undefined;
  /** IANA zone of the document whose rule is being evaluated. */
  timezone = 'UTC';
  /** Whether the rule being evaluated only watches. */
  shadow = false;

  constructor(call: CallFacts, trail: TrailEntry[], result?: JsonValue) {
    this.call = call;
    this.trail = trail;
    this.result = result;
  }

  time(): WallClock {
    return wallClock(this.call.now, this.timezone);
  }

  begin(): void {
    this.fault = undefined;
    this.absent = undefined;
  }
}

/** A compiled condition. Evaluating never throws; an error is an outcome. */
export interface Condition {
  evaluate(evaluation: Evaluation): Outcome;
  /** In words, after "where": `args.amount` is greater than 100. */
  readonly words: string;
}

/** A list of conditions: all must hold. No short circuit, so that an error in any branch is seen. */
export function evaluateAll(conditions: readonly Condition[], evaluation: Evaluation): Outcome {
  let outcome: Outcome = 'holds';
  for (const condition of conditions) outcome = both(outcome, condition.evaluate(evaluation));
  return outcome;
}

/** `all`: an error is an error, one that fails fails it, a missing one leaves it neither. */
export function both(a: Outcome, b: Outcome): Outcome {
  if (a === 'error' || b === 'error') return 'error';
  if (a === 'fails' || b === 'fails') return 'fails';
  if (a === 'missing' || b === 'missing') return 'missing';
  return 'holds';
}

/** `any`: an error is an error, one that holds is enough, missing ones are ignored. */
export function either(a: Outcome, b: Outcome): Outcome {
  if (a === 'error' || b === 'error') return 'error';
  if (a === 'holds' || b === 'holds') return 'holds';
  if (a === 'fails' || b === 'fails') return 'fails';
  return 'missing';
}

/** `not`: missing stays missing. */
export function opposite(a: Outcome): Outcome {
  return a === 'holds' ? 'fails' : a === 'fails' ? 'holds' : a;
}

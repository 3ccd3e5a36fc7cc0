import type { JsonNumber } from './json.ts';
import type { Decision } from './policy.ts';

/** Why a call went nowhere. Each has a sentence in docs/reference/refusals.md, and the reverse is checked too. */
export type RefusalReason =
  | 'denied' // a rule of the policy, `default: deny` included
  | 'limit' // a limit is reached
  | 'approval' // a human is needed
  | 'no-policy' // the caller has no policy
  | 'unknown-name' // hidden, or nothing the server has
  | 'unavailable' // the server, its list or our own store cannot be had
  | 'fault'; // a defect of ours, refused all the same

export type Refusal = {
  readonly kind: 'refused';
  readonly reason: RefusalReason;
  /** JSON Pointer of the rule, or a word in parentheses. */
  readonly rule: string;
  /** What was refused and why: a sentence without its full stop. */
  readonly sentence: string;
  /** What would pass, or when: a sentence without its full stop. */
  readonly remedy: string;
  readonly limit?: LimitReached;
  /** What rules in shadow would have decided, where that is another verdict. For the record, never for the client. */
  readonly shadow?: Decision['shadow'];
  /** Its number in the trail, where it was written together with the decision about the limits. */
  readonly record?: number;
};

export type LimitReached = {
  /** With every digit the policy has. */
  readonly max: JsonNumber;
  /** Seconds as a number, else as the policy writes it: `5m`, `day`. */
  readonly window: JsonNumber | string;
  /** RFC 3339. */
  readonly resetsAt: string;
  /** Whole seconds, rounded up. */
  readonly retryAfter: number;
};

export function refusal(
  reason: RefusalReason,
  rule: string,
  sentence: string,
  remedy: string,
  limit?: LimitReached,
): Refusal {
  return limit === undefined
    ? { kind: 'refused', reason, rule, sentence, remedy }
    : { kind: 'refused', reason, rule, sentence, remedy, limit };
}

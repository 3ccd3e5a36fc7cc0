import type { DecodedCall } from './call.ts';
import type { Decision, PolicySet } from './policy.ts';

/** What the policy said yes to: the call, the rule that let it through, and the quotas it must take first. */
export type Allowed<Demand> = {
  readonly call: DecodedCall;
  readonly rule: string;
  /** The policy that said so: what comes back is judged by it too, whatever is in force by then. */
  readonly policy: PolicySet;
  readonly demands: readonly Demand[];
  /** What rules in shadow would have decided, where that differs or all documents are in shadow. */
  readonly shadow?: Decision['shadow'];
};

/** Proof that policy allowed exactly this call. Intent, limits and upstream accept nothing less. */
export class Permit<Demand = unknown> {
  readonly kind = 'permit';
  readonly call: DecodedCall;
  readonly rule: string;
  /** The policy that said so: what comes back is judged by it too, whatever is in force by then. */
  readonly policy: PolicySet;
  readonly demands: readonly Demand[];
  readonly shadow: Decision['shadow'];
  readonly #granted = true;

  private constructor(allowed: Allowed<Demand>) {
    this.call = allowed.call;
    this.rule = allowed.rule;
    this.policy = allowed.policy;
    this.demands = allowed.demands;
    this.shadow = allowed.shadow;
    Object.freeze(this);
  }

  /** Only the pipeline calls this (an import rule holds it there). */
  static grant<Demand>(allowed: Allowed<Demand>): Permit<Demand> {
    return new Permit(allowed);
  }

  /** A permit forged with a cast is caught when it is used: it lacks the private field. */
  static isGenuine(permit: Permit): boolean {
    return #granted in permit && permit.#granted;
  }
}

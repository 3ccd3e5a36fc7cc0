import type { Admission, Intent, Reserved } from '../domain/admission.ts';
import type { DecodedCall } from '../domain/call.ts';
import type { Caller } from '../domain/caller.ts';
import type { Fault } from '../domain/fault.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Permit } from '../domain/permit.ts';
import type { Decision, LimitDemand, PolicySet } from '../domain/policy.ts';
import type { Answer, Received } from '../domain/received.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Reply } from '../domain/reply.ts';

/** What a call needs to know of its target: the definition the server gave, where it has one under that name. */
export type Target = {
  readonly kind: 'target';
  /** Undefined where the server has nothing of that name. */
  readonly definition: JsonObject | undefined;
};

export type FoundTarget = Target | Refusal | Fault;

/** One field per step of a call; `app/compose.ts` fills in the real ones, tests fill in stand-ins. A step that mostly
 * has its result at hand gives it as it is, for a promise costs every call its share. */
export type Stages = Readonly<{
  /** The complete list of the session's server is asked, never the server itself. */
  findTarget(call: DecodedCall): FoundTarget | Promise<FoundTarget>;
  /** Headers that mirror arguments are held against them (modern HTTP only). */
  checkMirrors(call: DecodedCall, target: Target, received: Received): DecodedCall | Fault;
  /** The policy of the caller's grant as of now; undefined refuses everything. */
  currentPolicy(caller: Caller): PolicySet | undefined;
  decide(policy: PolicySet, call: DecodedCall, target: Target): Decision;
  /** Prepares the record; it is written together with the quotas, or a refusal in its place. */
  recordIntent(permit: Permit<LimitDemand>): Intent;
  /** All limits or none, and the intent on the disk. Last, because only this step would have to be undone. */
  reserveLimits(intent: Intent): Promise<Reserved | Refusal>;
  /** Sends. Never rejects for what the world does; a fault of ours in it is `unknown`. */
  invoke(reserved: Reserved, received: Received): Promise<Reply>;
  inspect(reserved: Reserved, reply: Reply): Reply | Promise<Reply>;
  /** Never rejects: an intent without an outcome is closed as unknown at the next start. */
  recordOutcome(
    call: DecodedCall,
    admission: Admission,
    outcome: Refusal | Fault | Reply,
    received: Received,
  ): Promise<Answer>;
  noteFault(where: 'admit' | 'perform' | 'inspect', fault: unknown): void;
}>;

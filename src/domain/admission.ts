import type { DecodedCall } from './call.ts';
import type { Fault } from './fault.ts';
import type { Permit } from './permit.ts';
import type { LimitDemand } from './policy.ts';
import type { Refusal } from './refusal.ts';

/** The record that will stand in the trail before the call leaves. */
export type Intent = {
  readonly kind: 'intent';
  readonly permit: Permit<LimitDemand>;
  /** What the record says of the call, as JSON members. */
  readonly members: string;
};

/** Quota that was taken, so that it can be given back. */
export type Quota = {
  readonly bucket: string;
  /** Epoch milliseconds it was taken at. */
  readonly at: number;
  readonly amount: bigint;
  readonly entry: number;
};

/** The durable proof that a call was admitted: its intent is on the disk and its quota is taken. */
export type Reserved = {
  readonly kind: 'reserved';
  readonly permit: Permit<LimitDemand>;
  readonly call: DecodedCall;
  /** The intent's number in the trail. */
  readonly record: number;
  readonly taken: readonly Quota[];
};

export type Admission = Reserved | Refusal | Fault;

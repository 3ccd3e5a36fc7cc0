import type { Exceeded, Taken, Watched } from './book.ts';
import type { Demand } from './demand.ts';

/**
 * Where limits are counted when several gateways share them. Every store answers as `LimitBook` does, by its own
 * server's time; one suite is run against all of them.
 *
 * A reservation stands from the moment it is made, and is given back by itself unless it is confirmed within its
 * lease: so a gateway that dies before it wrote the intent leaves nothing behind, and one that dies later leaves the
 * quota taken, for the call may have happened.
 */
export interface LimitStore {
  /**
   * Takes what all demands of one call ask for, or nothing. Demands in shadow refuse nothing: where one would have, the
   * answer names it as `watched`, and none of them is taken.
   */
  reserve(demands: readonly Demand[]): Promise<Reserving>;
  /** Makes a reservation stand without its lease. False where the lease has run out: it no longer stands. */
  confirm(reservation: Reservation): Promise<boolean>;
  /** Gives it back in the windows it was taken in, confirmed or not. A second time changes nothing. */
  giveBack(reservation: Reservation): Promise<void>;
  /** Gives back what was never confirmed in time, and drops what no window looks at. How many were given back. */
  sweep(): Promise<number>;
  /** Every entry of every log, oldest first within its log, and the store's time in epoch milliseconds. */
  entries(): Promise<{ readonly now: number; readonly entries: readonly Taken[] }>;
  /** Empties the logs whose name is accepted; their names. */
  reset(accepts: (bucket: string) => boolean): Promise<readonly string[]>;
  close(): Promise<void>;
}

export type Reservation = {
  /** The store's own name of it. */
  readonly id: string;
  /** Epoch milliseconds by the store's time. */
  readonly at: number;
  readonly taken: readonly Taken[];
};

export type Reserving =
  | { readonly kind: 'reserved'; readonly reservation: Reservation; readonly watched?: Watched }
  | { readonly kind: 'exceeded'; readonly exceeded: Exceeded; readonly at: number };

/** The store did not answer, or not in time. What it was asked to reserve lapses with its lease. */
export class LimitStoreUnreachable extends Error {
  constructor(cause: unknown) {
    super('the limit store cannot be reached', { cause });
    this.name = 'LimitStoreUnreachable';
  }
}

/** Waits for an answer, and not longer. @throws LimitStoreUnreachable for a late answer and for every fault. */
export async function answerInTime<T>(answer: Promise<T>, msMax: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${msMax} ms`)), msMax);
  });
  try {
    return await Promise.race([answer, late]);
  } catch (fault) {
    throw new LimitStoreUnreachable(fault);
  } finally {
    clearTimeout(timer);
  }
}

/** A call must know within this time whether it may go. */
export const ANSWER_MS_MAX = 250;
/** How long a reservation stands unconfirmed: far longer than an intent takes to reach the disk. */
export const LEASE_MS = 10_000;

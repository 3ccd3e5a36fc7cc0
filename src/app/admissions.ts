import { outcomeMembers } from '../stages/audit/members.ts';
import type { RecordDraft } from '../stages/audit/record.ts';
import type { Taken } from '../stages/limits/book.ts';
import { type LimitStore, LimitStoreUnreachable, type Reservation } from '../stages/limits/limit-store.ts';
import type { AdmissionDraft, Admitted, Ledger } from '../storage/sqlite/ledger.ts';

/** Where calls are admitted, and where it is written what became of them. The ledger does both where it counts itself. */
export type Admissions = Pick<Ledger, 'admit' | 'append'>;

/**
 * Admission with the limits in a store of their own: quota is reserved there, then the intent is written, then the
 * reservation is confirmed, and only then may the call leave. Whatever fails on the way, nothing was sent and the quota
 * comes back, if not at once then with the lease. From the confirmation on it is given back only by an outcome that
 * says so.
 */
export class StoreAdmissions implements Admissions {
  readonly #ledger: Ledger;
  readonly #store: LimitStore;
  readonly #onLost: (fault: unknown) => void;
  readonly #onSettled: (() => void) | undefined;
  /** What admitted calls hold, by the number of their intent. */
  readonly #held = new Map<number, Reservation>();
  /** What could not be given back yet. */
  readonly #owed = new Set<Reservation>();

  /**
   * `onLost` hears of quota that could not be given back: it stays taken until `settle` succeeds, or it leaves its
   * window. `onSettled` hears of it when the last of it was given back.
   */
  constructor(options: {
    ledger: Ledger;
    store: LimitStore;
    onLost: (fault: unknown) => void;
    onSettled?: () => void;
  }) {
    this.#ledger = options.ledger;
    this.#store = options.store;
    this.#onLost = options.onLost;
    this.#onSettled = options.onSettled;
  }

  /** @throws LimitStoreUnreachable where the store gave no answer in time; otherwise as the ledger does. */
  async admit(draft: AdmissionDraft): Promise<Admitted> {
    if (draft.demands.length === 0) return this.#ledger.admit(draft);
    const reserving = await this.#store.reserve(draft.demands);
    if (reserving.kind === 'exceeded') {
      const { exceeded, at } = reserving;
      const seq = await this.#ledger.append(draft.refusal(exceeded, at));
      return { kind: 'exceeded', seq, at, exceeded };
    }
    const { reservation, watched } = reserving;
    let admitted: Admitted;
    try {
      admitted = await this.#ledger.admit({ ...draft, demands: [], intent: (at) => draft.intent(at, watched) });
    } catch (fault) {
      await this.#giveBack(reservation);
      throw fault;
    }
    await this.#confirm(reservation, admitted);
    this.#held.set(admitted.seq, reservation);
    return { ...admitted, taken: reservation.taken } as Admitted;
  }

  async append(draft: RecordDraft, giveBack: readonly Taken[] = []): Promise<number> {
    const reservation = draft.ref === undefined ? undefined : this.#held.get(draft.ref);
    if (draft.ref !== undefined) this.#held.delete(draft.ref);
    const seq = await this.#ledger.append(draft);
    if (reservation !== undefined && giveBack.length > 0) await this.#giveBack(reservation);
    return seq;
  }

  /** Gives back what could not be before. False where something is still owed. */
  async settle(): Promise<boolean> {
    if (this.#owed.size === 0) return true;
    for (const reservation of this.#owed) {
      try {
        await this.#store.giveBack(reservation);
      } catch {
        return false;
      }
      this.#owed.delete(reservation);
    }
    this.#onSettled?.();
    return true;
  }

  async #confirm(reservation: Reservation, { seq, at }: Admitted): Promise<void> {
    let fault: unknown = new Error('the lease ran out before the intent was on the disk');
    try {
      if (await this.#store.confirm(reservation)) return;
    } catch (thrown) {
      fault = thrown;
    }
    const why = 'the limit store did not confirm the reservation';
    const members = outcomeMembers({ kind: 'not-sent', why }, 0);
    await this.#ledger.append({ kind: 'outcome', ref: seq, at, members });
    // The caller has waited for this store long enough.
    void this.#giveBack(reservation);
    throw fault instanceof LimitStoreUnreachable ? fault : new LimitStoreUnreachable(fault);
  }

  async #giveBack(reservation: Reservation): Promise<void> {
    try {
      await this.#store.giveBack(reservation);
    } catch (fault) {
      if (this.#owed.size < OWED_MAX) this.#owed.add(reservation);
      this.#onLost(fault);
    }
  }
}

const OWED_MAX = 10_000;

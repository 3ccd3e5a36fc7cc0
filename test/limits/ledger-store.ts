import type { Watched } from '../../src/stages/limits/book.ts';
import { LimitClock } from '../../src/stages/limits/limit-clock.ts';
import type { LimitStore } from '../../src/stages/limits/limit-store.ts';
import { openDatabase } from '../../src/storage/sqlite/database.ts';
import { Ledger } from '../../src/storage/sqlite/ledger.ts';
import { limitEntries } from '../../src/storage/sqlite/limit-log.ts';

/** The ledger, which admits a call in the transaction that takes its quota, as the suite asks its questions. */
export function ledgerStore(path: string, wall: () => number, sole = false): LimitStore {
  const db = openDatabase(path);
  const clock = new LimitClock({ wall, monotonic: () => 0, latest: 0, onStepBack: () => {} });
  const ledger = new Ledger({ db, path, writer: Math.random().toString(16).slice(2), clock, sole });
  return {
    async reserve(demands) {
      let watched: Watched | undefined;
      const admitted = await ledger.admit({
        demands,
        intent: (at, seen) => {
          watched = seen;
          return { kind: 'intent', at, members: '' };
        },
        refusal: (_exceeded, at) => ({ kind: 'refusal', at, members: '' }),
      });
      if (admitted.kind === 'exceeded') return admitted;
      const reservation = { id: String(admitted.seq), at: admitted.at, taken: admitted.taken };
      return { kind: 'reserved', reservation, ...(watched && { watched }) };
    },
    confirm: async () => true,
    async giveBack({ id, taken }) {
      await ledger.append({ kind: 'outcome', ref: Number(id), at: wall(), members: '"outcome":"not-sent"' }, taken);
    },
    async sweep() {
      ledger.sweep(() => 0);
      return 0;
    },
    entries: async () => ({ now: clock.now(), entries: limitEntries(db) }),
    reset: (accepts) => ledger.reset(accepts, () => ({ kind: 'limits-reset', at: wall(), members: '' })),
    async close() {
      await ledger.close();
      db.close();
    },
  };
}

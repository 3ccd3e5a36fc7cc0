import type { DatabaseSync } from 'node:sqlite';
import type { Taken } from '../../stages/limits/book.ts';
import { scaled } from '../../stages/limits/demand.ts';

/** What stands in the limits' logs, oldest first, beside whoever writes them. */
export function limitEntries(db: DatabaseSync): readonly Taken[] {
  const taken = new Map<number, Taken>();
  const rows = db.prepare('SELECT id, bucket, at, amount, undo FROM limit_log ORDER BY id');
  type Row = { id: number; bucket: string; at: number; amount: string; undo: number | null };
  for (const { id, bucket, at, amount, undo } of rows.iterate() as Iterable<Row>) {
    if (undo !== null) taken.delete(undo);
    else taken.set(id, { bucket, at, amount: scaled(amount) ?? 0n, entry: id });
  }
  return [...taken.values()];
}

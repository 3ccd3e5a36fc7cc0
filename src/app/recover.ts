import type { DatabaseSync } from 'node:sqlite';
import { writerOfIntent } from '../stages/audit/record.ts';
import type { Ledger } from '../storage/sqlite/ledger.ts';
import { WriterLock } from '../storage/sqlite/locks.ts';

/**
 * What a restart must finish: intents of writers that are gone get the outcome `unknown`, for they may have been sent.
 * Their quota stays taken. Returns how many were closed.
 */
export async function recoverOpenIntents(options: {
  db: DatabaseSync;
  ledger: Ledger;
  folder: string;
  self: string;
  /** Epoch milliseconds. */
  now: () => number;
}): Promise<number> {
  const { db, ledger, folder, self, now } = options;
  const writers = db.prepare('SELECT id, floor FROM writers WHERE id <> ?').all(self) as {
    id: string;
    floor: number;
  }[];
  let closed = 0;
  for (const writer of writers) {
    // Held until its intents are closed: a client starts all its servers together, and each of them recovers.
    const lock = WriterLock.takeOver(folder, writer.id);
    if (lock === undefined) continue;
    try {
      for (const seq of openIntents(db, writer.id, writer.floor)) {
        const members = '"outcome":"unknown","why":"the gateway ended before it recorded an answer"';
        await ledger.append({ kind: 'outcome', ref: seq, at: now(), members });
        closed++;
      }
      db.prepare('DELETE FROM writers WHERE id = ?').run(writer.id);
    } finally {
      lock.release();
    }
  }
  return closed;
}

function openIntents(db: DatabaseSync, writer: string, floor: number): readonly number[] {
  const open = new Set<number>();
  const rows = db.prepare('SELECT seq, ref, body FROM records WHERE seq >= ? ORDER BY seq');
  for (const row of rows.iterate(floor) as Iterable<{ seq: number; ref: number | null; body: string }>) {
    if (row.ref !== null) open.delete(row.ref);
    else if (writerOfIntent(row.body) === writer) open.add(row.seq);
  }
  return [...open];
}

/**
 * Drops whole days of records older than `keepMs`, leaving the last hash of what is gone, so that the rest can still be
 * verified. Records that recovery may need stay. Returns how many were dropped.
 */
export function pruneOld(db: DatabaseSync, keepMs: number, now: number): number {
  const day = 86_400_000;
  const boundary = new Date(Math.floor((now - keepMs) / day) * day).toISOString();
  const edge = db.prepare('SELECT min(seq) AS first, max(seq) AS last FROM records').get() as {
    first: number | null;
    last: number | null;
  };
  if (edge.first === null || edge.last === null) return 0;
  const timeOf = db.prepare("SELECT json_extract(body, '$.time') AS time FROM records WHERE seq = ?");
  let low = edge.first;
  let high = edge.last;
  // The first record of the first day that is kept.
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const { time } = timeOf.get(middle) as { time: string };
    if (time < boundary) low = middle + 1;
    else high = middle;
  }
  const { floor } = db.prepare('SELECT min(floor) AS floor FROM writers').get() as { floor: number | null };
  const firstKept = Math.min(low, floor ?? low);
  if (firstKept <= edge.first) return 0;
  db.exec('BEGIN IMMEDIATE');
  try {
    const last = db.prepare('SELECT seq, hash FROM records WHERE seq = ?').get(firstKept - 1) as {
      seq: number;
      hash: string;
    };
    db.prepare('INSERT OR REPLACE INTO anchors (seq, hash) VALUES (?, ?)').run(last.seq, last.hash);
    const { changes } = db.prepare('DELETE FROM records WHERE seq < ?').run(firstKept);
    db.prepare('DELETE FROM anchors WHERE seq < ?').run(last.seq);
    db.exec('COMMIT');
    return Number(changes);
  } catch (fault) {
    db.exec('ROLLBACK');
    throw fault;
  }
}

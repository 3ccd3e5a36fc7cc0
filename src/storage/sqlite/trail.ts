import type { DatabaseSync } from 'node:sqlite';
import { type AuditRecord, GENESIS, linkHash, writerOfIntent } from '../../stages/audit/record.ts';

/** Reading the trail, beside whoever writes it. */

type Row = { seq: number; ref: number | null; body: Uint8Array; hash: Uint8Array };

/** Records from `first` on, in order. Bytes are read as they are: a repaired character must not hide a changed one. */
export function* records(db: DatabaseSync, first = 0): Generator<AuditRecord> {
  const rows = db.prepare(
    'SELECT seq, ref, CAST(body AS BLOB) AS body, CAST(hash AS BLOB) AS hash FROM records WHERE seq >= ? ORDER BY seq',
  );
  for (const row of rows.iterate(first) as Iterable<Row>) {
    yield {
      seq: row.seq,
      ref: row.ref ?? undefined,
      body: Buffer.from(row.body).toString('utf8'),
      hash: Buffer.from(row.hash).toString('latin1'),
    };
  }
}

export function lastSeq(db: DatabaseSync): number {
  const row = db.prepare('SELECT max(seq) AS seq FROM records').get() as { seq: number | null };
  return row.seq ?? 0;
}

/** How many records there are, where none is missing between the first and the last. */
export function trailLength(db: DatabaseSync): number {
  const row = db.prepare('SELECT max(seq) - min(seq) + 1 AS length FROM records').get() as { length: number | null };
  return row.length ?? 0;
}

export type Verified =
  | { readonly kind: 'complete'; readonly count: number; readonly first: number; readonly head: string }
  | { readonly kind: 'broken'; readonly at: number; readonly why: string };

/**
 * Follows the chain from where it begins. `expectedHead`: a hash that must occur in it, to find a cut tail. `onRecord` is
 * called for each, before it is looked at.
 */
export function verifyTrail(
  db: DatabaseSync,
  expectedHead: string | undefined,
  onRecord: () => void = () => {},
): Verified {
  const anchor = db.prepare('SELECT seq, hash FROM anchors ORDER BY seq DESC LIMIT 1').get() as
    | { seq: number; hash: string }
    | undefined;
  let previous = anchor?.hash ?? GENESIS;
  let seq = anchor?.seq ?? 0;
  let at = seq + 1;
  const first = seq + 1;
  let sawHead = expectedHead === undefined || previous === expectedHead;
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const rows = db.prepare(
    'SELECT seq, ref, CAST(body AS BLOB) AS body, CAST(hash AS BLOB) AS hash FROM records ORDER BY seq',
  );
  try {
    for (const row of rows.iterate() as Iterable<Row>) {
      onRecord();
      if (row.seq !== seq + 1) return { kind: 'broken', at: seq + 1, why: 'the record is missing' };
      seq = row.seq;
      at = seq;
      const body = decoder.decode(row.body);
      const hash = Buffer.from(row.hash).toString('latin1');
      if (linkHash(previous, body) !== hash) return { kind: 'broken', at: seq, why: 'it does not match its hash' };
      const fault = faultOf(row, body);
      if (fault !== undefined) return { kind: 'broken', at: seq, why: fault };
      previous = hash;
      at = seq + 1;
      sawHead ||= hash === expectedHead;
    }
  } catch (thrown) {
    return { kind: 'broken', at, why: `it cannot be read: ${(thrown as Error).message}` };
  }
  if (!sawHead)
    return { kind: 'broken', at: seq + 1, why: 'the trail ends before the head that was given: its tail is cut off' };
  return { kind: 'complete', count: seq - first + 1, first, head: previous };
}

function faultOf(row: Row, body: string): string | undefined {
  const said = JSON.parse(body) as { seq?: number; ref?: number; kind?: string };
  if (said.seq !== row.seq) return 'it carries another number';
  if ((said.ref ?? null) !== row.ref) return 'it refers to another record than its row says';
  return undefined;
}

/** One line for an export: the body with its hash as the last member. */
export function exportLine(record: AuditRecord): string {
  return `${record.body.slice(0, -1)},"hash":"${record.hash}"}`;
}

/** What belongs together: an intent or refusal, and the outcome of it. */
export function recordWithOutcome(db: DatabaseSync, seq: number): readonly AuditRecord[] {
  const found: AuditRecord[] = [];
  for (const record of records(db, seq)) {
    if (record.seq === seq) {
      found.push(record);
      if (record.ref !== undefined || writerOfIntent(record.body) === undefined) break;
    } else if (record.ref === seq) {
      found.push(record);
      break;
    } else if (found.length === 0) break;
  }
  return found;
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GENESIS, linkHash } from '../../stages/audit/record.ts';
import { openDatabase } from './database.ts';
import { lastSeq, records, recordWithOutcome, verifyTrail } from './trail.ts';

let folder: string;
let db: DatabaseSync;
let head: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-trail-'));
  db = openDatabase(join(folder, 'sallyport.db'));
  head = GENESIS;
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

/** Writes a record as a writer would, true to its hash whatever its body says. */
function write(seq: number, body: object | null, ref: number | null = null): string {
  const text = JSON.stringify(body);
  head = linkHash(head, text);
  db.prepare('INSERT INTO records (seq, ref, body, hash) VALUES (?, ?, ?, ?)').run(seq, ref, text, head);
  return head;
}
const intent = (seq: number) => write(seq, { v: 1, seq, kind: 'intent', time: 't', writer: 'w' });
const outcome = (seq: number, ref: number) => write(seq, { seq, kind: 'outcome', ref }, ref);

describe('a trail', () => {
  test('that is empty is complete, up to the head before its first record', () => {
    expect(verifyTrail(db, undefined)).toEqual({ kind: 'complete', count: 0, first: 1, head: GENESIS });
    expect(verifyTrail(db, GENESIS).kind).toBe('complete');
    expect([lastSeq(db), [...records(db)]]).toEqual([0, []]);
  });

  test('is complete up to a head that was noted, also where more has come since', () => {
    const first = intent(1);
    const last = outcome(2, 1);
    expect(verifyTrail(db, undefined)).toEqual({ kind: 'complete', count: 2, first: 1, head: last });
    for (const noted of [GENESIS, first, last]) expect(verifyTrail(db, noted).kind).toBe('complete');
    expect(lastSeq(db)).toBe(2);
    expect([...records(db, 2)].map(({ seq, ref, hash }) => [seq, ref, hash])).toEqual([[2, 1, last]]);
  });

  test('whose tail is cut off is found by its head, and by nothing else', () => {
    intent(1);
    const last = outcome(2, 1);
    db.exec('DELETE FROM records WHERE seq = 2');
    expect(verifyTrail(db, undefined).kind).toBe('complete');
    expect(verifyTrail(db, last)).toEqual({
      kind: 'broken',
      at: 2,
      why: 'the trail ends before the head that was given: its tail is cut off',
    });
  });

  test('begins after what was dropped, and not somewhere else', () => {
    const dropped = intent(1);
    const last = outcome(2, 1);
    db.exec('DELETE FROM records WHERE seq = 1');
    expect(verifyTrail(db, undefined)).toMatchObject({ kind: 'broken', at: 1, why: 'the record is missing' });
    db.prepare('INSERT INTO anchors (seq, hash) VALUES (?, ?)').run(1, dropped);
    expect(verifyTrail(db, dropped)).toEqual({ kind: 'complete', count: 1, first: 2, head: last });
    db.prepare('UPDATE anchors SET hash = ?').run(GENESIS);
    expect(verifyTrail(db, undefined)).toMatchObject({ kind: 'broken', at: 2, why: 'it does not match its hash' });
  });

  test.each([
    ['another number', { seq: 9, kind: 'intent' }, null, 'it carries another number'],
    ['a reference its row has not', { seq: 2, ref: 1 }, null, 'it refers to another record than its row says'],
    ['no reference where its row has one', { seq: 2 }, 1, 'it refers to another record than its row says'],
    ['another reference', { seq: 2, ref: 7 }, 1, 'it refers to another record than its row says'],
  ])('with a record of %s is broken, though its hash is right', (_, body, ref, why) => {
    intent(1);
    write(2, body, ref);
    intent(3);
    expect(verifyTrail(db, undefined)).toEqual({ kind: 'broken', at: 2, why });
  });

  test('is read as it stands, byte by byte: what a reader would mend or leave out is a change', () => {
    write(1, { v: 1, seq: 1, name: '\ufffd' });
    expect(verifyTrail(db, undefined).kind).toBe('complete');
    const { body } = db.prepare('SELECT body FROM records').get() as { body: string };
    const bytes = Buffer.from(body);
    const at = bytes.indexOf(Buffer.from('\ufffd'));
    const mended = Buffer.concat([bytes.subarray(0, at), Buffer.from([0xff]), bytes.subarray(at + 3)]);
    const marked = Buffer.concat([Buffer.from('\ufeff'), bytes]);
    for (const changed of [mended, marked]) {
      db.prepare('UPDATE records SET body = CAST(? AS TEXT)').run(changed);
      expect(verifyTrail(db, undefined)).toMatchObject({ kind: 'broken', at: 1 });
    }
  });

  test('with a record that is no object is broken', () => {
    intent(1);
    write(2, null);
    expect(verifyTrail(db, undefined)).toMatchObject({ kind: 'broken', at: 2 });
  });
});

describe('what belongs together', () => {
  const numbers = (seq: number) => recordWithOutcome(db, seq).map((record) => record.seq);
  test('an intent and the outcome of it, whatever stands between', () => {
    intent(1);
    intent(2);
    write(3, { seq: 3, kind: 'refusal', arguments: { full: { kind: 'intent' } } });
    outcome(4, 2);
    outcome(5, 1);
    outcome(6, 1);
    expect([1, 2, 3, 4].map(numbers)).toEqual([[1, 5], [2, 4], [3], [4]]);
    expect(recordWithOutcome(db, 1)[1]).toMatchObject({ ref: 1, body: '{"seq":5,"kind":"outcome","ref":1}' });
  });
  test('an outcome of what is no intent belongs to nothing', () => {
    write(1, { v: 1, seq: 1, kind: 'refusal' });
    intent(2);
    outcome(3, 2);
    outcome(4, 3);
    outcome(5, 1);
    expect([1, 3].map(numbers)).toEqual([[1], [3]]);
  });
  test('an intent that is open is alone, and a number nobody has is nothing', () => {
    intent(1);
    intent(2);
    expect([1, 2, 3].map(numbers)).toEqual([[1], [2], []]);
    db.exec('DELETE FROM records WHERE seq = 1');
    expect(numbers(1)).toEqual([]);
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Demand } from '../../stages/limits/demand.ts';
import { LimitClock } from '../../stages/limits/limit-clock.ts';
import { openDatabase } from './database.ts';
import { type AdmissionDraft, type Admitted, Ledger } from './ledger.ts';
import { exportLine, records, verifyTrail } from './trail.ts';

let folder: string;
let db: DatabaseSync;
let now = 1_700_000_000_000;
const opened: { ledger: Ledger; db: DatabaseSync }[] = [];
const path = () => join(folder, 'sallyport.db');

function open(writer = 'w1', sole = true): Ledger {
  const own = openDatabase(path());
  const clock = new LimitClock({ wall: () => now, monotonic: () => 0, latest: 0, onStepBack: () => {} } as never);
  const ledger = new Ledger({ db: own, path: path(), writer, clock, sole });
  opened.push({ ledger, db: own });
  db = own;
  return ledger;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-ledger-'));
  now = 1_700_000_000_000;
});
afterEach(async () => {
  for (const one of opened.splice(0)) {
    await one.ledger.close();
    one.db.close();
  }
  rmSync(folder, { recursive: true });
});

const one = 10n ** 18n;
const limit = (max: bigint, bucket = '["log","a"]'): Demand =>
  ({
    rule: '/limit',
    bucket,
    max: max * one,
    amount: one,
    window: { kind: 'sliding', ms: 60_000 },
    onDeny: undefined,
    shadow: false,
  }) as Demand;
const call = (demands: readonly Demand[], name = 'x'): AdmissionDraft => ({
  demands,
  intent: (at) => ({ kind: 'intent', at, members: `"tool":${JSON.stringify(name)}` }),
  refusal: (_exceeded, at) => ({ kind: 'refusal', at, members: `"tool":"${name}"` }),
});
const kinds = () => [...records(db)].map(({ body }) => (JSON.parse(body) as { kind: string }).kind);
const admitted = (one_: Admitted) => {
  if (one_.kind !== 'admitted') throw new Error('refused');
  return one_;
};

describe('admission', () => {
  test('all at once take exactly what there is; the rest are refused, each with its record', async () => {
    const ledger = open();
    const answers = await Promise.all(Array.from({ length: 64 }, () => ledger.admit(call([limit(10n)]))));
    expect(answers.filter(({ kind }) => kind === 'admitted')).toHaveLength(10);
    expect(kinds().filter((kind) => kind === 'refusal')).toHaveLength(54);
    expect(new Set(answers.map(({ seq }) => seq)).size).toBe(64);
  });

  test('several limits are taken together or not at all', async () => {
    const ledger = open();
    const wide = limit(10n, '["log","wide"]');
    const narrow = limit(1n, '["log","narrow"]');
    expect((await ledger.admit(call([wide, narrow]))).kind).toBe('admitted');
    expect(await ledger.admit(call([wide, narrow]))).toMatchObject({
      kind: 'exceeded',
      exceeded: { demand: { bucket: narrow.bucket } },
    });
    for (let i = 0; i < 9; i++) expect((await ledger.admit(call([wide]))).kind).toBe('admitted');
    expect((await ledger.admit(call([wide]))).kind).toBe('exceeded');
  });

  test('what was given back can be taken again, what was not stays taken across a restart', async () => {
    const ledger = open();
    const first = admitted(await ledger.admit(call([limit(2n)])));
    await ledger.admit(call([limit(2n)]));
    await ledger.append({ kind: 'outcome', ref: first.seq, at: now, members: '' }, first.taken);
    expect((await ledger.admit(call([limit(2n)]))).kind).toBe('admitted');
    const again = open('w2');
    expect((await again.admit(call([limit(2n)]))).kind).toBe('exceeded');
    now += 60_001;
    expect((await again.admit(call([limit(2n)]))).kind).toBe('admitted');
  });

  test('a write that fails refuses its calls, takes nothing, and the next one goes on', async () => {
    const ledger = open();
    await ledger.admit(call([limit(2n)]));
    db.exec("CREATE TRIGGER stop BEFORE INSERT ON limit_log BEGIN SELECT RAISE(ABORT, 'no'); END");
    const both = await Promise.allSettled([
      ledger.admit(call([limit(2n)])),
      ledger.append({ kind: 'refusal', at: now, members: '' }),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(ledger.openIntents).toBe(1);
    db.exec('DROP TRIGGER stop');
    expect((await ledger.admit(call([limit(2n)]))).kind).toBe('admitted');
    expect((await ledger.admit(call([limit(2n)]))).kind).toBe('exceeded');
    expect(verifyTrail(db, undefined)).toMatchObject({ kind: 'complete', count: 3 });
  });
});

describe('an outcome that cannot be written', () => {
  const refuse = (what: string) =>
    db.exec(`CREATE TRIGGER stop BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, '${what}'); END`);
  const outcome = (ref: number) => ({ kind: 'outcome' as const, ref, at: now, members: '"outcome":"not-sent"' });

  test.each(['the next call', 'the next sweep', 'the end'])('is written with %s, and once', async (next) => {
    const ledger = open();
    const first = admitted(await ledger.admit(call([limit(1n)])));
    refuse('no space');
    await expect(ledger.append(outcome(first.seq), first.taken)).rejects.toThrow('no space');
    await expect(ledger.append({ kind: 'refusal', at: now, members: '' })).rejects.toThrow('no space');
    ledger.sweep(() => 60_000);
    expect([ledger.openIntents, kinds()]).toEqual([1, ['intent']]);
    db.exec('DROP TRIGGER stop');
    if (next === 'the next call') admitted(await ledger.admit(call([])));
    else if (next === 'the next sweep') ledger.sweep(() => 60_000);
    else await opened.pop()?.ledger.close();
    ledger.sweep(() => 60_000);
    expect(kinds()).toEqual(['intent', ...(next === 'the next call' ? ['intent'] : []), 'outcome']);
    expect(ledger.openIntents).toBe(next === 'the next call' ? 1 : 0);
    expect(verifyTrail(db, undefined).kind).toBe('complete');
    if (next === 'the end') return db.close();
    // Its quota came back with it.
    admitted(await ledger.admit(call([limit(1n)])));
  });
});

describe('the chain', () => {
  test('two writers share one, and one log', async () => {
    const a = open('a', false);
    const b = open('b', false);
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? a : b).admit(call([limit(10n)]))),
    );
    expect(answers.filter(({ kind }) => kind === 'admitted')).toHaveLength(10);
    const verified = verifyTrail(db, undefined);
    expect(verified).toMatchObject({ kind: 'complete', count: 30 });
    const writers = [...records(db)].map(({ body }) => (JSON.parse(body) as { writer: string }).writer);
    expect(new Set(writers)).toEqual(new Set(['a', 'b']));
  });

  test.each([
    ['a changed body', 'UPDATE records SET body = replace(body, \'"tool":"x"\', \'"tool":"y"\') WHERE seq = 2', 2],
    [
      'a changed hash',
      "UPDATE records SET hash = replace(hash, substr(hash, 1, 1), 'f') || '' WHERE seq = 3 AND substr(hash, 1, 1) <> 'f'",
      3,
    ],
    ['a missing record', 'DELETE FROM records WHERE seq = 2', 2],
    ['a changed reference', 'UPDATE records SET ref = 1 WHERE seq = 3', 3],
    [
      'two that changed places',
      'UPDATE records SET seq = 99 WHERE seq = 2; UPDATE records SET seq = 2 WHERE seq = 3; UPDATE records SET seq = 3 WHERE seq = 99',
      2,
    ],
    ['bytes that are no text', "UPDATE records SET body = CAST(X'7B22FF227D' AS TEXT) WHERE seq = 2", 2],
  ])('%s is found', async (_what, sql, at) => {
    const ledger = open();
    for (let i = 0; i < 4; i++) await ledger.admit(call([]));
    const whole = verifyTrail(db, undefined);
    expect(whole.kind).toBe('complete');
    db.exec(sql);
    const broken = verifyTrail(db, undefined);
    // A hash that begins with the replacement anyway is left as it was.
    if (sql.includes("<> 'f'") && broken.kind === 'complete') return expect(broken).toEqual(whole);
    expect(broken).toMatchObject({ kind: 'broken', at });
  });

  test('an exported line holds the record as it was hashed', async () => {
    const ledger = open();
    await ledger.admit(call([], 'é"\\\\'));
    const [record] = records(db);
    if (record === undefined) throw new Error('none');
    const line = exportLine(record);
    expect(JSON.parse(line)).toMatchObject({ seq: 1, kind: 'intent', hash: record.hash });
    expect(`${line.slice(0, line.lastIndexOf(',"hash":"'))}}`).toBe(record.body);
  });
});

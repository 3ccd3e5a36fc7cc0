import { closeSync, mkdtempSync, openSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
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

describe.runIf(process.platform === 'linux')('a disk that does not take what is written', () => {
  const openFiles = () =>
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [[Number(fd), readlinkSync(`/proc/self/fd/${fd}`)] as const];
      } catch {
        // It was the listing's own.
        return [];
      }
    });

  test('an admission fails, and every later one; what need not wait for the disk goes on', async () => {
    const own = openDatabase(path());
    const before = openFiles().map(([fd]) => fd);
    const clock = new LimitClock({ wall: () => now, monotonic: () => 0, latest: 0, onStepBack: () => {} });
    const ledger = new Ledger({ db: own, path: path(), writer: 'w1', clock, sole: true });
    opened.push({ ledger, db: own });
    db = own;
    const [log] = openFiles().filter(([fd, file]) => file === `${path()}-wal` && !before.includes(fd));
    if (log === undefined) throw new Error('no log');
    closeSync(log[0]);
    expect((await ledger.admit(call([limit(0n)]))).kind).toBe('exceeded');
    expect(await ledger.append({ kind: 'outcome', ref: 9, at: now, members: '' })).toBe(2);
    await expect(ledger.admit(call([]))).rejects.toThrow('EBADF');
    // Its intent stays open: whether it lasts nobody knows.
    expect([kinds(), ledger.openIntents]).toEqual([['refusal', 'outcome', 'intent'], 1]);
    await expect(ledger.admit(call([]))).rejects.toThrow('EBADF');
    expect(kinds()).toHaveLength(3);
    expect(await ledger.append({ kind: 'refusal', at: now, members: '' })).toBe(4);
    // Closing it closes this one in its place.
    expect(openSync(`${path()}-wal`, 'r')).toBe(log[0]);
  });
});

test('a ledger whose file was taken away admits nothing, and records what became of what it had admitted', async () => {
  const ledger = open();
  const { seq } = admitted(await ledger.admit(call([])));
  ledger.giveUp(new Error('it was taken away'));
  await expect(ledger.admit(call([]))).rejects.toThrow('it was taken away');
  await ledger.append({ kind: 'outcome', ref: seq, at: now, members: '' });
  expect([kinds(), ledger.openIntents]).toEqual([['intent', 'outcome'], 0]);
});

describe('where recovery begins', () => {
  const floor = () => (db.prepare('SELECT floor FROM writers').get() as { floor: number } | undefined)?.floor;
  const append = async (ledger: Ledger, count: number) => {
    await Promise.all(Array.from({ length: count }, () => ledger.append({ kind: 'refusal', at: now, members: '' })));
  };

  test('never after a call whose outcome is not recorded', async () => {
    const ledger = open();
    const first = admitted(await ledger.admit(call([])));
    const second = admitted(await ledger.admit(call([])));
    await append(ledger, 997);
    expect(floor()).toBe(0);
    await append(ledger, 1);
    expect([ledger.head.seq, floor()]).toEqual([1_000, first.seq]);
    await ledger.append({ kind: 'outcome', ref: first.seq, at: now, members: '' });
    await append(ledger, 1_000);
    expect(floor()).toBe(second.seq);
    await ledger.append({ kind: 'outcome', ref: second.seq, at: now, members: '' });
    await append(ledger, 1_000);
    expect(floor()).toBe(ledger.head.seq);
  });

  test.each([true, false])('with a call that is open at the end: %s, as long as it is', async (isOpen) => {
    const ledger = open();
    const { seq } = admitted(await ledger.admit(call([])));
    if (!isOpen) await ledger.append({ kind: 'outcome', ref: seq, at: now, members: '' });
    const late = ledger.append({ kind: 'refusal', at: now, members: '' });
    await ledger.close();
    // What had not been written yet is.
    expect(await late).toBe(isOpen ? 2 : 3);
    expect(floor() === undefined).toBe(!isOpen);
    opened.pop();
    db.close();
  });
});

describe('what a ledger finds', () => {
  test('of a trail that was cut at its front: it goes on where that ended', async () => {
    const first = open();
    for (let i = 0; i < 3; i++) await first.admit(call([]));
    const { head } = first;
    db.exec('DELETE FROM records');
    db.prepare('INSERT INTO anchors (seq, hash) VALUES (?, ?)').run(head.seq, head.hash);
    const again = open('w2');
    expect(again.head).toEqual(head);
    expect(admitted(await again.admit(call([]))).seq).toBe(4);
    expect(verifyTrail(db, head.hash)).toMatchObject({ kind: 'complete', first: 4, count: 1 });
  });

  test('of quota taken: exact amounts, and a time that does not run backwards', async () => {
    const weighed = (amount: bigint): Demand => ({ ...limit(2n), amount });
    await open().admit(call([weighed(one / 4n)]));
    now -= 3_600_000;
    const again = open('w2');
    const { at } = admitted(await again.admit(call([weighed((one * 7n) / 4n)])));
    expect(at).toBe(now + 3_600_000);
    expect((await again.admit(call([weighed(1n)]))).kind).toBe('exceeded');
    expect(db.prepare('SELECT amount FROM limit_log').all()).toEqual([{ amount: '0.25' }, { amount: '1.75' }]);
  });

  test('of quota that no window can see any more: it is dropped', async () => {
    const day = 86_400_000;
    await open().admit(call([limit(2n)]));
    const rows = () => (db.prepare('SELECT count(*) AS n FROM limit_log').get() as { n: number }).n;
    now += 367 * day;
    open('w2');
    expect(rows()).toBe(1);
    now += 1;
    open('w3');
    expect(rows()).toBe(0);
  });
});

test('a reset empties the logs it names and no other, with a record in the same transaction', async () => {
  const ledger = open();
  const other = '["other","a"]';
  await ledger.admit(call([limit(1n), limit(1n, other)]));
  const seen: unknown[] = [];
  const reset = (accepts: (bucket: string) => boolean) =>
    ledger.reset(accepts, (names) => {
      seen.push(names);
      return { kind: 'limits-reset', at: now, members: '' };
    });
  expect(await reset((bucket) => bucket === other)).toEqual([other]);
  expect([seen, kinds()]).toEqual([[[other]], ['intent', 'limits-reset']]);
  expect((await ledger.admit(call([limit(1n)]))).kind).toBe('exceeded');
  expect((await ledger.admit(call([limit(1n, other)]))).kind).toBe('admitted');
  db.exec("CREATE TRIGGER stop BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'no'); END");
  await expect(reset(() => true)).rejects.toThrow('no');
  db.exec('DROP TRIGGER stop');
  expect((await ledger.admit(call([limit(1n, other)]))).kind).toBe('exceeded');
  // And so it is for who reads the file next.
  expect((await open('w2').admit(call([limit(1n, other)]))).kind).toBe('exceeded');
});

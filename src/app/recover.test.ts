import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LimitClock } from '../stages/limits/limit-clock.ts';
import { openDatabase } from '../storage/sqlite/database.ts';
import { Ledger } from '../storage/sqlite/ledger.ts';
import { WriterLock } from '../storage/sqlite/locks.ts';
import { records } from '../storage/sqlite/trail.ts';
import { recoverOpenIntents } from './recover.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-recover-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function writerOf(id: string) {
  const path = join(folder, 'sallyport.db');
  const lock = WriterLock.hold(folder, id);
  const db = openDatabase(path);
  const now = () => Date.now();
  const clock = new LimitClock({ wall: now, monotonic: () => performance.now(), latest: 0, onStepBack: () => {} });
  const ledger = new Ledger({ db, path, writer: id, clock, sole: false });
  return {
    db,
    ledger,
    lock,
    admit: (members = '"verdict":"permit"') =>
      ledger.admit({
        demands: [],
        intent: (at) => ({ kind: 'intent', at, members }),
        refusal: (_exceeded, at) => ({ kind: 'refusal', at, members: '"verdict":"refuse"' }),
      }),
    recover: () => recoverOpenIntents({ db, ledger, folder, self: id, now }),
    async end() {
      await ledger.close();
      db.close();
      lock.release();
    },
  };
}

test('two that start together close the intents of one that is gone once; those of one that lives stay open', async () => {
  const gone = writerOf('gone');
  for (let i = 0; i < 3; i++) await gone.admit();
  const living = writerOf('living');
  await living.admit();
  // As the system does where a process dies: its row in the database stays.
  gone.lock.release();
  const both = [writerOf('one'), writerOf('two')];
  const closed = await Promise.all(both.map((writer) => writer.recover()));
  expect(closed.reduce((sum, count) => sum + count)).toBe(3);
  const closing = [...records(living.db)].filter(({ ref }) => ref !== undefined && ref !== null).map(({ ref }) => ref);
  expect(closing.sort()).toEqual([1, 2, 3]);
  expect(readdirSync(folder)).not.toContain('writer-gone.lock');
  for (const writer of [living, ...both]) await writer.end();
  await gone.ledger.close();
  gone.db.close();
});

test('what a call brings is no intent, and of no other writer: only what a writer wrote is closed', async () => {
  const gone = writerOf('gone');
  const living = writerOf('living');
  // As they stand in a record with `arguments: full`.
  const forged = '"verdict":"refuse","arguments":{"full":{"kind":"intent","writer":"gone"}}';
  await gone.ledger.append({ kind: 'refusal', at: Date.now(), members: forged });
  await living.admit(forged);
  await gone.admit('"verdict":"permit","arguments":{"full":{"kind":"refusal","writer":"living"}}');
  gone.lock.release();
  expect(await living.recover()).toBe(1);
  expect([...records(living.db)].map(({ ref }) => ref)).toEqual([undefined, undefined, undefined, 3]);
  await living.end();
  await gone.ledger.close();
  gone.db.close();
});

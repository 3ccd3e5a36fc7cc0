import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { demand } from '../../test/limits/model.ts';
import { LimitClock } from '../stages/limits/limit-clock.ts';
import { type LimitStore, LimitStoreUnreachable } from '../stages/limits/limit-store.ts';
import { MemoryLimitStore } from '../storage/memory/limit-store.ts';
import { openDatabase } from '../storage/sqlite/database.ts';
import { Ledger } from '../storage/sqlite/ledger.ts';
import { records } from '../storage/sqlite/trail.ts';
import { StoreAdmissions } from './admissions.ts';

const HOUR = 3_600_000;

describe('admission with the limits in a store of their own', () => {
  let folder: string;
  let db: DatabaseSync;
  let ledger: Ledger;
  let lost: unknown[];
  let settled: number;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-admissions-'));
    const path = join(folder, 'sallyport.db');
    db = openDatabase(path);
    const clock = new LimitClock({
      wall: () => Date.now(),
      monotonic: () => performance.now(),
      latest: 0,
      onStepBack: () => {},
    });
    ledger = new Ledger({ db, path, writer: 'w', clock, sole: true });
    lost = [];
    settled = 0;
  });
  afterEach(async () => {
    await ledger.close();
    db.close();
    rmSync(folder, { recursive: true, force: true });
  });

  let memory: MemoryLimitStore;
  const with_ = (faults: Partial<LimitStore> = {}) => {
    memory = new MemoryLimitStore(() => 1_000_000);
    const store: LimitStore = {
      reserve: (demands) => memory.reserve(demands),
      confirm: (reservation) => memory.confirm(reservation),
      giveBack: (reservation) => memory.giveBack(reservation),
      sweep: () => memory.sweep(),
      entries: () => memory.entries(),
      reset: (accepts) => memory.reset(accepts),
      close: () => memory.close(),
      ...faults,
    };
    const admissions = new StoreAdmissions({
      ledger,
      store,
      onLost: (fault) => lost.push(fault),
      onSettled: () => void settled++,
    });
    const admit = (...demands: ReturnType<typeof demand>[]) =>
      admissions.admit({
        demands,
        intent: (at) => ({ kind: 'intent', at, members: '"verdict":"permit"' }),
        refusal: (_exceeded, at) => ({ kind: 'refusal', at, members: '"verdict":"refuse"' }),
      });
    const used = async () => (await memory.entries()).entries.length;
    return { admissions, admit, used };
  };
  const trail = () =>
    [...records(db)].map(({ body, ref }) => {
      const { kind, outcome } = JSON.parse(body) as Record<string, string>;
      return [kind, ...(ref === undefined ? [] : [ref]), ...(outcome === undefined ? [] : [outcome])].join(' ');
    });
  const outcome = (ref: number) => ({ kind: 'outcome' as const, ref, at: 0, members: '"outcome":"x"' });

  test('takes, refuses with a record, and gives back only what was surely not sent', async () => {
    const { admissions, admit, used } = with_();
    const first = await admit(demand('c', '1', HOUR));
    expect(await admit(demand('c', '1', HOUR))).toMatchObject({ kind: 'exceeded', seq: 2 });
    await admissions.append(outcome(first.seq));
    expect(await used()).toBe(1);
    const second = await admit(demand('d', '1', HOUR));
    if (second.kind !== 'admitted') throw new Error('refused');
    await admissions.append(outcome(second.seq), second.taken);
    expect(await used()).toBe(1);
    expect(trail()).toEqual(['intent', 'refusal', 'outcome 1 x', 'intent', 'outcome 4 x']);
  });

  test('a call without a limit does not touch the store', async () => {
    const { admit } = with_({ reserve: () => Promise.reject(new Error('touched')) });
    expect((await admit()).kind).toBe('admitted');
  });

  test('where the store does not answer nothing is admitted, and nothing written', async () => {
    const { admit } = with_({ reserve: () => Promise.reject(new LimitStoreUnreachable(new Error('gone'))) });
    await expect(admit(demand('c', '1', HOUR))).rejects.toThrow('the limit store cannot be reached');
    expect(trail()).toEqual([]);
  });

  test.each<[string, LimitStore['confirm']]>([
    ['says that the lease has run out', async () => false],
    ['does not answer', () => Promise.reject(new LimitStoreUnreachable(new Error('late')))],
    ['fails', () => Promise.reject(new Error('anything'))],
  ])(
    'where a confirmation %s the call does not leave, its intent is closed and its quota comes back',
    async (_what, confirm) => {
      const { admit, used } = with_({ confirm });
      await expect(admit(demand('c', '1', HOUR))).rejects.toThrow(LimitStoreUnreachable);
      expect(trail()).toEqual(['intent', 'outcome 1 not-sent']);
      expect(await used()).toBe(0);
      expect(lost).toEqual([]);
    },
  );

  test('where the intent cannot be written the quota comes back', async () => {
    const { admit, used } = with_();
    const blocker = new DatabaseSync(join(folder, 'sallyport.db'));
    blocker.exec("CREATE TRIGGER stop BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'no space'); END");
    await expect(admit(demand('c', '1', HOUR))).rejects.toThrow('no space');
    expect(await used()).toBe(0);
    blocker.exec('DROP TRIGGER stop');
    blocker.close();
    expect((await admit(demand('c', '1', HOUR))).kind).toBe('admitted');
  });

  test('quota that cannot be given back is said, and the outcome stands', async () => {
    const { admissions, admit, used } = with_({
      giveBack: () => Promise.reject(new LimitStoreUnreachable(new Error('gone'))),
    });
    const admitted = await admit(demand('c', '1', HOUR));
    if (admitted.kind !== 'admitted') throw new Error('refused');
    await admissions.append(outcome(admitted.seq), admitted.taken);
    expect([lost.length, await used(), trail()]).toEqual([1, 1, ['intent', 'outcome 1 x']]);
  });

  test('quota that could not be given back comes back when the store answers again, and that is said once', async () => {
    let answers = false;
    const { admissions, admit, used } = with_({
      confirm: () => Promise.reject(new LimitStoreUnreachable(new Error('late'))),
      giveBack: (reservation) => (answers ? memory.giveBack(reservation) : Promise.reject(new Error('gone'))),
    });
    await expect(admit(demand('c', '1', HOUR))).rejects.toThrow(LimitStoreUnreachable);
    expect([await admissions.settle(), lost.length, await used()]).toEqual([false, 1, 1]);
    expect(settled).toBe(0);
    answers = true;
    expect([await admissions.settle(), await used(), settled]).toEqual([true, 0, 1]);
    expect([await admissions.settle(), settled]).toEqual([true, 1]);
  });

  test('a store that no longer answers is not waited for twice', async () => {
    const { admit } = with_({
      confirm: () => Promise.reject(new LimitStoreUnreachable(new Error('late'))),
      giveBack: () => new Promise(() => {}),
    });
    await expect(admit(demand('c', '1', HOUR))).rejects.toThrow(LimitStoreUnreachable);
  });
});

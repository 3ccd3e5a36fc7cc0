import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Unavailable } from '../platform/unavailable.ts';
import type { LimitInForce } from '../rulebook/limit-rules.ts';
import { LimitClock } from '../stages/limits/limit-clock.ts';
import { openDatabase } from '../storage/sqlite/database.ts';
import { Ledger } from '../storage/sqlite/ledger.ts';
import { limitEntries } from '../storage/sqlite/limit-log.ts';
import { FileLock, WriterLock } from '../storage/sqlite/locks.ts';
import { openForReading } from '../storage/sqlite/read-database.ts';
import { askGateway, type ResetRequest } from './limit-requests.ts';
import { type LimitInUse, limitsInUse } from './limits-in-use.ts';
import { openLimitStore } from './open-limit-store.ts';
import { resetLimits } from './reset-limits.ts';

/** Where limits are counted: the data folder, and what `limits:` names. */
export type Counting = { readonly data: string; readonly limits: string };

/** What is used now. @throws Unavailable */
export async function listLimits(counting: Counting, limits: readonly LimitInForce[]): Promise<readonly LimitInUse[]> {
  const store = await openLimitStore(counting.limits, () => {});
  if (store !== undefined) {
    try {
      const { now, entries } = await store.entries();
      return limitsInUse(entries, limits, now);
    } finally {
      await store.close();
    }
  }
  const db = openForReading(databaseIn(counting.data));
  const entries = limitEntries(db);
  db.close();
  const now = entries.reduce((latest, { at }) => Math.max(latest, at), Date.now());
  return limitsInUse(entries, limits, now);
}

/**
 * Resets a counter, on the record: through the gateway where one has the folder to itself, beside the wraps that share
 * it otherwise. The names of the logs that were emptied. @throws Unavailable
 */
export async function resetCounter(
  counting: Counting,
  asked: Omit<ResetRequest, 'version' | 'kind'>,
): Promise<readonly string[]> {
  const { data } = counting;
  const request: ResetRequest = { version: 1, kind: 'limits-reset', ...asked };
  const database = databaseIn(data);
  const lock = FileLock.tryShared(join(data, 'sallyport.lock'));
  if (lock === undefined) {
    const answer = await askGateway(data, request);
    if ('error' in answer) throw new Unavailable(`the gateway could not reset it: ${answer.error}`, 'look at its log');
    return answer.logs;
  }
  const store = await openLimitStore(counting.limits, () => {});
  const writer = randomBytes(6).toString('hex');
  const writerLock = WriterLock.hold(data, writer);
  const db = openDatabase(database);
  try {
    const now = () => Date.now();
    const clock = new LimitClock({ wall: now, monotonic: () => performance.now(), latest: 0, onStepBack: () => {} });
    const ledger = new Ledger({ db, path: database, writer, clock, sole: false });
    const names = await resetLimits(request, { ledger, store, now });
    await ledger.close();
    return names;
  } finally {
    await store?.close();
    db.close();
    writerLock.release();
    lock.release();
  }
}

function databaseIn(data: string): string {
  const path = join(data, 'sallyport.db');
  if (existsSync(path)) return path;
  throw new Unavailable(
    `nothing was counted in ${data} yet`,
    'name the data folder with --data or the configuration with -c',
  );
}

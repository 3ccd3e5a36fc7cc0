import { chmodSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Unavailable } from '../../platform/unavailable.ts';

/** The one file of the embedded store. Newer schemas are refused: an older program must not write into them. */
const SCHEMA_VERSION = 1;

const QUICK_CHECK_BYTES_MAX = 32 * 1024 * 1024;

const SCHEMA = `
  CREATE TABLE records (
    seq  INTEGER PRIMARY KEY,
    ref  INTEGER,
    body TEXT NOT NULL,
    hash TEXT NOT NULL
  ) STRICT;
  -- Where the trail begins after old segments were dropped: the hash before its first record.
  CREATE TABLE anchors (seq INTEGER PRIMARY KEY, hash TEXT NOT NULL) STRICT;
  -- Quota taken, one row per call and bucket, and given back by a row that names it.
  CREATE TABLE limit_log (
    id     INTEGER PRIMARY KEY,
    bucket TEXT NOT NULL,
    at     INTEGER NOT NULL,
    amount TEXT NOT NULL,
    entry  INTEGER NOT NULL,
    undo   INTEGER
  ) STRICT;
  CREATE TABLE sessions (
    digest     TEXT PRIMARY KEY,
    caller     TEXT NOT NULL,
    server     TEXT NOT NULL,
    revision   TEXT NOT NULL,
    initialize TEXT NOT NULL,
    upstream   TEXT,
    state      TEXT NOT NULL,
    created    INTEGER NOT NULL,
    used       INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE writers (id TEXT PRIMARY KEY, floor INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

/**
 * Opens the database file, making it where there is none. Commits append to the write-ahead log without waiting for
 * the disk (synchronous=NORMAL); what must be durable waits for an fsync of that log that the ledger starts itself.
 * @throws Unavailable where the file cannot be opened, is damaged, or was written by a newer version.
 */
export function openDatabase(path: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    requireContent(path);
    db = new DatabaseSync(path, { timeout: BUSY_MS_MAX });
    chmodSync(path, 0o600);
    useLog(db);
    db.exec('PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=4000');
    migrate(db, path);
    // Reading every page takes as long as the file is large; beyond this size damage shows when a page is used.
    if (statSync(path).size <= QUICK_CHECK_BYTES_MAX) {
      const check = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string };
      if (check.quick_check !== 'ok') throw new Error(check.quick_check);
    }
    return db;
  } catch (fault) {
    db?.close();
    if (fault instanceof Unavailable) throw fault;
    throw new Unavailable(
      `the database ${path} cannot be used: ${(fault as Error).message}`,
      'it is never recreated over; move the file away to begin anew, or restore it from a copy',
    );
  }
}

/** A file of no bytes was cut off: one that is made has its first page a moment later. To SQLite it would be a new one. */
export function requireContent(path: string): void {
  const until = performance.now() + EMPTY_MS_MAX;
  while (statSync(path, { throwIfNoEntry: false })?.size === 0) {
    if (performance.now() > until) throw new Error('it is empty, so what was in it is lost');
    pause();
  }
}

/** Going over to the write-ahead log does not wait for another process that is doing the same: it is asked again. */
function useLog(db: DatabaseSync): void {
  const until = performance.now() + BUSY_MS_MAX;
  for (;;) {
    try {
      db.exec('PRAGMA journal_mode=WAL');
      return;
    } catch (fault) {
      if (!/locked|busy/i.test((fault as Error).message) || performance.now() > until) throw fault;
      pause();
    }
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
}

const EMPTY_MS_MAX = 1_000;
export const BUSY_MS_MAX = 5_000;

function migrate(db: DatabaseSync, path: string): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    if (versionOf(db) === 0) {
      db.exec(SCHEMA);
      db.exec(`PRAGMA user_version=${SCHEMA_VERSION}`);
    }
    checkVersion(db, path);
    db.exec('COMMIT');
  } catch (fault) {
    db.exec('ROLLBACK');
    throw fault;
  }
}

/** @throws Unavailable where another version wrote the file. */
export function checkVersion(db: DatabaseSync, path: string): void {
  const version = versionOf(db);
  if (version !== SCHEMA_VERSION) {
    throw new Unavailable(
      `the database ${path} has schema ${version}, this program knows ${SCHEMA_VERSION}`,
      'use the version of sallyport that wrote it',
    );
  }
}

function versionOf(db: DatabaseSync): number {
  return (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
}

import { constants, copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { Unavailable } from '../../platform/unavailable.ts';
import { BUSY_MS_MAX, checkVersion, requireContent } from './database.ts';

/**
 * Opens the database file for reading, whether or not a gateway is writing it, and where this user may write nothing
 * beside it: an auditor's copy, a read-only file system.
 * @throws Unavailable where the file is not there, cannot be read, is damaged, or was written by a newer version.
 */
export function openForReading(path: string): DatabaseSync {
  if (sizeOf(path) === undefined)
    throw new Unavailable(`no database at ${path}`, 'start the gateway once, or name its data folder');
  try {
    requireContent(path);
    return opened(path, path);
  } catch (fault) {
    if (!wantsToWrite(fault)) throw asUnavailable(fault, path);
    return openWithoutWriting(path, fault);
  }
}

/** SQLite reads a file with a write-ahead log only where it may put an index beside it. */
function openWithoutWriting(path: string, fault: unknown): DatabaseSync {
  // With an index a gateway may be writing: what is read past it could be torn.
  if (sizeOf(`${path}-shm`) !== undefined) throw asUnavailable(fault, path);
  try {
    const log = sizeOf(`${path}-wal`) ?? 0;
    return log === 0 ? openUnchanging(path) : openCopy(path);
  } catch (second) {
    throw asUnavailable(second, path);
  }
}

/** Without a log everything stands in the file itself. */
function openUnchanging(path: string): DatabaseSync {
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return opened(url, path);
}

/** The last records stand in the log, and to leave them out would be a lie. */
function openCopy(path: string): DatabaseSync {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-read-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const copy = join(folder, basename(path));
  for (const end of ['', '-wal']) copyFileSync(`${path}${end}`, `${copy}${end}`, constants.COPYFILE_FICLONE);
  return opened(copy, path);
}

function opened(at: string | URL, path: string): DatabaseSync {
  const db = new DatabaseSync(at, { readOnly: true, timeout: BUSY_MS_MAX });
  try {
    checkVersion(db, path);
    return db;
  } catch (fault) {
    db.close();
    throw fault;
  }
}

function sizeOf(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size;
  } catch (fault) {
    throw asUnavailable(fault, path);
  }
}

function wantsToWrite(fault: unknown): boolean {
  const primary = ((fault as { errcode?: number }).errcode ?? 0) & 0xff;
  return primary === SQLITE_READONLY || primary === SQLITE_CANTOPEN;
}

function asUnavailable(fault: unknown, path: string): Unavailable {
  if (fault instanceof Unavailable) return fault;
  const mayNot = wantsToWrite(fault) || (fault as NodeJS.ErrnoException).syscall !== undefined;
  return new Unavailable(
    `the database ${path} cannot be read: ${(fault as Error).message}`,
    mayNot
      ? 'copy its whole folder to where this user may read and write, and name the copy with --data'
      : 'it is never recreated over; restore it from a copy',
  );
}

const SQLITE_READONLY = 8;
const SQLITE_CANTOPEN = 14;

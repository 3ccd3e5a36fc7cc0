import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Locks that the operating system drops when the process dies, however it dies: each is a tiny SQLite file whose
 * write lock is held open. Node has no file locks of its own.
 */
export class FileLock {
  readonly #db: DatabaseSync;
  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Undefined where another process holds it. */
  static tryExclusive(path: string): FileLock | undefined {
    return FileLock.#try(path, 'BEGIN EXCLUSIVE');
  }

  /** Several processes may share it; an exclusive one then fails, and the reverse. */
  static tryShared(path: string): FileLock | undefined {
    return FileLock.#try(path, 'BEGIN; SELECT count(*) FROM sqlite_schema');
  }

  release(): void {
    this.#db.close();
  }

  static #try(path: string, sql: string): FileLock | undefined {
    // SQLite gives its journals the mode of their database. Only where it is new: closing a file drops the locks that
    // this process holds on it.
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
    const db = new DatabaseSync(path, { timeout: 0 });
    try {
      db.exec(sql);
      return new FileLock(db);
    } catch (fault) {
      db.close();
      if (/locked|busy/i.test((fault as Error).message)) return undefined;
      throw fault;
    }
  }
}

/** The lock of one writer of a shared folder. Recovery may close only the intents of writers whose lock is gone. */
export class WriterLock {
  readonly #lock: FileLock;
  readonly #path: string;
  private constructor(lock: FileLock, path: string) {
    this.#lock = lock;
    this.#path = path;
  }

  static hold(folder: string, writer: string): WriterLock {
    const path = pathOf(folder, writer);
    try {
      const lock = FileLock.tryExclusive(path);
      if (lock !== undefined) return new WriterLock(lock, path);
    } catch (fault) {
      // A full disk takes the file and not the lock.
      rmSync(path, { force: true });
      throw fault;
    }
    throw new Error(`the writer id ${writer} is taken`);
  }

  release(): void {
    this.#lock.release();
    rmSync(this.#path, { force: true });
  }

  /**
   * The lock of a writer that has gone, for who finishes what it began; undefined while it lives, or another process is
   * finishing that.
   */
  static takeOver(folder: string, writer: string): WriterLock | undefined {
    const path = pathOf(folder, writer);
    const lock = FileLock.tryExclusive(path);
    return lock === undefined ? undefined : new WriterLock(lock, path);
  }
}

function pathOf(folder: string, writer: string): string {
  return join(folder, `writer-${writer}.lock`);
}

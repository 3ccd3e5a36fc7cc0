/**
 * The data directory: one SQLite file with the last snapshot and every change made since, so that a restart finds the
 * exchange exactly as it was. One process writes; a second is refused.
 */

import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Command } from '../api/route.ts';
import type { ClockState } from '../engine/clock.ts';
import type { VenueData } from './snapshot.ts';
import { decode, encode } from './snapshot.ts';

const FILE = 'paper-exchange.sqlite';
/** After so many changes the journal is folded into a new snapshot; bounds the time a restart takes. */
export const JOURNAL_ENTRIES_MAX = 5_000;

export interface Saved {
  readonly venue: VenueData;
  readonly clock: ClockState;
}

export class Journal {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  #entries: number;

  private constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(`
      CREATE TABLE IF NOT EXISTS snapshot (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, command TEXT NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS played (id INTEGER PRIMARY KEY CHECK (id = 1), until INTEGER NOT NULL) STRICT;
    `);
    this.#insert = database.prepare('INSERT INTO journal (command) VALUES (?)');
    this.#entries = Number(database.prepare('SELECT count(*) AS n FROM journal').get()?.['n'] ?? 0);
  }

  /** Opens or makes the store in `directory`. Throws with a sentence when another process has it. */
  static open(directory: string): Journal {
    const database = openFile(directory);
    try {
      // An exclusive lock from the first write to the last: the second writer fails here and not in the middle.
      database.exec(
        'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN EXCLUSIVE; COMMIT;',
      );
      return new Journal(database);
    } catch (error) {
      database.close();
      if (!(error instanceof Error) || !/locked|busy/i.test(error.message)) throw unusable(directory, error);
      throw new Error(
        `data directory \`${directory}\` is in use by another paper exchange; stop that one or give another directory`,
        { cause: error },
      );
    }
  }

  /** The last snapshot, or null in a new store. */
  saved(): Saved | null {
    const row = this.#database.prepare('SELECT state FROM snapshot WHERE id = 1').get();
    return row === undefined ? null : (decode(String(row['state'])) as Saved);
  }

  /** The changes since the snapshot, oldest first. */
  *commands(): Generator<Command> {
    for (const row of this.#database.prepare('SELECT command FROM journal ORDER BY seq').iterate()) {
      yield decode(String(row['command'])) as Command;
    }
  }

  append(command: Command): void {
    this.#insert.run(encode(command));
    this.#entries += 1;
  }

  /** Notes how far (ms) time has been played, for the stretches in which nobody changes anything. */
  notePlayed(until: number): void {
    this.#database
      .prepare('INSERT INTO played (id, until) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET until = excluded.until')
      .run(until);
  }

  /** The last note, 0 when there is none. */
  playedUntil(): number {
    return Number(this.#database.prepare('SELECT until FROM played WHERE id = 1').get()?.['until'] ?? 0);
  }

  get isFull(): boolean {
    return this.#entries >= JOURNAL_ENTRIES_MAX;
  }

  /** Writes a snapshot and empties the journal, both or neither. */
  save(saved: Saved): void {
    this.#database.exec('BEGIN');
    try {
      this.#database
        .prepare('INSERT INTO snapshot (id, state) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state')
        .run(encode(saved));
      this.#database.exec('DELETE FROM journal; COMMIT;');
      this.#entries = 0;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }
}

function openFile(directory: string): DatabaseSync {
  try {
    makeFolder(directory);
    return new DatabaseSync(join(directory, FILE));
  } catch (error) {
    throw unusable(directory, error);
  }
}

function unusable(directory: string, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : 'unknown error';
  return new Error(`data directory \`${directory}\` cannot be used (${why}); give another directory`, { cause });
}

/** One level at a time: node's `recursive` never returns where a folder that is there takes no other, as /proc does. */
function makeFolder(path: string): void {
  const whole = resolve(path);
  if (existsSync(whole)) return;
  makeFolder(dirname(whole));
  mkdirSync(whole, { mode: 0o700 });
}

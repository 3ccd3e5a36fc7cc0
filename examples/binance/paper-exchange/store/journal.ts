/**
 * The data directory: one SQLite file with the last snapshot and every change made since, so that a restart finds the
 * exchange exactly as it was. One process writes; a second is refused.
 */

import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Command } from '../api/route.ts';
import type { ClockState } from '../engine/clock.ts';
import { decode, encode, type VenueData } from './snapshot.ts';

const FILE = 'paper-exchange.sqlite';
/** After so many changes the journal is folded into a new snapshot; bounds the time a restart takes. */
export const JOURNAL_ENTRIES_MAX = 5_000;

// An exclusive lock from the first write to the last: the second writer fails here and not in the middle.
const OPEN = `
  PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN EXCLUSIVE; COMMIT;
  CREATE TABLE IF NOT EXISTS snapshot (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, command TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS played (id INTEGER PRIMARY KEY CHECK (id = 1), until INTEGER NOT NULL) STRICT;
`;

export type Saved = { readonly venue: VenueData; readonly clock: ClockState };

export class Journal {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  #entries: number;

  private constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(OPEN);
    this.#insert = database.prepare('INSERT INTO journal (command) VALUES (?)');
    this.#entries = Number(this.#one('SELECT count(*) FROM journal'));
  }

  /** Opens or makes the store in `directory`. Throws with a sentence when that cannot be, or another process has it. */
  static open(directory: string): Journal {
    let database: DatabaseSync | null = null;
    try {
      makeFolder(resolve(directory));
      // The one before may still be on its way out.
      database = new DatabaseSync(join(directory, FILE), { timeout: 1_000 });
      return new Journal(database);
    } catch (cause) {
      database?.close();
      const why = cause instanceof Error ? cause.message : String(cause);
      const held = 'is in use by another paper exchange; stop that one or';
      const what = database !== null && /locked|busy/i.test(why) ? held : `cannot be used (${why});`;
      throw new Error(`data directory \`${directory}\` ${what} give another directory`, { cause });
    }
  }

  /** The first column of the first row; undefined when there is none. */
  #one(sql: string): string | undefined {
    const [value] = Object.values(this.#database.prepare(sql).get() ?? {});
    return value === undefined || value === null ? undefined : String(value as string | number);
  }

  saved(): Saved | null {
    const state = this.#one('SELECT state FROM snapshot');
    return state === undefined ? null : (decode(state) as Saved);
  }

  *commands(): Generator<Command> {
    for (const row of this.#database.prepare('SELECT command FROM journal ORDER BY seq').iterate())
      yield decode(String(row['command'])) as Command;
  }

  append(command: Command): void {
    this.#insert.run(encode(command));
    this.#entries += 1;
  }

  /** Notes how far (ms) time has been played, for the stretches in which nobody changes anything. */
  notePlayed(until: number): void {
    this.#database.prepare('INSERT OR REPLACE INTO played (id, until) VALUES (1, ?)').run(until);
  }

  playedUntil(): number {
    return Number(this.#one('SELECT until FROM played') ?? 0);
  }

  get isFull(): boolean {
    return this.#entries >= JOURNAL_ENTRIES_MAX;
  }

  /** Writes a snapshot and empties the journal, both or neither. */
  save(saved: Saved): void {
    this.#database.exec('BEGIN');
    try {
      this.#database.prepare('INSERT OR REPLACE INTO snapshot (id, state) VALUES (1, ?)').run(encode(saved));
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

/** One level at a time: node's `recursive` never returns where a folder that is there takes no other, as /proc does. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

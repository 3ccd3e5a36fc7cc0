import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Unavailable } from '../../platform/unavailable.ts';
import { openDatabase } from './database.ts';
import { openForReading } from './read-database.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-database-'));
  path = join(folder, 'sallyport.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

function refusal(open: typeof openDatabase): Unavailable {
  try {
    open(path).close();
  } catch (fault) {
    if (fault instanceof Unavailable) return fault;
    throw fault;
  }
  throw new Error('it was opened');
}

test('a file is made for its user alone, with a log before it', () => {
  const db = openDatabase(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const setting = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  expect(['journal_mode', 'synchronous', 'user_version'].map(setting)).toEqual(['wal', 1, 1]);
  db.exec("INSERT INTO facts (key, value) VALUES ('a', 'b')");
  db.close();
  const again = openDatabase(path);
  expect(again.prepare('SELECT value FROM facts').get()).toEqual({ value: 'b' });
  again.close();
});

test.each([2, -1])('a file with the schema %i is neither written nor read, and left as it is', (version) => {
  const db = openDatabase(path);
  db.exec(`PRAGMA user_version=${version}`);
  db.close();
  const before = readFileSync(path);
  for (const open of [openDatabase, openForReading]) {
    const { message, remedy } = refusal(open);
    expect(message).toContain(`has schema ${version}, this program knows 1`);
    expect(remedy).toBe('use the version of sallyport that wrote it');
  }
  expect(readFileSync(path).equals(before)).toBe(true);
});

test('a damaged page is found when the file is opened, and it is not recreated', () => {
  const db = openDatabase(path);
  const fill = db.prepare("INSERT INTO records (seq, body, hash) VALUES (?, ?, '')");
  for (let i = 1; i <= 50; i++) fill.run(i, 'x'.repeat(1_000));
  db.close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, 8 * 4_096, 9 * 4_096);
  writeFileSync(path, bytes);
  const { message, remedy } = refusal(openDatabase);
  expect(message).toContain(`the database ${path} cannot be used`);
  expect(remedy).toContain('it is never recreated over');
  expect(readFileSync(path).length).toBe(bytes.length);
});

test('a file of no bytes is one that was cut off: no new one is begun in it', () => {
  writeFileSync(path, '');
  for (const open of [openDatabase, openForReading]) expect(refusal(open).message).toContain('it is empty');
  expect(statSync(path).size).toBe(0);
});

test('where there is no file there is nothing to read, and none is made', () => {
  expect(refusal(openForReading).message).toBe(`no database at ${path}`);
  expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
});

test('what is no database is not read', () => {
  writeFileSync(path, 'hello '.repeat(1_000));
  for (const open of [openDatabase, openForReading]) expect(refusal(open).message).toContain(path);
});

test('who reads sees what is written meanwhile, and writes nothing', () => {
  const db = openDatabase(path);
  const reader = openForReading(path);
  db.exec("INSERT INTO facts (key, value) VALUES ('a', 'b')");
  expect(reader.prepare('SELECT value FROM facts').all()).toEqual([{ value: 'b' }]);
  expect(() => reader.exec('DELETE FROM facts')).toThrow(/readonly/);
  reader.close();
  db.close();
});

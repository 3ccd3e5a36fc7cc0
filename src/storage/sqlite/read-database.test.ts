import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from './database.ts';

/** Modes mean nothing to root: what may be read is then looked at as somebody else, who must be able to run Node. */
const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
const module = new URL('./read-database.ts', import.meta.url);
const counting = `
  import { openForReading } from ${JSON.stringify(module.href)};
  try {
    const { n } = openForReading(process.argv[1]).prepare('SELECT count(*) AS n FROM records').get();
    console.log(n);
  } catch (fault) {
    console.log(fault.name, fault.message, fault.remedy);
  }
`;
const count = (path: string, temporary = tmpdir()) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', counting, path], {
    ...user,
    cwd: '/',
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], TMPDIR: temporary },
  });
const canLook = count('/absent.db').stdout?.includes('no database at') === true;

describe.skipIf(process.platform === 'win32' || !canLook)('a folder in which nothing may be written', () => {
  let folder: string;
  let temporary: string;
  const copied = (name: string, files: readonly string[]) => {
    const to = join(folder, name);
    for (const file of files) cpSync(join(folder, 'data', file), join(to, file));
    for (const file of files) chmodSync(join(to, file), 0o444);
    chmodSync(to, 0o555);
    return join(to, 'sallyport.db');
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-read-only-'));
    chmodSync(folder, 0o755);
    temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    chmodSync(temporary, 0o777);
    mkdirSync(join(folder, 'data'));
    const db = openDatabase(join(folder, 'data', 'sallyport.db'));
    db.exec(`INSERT INTO records (seq, body, hash) VALUES (1, '{}', '')`);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.exec(`INSERT INTO records (seq, body, hash) VALUES (2, '{}', '')`);
    copied('running', ['sallyport.db', 'sallyport.db-wal', 'sallyport.db-shm']);
    copied('killed', ['sallyport.db', 'sallyport.db-wal']);
    db.close();
    copied('stopped', ['sallyport.db']);
  });
  afterAll(() => {
    for (const name of ['running', 'killed', 'stopped']) chmodSync(join(folder, name), 0o755);
    rmSync(folder, { recursive: true });
  });

  test.each(['running', 'killed', 'stopped'])('the copy of a %s gateway is read to its last record', (name) => {
    const { stdout, stderr } = count(join(folder, name, 'sallyport.db'), temporary);
    expect([stdout, stderr]).toEqual(['2\n', '']);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('where it cannot be read, what to do is said', () => {
    const killed = join(folder, 'killed', 'sallyport.db');
    const { stdout } = count(killed, join(folder, 'absent'));
    expect(stdout).toMatch(
      /^Unavailable the database .*killed\/sallyport\.db cannot be read: .* copy its whole folder/,
    );
  });
});

import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileLock, WriterLock } from './locks.ts';

let folder: string;
const held: { release(): void }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-locks-'));
});
afterEach(() => {
  for (const lock of held.splice(0)) lock.release();
  rmSync(folder, { recursive: true });
});
const keep = <T extends { release(): void } | undefined>(lock: T): T => {
  if (lock !== undefined) held.push(lock);
  return lock;
};

describe('the lock of a folder', () => {
  const path = () => join(folder, 'sallyport.lock');
  const exclusive = () => keep(FileLock.tryExclusive(path()));
  const shared = () => keep(FileLock.tryShared(path()));
  const free = () => {
    for (const lock of held.splice(0)) lock.release();
  };

  test('is one process’s, or several share it', () => {
    expect(exclusive()).toBeDefined();
    expect([exclusive(), shared()]).toEqual([undefined, undefined]);
    free();
    expect([shared(), shared()]).not.toContain(undefined);
    expect(exclusive()).toBeUndefined();
    free();
    expect(exclusive()).toBeDefined();
  });
  test('is a file of its user alone', () => {
    exclusive();
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });
  test('that cannot be made is no lock that another holds', () => {
    expect(() => FileLock.tryExclusive(join(folder, 'absent', 'lock'))).toThrow('ENOENT');
    expect(() => FileLock.tryExclusive(folder)).toThrow();
    writeFileSync(path(), 'no lock of ours '.repeat(100));
    for (const lock of [exclusive, shared]) expect(lock).toThrow('not a database');
  });
});

describe('the lock of a writer', () => {
  const file = () => join(folder, 'writer-a.lock');

  test('is held by one, and gone with its file when that one ends', () => {
    const lock = WriterLock.hold(folder, 'a');
    expect(() => WriterLock.hold(folder, 'a')).toThrow('the writer id a is taken');
    expect(existsSync(file())).toBe(true);
    keep(WriterLock.hold(folder, 'b'));
    lock.release();
    expect(existsSync(file())).toBe(false);
    keep(WriterLock.hold(folder, 'a'));
  });
  test('that cannot be had leaves no file that would look like one', () => {
    writeFileSync(file(), 'what a full disk took '.repeat(100));
    expect(() => WriterLock.hold(folder, 'a')).toThrow('not a database');
    expect(existsSync(file())).toBe(false);
  });
  test('is taken over of one that has gone, and of no other', () => {
    const living = WriterLock.hold(folder, 'a');
    expect(WriterLock.takeOver(folder, 'a')).toBeUndefined();
    living.release();
    const finishing = WriterLock.takeOver(folder, 'a');
    expect(finishing).toBeDefined();
    expect(WriterLock.takeOver(folder, 'a')).toBeUndefined();
    finishing?.release();
    expect(existsSync(file())).toBe(false);
  });
});

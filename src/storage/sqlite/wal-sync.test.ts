import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WalSync } from './wal-sync.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-wal-'));
  path = join(folder, 'log');
  writeFileSync(path, '');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(): { sync: WalSync<string>; durable: string[]; failed: string[] } {
  const durable: string[] = [];
  const failed: string[] = [];
  const sync = new WalSync<string>({
    path,
    write: () => appendFileSync(path, 'x'),
    onDurable: (one) => durable.push(one),
    onFailed: (one) => failed.push(one),
  });
  return { sync, durable, failed };
}

test('what was added before the fsync began is served by it, in order', async () => {
  const { sync, durable } = open();
  sync.add('a');
  sync.add('b');
  sync.start();
  await sync.close();
  expect(durable).toEqual(['a', 'b']);
});

test('what is added while one runs is served by the next, which starts by itself', async () => {
  const { sync, durable } = open();
  sync.add('a');
  sync.start();
  sync.add('b');
  expect(durable).not.toContain('b');
  sync.start();
  await sync.close();
  expect(durable).toEqual(['a', 'b']);
});

test('nobody is told of what no fsync was started for', async () => {
  const { sync, durable } = open();
  sync.add('a');
  await sync.close();
  expect(durable).toEqual([]);
});

test.runIf(process.platform === 'linux')('a failed fsync fails all that wait, and is remembered', async () => {
  const { sync, durable, failed } = open();
  // The disk is taken away from under it.
  for (const fd of readdirSync('/proc/self/fd')) if (target(fd) === path) closeSync(Number(fd));
  sync.add('a');
  sync.start();
  sync.add('b');
  await expect.poll(() => sync.brokenBy?.message).toMatch(/EBADF/);
  expect(failed).toContain('a');
  sync.start();
  await expect.poll(() => failed).toEqual(['a', 'b']);
  expect(durable).toEqual([]);
});

test.runIf(process.platform === 'linux')(
  'after a failed fsync none succeeds: what it has lost is under all that comes',
  async () => {
    const { sync, durable, failed } = open();
    const taken =
      readdirSync('/proc/self/fd')
        .map(Number)
        .find((fd) => target(String(fd)) === path) ?? -1;
    closeSync(taken);
    sync.add('a');
    sync.start();
    await expect.poll(() => failed).toEqual(['a']);
    // Whatever is opened next has its number, so that the next fsync would succeed.
    const other = openSync(path, 'r+');
    expect(other).toBe(taken);
    sync.add('b');
    sync.start();
    await sync.close();
    expect([durable, failed]).toEqual([[], ['a', 'b']]);
  },
);

function target(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Unavailable } from '../platform/unavailable.ts';
import { inDataFolder, openDataFolder } from './data-folder.ts';

test('what the file system refuses in the data folder is a sentence with a way out, and no defect of ours', () => {
  const step = () => inDataFolder('/some/data', () => writeFileSync('/proc/none/writer.lock', ''));
  expect(step).toThrow(Unavailable);
  expect(step).toThrow('the data folder /some/data cannot be used (ENOENT)');
  const full = () =>
    inDataFolder('/some/data', () => {
      throw Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR' });
    });
  expect(full).toThrow('the data folder /some/data cannot be used (database or disk is full)');
  const own = new Unavailable('in use', 'stop it');
  expect(() =>
    inDataFolder('/some/data', () => {
      throw own;
    }),
  ).toThrow(own);
  expect(inDataFolder('/some/data', () => 7)).toBe(7);
});

test.skipIf(process.platform === 'win32')('what is not ours keeps its mode', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-data-'));
  const modes = { 'sallyport.db-wal': 0o600, 'desk.token': 0o600, 'run.sh': 0o755, 'policy.yaml': 0o644 };
  for (const file of Object.keys(modes)) writeFileSync(join(folder, file), '');
  for (const file of Object.keys(modes)) chmodSync(join(folder, file), file === 'run.sh' ? 0o755 : 0o644);
  openDataFolder(folder, () => {});
  const found = Object.keys(modes).map((file) => [file, statSync(join(folder, file)).mode & 0o777]);
  rmSync(folder, { recursive: true });
  expect(Object.fromEntries(found)).toEqual(modes);
});

import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Unavailable } from '../platform/unavailable.ts';
import { inDataFolder } from './data-folder.ts';

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

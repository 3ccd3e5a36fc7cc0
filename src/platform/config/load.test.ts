import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { defaultDataFolder, loadConfig } from './load.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-load-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.runIf(process.platform === 'linux').each([
  ['/state', '/state/sallyport'],
  ['', join(homedir(), '.local', 'state', 'sallyport')],
  ['state', join(homedir(), '.local', 'state', 'sallyport')],
])('with XDG_STATE_HOME %j data lies in %s', (state, data) => {
  expect(isAbsolute(data)).toBe(true);
  expect(defaultDataFolder({ XDG_STATE_HOME: state })).toBe(data);
});

test('a configuration without a server is warned of', () => {
  const file = join(folder, 'sallyport.yaml');
  writeFileSync(file, 'version: "1"\n');
  const loaded = loadConfig({ file, flags: {}, env: {} });
  expect(loaded.warnings.map(({ message }) => message)).toEqual(['no server is named, so that nothing can be called']);
});

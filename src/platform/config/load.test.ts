import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { defaultDataFolder } from './default-data-folder.ts';
import { loadConfig } from './load.ts';

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

test.each(['Content-Length', 'transfer-encoding', 'Mcp-Session-Id', 'Mcp-Param-Region'])(
  'the header %s of a server is not the operator’s to set',
  (name) => {
    const file = join(folder, 'headers.yaml');
    const servers = { up: { url: 'http://127.0.0.1:1/mcp', headers: { [name]: '1', 'X-Own': '1' } } };
    writeFileSync(file, JSON.stringify({ version: '1', servers }));
    const loaded = loadConfig({ file, flags: {}, env: {} });
    if (loaded.kind === 'config') throw new Error('it was taken');
    expect(loaded.errors.map(({ message }) => message)).toEqual([`the header \`${name}\` is the gateway's own to set`]);
  },
);

test('an error in what outranks the file says where that came from', () => {
  const file = join(folder, 'outranked.yaml');
  writeFileSync(file, 'version: "1"\nlisten: 127.0.0.1:0\n');
  const errorsOf = (flags: object, env: object) => {
    const loaded = loadConfig({ file, flags, env: { ...env } });
    return loaded.kind === 'invalid' ? loaded.errors.map(({ message }) => message) : [];
  };
  expect(errorsOf({ admin: 'y' }, { SALLYPORT_LISTEN: 'x' })).toEqual([
    '`x` is no host:port (from SALLYPORT_LISTEN)',
    '`y` is no host:port (from --admin)',
  ]);
  expect(errorsOf({}, { SALLYPORT_DATA: '' })).toEqual(['the data folder has no name (from SALLYPORT_DATA)']);
});

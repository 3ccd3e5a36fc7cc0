import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loopbackOrigin, notUsed, readSettings, SettingError } from './settings.ts';
import { runToEnd } from './test/desk.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binance-mcp-'));
});
afterAll(async () => rm(folder, { recursive: true }));

const keys = { BINANCE_API_KEY: 'k', BINANCE_API_SECRET: 's' };

async function file(name: string, content: string, mode = 0o600): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

it('says which settings nothing looks at', async () => {
  const tokens = await file('tokens.json', JSON.stringify({ ['t'.repeat(40)]: { key: 'a', secret: 'b' } }));
  const env = { BINANCE_MCP_KEYS_FILE: tokens, BINANCE_MCP_TOKEN: 'x'.repeat(40), BINANCE_MCP_PAPER_DATA: folder };
  const settings = readSettings(['--http', '0', '--exchange', 'http://127.0.0.1:1'], { ...env, ...keys });
  expect(notUsed(settings).map((line) => line.split(' ')[0])).toEqual([
    'BINANCE_MCP_TOKEN',
    'BINANCE_API_KEY',
    'BINANCE_MCP_PAPER_DATA',
  ]);
  expect(notUsed(readSettings(['--http', '0'], { ...keys, BINANCE_MCP_PAPER_DATA: folder }))).toEqual([]);
});

describe('what is read', () => {
  it('is paper on stdio in English when nothing is set', () => {
    expect(readSettings([], {})).toMatchObject({
      mode: 'paper',
      language: 'en',
      aliases: false,
      http: undefined,
      exchange: undefined,
      guards: { readOnly: false },
    });
  });

  it.each([
    ['zh_CN.UTF-8', 'zh'],
    ['zh', 'zh'],
    ['en_US.UTF-8', 'en'],
    ['zhx', 'en'],
  ])('takes the language of locale %s as %s', (LANG, language) => {
    expect(readSettings([], { LANG }).language).toBe(language);
  });

  it('takes BINANCE_MCP_LANG before the locale, and LC_ALL before LANG', () => {
    expect(readSettings([], { LANG: 'zh_CN', BINANCE_MCP_LANG: 'en' }).language).toBe('en');
    expect(readSettings([], { LANG: 'en_US', LC_ALL: 'zh_CN' }).language).toBe('zh');
  });

  it('takes flags with a blank or an equals sign', () => {
    expect(readSettings(['--http', '0', '--exchange=http://127.0.0.1:9000'], {})).toMatchObject({
      http: { port: 0 },
      exchange: 'http://127.0.0.1:9000',
    });
  });

  it('reads one pair of keys from a file, or one for each token', async () => {
    const single = await file('single.json', '{"key":"k","secret":"s"}');
    expect(readSettings([], { BINANCE_MCP_MODE: 'testnet', BINANCE_MCP_KEYS_FILE: single }).keys).toEqual({
      key: 'k',
      secret: 's',
    });
    const token = 't'.repeat(32);
    const many = await file('many.json', JSON.stringify({ [token]: { key: 'k', secret: 's' } }));
    const settings = readSettings(['--http', '0'], {
      BINANCE_MCP_MODE: 'live',
      BINANCE_MCP_LIVE: 'yes-real-money',
      BINANCE_MCP_KEYS_FILE: many,
    });
    expect(settings.tokens?.get(token)).toEqual({ key: 'k', secret: 's' });
  });
});

describe('what stops the start', () => {
  it.each([
    ['a mode that there is not', [], { BINANCE_MCP_MODE: 'real' }, 'BINANCE_MCP_MODE'],
    ['live without the second word', [], { BINANCE_MCP_MODE: 'live', ...keys }, 'yes-real-money'],
    [
      'live with a yes that is not that word',
      [],
      { BINANCE_MCP_MODE: 'live', BINANCE_MCP_LIVE: 'yes', ...keys },
      'yes-real-money',
    ],
    ['live without keys', [], { BINANCE_MCP_MODE: 'live', BINANCE_MCP_LIVE: 'yes-real-money' }, 'BINANCE_API_KEY'],
    ['half a pair of keys', [], { BINANCE_API_KEY: 'k' }, 'BINANCE_API_SECRET'],
    ['the other half', [], { BINANCE_API_SECRET: 's' }, 'BINANCE_API_KEY'],
    ['a switch that is neither on nor off', [], { BINANCE_MCP_READONLY: 'ture' }, 'BINANCE_MCP_READONLY'],
    ['a cap that is no amount', [], { BINANCE_MCP_MAX_NOTIONAL: '1e3' }, 'BINANCE_MCP_MAX_NOTIONAL'],
    ['a cap of zero', [], { BINANCE_MCP_MAX_NOTIONAL: '0' }, 'BINANCE_MCP_MAX_NOTIONAL'],
    ['a symbol in lower case', [], { BINANCE_MCP_SYMBOLS: 'btcusdt' }, 'BINANCE_MCP_SYMBOLS'],
    ['a language that there is not', [], { BINANCE_MCP_LANG: 'fr' }, 'BINANCE_MCP_LANG'],
    ['a short token', [], { BINANCE_MCP_TOKEN: 'short' }, 'BINANCE_MCP_TOKEN'],
    ['an unknown flag', ['--htpp', '1'], {}, '--htpp'],
    ['a flag without its value', ['--http'], {}, '--http'],
    ['a port that is none', ['--http', '99999'], {}, '--http'],
    [
      'another exchange outside paper mode',
      ['--exchange', 'http://127.0.0.1:1'],
      { BINANCE_MCP_MODE: 'testnet', ...keys },
      '--exchange',
    ],
  ])('is %s', (_what, argv, env, named) => {
    expect(() => readSettings(argv, env)).toThrow(SettingError);
    expect(() => readSettings(argv, env)).toThrow(named);
  });

  it.each([
    'https://api.binance.com',
    'https://testnet.binance.vision',
    'http://127.0.0.1.evil.example',
    'http://127.0.0.1@evil.example',
    'http://user:pass@127.0.0.1',
    'http://10.0.0.1',
    'http://127.0.0.1/api',
    'http://127.0.0.1?x=1',
    'file:///etc/passwd',
    'not a url',
  ])('is an exchange at %s', (url) => {
    expect(() => loopbackOrigin(url)).toThrow(SettingError);
  });

  it.each(['http://127.0.0.1:9000', 'http://localhost:9000', 'http://[::1]:9000'])(
    'is not an exchange at %s',
    (url) => {
      expect(loopbackOrigin(`${url}/`)).toBe(url);
    },
  );

  it.each([
    ['readable by others', '{"key":"k","secret":"s"}', 0o644, 'chmod 600'],
    ['not JSON', '{"key": SECRETWORD', 0o600, 'not JSON'],
    ['a list', '[]', 0o600, 'object'],
    ['empty', '{}', 0o600, 'no keys'],
    ['without a secret', JSON.stringify({ ['t'.repeat(32)]: { key: 'SECRETWORD' } }), 0o600, 'entry 1'],
    ['holding a short token', JSON.stringify({ SECRETWORD: { key: 'k', secret: 's' } }), 0o600, 'entry 1'],
  ])('is a keys file that is %s, and no word of it is repeated', async (what, content, mode, named) => {
    const path = await file(`${what.replaceAll(' ', '-')}.json`, content, mode);
    const read = (): unknown =>
      readSettings(['--http', '0'], { BINANCE_MCP_MODE: 'testnet', BINANCE_MCP_KEYS_FILE: path });
    expect(read).toThrow(named);
    expect(read).not.toThrow('SECRETWORD');
  });

  it('ends the process with 2 and one line on stderr, and nothing on stdout', async () => {
    const ended = await runToEnd([], {
      BINANCE_MCP_MODE: 'live',
      BINANCE_API_KEY: 'SECRETKEY',
      BINANCE_API_SECRET: 'SECRETSECRET',
    });
    expect(ended.code).toBe(2);
    expect(ended.stdout).toBe('');
    expect(ended.stderr).toContain('BINANCE_MCP_LIVE=yes-real-money');
    expect(ended.stderr).not.toContain('SECRET');
  });
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { stampFiles, watchRules } from '../../src/app/reload.ts';
import { readRules } from '../../src/app/rules.ts';
import { type Serving, serve } from '../../src/app/serve.ts';
import { loadConfig } from '../../src/platform/config/load.ts';
import { openLog } from '../../src/platform/log.ts';
import { bin, ended, fixture, temporaryFolder, until } from '../support/processes.ts';
import { LegacySession } from '../support/wire.ts';

/** A stop, and a change of servers, with the real parts in this process: how long calls get is said by the test. */

const folder = temporaryFolder('stop');
const log = openLog({ level: 'fatal', pretty: false });
afterAll(() => folder.remove());

function load(file: string) {
  const loaded = loadConfig({ file, flags: {}, env: {} });
  if (loaded.kind === 'invalid') throw new Error(JSON.stringify(loaded.errors));
  const rules = readRules(loaded.config);
  if (rules.kind === 'invalid') throw new Error(JSON.stringify(rules.errors));
  return { config: loaded.config, rules: rules.rules };
}

async function start(name: string): Promise<{ serving: Serving; file: string; data: string; written: object }> {
  const data = join(folder.path, name);
  const file = join(folder.path, `${name}.yaml`);
  writeFileSync(join(folder.path, 'policy.yaml'), JSON.stringify({ version: '1', default: 'allow' }));
  const written = {
    version: '1',
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    data,
    policy: 'policy.yaml',
    servers: { up: { command: 'node', args: [fixture] } },
  };
  writeFileSync(file, JSON.stringify(written));
  return {
    serving: await serve({ ...load(file), log, childEnv: { ...process.env } as any, env: {} }),
    file,
    data,
    written,
  };
}

test('a call that outlasts its time at a stop is answered: sent, and nobody knows what became of it', async () => {
  const { serving, data } = await start('over-time');
  const token = readFileSync(join(data, 'local.token'), 'utf8').trim();
  const session = await LegacySession.open(`${serving.url}/mcp/up`, token);
  const running = session.call('slow', { ms: 60_000 });
  await until('the intent', async () => (await ended([bin, 'audit', 'tail', '--data', data])).out.includes('slow'));
  await serving.close(0);
  expect((await running).messages[0].result).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining('the gateway was stopped') }],
    _meta: { 'sallyport/outcome': { outcome: 'unknown' } },
  });
  expect((await ended([bin, 'audit', 'tail', '--data', data])).out).toMatch(/outcome {2}unknown of r\d+/);
});

test('a changed configuration with a command that is not there is not taken over, and says so', async () => {
  const { serving, file, written } = await start('command');
  const { gateway } = serving;
  const { config } = load(file);
  const stop = watchRules({
    gateway,
    log,
    config,
    stamps: stampFiles(config),
    reread: () => loadConfig({ file, flags: {}, env: {} }),
  });
  writeFileSync(file, JSON.stringify({ ...written, servers: { up: { command: 'no-such-program' } } }));
  await until('the alarm', () => gateway.alarms.standing.length > 0);
  expect(gateway.alarms.standing).toEqual([
    expect.objectContaining({ kind: 'config', sentence: expect.stringContaining('`no-such-program`') }),
  ]);
  writeFileSync(file, JSON.stringify(written));
  await until('its end', () => gateway.alarms.standing.length === 0);
  stop();
  await serving.close(0);
});

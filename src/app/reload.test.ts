import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test, vi } from 'vitest';
import type { Config } from '../platform/config/config.ts';
import { loadConfig } from '../platform/config/load.ts';
import { openLog } from '../platform/log.ts';
import { compose, type Gateway } from './compose.ts';
import { stampFiles, watchRules } from './reload.ts';
import { type Rules, readRules } from './rules.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closing.splice(0).reverse()) await close();
});

const log = openLog({ level: 'fatal', pretty: false });

async function start(): Promise<{ gateway: Gateway; config: Config; say: (hide: string) => void; read: () => Config }> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-reload-'));
  closing.push(() => rmSync(folder, { recursive: true }));
  const say = (hide: string) =>
    writeFileSync(join(folder, 'policy.yaml'), JSON.stringify({ version: '1', default: 'deny', hide: [hide] }));
  say('first');
  const file = join(folder, 'sallyport.yaml');
  writeFileSync(file, JSON.stringify({ version: '1', data: 'data', policy: 'policy.yaml', servers: {} }));
  const read = () => {
    const loaded = loadConfig({ file, flags: {}, env: {} });
    if (loaded.kind === 'invalid') throw new Error(JSON.stringify(loaded.errors));
    return loaded.config;
  };
  const config = read();
  const gateway = await compose({ config, rules: rulesOf(config), log, sole: true, childEnv: {}, env: {} });
  closing.push(() => gateway.close());
  return { gateway, config, say, read };
}

function rulesOf(config: Config): Rules {
  const rules = readRules(config);
  if (rules.kind === 'invalid') throw new Error(JSON.stringify(rules.errors));
  return rules.rules;
}

test('a policy whose name leads in a circle is told of as one that cannot be read', async () => {
  const { gateway, config, read } = await start();
  const [policy = ''] = config.grants.flatMap(({ policies }) => policies);
  const reread = () => ({ kind: 'config', config: read(), warnings: [] }) as const;
  closing.push(watchRules({ gateway, log, config, stamps: stampFiles(config), reread }));
  rmSync(policy);
  symlinkSync(policy, policy);
  await vi.waitFor(() => expect(gateway.alarms.standing).toHaveLength(1), { timeout: 10_000 });
  expect(gateway.alarms.standing).toEqual([
    expect.objectContaining({ kind: 'policy', sentence: expect.stringContaining('policy.yaml') }),
  ]);
});

const hashOf = (rules: Rules) => rules.policies.get('local')?.hash;

test('what changes while a change is taken over is the next change', async () => {
  const { gateway, config, say, read } = await start();
  const taking: (string | undefined)[] = [];
  const held = Promise.withResolvers<void>();
  const slow: Gateway = {
    ...gateway,
    async take(changed, rules) {
      taking.push(hashOf(rules));
      await held.promise;
      await gateway.take(changed, rules);
    },
  };
  const reread = () => ({ kind: 'config', config: read(), warnings: [] }) as const;
  closing.push(watchRules({ gateway: slow, log, config, stamps: stampFiles(config), reread }));
  say('second');
  await vi.waitFor(() => expect(taking).toHaveLength(1), 10_000);
  say('third');
  const last = hashOf(rulesOf(read()));
  held.resolve();
  await vi.waitFor(() => expect(hashOf(gateway.rules())).toBe(last), 10_000);
  expect(taking).toEqual([expect.not.stringContaining(String(last)), last]);
});

test('what changed between reading the files and watching them is a change', async () => {
  const { gateway, config, say, read } = await start();
  const stamps = stampFiles(config);
  say('meanwhile');
  const last = hashOf(rulesOf(read()));
  closing.push(
    watchRules({ gateway, log, config, stamps, reread: () => ({ kind: 'config', config: read(), warnings: [] }) }),
  );
  await vi.waitFor(() => expect(hashOf(gateway.rules())).toBe(last), 10_000);
});

test('a changed `audit.keep` is kept from then on', async () => {
  const day = 86_400_000;
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'], now: Date.UTC(2026, 0, 1) });
  const first = await start();
  await first.gateway.close();
  vi.setSystemTime(Date.UTC(2026, 0, 11));
  const { config } = first;
  const gateway = await compose({ config, rules: rulesOf(config), log, sole: true, childEnv: {}, env: {} });
  closing.splice(1, 1, () => gateway.close());
  const db = new DatabaseSync(join(gateway.data, 'sallyport.db'), { readOnly: true });
  closing.push(() => db.close());
  const oldest = () =>
    db.prepare("SELECT json_extract(body, '$.kind') AS kind FROM records ORDER BY seq LIMIT 1").get();
  vi.advanceTimersByTime(3_600_000);
  expect(oldest()).toEqual({ kind: 'start' });
  await gateway.take({ ...config, audit: { ...config.audit, keepMs: 2 * day } }, rulesOf(config));
  vi.advanceTimersByTime(3_600_000);
  // The start of the first run is gone; of what follows, recovery may need to read.
  expect(oldest()).toEqual({ kind: 'stop' });
});

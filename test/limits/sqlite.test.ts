import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, test } from 'vitest';
import { bin, ended, fixture, startFixture, startGateway, temporaryFolder, until } from '../support/processes.ts';
import { modernCall } from '../support/wire.ts';
import { ledgerStore } from './ledger-store.ts';
import { demand } from './model.ts';

const folder = temporaryFolder('limits-sqlite');
afterAll(() => folder.remove());
const HOUR = 3_600_000;
const T = Date.UTC(2026, 0, 1);
const rows = (path: string) => {
  const db = new DatabaseSync(path, { readOnly: true });
  const { count } = db.prepare('SELECT count(*) AS count FROM limit_log').get() as { count: number };
  db.close();
  return count;
};

describe('the log of limits in the ledger', () => {
  test('outlives its writer, without what was given back', async () => {
    for (const sole of [true, false]) {
      const path = join(folder.path, `again-${sole}.db`);
      let store = ledgerStore(path, () => T, sole);
      const first = await store.reserve([demand('c', '2', HOUR)]);
      await store.reserve([demand('c', '2', HOUR)]);
      if (first.kind === 'reserved') await store.giveBack(first.reservation);
      await store.close();
      store = ledgerStore(path, () => T + 1, sole);
      expect((await store.reserve([demand('c', '2', HOUR)])).kind).toBe('reserved');
      expect(await store.reserve([demand('c', '2', HOUR)])).toMatchObject({
        kind: 'exceeded',
        exceeded: { resetsAt: T + HOUR },
      });
      await store.close();
    }
  });

  test('a give-back and a reset of one writer are seen by the others', async () => {
    const path = join(folder.path, 'shared.db');
    const one = ledgerStore(path, () => T);
    const two = ledgerStore(path, () => T);
    const taken = await one.reserve([demand('c', '1', HOUR)]);
    expect((await two.reserve([demand('c', '1', HOUR)])).kind).toBe('exceeded');
    if (taken.kind === 'reserved') await one.giveBack(taken.reservation);
    expect((await two.reserve([demand('c', '1', HOUR)])).kind).toBe('reserved');
    expect((await one.reserve([demand('c', '1', HOUR)])).kind).toBe('exceeded');
    expect((await one.reset(() => true)).length).toBe(1);
    expect((await two.reserve([demand('c', '1', HOUR)])).kind).toBe('reserved');
    await one.close();
    await two.close();
  });

  test('logs that nobody asks again are forgotten, rows and all', async () => {
    const path = join(folder.path, 'idle.db');
    let now = T;
    const store = ledgerStore(path, () => now, true);
    for (let i = 0; i < 600; i++) await store.reserve([demand('c', '9', 1_000, { scope: `session ${i}` })]);
    expect(rows(path)).toBe(600);
    now += HOUR;
    await store.sweep();
    await store.reserve([demand('c', '9', 1_000, { scope: 'another' })]);
    expect(rows(path)).toBe(1);
    await store.close();
  });

  test('a transaction that fails counts nothing', async () => {
    const path = join(folder.path, 'fails.db');
    const store = ledgerStore(path, () => T, true);
    const blocker = new DatabaseSync(path);
    blocker.exec("CREATE TRIGGER stop BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'no space'); END");
    await expect(store.reserve([demand('c', '1', HOUR)])).rejects.toThrow('no space');
    blocker.exec('DROP TRIGGER stop');
    expect((await store.reserve([demand('c', '1', HOUR)])).kind).toBe('reserved');
    blocker.close();
    await store.close();
  });
});

describe('limits list and reset', () => {
  const policy = {
    version: '1',
    default: 'deny',
    tools: {
      echo: {
        rate_limit: { max: 5, window: 60 },
        limits: [{ counter: 'budget', max: '1.5', window: 'day', amount: 0.5, align: 'calendar', timezone: 'UTC' }],
      },
      get_me: { shadow: true, limits: [{ counter: 'watched', max: 1, window: '1h', per: ['caller', 'tool'] }] },
    },
  };
  const limits = (...args: string[]) => ended([bin, 'limits', ...args]);

  test('work beside the gateway that has the folder to itself, and after it', async () => {
    const upstream = await startFixture();
    const gateway = await startGateway({ folder: join(folder.path, 'start'), policy, server: { url: upstream.url } });
    const call = async (tool: string) =>
      (await modernCall(gateway.url, gateway.token, tool, { text: 'x' })).messages[0].result.isError === true
        ? 'refused'
        : 'passed';
    for (let i = 0; i < 3; i++) expect(await call('echo')).toBe('passed');
    expect(await call('echo')).toBe('refused');
    for (let i = 0; i < 2; i++) expect(await call('get_me')).toBe('passed');

    const listed = await limits('list', '--json', '-c', gateway.configFile);
    const all = (JSON.parse(listed.out) as { limits: Record<string, unknown>[] }).limits;
    const find = (counter: string) => all.find((one) => String(one['counter']).startsWith(counter));
    expect(find('budget')).toEqual({
      counter: 'budget',
      scope: ['grant=local'],
      shadow: false,
      used: '1.5',
      max: '1.5',
      window: 'day',
      resetsAt: expect.stringMatching(/T00:00:00\.000Z$/),
      rule: expect.stringMatching(/policy\.yaml#\/tools\/echo\/limits\/0$/),
    });
    expect(find('watched')).toMatchObject({
      scope: ['caller=local', 'tool=up/get_me'],
      shadow: true,
      used: '1',
      max: '1',
    });
    expect(all.length).toBe(3);
    const readable = await limits('list', '--data', gateway.data, '--policy', gateway.policyFile);
    expect(readable.out).toMatch(/^budget {2}grant=local {2}1\.5 of 1\.5 per day, resets \d{4}-/m);
    expect((await limits('list', '--data', gateway.data)).out).toContain(
      '1.5 in the log, no limit of the policy names it',
    );

    expect(await limits('reset', 'budget', '--scope', 'grant=other', '--data', gateway.data)).toMatchObject({
      code: 1,
    });
    expect(await call('echo')).toBe('refused');
    const done = await limits('reset', 'budget', '--scope', 'grant=local', '--json', '--data', gateway.data);
    expect([done.code, JSON.parse(done.out)]).toEqual([0, { version: 1, counter: 'budget', logs: 1 }]);
    expect(await call('echo')).toBe('passed');
    expect(readdirSync(join(gateway.data, 'requests'))).toEqual([]);

    // What is no request is not acted on, and does not stop the others.
    writeFileSync(join(gateway.data, 'requests', 'x.request'), '{"kind":"limits-reset","counter":1');
    await until('the odd request to go', () => readdirSync(join(gateway.data, 'requests')).length === 0);
    expect((await limits('reset', 'watched', '-c', gateway.configFile)).out).toBe('watched: 1 log emptied\n');

    await gateway.stop();
    await upstream.stop();
    expect(await limits('reset', 'budget', '--data', gateway.data)).toMatchObject({
      code: 0,
      out: 'budget: 1 log emptied\n',
    });
    const missing = await limits('reset', 'nosuch', '--data', gateway.data);
    expect([missing.code, missing.err]).toEqual([
      1,
      expect.stringContaining('no log of the counter `nosuch` holds anything'),
    ]);
    const trail = (await ended([bin, 'audit', 'export', '--json', '--data', gateway.data])).out.trim().split('\n');
    const resets = trail.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'limits-reset');
    expect(resets.map(({ counter }) => counter)).toEqual(['budget', 'budget', 'watched', 'budget', 'nosuch']);
    for (const { by } of resets) expect(by).not.toBe('');
    expect(await ended([bin, 'audit', 'verify', '--data', gateway.data])).toMatchObject({ code: 0 });
  });

  test('a reset works beside a wrap that runs', async () => {
    const data = join(folder.path, 'wrap');
    mkdirSync(data);
    const file = join(folder.path, 'wrap.yaml');
    writeFileSync(
      file,
      JSON.stringify({
        version: '1',
        default: 'deny',
        tools: { echo: { limits: [{ counter: 'w', max: 1, window: 'day' }] } },
      }),
    );
    const child = spawn(
      process.execPath,
      [bin, 'wrap', '--policy', file, '--data', data, '--', process.execPath, fixture],
      { stdio: ['pipe', 'pipe', 'ignore'] },
    );
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk;
    });
    const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    const answer = async (id: number) =>
      JSON.parse(
        await until(`answer ${id}`, () =>
          out.split('\n').find((line) => line.includes(`"id":${id}`) && line.includes('"result"')),
        ),
      );
    const call = async (id: number) => {
      send({ id, method: 'tools/call', params: { name: 'echo', arguments: { text: 'x' } } });
      return (await answer(id)).result.isError === true ? 'refused' : 'passed';
    };
    send({
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
    });
    await answer(1);
    send({ method: 'notifications/initialized' });
    expect([await call(2), await call(3)]).toEqual(['passed', 'refused']);
    expect(await limits('reset', 'w', '--data', data)).toMatchObject({ code: 0 });
    expect([await call(4), await call(5)]).toEqual(['passed', 'refused']);
    child.stdin.end();
    await new Promise((resolve) => child.once('exit', resolve));
    expect(await ended([bin, 'audit', 'verify', '--data', data])).toMatchObject({ code: 0 });
  });

  test('wrong usage says what is right', async () => {
    expect(await limits('list', '--data', join(folder.path, 'nothing'))).toMatchObject({
      code: 69,
      err: expect.stringContaining('nothing was counted'),
    });
    expect(await limits('reset', 'c', '--scope', 'desk', '--data', folder.path)).toMatchObject({
      code: 2,
      err: expect.stringContaining('kind=value'),
    });
    expect(await limits('list', '-c', join(folder.path, 'none.yaml'))).toMatchObject({
      code: 69,
      err: expect.stringContaining('none.yaml:1:1: cannot be read'),
    });
    expect(await limits('list', '--data', folder.path, '--policy', 'none.yaml')).toMatchObject({ code: 2 });
  });
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bin,
  ended,
  type Running,
  startFixture,
  startGateway,
  type TestGateway,
  temporaryFolder,
  until,
} from '../support/processes.ts';
import { modernCall } from '../support/wire.ts';
import { type Server, serverKinds } from './servers.ts';

const folder = temporaryFolder('limit-store');
afterAll(() => folder.remove());
const policy = {
  version: '1',
  default: 'deny',
  tools: {
    echo: { limits: [{ counter: 'budget', max: 3, window: 'day' }] },
    get_me: {},
    slow: { shadow: true, limits: [{ counter: 'watched', max: 1, window: 'day' }] },
  },
};

describe.each(serverKinds.filter(({ start }) => start !== undefined))('limits in $name', ({ name, start }) => {
  let store: Server;
  let upstream: Running & { url: string };
  let one: TestGateway;
  let two: TestGateway;

  beforeAll(async () => {
    if (start === undefined) throw new Error('no server');
    store = await start();
    upstream = await startFixture();
    const gateway = (id: string) =>
      startGateway({
        folder: join(folder.path, `${name}-${id}`),
        policy,
        server: { url: upstream.url },
        config: { limits: store.url },
      });
    one = await gateway('one');
    two = await gateway('two');
  });
  afterAll(async () => {
    await one.stop();
    await two.stop();
    await upstream.stop();
    await store.stop();
  });

  const call = async (gateway: TestGateway, tool: string) =>
    (await modernCall(gateway.url, gateway.token, tool, tool === 'echo' ? { text: 'x' } : {})).messages[0].result;
  const limits = async (gateway: TestGateway, ...args: string[]) => {
    const { code, out, err } = await ended([bin, 'limits', ...args, '-c', gateway.configFile]);
    expect([code, err]).toEqual([0, '']);
    return out;
  };

  test('two gateways count together, a reset is recorded, and without the store only calls with a limit are refused', async () => {
    expect((await call(one, 'echo')).isError).not.toBe(true);
    expect((await call(two, 'echo')).isError).not.toBe(true);
    expect((await call(one, 'echo')).isError).not.toBe(true);
    const refused = await call(two, 'echo');
    expect(refused.isError).toBe(true);
    const { rule, limit } = refused._meta['sallyport/refusal'];
    expect([rule, limit.max, limit.window]).toEqual(['/tools/echo/limits/0', 3, 'day']);
    expect(limit.retryAfter).toBeGreaterThan(86_000);

    const listed = JSON.parse(await limits(one, 'list', '--json'));
    expect(listed.limits).toEqual([
      expect.objectContaining({ counter: 'budget', scope: ['grant=local'], used: '3', max: '3', window: 'day' }),
    ]);
    expect(await limits(one, 'reset', 'budget')).toContain('1 log');
    expect((await call(two, 'echo')).isError).not.toBe(true);
    const trail = await ended([bin, 'audit', 'export', '--json', '--data', one.data]);
    expect(trail.out).toMatch(/"kind":"limits-reset".*"counter":"budget"/);

    // One in shadow refuses nothing, and is in the record of the call that is above it, whichever gateway counted.
    expect((await call(one, 'slow')).isError).not.toBe(true);
    expect((await call(two, 'slow')).isError).not.toBe(true);
    const above = await ended([bin, 'audit', 'export', '--json', '--data', two.data]);
    const sentence = 'the limit at /tools/slow/limits/0 is reached: 1 of 1 used';
    expect(above.out).toContain(
      `"shadow":true,"wouldBe":${JSON.stringify({ verdict: 'refuse', rule: '/tools/slow/limits/0', sentence })}`,
    );

    if (name === 'redis') {
      // A store that hangs is as good as none, and forgotten when it answers again.
      store.child.kill('SIGSTOP');
      const hung = await call(one, 'get_me');
      expect(hung.isError).not.toBe(true);
      expect((await call(one, 'echo'))._meta['sallyport/refusal'].rule).toBe('(limits)');
      store.child.kill('SIGCONT');
      await until('the store to answer', async () => (await call(one, 'echo')).isError !== true);
      expect(((await (await fetch(`${one.admin}/readyz`)).json()) as { status: string }).status).toBe('ok');
    }

    await store.stop();
    const [without, free] = await Promise.all([call(two, 'echo'), call(two, 'get_me')]);
    expect(without.content[0].text).toContain('the limit store cannot be reached');
    expect(without._meta['sallyport/refusal'].rule).toBe('(limits)');
    expect(free.isError).not.toBe(true);
    const ready = (await (await fetch(`${two.admin}/readyz`)).json()) as { reasons: { kind: string }[] };
    expect(ready.reasons.map(({ kind }) => kind)).toContain('limits');
    const records = (await ended([bin, 'audit', 'export', '--json', '--data', two.data])).out;
    expect(records).toMatch(/"kind":"refusal".*"rule":"\(limits\)"/);
  });
});

describe('a store that is not there', () => {
  const start = async (limits: string) => {
    const at = join(folder.path, `absent-${limits.length}`);
    mkdirSync(at, { recursive: true });
    const file = join(at, 'sallyport.yaml');
    writeFileSync(
      file,
      JSON.stringify({ version: '1', listen: '127.0.0.1:0', admin: '127.0.0.1:0', data: 'data', servers: {}, limits }),
    );
    return ended([bin, 'start', '-c', file]);
  };

  test.each(['redis://127.0.0.1:1', 'postgres://sallyport:secret@127.0.0.1:1/x'])(
    '%s: 69, without the password',
    async (limits) => {
      const { code, err } = await start(limits);
      expect([code, err]).toEqual([
        69,
        expect.stringMatching(/the limit store cannot be (reached|used) at .*127\.0\.0\.1:1/),
      ]);
      expect(err.replace(/warning:.*\n/, '')).not.toContain('secret');
    },
  );

  test.each(['memcached://127.0.0.1:1', 'storag', 'redis:'])('%s names none: 78', async (limits) => {
    const { code, err } = await start(limits);
    expect([code, err]).toEqual([
      78,
      expect.stringMatching(/sallyport\.yaml:1:\d+: .*names no limit store.*write storage, redis/),
    ]);
  });
});

import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { journalled } from '../support/frames.ts';
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
import { LegacySession, modernCall, post } from '../support/wire.ts';

const folder = temporaryFolder('crash');
afterAll(() => folder.remove());

type Exported = { kind: string; seq: number; ref?: number; tool?: string; outcome?: string; time: string };

async function trail(data: string): Promise<Exported[]> {
  const { out } = await ended([bin, 'audit', 'export', '--json', '--data', data]);
  return out
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Exported);
}

describe('killed under load', () => {
  const journal = join(folder.path, 'journal');
  const at = join(folder.path, 'load');
  const policy = { version: '1', default: 'deny', tools: { echo: {}, slow: {} } };
  let upstream: Running & { url: string };
  beforeAll(async () => {
    writeFileSync(journal, '');
    upstream = await startFixture(['--journal', journal]);
  });
  afterAll(() => upstream.stop());

  test('ten times: every call the server saw has its record, the chain verifies, nothing stays open', async () => {
    for (let round = 0; round < 10; round++) {
      const gateway = await startGateway({ folder: at, policy, server: { url: upstream.url } });
      const session = await LegacySession.open(gateway.url, gateway.token);
      let stop = false;
      const load = Array.from({ length: 16 }, async (_, lane) => {
        for (let i = 0; !stop; i++)
          await session
            .send('tools/call', { name: i % 5 === 0 ? 'slow' : 'echo', arguments: { ms: 5 } }, `${round}-${lane}-${i}`)
            .catch(() => undefined);
      });
      await new Promise((resolve) => setTimeout(resolve, 60 + round * 25));
      await gateway.stop('SIGKILL');
      stop = true;
      await Promise.all(load);
      expect((await ended([bin, 'audit', 'verify', '--data', gateway.data])).code).toBe(0);
    }
    const gateway = await startGateway({ folder: at, policy, server: { url: upstream.url } });
    await gateway.stop();
    const records = await trail(gateway.data);
    const intents = records.filter(({ kind }) => kind === 'intent');
    expect(intents.length).toBeGreaterThanOrEqual(journalled(journal).length);
    expect(journalled(journal).length).toBeGreaterThan(20);
    const closed = new Set(records.filter(({ kind }) => kind === 'outcome').map(({ ref }) => ref));
    expect(intents.filter(({ seq }) => !closed.has(seq))).toEqual([]);
    expect(records.some(({ outcome }) => outcome === 'unknown')).toBe(true);
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, i) => i + 1));
  });

  test('one changed byte anywhere in a record is found, and so is a cut tail', async () => {
    const file = join(at, 'data', 'sallyport.db');
    const before = await ended([bin, 'audit', 'verify', '--data', join(at, 'data'), '--json']);
    const { head } = JSON.parse(before.out) as { head: string };
    const db = new DatabaseSync(file);
    const row = db.prepare('SELECT seq, body FROM records ORDER BY seq DESC LIMIT 1 OFFSET 5').get() as {
      seq: number;
      body: string;
    };
    db.close();
    const bytes = Buffer.from(row.body);
    const offset = offsetIn(file, bytes);
    for (const at_ of [0, 20, Math.floor(bytes.length / 2), bytes.length - 1]) {
      flip(file, offset + at_);
      const { code } = await ended([bin, 'audit', 'verify', '--data', join(at, 'data')]);
      expect(code).not.toBe(0);
      flip(file, offset + at_);
    }
    expect((await ended([bin, 'audit', 'verify', '--data', join(at, 'data'), '--head', head])).code).toBe(0);
    const cut = new DatabaseSync(file);
    cut.exec('DELETE FROM records WHERE seq > (SELECT max(seq) - 3 FROM records)');
    cut.close();
    expect((await ended([bin, 'audit', 'verify', '--data', join(at, 'data')])).code).toBe(0);
    const found = await ended([bin, 'audit', 'verify', '--data', join(at, 'data'), '--head', head]);
    expect([found.code, found.out]).toEqual([1, expect.stringContaining('tail is cut off')]);
  });
});

function offsetIn(file: string, bytes: Buffer): number {
  const fd = openSync(file, 'r');
  const chunk = Buffer.alloc(64 * 1024 * 1024);
  const length = readSync(fd, chunk, 0, chunk.length, 0);
  closeSync(fd);
  const found = chunk.subarray(0, length).indexOf(bytes);
  expect(found).toBeGreaterThan(0);
  return found;
}

function flip(file: string, offset: number): void {
  const fd = openSync(file, 'r+');
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, offset);
  byte[0] = (byte[0] ?? 0) ^ 1;
  writeSync(fd, byte, 0, 1, offset);
  closeSync(fd);
}

describe('killed and started again', () => {
  const policy = { version: '1', default: 'deny', tools: { get_me: { rate_limit: { max: 3, window: 60 } }, echo: {} } };
  let upstream: Running & { url: string };
  beforeAll(async () => {
    upstream = await startFixture();
  });
  afterAll(() => upstream.stop());

  test.each([
    ['a session over HTTP', 'http', 'legacy'],
    ['a session before a child', 'child', 'legacy'],
    ['a stateless client', 'http', 'modern'],
  ] as const)('%s keeps its window', async (_what, kind, era) => {
    const at = join(folder.path, `restart-${kind}-${era}`);
    const server =
      kind === 'http'
        ? { url: upstream.url }
        : { command: 'node', args: [join(import.meta.dirname, '..', 'support', 'fixture-server.ts')] };
    let gateway: TestGateway = await startGateway({ folder: at, policy, server });
    const port = new URL(gateway.url).port;
    const session = era === 'legacy' ? await LegacySession.open(gateway.url, gateway.token) : undefined;
    const call = async () => {
      const said =
        session === undefined ? await modernCall(gateway.url, gateway.token, 'get_me') : await session.call('get_me');
      return said.messages[0].result?.isError === true ? 'refused' : 'ran';
    };
    expect([await call(), await call()]).toEqual(['ran', 'ran']);
    await gateway.stop('SIGKILL');
    gateway = await startGateway({ folder: at, policy, server, listen: `127.0.0.1:${port}` });
    expect([await call(), await call()]).toEqual(['ran', 'refused']);
    await gateway.stop();
  });

  test('a session of a server that has forgotten it is opened there again', async () => {
    const at = join(folder.path, 'forgetful');
    let server = await startFixture();
    const port = new URL(server.url).port;
    const gateway = await startGateway({ folder: at, policy, server: { url: server.url } });
    const session = await LegacySession.open(gateway.url, gateway.token);
    expect((await session.call('echo', { text: 'a' })).messages[0].result.content[0].text).toBe('a');
    await server.stop();
    const down = (await session.call('echo')).messages[0].result;
    expect(down.isError).toBe(true);
    expect(down.content[0].text).toMatch(/unavailable|unknown/);
    const { run } = await import('../support/processes.ts');
    const again = run([join(import.meta.dirname, '..', 'support', 'fixture-server.ts'), '--http', port]);
    await until('the server', () => again.out().includes('url'));
    server = { ...again, url: server.url };
    expect((await session.call('echo', { text: 'b' })).messages[0].result.content[0].text).toBe('b');
    await gateway.stop();
    await server.stop();
  });

  test('a stranger cannot use a session that is not of its grant', async () => {
    const at = join(folder.path, 'stranger');
    const grants = {
      a: { servers: ['up'], policy: 'policy.yaml', token: '${file:a.token}' },
      b: { servers: ['up'], policy: 'policy.yaml', token: '${file:b.token}' },
    };
    const gateway = await startGateway({
      folder: at,
      policy,
      server: { url: upstream.url },
      config: { grants, policy: undefined },
    });
    const { readFileSync } = await import('node:fs');
    const token = (name: string) => readFileSync(join(at, `${name}.token`), 'utf8').trim();
    const session = await LegacySession.open(gateway.url, token('a'));
    const stolen = await post(gateway.url, '{"jsonrpc":"2.0","id":1,"method":"tools/list"}', {
      ...session.headers,
      authorization: `Bearer ${token('b')}`,
    });
    expect(stolen.status).toBe(404);
    await gateway.stop();
  });
});

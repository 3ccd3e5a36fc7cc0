import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { journalled, readByPython } from '../support/frames.ts';
import {
  bin,
  fixture,
  type Running,
  root,
  run,
  startFixture,
  startGateway,
  type TestGateway,
  temporaryFolder,
  until,
} from '../support/processes.ts';
import { LegacySession } from '../support/wire.ts';

/** Labelled hostile frames, where a folder with them lies beside the checkout; without it this suite says so. */
const file = join(root, '..', 'shared', 'eval', 'security', 'synthetic', 'protocol_frames.jsonl');
const present = existsSync(file);

type Frame = {
  id: string;
  category: string;
  raw_b64: string;
  headers: Record<string, string> | null;
  transport: string;
  era: string;
  expected: string;
  why: string;
};
const frames: Frame[] = present
  ? readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Frame)
  : [];
const names = ['get_me', 'delete_repository', 'create_payment', 'delete_repo', 'Get_me'];

test.runIf(!present)('the labelled frames are not here: this suite was left out', () => {
  process.stderr.write('left out: the labelled hostile frames are not beside this checkout\n');
  expect(frames).toEqual([]);
});

describe.runIf(present)('labelled hostile frames', () => {
  const folder = temporaryFolder('eval-frames');
  const policy = { version: '1', default: 'deny', tools: { get_me: {} } };
  const journal = join(folder.path, 'journal');
  const stdioJournal = join(folder.path, 'stdio.journal');
  let upstream: Running & { url: string };
  let gateway: TestGateway;
  let session: LegacySession;
  let wrapped: Running;
  beforeAll(async () => {
    writeFileSync(journal, '');
    writeFileSync(stdioJournal, '');
    upstream = await startFixture(['--journal', journal, '--tools', names.join(',')]);
    gateway = await startGateway({ folder: join(folder.path, 'gateway'), policy, server: { url: upstream.url } });
    session = await LegacySession.open(gateway.url, gateway.token);
    wrapped = run(
      [
        bin,
        'wrap',
        '--policy',
        gateway.policyFile,
        '--data',
        join(folder.path, 'wrap'),
        '--',
        'node',
        fixture,
        '--journal',
        stdioJournal,
        '--tools',
        names.join(','),
      ],
      { input: 'pipe' },
    );
    wrapped.child.stdin?.write(
      '{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}\n',
    );
    await until('the handshake', () => wrapped.out().includes('"hello"'));
  });
  afterAll(async () => {
    await gateway.stop();
    await upstream.stop();
    wrapped.child.stdin?.end();
    await wrapped.exited;
    folder.remove();
  });

  const mayRun = (frame: Frame) =>
    frame.expected.startsWith('allow') || frame.expected === 'size_limit' || frame.expected === 'deny_or_reject';

  test.each(frames.filter(({ transport }) => transport === 'http'))(
    '$category $era over HTTP: $why ($id)',
    async (frame) => {
      const before = journalled(journal).length;
      const legacy =
        frame.era === 'legacy' ? session.headers : { authorization: session.headers['authorization'] ?? '' };
      const headers = {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        ...legacy,
        ...lower(frame.headers ?? {}),
      };
      const said = await send(gateway.url, Buffer.from(frame.raw_b64, 'base64'), headers);
      const ran = journalled(journal).slice(before);
      for (const { name } of ran) expect(name).toBe('get_me');
      if (!mayRun(frame)) expect(ran).toEqual([]);
      if (frame.expected === 'reject403') expect(said.status).toBe(403);
      if (frame.expected === 'reject') expect(said.status >= 400 || said.text.includes('"error"')).toBe(true);
      if (frame.expected === 'deny') expect(said.status >= 400 || /"error"|"isError":true/.test(said.text)).toBe(true);
      if (frame.expected === 'allow' || frame.expected === 'size_limit') expect(ran).toHaveLength(1);
    },
  );

  // What lies about headers has none over stdio; a line feed inside an HTTP body would be two lines.
  const aboutHeaders = ['header_mismatch', 'header_encoding', 'origin', 'host_rebinding', 'content_type'];
  const lines = frames.filter(
    ({ raw_b64, category, transport }) =>
      transport === 'stdio' || (!Buffer.from(raw_b64, 'base64').includes(0x0a) && !aboutHeaders.includes(category)),
  );
  test.each(lines)('$category $era over stdio: $why ($id)', async (frame) => {
    const before = journalled(stdioJournal).length;
    const answers = wrapped.out().split('\n').length;
    wrapped.child.stdin?.write(Buffer.concat([Buffer.from(frame.raw_b64, 'base64'), Buffer.from('\n')]));
    await until('an answer', () => wrapped.out().split('\n').length > answers);
    const ran = journalled(stdioJournal).slice(before);
    for (const { name } of ran) expect(name).toBe('get_me');
    if (!mayRun(frame)) expect(ran).toEqual([]);
  });

  test('nothing was polluted, and every forwarded frame reads the same in JavaScript and Python', async () => {
    expect(({} as any).isAdmin).toBeUndefined();
    const raws = [...journalled(journal), ...journalled(stdioJournal)].map(({ raw }) => raw);
    expect(raws.length).toBeGreaterThan(3);
    const python = await readByPython(raws);
    if (python !== undefined) expect(python).toEqual(raws.map((raw) => JSON.parse(raw)));
  });
});

function lower(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Not fetch: it would not let a test lie about Host. */
function send(url: string, body: Buffer, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

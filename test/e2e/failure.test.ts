import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { bin, ended, fixture, run, startFixture, startGateway, temporaryFolder, until } from '../support/processes.ts';
import { LegacySession, modernCall, modernHeaders, modernMeta, post } from '../support/wire.ts';

const folder = temporaryFolder('failure');
afterAll(() => folder.remove());
const allow = { version: '1', default: 'allow' };

/** The whole answer to an empty POST with exactly these header lines. */
async function rawStatus(port: number, headers: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk;
  });
  socket.write(`POST /mcp/up HTTP/1.1\r\n${headers.join('\r\n')}\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`);
  await once(socket, 'close');
  return answer;
}

function config(name: string, content: object, policy: unknown = allow): string {
  const at = join(folder.path, name);
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'policy.yaml'), typeof policy === 'string' ? policy : JSON.stringify(policy));
  const file = join(at, 'sallyport.yaml');
  writeFileSync(
    file,
    JSON.stringify({
      version: '1',
      listen: '127.0.0.1:0',
      admin: '127.0.0.1:0',
      data: 'data',
      servers: {},
      policy: 'policy.yaml',
      ...content,
    }),
  );
  return file;
}

describe('a start that cannot be', () => {
  test('an invalid policy: 78, every error with its place', async () => {
    const file = config('bad-policy', {}, 'version: "1"\ndefault: dney\ntools:\n  x: { acton: deny }\n');
    const { code, err } = await ended([bin, 'start', '-c', file]);
    expect(code).toBe(78);
    expect(err).toMatch(/policy\.yaml:2:10: .*deny/);
    expect(err).toMatch(/policy\.yaml:4:\d+: .*`acton`.*did you mean `action`/);
  });

  test('an invalid configuration: 78, every error with its place', async () => {
    const at = join(folder.path, 'bad-config');
    mkdirSync(at, { recursive: true });
    writeFileSync(
      join(at, 'sallyport.yaml'),
      'version: "1"\nlistn: 127.0.0.1:1\nservers:\n  A_B: { command: x }\n  two: { command: x, url: "http://x" }\n',
    );
    const { code, err } = await ended([bin, 'start', '-c', join(at, 'sallyport.yaml')]);
    expect(code).toBe(78);
    expect(err).toMatch(/sallyport\.yaml:2:1: .*`listn`.*did you mean `listen`/);
  });

  test('no configuration: 78', async () => {
    const { code, err } = await ended([bin, 'start', '-c', join(folder.path, 'none.yaml')]);
    expect([code, err]).toEqual([78, expect.stringContaining('none.yaml:1:1: cannot be read')]);
  });

  test('an unknown command: 69', async () => {
    const { code, err } = await ended([
      bin,
      'start',
      '-c',
      config('no-command', { servers: { x: { command: 'no-such-program' } } }),
    ]);
    expect([code, err]).toEqual([69, expect.stringContaining('`no-such-program` of the server `x`')]);
  });

  test('a command that is there and is no program: 69', async () => {
    const file = config('no-program', { servers: { x: { command: './policy.yaml' } } });
    const { code, err } = await ended([bin, 'start', '-c', file]);
    expect([code, err]).toEqual([69, expect.stringContaining('`./policy.yaml` of the server `x` is no program')]);
  });

  test('one address for clients and for the operator: 78', async () => {
    const file = config('one-address', { listen: '127.0.0.1:7420', admin: '127.0.0.1:7420' });
    const { code, err } = await ended([bin, 'start', '-c', file]);
    expect([code, err]).toEqual([78, expect.stringContaining('the same address')]);
  });

  test('an address this machine has not: 69, and what to do', async () => {
    const file = config('no-address', { listen: '192.0.2.1:0', hosts: ['gate.example'] });
    const { code, err } = await ended([bin, 'start', '-c', file]);
    expect([code, err]).toEqual([69, expect.stringContaining('no such address; name one of its own with `listen:`')]);
  });

  test('a port in use: 69', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await until('the port', () => taken.listening);
    const { port } = taken.address() as { port: number };
    const { code, err } = await ended([bin, 'start', '-c', config('port', { listen: `127.0.0.1:${port}` })]);
    taken.close();
    expect([code, err]).toEqual([69, expect.stringContaining('the port is in use')]);
  });

  test('a data folder that is a file: 69', async () => {
    const file = config('data-file', { data: 'policy.yaml' });
    const { code, err } = await ended([bin, 'start', '-c', file]);
    expect([code, err]).toEqual([69, expect.stringContaining('the data folder')]);
  });

  test('a data folder where none can be made: 69, and soon', async () => {
    const file = config('data-nowhere', { data: '/proc/sallyport/deep' });
    const { code, err } = await ended([bin, 'start', '-c', file]);
    expect([code, err]).toEqual([69, expect.stringMatching(/\/proc\/sallyport\/deep.* cannot be .*ENOENT/)]);
  });

  test('grants with one token between them: 78, with the place', async () => {
    const token = `\${env:TOKEN}`;
    const servers = { up: { command: 'node' } };
    const grants = { a: { token, servers: ['up'] }, b: { token, servers: ['up'] } };
    const file = config('one-token', { policy: undefined, servers, grants });
    const { code, err } = await ended([bin, 'start', '-c', file], { env: { TOKEN: 't'.repeat(40) } });
    expect([code, err]).toEqual([
      78,
      expect.stringMatching(/sallyport\.yaml:1:\d+: the grants `a` and `b` have the same token/),
    ]);
    const shared = join(folder.path, 'one-token', 'shared.token');
    writeFileSync(shared, 's'.repeat(40));
    const inFile = { token: `\${file:shared.token}`, servers: ['up'] };
    const files = config('one-token', { policy: undefined, servers, grants: { a: inFile, b: inFile } });
    const second = await ended([bin, 'start', '-c', files]);
    expect([second.code, second.err]).toEqual([
      78,
      expect.stringContaining('shared.token:1:1: the grants `a` and `b` have the same token'),
    ]);
  });

  test('a damaged trail cannot be verified: 69, and a head that is none: 2', async () => {
    const upstream = await startFixture();
    const gateway = await startGateway({
      folder: join(folder.path, 'damaged-trail'),
      policy: allow,
      server: { url: upstream.url },
    });
    const session = await LegacySession.open(gateway.url, gateway.token);
    for (let i = 0; i < 200; i++) await session.call('echo', { text: 'x' });
    await gateway.stop();
    await upstream.stop();
    const database = join(gateway.data, 'sallyport.db');
    const verify = [bin, 'audit', 'verify', '--data', gateway.data];
    expect((await ended([...verify, '--head', 'xyz'])).code).toBe(2);
    const bytes = readFileSync(database);
    writeFileSync(database, bytes.fill(7, 8_192, bytes.length - 4_096));
    const { code, err } = await ended(verify);
    expect([code, err]).toEqual([69, expect.stringContaining('the database cannot be used')]);
  });

  test('a damaged database: 69, it is not recreated, and a start that cannot be leaves no lock behind', async () => {
    const file = config('damaged', {});
    const database = join(folder.path, 'damaged', 'data', 'sallyport.db');
    mkdirSync(join(folder.path, 'damaged', 'data'), { mode: 0o700 });
    writeFileSync(database, 'this is no database, and long enough to be looked at as one\n'.repeat(100));
    const { code, err } = await ended([bin, 'start', '-c', file]);
    expect([code, err]).toEqual([69, expect.stringContaining('cannot be used')]);
    expect(readFileSync(database, 'utf8')).toContain('this is no database');
    expect(readdirSync(join(folder.path, 'damaged', 'data')).filter((name) => name.startsWith('writer-'))).toEqual([]);
  });

  test('a database that was cut off to nothing: 69, and no new one is begun in it', async () => {
    const file = config('cut-off', {});
    const data = join(folder.path, 'cut-off', 'data');
    mkdirSync(data, { mode: 0o700 });
    writeFileSync(join(data, 'sallyport.db'), '');
    const { code, err } = await ended([bin, 'start', '-c', file]);
    expect([code, err]).toEqual([69, expect.stringContaining('it is empty')]);
    expect(readFileSync(join(data, 'sallyport.db'))).toHaveLength(0);
    const verified = await ended([bin, 'audit', 'verify', '--data', data]);
    expect([verified.code, verified.err]).toEqual([69, expect.stringContaining('it is empty')]);
  });

  test('a data folder that another gateway uses: 69', async () => {
    const upstream = await startFixture();
    const gateway = await startGateway({
      folder: join(folder.path, 'twice'),
      policy: allow,
      server: { url: upstream.url },
    });
    const { code, err } = await ended([bin, 'start', '-c', gateway.configFile]);
    expect([code, err]).toEqual([69, expect.stringContaining('another gateway uses the data folder')]);
    await gateway.stop();
    await upstream.stop();
  });

  test('a listener that is not loopback without hosts, an admin that is not loopback: 78', async () => {
    const { code, err } = await ended([
      bin,
      'start',
      '-c',
      config('open', { listen: '0.0.0.0:0', admin: '0.0.0.0:0' }),
    ]);
    expect(code).toBe(78);
    expect(err).toContain('`hosts` is missing');
    expect(err).toContain('`admin` must be loopback');
  });

  test('wrong usage: 2', async () => {
    const wrong = await ended([bin, 'start', '--nonsense']);
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('--help')]);
    expect((await ended([bin, 'nonsense'])).code).toBe(2);
    // As of a variable that is not set: the folder one stands in is none.
    for (const command of [['audit', 'verify'], ['start'], ['demo']])
      expect((await ended([bin, ...command, '--data', ''])).code).toBe(2);
    expect((await ended([bin, '--help'])).code).toBe(0);
  });

  test('wrap without a policy: 78 naming the flag, before the child starts', async () => {
    const mark = join(folder.path, 'started');
    const { code, err } = await ended([
      bin,
      'wrap',
      '--',
      'node',
      '-e',
      `require('fs').writeFileSync(${JSON.stringify(mark)}, '')`,
    ]);
    expect([code, err]).toEqual([78, expect.stringContaining('--policy')]);
    expect(() => readFileSync(mark)).toThrow();
  });

  test('stdio to something that is no gateway: 2 naming the flag', async () => {
    const upstream = await startFixture();
    const { code, err } = await ended([bin, 'stdio', '--url', upstream.url]);
    await upstream.stop();
    expect([code, err]).toEqual([2, expect.stringContaining('--policy')]);
  });
});

test('a server gated over stdio that is not there: its client hears so, and what to do is on stderr', async () => {
  const file = join(folder.path, 'dead.yaml');
  writeFileSync(file, JSON.stringify(allow));
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } };
  const input = `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`;
  const args = ['--url', 'http://127.0.0.1:1/mcp', '--policy', file, '--data', join(folder.path, 'dead')];
  const { code, out, err } = await ended([bin, 'stdio', ...args], { input });
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    id: 1,
    error: { message: 'unavailable: server: the connection was refused; try again when it runs, the log says more' },
  });
  expect(err).toContain('the server is down: the connection was refused; start it, or correct its URL');
});

describe('while it runs', () => {
  test('a child that dies: unavailable, then up again, nothing hangs', async () => {
    const gateway = await startGateway({
      folder: join(folder.path, 'dies'),
      policy: allow,
      server: { command: 'node', args: [fixture] },
    });
    const session = await LegacySession.open(gateway.url, gateway.token);
    const died = (await session.call('die')).messages[0].result;
    expect(died._meta['sallyport/outcome'].outcome).toBe('unknown');
    const next = (await session.call('echo', { text: 'x' })).messages[0].result;
    expect(next.content[0].text).toMatch(/unavailable/);
    const ready = (await (await fetch(`${gateway.admin}/readyz`)).json()) as any;
    expect(ready.status).toBe('degraded');
    await until(
      'the restart',
      async () => (await session.call('echo', { text: 'back' })).messages[0].result?.content?.[0]?.text === 'back',
    );
    await until(
      'the end of the alarm',
      async () => ((await (await fetch(`${gateway.admin}/readyz`)).json()) as any).status === 'ok',
    );
    await gateway.stop();
  });

  test('a child that writes without end is read at a pace: its calls are answered, and the log says so once', async () => {
    const script = `
      const write = () => process.stdout.write('still here\\n'.repeat(1_000), () => setImmediate(write));
      import(${JSON.stringify(fixture)}).then(write);
    `;
    const server = { command: 'node', args: ['-e', script] };
    const gateway = await startGateway({ folder: join(folder.path, 'endless'), policy: allow, server });
    const session = await LegacySession.open(gateway.url, gateway.token);
    const said = () => gateway.err().split('it says more than anybody waits for').length - 1;
    await until('the line', () => said() > 0);
    for (const text of ['one', 'two'])
      expect((await session.call('echo', { text })).messages[0].result.content[0].text).toBe(text);
    expect(said()).toBe(1);
    await gateway.stop();
  });

  test('the alarm of a child that died ends when another of its server answers', async () => {
    const gateway = await startGateway({
      folder: join(folder.path, 'other-child'),
      policy: allow,
      server: { command: 'node', args: [fixture] },
    });
    const dying = await LegacySession.open(gateway.url, gateway.token);
    const other = await LegacySession.open(gateway.url, gateway.token);
    const status = async () => ((await (await fetch(`${gateway.admin}/readyz`)).json()) as any).status;
    await dying.call('die');
    await until('the alarm', async () => (await status()) === 'degraded');
    await other.call('echo');
    expect(await status()).toBe('ok');
    await gateway.stop();
  });

  test('two servers down are two alarms, each with its reason and its end; one that is taken out has none', async () => {
    const marker = join(folder.path, 'b-is-up');
    const downUntil = (file: string, code: number) => ({
      command: 'node',
      args: [
        '-e',
        `require('node:fs').existsSync(${JSON.stringify(file)}) ? import(${JSON.stringify(fixture)}) : process.exit(${code})`,
      ],
    });
    const servers = { a: downUntil('/nowhere', 3), b: downUntil(marker, 4) };
    const gateway = await startGateway({
      folder: join(folder.path, 'two-down'),
      policy: allow,
      server: {},
      config: { servers },
    });
    const at = (id: string) => gateway.url.replace('/up', `/${id}`);
    const reasons = async () => {
      const said = (await (await fetch(`${gateway.admin}/readyz`)).json()) as { reasons: object[] };
      return said.reasons;
    };
    const alarms = async () =>
      (await (await fetch(`${gateway.admin}/metrics`)).text()).match(/^sallyport_alarms\{.*$/gm) ?? [];
    const down = async () =>
      (await (await fetch(`${gateway.admin}/metrics`)).text()).match(/^sallyport_server_down\{.*$/gm) ?? [];
    for (const id of ['a', 'b'])
      await expect(LegacySession.open(at(id), gateway.token)).rejects.toThrow(`unavailable: ${id}: `);
    const ofA = { kind: 'upstream', server: 'a', sentence: expect.stringContaining('a: it ended with code 3') };
    const ofB = { kind: 'upstream', server: 'b', sentence: expect.stringContaining('b: it ended with code 4') };
    expect(await reasons()).toEqual([ofA, ofB]);
    expect(await down()).toEqual(['sallyport_server_down{server="a"} 1', 'sallyport_server_down{server="b"} 1']);
    expect(await alarms()).toEqual([
      'sallyport_alarms{kind="upstream",server="a"} 1',
      'sallyport_alarms{kind="upstream",server="b"} 1',
    ]);
    writeFileSync(marker, '');
    await until('b', async () => LegacySession.open(at('b'), gateway.token).catch(() => undefined));
    expect(await reasons()).toEqual([ofA]);
    const changed = JSON.parse(readFileSync(gateway.configFile, 'utf8')) as object;
    writeFileSync(gateway.configFile, JSON.stringify({ ...changed, servers: { b: servers.b } }));
    await until('the change', async () => (await reasons()).length === 0);
    expect(await alarms()).toContain('sallyport_alarms{kind="upstream",server="a"} 0');
    expect(await down()).toEqual(['sallyport_server_down{server="b"} 0']);
    await gateway.stop();
  });

  test('a child that cannot run is unavailable to a stateless caller, not of another era; its alarm ends when it is back', async () => {
    const marker = join(folder.path, 'database-is-up');
    const script = `require('node:fs').existsSync(${JSON.stringify(marker)}) ? import(${JSON.stringify(fixture)}) : process.exit(3)`;
    const gateway = await startGateway({
      folder: join(folder.path, 'cannot-run'),
      policy: allow,
      server: { command: 'node', args: ['-e', script, '--', '--era', 'modern'] },
    });
    const refused = await modernCall(gateway.url, gateway.token, 'echo', { text: 'x' });
    expect(refused.messages[0].result.content[0].text).toContain('up is unavailable: ');
    const ready = async () => ((await (await fetch(`${gateway.admin}/readyz`)).json()) as { status: string }).status;
    expect(await ready()).toBe('degraded');
    writeFileSync(marker, '');
    await until('the server', async () => {
      const { messages } = await modernCall(gateway.url, gateway.token, 'echo', { text: 'back' });
      return messages[0].result.content[0].text === 'back';
    });
    expect(await ready()).toBe('ok');
    await gateway.stop();
  });

  test('more sessions at once than a server may have children: the others wait until one is idle', async () => {
    const gateway = await startGateway({
      folder: join(folder.path, 'many-children'),
      policy: allow,
      server: { command: 'node', args: [fixture] },
    });
    const each = Array.from({ length: 20 }, async (_, i) => {
      const session = await LegacySession.open(gateway.url, gateway.token);
      return (await session.call('echo', { text: `of ${i}` })).messages[0].result.content[0].text;
    });
    expect(await Promise.all(each)).toEqual(each.map((_, i) => `of ${i}`));
    await gateway.stop();
  });

  test('a server of both eras whose first start goes wrong is not taken for one of the other', async () => {
    const marker = join(folder.path, 'started-before');
    const script = `
      const { existsSync, writeFileSync } = require('node:fs');
      if (existsSync(${JSON.stringify(marker)})) import(${JSON.stringify(fixture)});
      else process.stdin.once('data', () => { writeFileSync(${JSON.stringify(marker)}, ''); process.exit(3); });
    `;
    const server = { command: 'node', args: ['-e', script] };
    const gateway = await startGateway({ folder: join(folder.path, 'first-start'), policy: allow, server });
    const { messages } = await modernCall(gateway.url, gateway.token, 'echo', { text: 'both' });
    expect(messages[0].result?.content[0].text).toBe('both');
    await gateway.stop();
  });

  test('a silent server: unknown after its deadline, and the quota stays taken', async () => {
    const policy = { version: '1', default: 'deny', tools: { silent: { rate_limit: { max: 1, window: 60 } } } };
    const gateway = await startGateway({
      folder: join(folder.path, 'silent'),
      policy,
      server: { command: 'node', args: [fixture], timeout: '3s' },
    });
    const session = await LegacySession.open(gateway.url, gateway.token);
    const first = (await session.call('silent')).messages[0].result;
    expect(first.content[0].text).toMatch(
      /^\[sallyport\] unknown: the call was sent.*do not repeat it.*Outcome r[0-9]+/s,
    );
    const second = (await session.call('silent')).messages[0].result;
    expect(second._meta['sallyport/refusal'].limit.max).toBe(1);
    await gateway.stop();
  });

  test('a server that is not there: nothing is sent, the quota is given back, an alarm while it is away', async () => {
    const upstream = await startFixture();
    const policy = { version: '1', default: 'deny', tools: { echo: { rate_limit: { max: 1, window: 60 } } } };
    const gateway = await startGateway({ folder: join(folder.path, 'gone'), policy, server: { url: upstream.url } });
    const session = await LegacySession.open(gateway.url, gateway.token);
    await session.send('tools/list');
    await upstream.stop();
    const answer = (await session.call('echo')).messages[0].result;
    expect(answer.content[0].text).toMatch(/unavailable/);
    expect(answer._meta['sallyport/refusal'] ?? answer._meta['sallyport/outcome']).toBeDefined();
    await session.call('echo');
    const reasons = async () =>
      ((await (await fetch(`${gateway.admin}/readyz`)).json()) as { reasons: object[] }).reasons;
    const sentence = 'up: the connection was refused; start it, or correct its URL';
    expect(await reasons()).toEqual([{ kind: 'upstream', server: 'up', sentence }]);
    const port = new URL(upstream.url).port;
    const again = run([fixture, '--http', port]);
    await until('the server', () => again.out().includes('url'));
    await until(
      'the call',
      async () => (await session.call('echo', { text: 'now' })).messages[0].result?.content?.[0]?.text === 'now',
    );
    expect(await reasons()).toEqual([]);
    await gateway.stop();
    expect(gateway.err().split('the server is down')).toHaveLength(2);
    await again.stop();
  });

  test('a server that answers HTTP 5xx raises an alarm, and an answer of it ends that', async () => {
    let status = 200;
    const upstream = await startFixture();
    // Stands before the fixture as a proxy would.
    const pass = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
      const opens = request.headers['mcp-session-id'] === undefined;
      if (status !== 200) return void response.writeHead(status === 404 && opens ? 502 : status).end('no');
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const headers = Object.entries(request.headers).filter(([name]) => name !== 'host' && name !== 'connection');
      const answer = await fetch(upstream.url, {
        method: request.method ?? 'POST',
        headers: Object.fromEntries(headers) as Record<string, string>,
        ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
      });
      const { 'content-encoding': _, 'transfer-encoding': __, ...plain } = Object.fromEntries(answer.headers);
      return void response.writeHead(answer.status, plain).end(Buffer.from(await answer.arrayBuffer()));
    };
    const front = createHttpServer((request, response) => void pass(request, response)).listen(0, '127.0.0.1');
    await once(front, 'listening');
    const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}/mcp`;
    const gateway = await startGateway({ folder: join(folder.path, 'failing'), policy: allow, server: { url } });
    const session = await LegacySession.open(gateway.url, gateway.token);
    const reasons = async () =>
      ((await (await fetch(`${gateway.admin}/readyz`)).json()) as { reasons?: object[] }).reasons ?? [];
    expect((await session.call('echo')).messages[0].result.isError).toBeUndefined();
    expect(await reasons()).toEqual([]);
    status = 503;
    expect((await session.call('echo')).messages[0].result.content[0].text).toMatch(/unknown/);
    const alarm = (code: number) => ({
      kind: 'upstream',
      server: 'up',
      sentence: `up: it answers HTTP ${code}; its own log says why`,
    });
    expect(await reasons()).toEqual([alarm(503)]);
    status = 500;
    await session.call('echo');
    expect(await reasons()).toEqual([alarm(500)]);
    status = 200;
    expect((await session.call('echo')).messages[0].result.isError).toBeUndefined();
    expect(await reasons()).toEqual([]);
    // It has forgotten the session, and opens no new one.
    status = 404;
    expect((await session.call('echo')).messages[0].result.content[0].text).toMatch(/Nothing was sent/);
    expect(await reasons()).toEqual([alarm(502)]);
    status = 200;
    expect((await session.call('echo')).messages[0].result.isError).toBeUndefined();
    expect(await reasons()).toEqual([]);
    await gateway.stop();
    front.close();
    await upstream.stop();
  });

  test('a server of which one tool always fails is down and up in turn, and the log says so once', async () => {
    const upstream = await startFixture();
    const pass = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      if (body.includes('"get_me"')) return void response.writeHead(503).end();
      const session = request.headers['mcp-session-id'];
      const headers = { ...json, ...(typeof session === 'string' ? { 'mcp-session-id': session } : {}) };
      if (request.method !== 'POST') return void response.writeHead(405).end();
      const answer = await fetch(upstream.url, { method: 'POST', headers, body });
      const opened = answer.headers.get('mcp-session-id');
      response.writeHead(answer.status, { ...json, ...(opened === null ? {} : { 'mcp-session-id': opened }) });
      return void response.end(await answer.text());
    };
    const json = { 'content-type': 'application/json' };
    const front = createHttpServer((request, response) => void pass(request, response)).listen(0, '127.0.0.1');
    await once(front, 'listening');
    const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}/mcp`;
    const gateway = await startGateway({ folder: join(folder.path, 'one-tool'), policy: allow, server: { url } });
    const session = await LegacySession.open(gateway.url, gateway.token);
    const status = async () => ((await (await fetch(`${gateway.admin}/readyz`)).json()) as { status: string }).status;
    for (let i = 0; i < 5; i++) {
      await session.call('get_me');
      expect(await status()).toBe('degraded');
      await session.call('echo');
      expect(await status()).toBe('ok');
    }
    await gateway.stop();
    for (const line of ['the server is down', 'up: it answers HTTP 503', 'alarm ended'])
      expect(gateway.err().split(line)).toHaveLength(2);
    front.close();
    await upstream.stop();
  });

  test('a grant without a policy refuses everything and lists nothing', async () => {
    const upstream = await startFixture();
    const gateway = await startGateway({
      folder: join(folder.path, 'no-policy'),
      policy: allow,
      server: { url: upstream.url },
      config: { policy: undefined },
    });
    const session = await LegacySession.open(gateway.url, gateway.token);
    expect((await session.send('tools/list')).messages[0].result.tools).toEqual([]);
    const answer = (await session.call('echo')).messages[0].result;
    expect(answer._meta['sallyport/refusal'].rule).toBe('(no policy)');
    expect(answer.content[0].text).toMatch(/nothing is allowed\. Give the grant a `policy` in the configuration\.$/);
    await gateway.stop();
    await upstream.stop();
  });

  test('a hidden tool whose arguments are mirrored is as unknown as one that is not there', async () => {
    const upstream = await startFixture();
    const gateway = await startGateway({
      folder: join(folder.path, 'hidden-mirrors'),
      policy: { ...allow, hide: ['mirrored'] },
      server: { url: upstream.url },
    });
    for (const more of [{}, { 'mcp-param-region': 'us' }]) {
      const [hidden, absent] = await Promise.all(
        ['mirrored', 'mirrorex'].map((name) => {
          const params = { name, arguments: { region: 'eu' }, ...modernMeta() };
          const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
          return post(gateway.url, body, { ...modernHeaders(gateway.token, 'tools/call', name), ...more });
        }),
      );
      expect([absent?.status, absent?.messages[0].error.code]).toEqual([200, -32602]);
      expect([hidden?.status, hidden?.text]).toEqual([200, absent?.text.replace('mirrorex', 'mirrored')]);
    }
    await gateway.stop();
    await upstream.stop();
  });

  test('the published document of the prior art: absent from the list, unknown when called, the rest by its default', async () => {
    const upstream = await startFixture(['--tools', 'binance_futures_cancel_order,echo']);
    const closed = { version: '1', default: 'deny', hide: ['binance_futures_cancel_order'] };
    const gateway = await startGateway({
      folder: join(folder.path, 'published'),
      policy: closed,
      server: { url: upstream.url },
    });
    const session = await LegacySession.open(gateway.url, gateway.token);
    expect((await session.send('tools/list')).messages[0].result.tools).toEqual([]);
    const hidden = await session.send('tools/call', { name: 'binance_futures_cancel_order' }, 1);
    const absent = await session.send('tools/call', { name: 'binance_futures_cancel_ordre' }, 1);
    expect(hidden.text.replace('order', 'ordre')).toBe(absent.text);
    const checked = await ended([bin, 'policy', 'check', gateway.policyFile]);
    expect(checked.code).toBe(0);
    expect(checked.out + checked.err).toMatch(/nothing/i);
    writeFileSync(gateway.policyFile, JSON.stringify({ ...closed, default: 'allow' }));
    await until(
      'the open default',
      async () => (await session.send('tools/list')).messages[0].result.tools.length === 1,
    );
    expect((await session.call('echo', { text: 'x' })).messages[0].result.content[0].text).toBe('x');
    await gateway.stop();
    await upstream.stop();
  });

  test('eras that do not meet are told apart: 400, -32022, and what the server speaks', async () => {
    const legacy = await startFixture(['--era', 'legacy']);
    const one = await startGateway({
      folder: join(folder.path, 'era-legacy'),
      policy: allow,
      server: { url: legacy.url },
    });
    const refused = await modernCall(one.url, one.token, 'echo');
    expect([
      refused.status,
      refused.messages[0].result?._meta?.['sallyport/refusal']?.rule ?? refused.messages[0].error.code,
    ]).toEqual([400, -32022]);
    expect(refused.messages[0].error.data.supported).toContain('2025-11-25');
    await one.stop();
    await legacy.stop();
    const modern = await startFixture(['--era', 'modern']);
    const two = await startGateway({
      folder: join(folder.path, 'era-modern'),
      policy: allow,
      server: { url: modern.url },
    });
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
    });
    const said = await post(two.url, body, { authorization: `Bearer ${two.token}` });
    expect([said.status, said.messages[0].error.code, said.messages[0].error.data.supported]).toEqual([
      400,
      -32022,
      ['2026-07-28'],
    ]);
    const discover = await post(
      two.url,
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'server/discover', params: modernMeta() }),
      modernHeaders(two.token, 'server/discover'),
    );
    expect(discover.messages[0].result.supportedVersions).toEqual(['2026-07-28']);
    await two.stop();
    await modern.stop();
  });

  test('the token, the host, the route', async () => {
    const upstream = await startFixture();
    const gateway = await startGateway({
      folder: join(folder.path, 'door'),
      policy: allow,
      server: { url: upstream.url },
    });
    const none = await post(gateway.url, '{}');
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="sallyport"']);
    expect((await post(gateway.url, '{}', { authorization: `Bearer ${gateway.token}x` })).status).toBe(401);
    const auth = { authorization: `Bearer ${gateway.token}` };
    expect((await post(gateway.url.replace('/up', '/other'), '{}', auth)).status).toBe(404);
    expect((await post(`${gateway.url}?access_token=${gateway.token}`, '{}')).status).toBe(401);
    expect((await post(gateway.url.replace('/mcp/up', '/'), '{}', auth)).status).toBe(404);
    const root = await LegacySession.open(gateway.url.replace('/up', ''), gateway.token);
    expect((await root.call('echo', { text: 'only one server' })).messages[0].result.content[0].text).toBe(
      'only one server',
    );
    expect((await post(gateway.url, '{}', { ...auth, origin: 'https://evil.example' })).status).toBe(403);
    const { port } = new URL(gateway.url);
    const plain = ['host: localhost', `authorization: ${auth.authorization}`, 'content-type: application/json'];
    expect(await rawStatus(Number(port), [...plain, 'x-any: 1', 'x-any: 2'])).not.toContain('more than once');
    for (const twice of ['Host: evil.example', 'Authorization: Bearer other', 'Content-Type: text/plain']) {
      const answer = await rawStatus(Number(port), [...plain, twice]);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('more than once');
    }
    await until('the log', () => gateway.err().includes('turned away'));
    expect(gateway.err()).not.toContain(gateway.token);
    await gateway.stop();
    await upstream.stop();
  });

  test('a stream or the end of a session is asked for in the revision of that session', async () => {
    const upstream = await startFixture();
    const gateway = await startGateway({
      folder: join(folder.path, 'revisions'),
      policy: allow,
      server: { url: upstream.url },
    });
    const session = await LegacySession.open(gateway.url, gateway.token, '2025-11-25');
    for (const method of ['GET', 'DELETE']) {
      for (const [revision, status] of [
        ['2026-07-28', 405],
        ['2025-06-18', 400],
      ] as const) {
        const headers = { ...session.headers, accept: 'text/event-stream', 'mcp-protocol-version': revision };
        expect((await fetch(gateway.url, { method, headers })).status).toBe(status);
      }
    }
    expect((await session.send('ping')).status).toBe(200);
    expect((await fetch(gateway.url, { method: 'DELETE', headers: session.headers })).status).toBe(204);
    await gateway.stop();
    await upstream.stop();
  });

  test('an audit trail that cannot be written refuses', async () => {
    const upstream = await startFixture();
    const gateway = await startGateway({
      folder: join(folder.path, 'readonly'),
      policy: allow,
      server: { url: upstream.url },
    });
    const session = await LegacySession.open(gateway.url, gateway.token);
    await session.send('tools/list');
    const { DatabaseSync } = await import('node:sqlite');
    const blocker = new DatabaseSync(join(gateway.data, 'sallyport.db'));
    blocker.exec("CREATE TRIGGER stop BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'no space'); END");
    blocker.exec("CREATE TRIGGER full BEFORE INSERT ON sessions BEGIN SELECT RAISE(ABORT, 'no space'); END");
    await expect(LegacySession.open(gateway.url, gateway.token)).rejects.toThrow(
      /"id":1,"error":.*the session cannot be kept: no space/,
    );
    blocker.exec('DROP TRIGGER full');
    const refused = (await session.call('echo', { text: 'x' })).messages[0].result;
    expect(refused._meta['sallyport/refusal'].rule).toBe('(audit)');
    expect(((await (await fetch(`${gateway.admin}/readyz`)).json()) as any).reasons[0].kind).toBe('audit');
    blocker.exec('DROP TRIGGER stop');
    blocker.close();
    expect((await session.call('echo', { text: 'again' })).messages[0].result.content[0].text).toBe('again');
    await gateway.stop();
    await upstream.stop();
  });

  test.each(['sallyport.db', 'sallyport.db-wal'])(
    '%s taken away while it runs: refused, for the record would be lost',
    async (name) => {
      const gateway = await startGateway({
        folder: join(folder.path, `taken-${name}`),
        policy: allow,
        server: { command: 'node', args: [fixture] },
      });
      const session = await LegacySession.open(gateway.url, gateway.token);
      expect((await session.call('echo', { text: 'x' })).text).toContain('"x"');
      renameSync(join(gateway.data, name), join(gateway.data, 'elsewhere'));
      const rule = async () =>
        (await session.call('echo')).messages[0].result._meta?.['sallyport/refusal']?.rule === '(audit)';
      await until('the refusal', rule);
      expect(await (await fetch(`${gateway.admin}/readyz`)).text()).toContain('start the gateway again');
      await gateway.stop();
    },
  );

  test('a data folder that its name no longer leads to: refused, and the gateway goes on', async () => {
    const gateway = await startGateway({
      folder: join(folder.path, 'looped'),
      policy: allow,
      server: { command: 'node', args: [fixture] },
    });
    const session = await LegacySession.open(gateway.url, gateway.token);
    renameSync(gateway.data, `${gateway.data}-elsewhere`);
    symlinkSync(gateway.data, gateway.data);
    const rule = async () =>
      (await session.call('echo')).messages[0].result._meta?.['sallyport/refusal']?.rule === '(audit)';
    await until('the refusal', rule);
    expect(await (await fetch(`${gateway.admin}/readyz`)).text()).toContain('start the gateway again');
    await gateway.stop();
  });

  test('a stop that cannot be written down is a stop all the same', async () => {
    const gateway = await startGateway({
      folder: join(folder.path, 'full-stop'),
      policy: allow,
      server: { command: 'node', args: [fixture] },
    });
    const { DatabaseSync } = await import('node:sqlite');
    const blocker = new DatabaseSync(join(gateway.data, 'sallyport.db'));
    blocker.exec("CREATE TRIGGER stop BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'no space'); END");
    blocker.close();
    expect(await gateway.stop()).toBe(0);
    expect(gateway.err()).toContain('cannot be ended in the data folder as it should: no space');
  });

  test('a folder that is open to others is tightened with all its files, and a token file that was made; who wrote another decides', async () => {
    const upstream = await startFixture();
    const at = join(folder.path, 'wide');
    const data = join(at, 'data');
    mkdirSync(data, { recursive: true });
    const config = {
      policy: undefined,
      grants: {
        one: { servers: ['up'], policy: 'policy.yaml' },
        made: { token: `\${file:made.token}`, servers: ['up'] },
        theirs: { token: `\${file:theirs.token}`, servers: ['up'] },
      },
    };
    writeFileSync(join(at, 'theirs.token'), 't'.repeat(40));
    const options = { folder: at, policy: allow, server: { url: upstream.url }, config };
    const files = ['data/audit.key', 'data/one.token', 'data/sallyport.db', 'made.token', 'theirs.token'];
    const modes = () => files.map((file) => (statSync(join(at, file)).mode & 0o777).toString(8));
    await (await startGateway(options)).stop();
    expect(modes()).toEqual(['600', '600', '600', '600', '644']);
    chmodSync(data, 0o755);
    for (const file of files) chmodSync(join(at, file), 0o644);
    const gateway = await startGateway(options);
    expect((statSync(data).mode & 0o777).toString(8)).toBe('700');
    expect(modes()).toEqual(['600', '600', '600', '600', '644']);
    await gateway.stop();
    const said = (what: RegExp) => gateway.err().match(what) ?? [];
    expect(said(/the data folder \S+ was open to others \(mode 755\); it is 700 now/g)).toHaveLength(1);
    expect(said(/(?:audit\.key|sallyport\.db) was open to others \(mode 644\); it is 600 now/g)).toHaveLength(2);
    expect(
      said(/\.token:1:1: the token of the grant `\w+` was open to others \(mode 644\); it is 600 now/g),
    ).toHaveLength(2);
    await upstream.stop();
  });

  test('a key that was cut off is not used: 69', async () => {
    const file = config('cut-key', {});
    const data = join(folder.path, 'cut-key', 'data');
    mkdirSync(data, { mode: 0o700 });
    writeFileSync(join(data, 'audit.key'), 'abcd\n', { mode: 0o600 });
    const { code, err } = await ended([bin, 'start', '-c', file]);
    expect([code, err]).toEqual([69, expect.stringContaining('audit.key holds no key')]);
  });
});

describe('Ctrl-C', () => {
  test('running calls are answered, then it ends with 130, its child with it', async () => {
    const gateway = await startGateway({
      folder: join(folder.path, 'ctrl-c'),
      policy: allow,
      server: { command: 'node', args: [fixture] },
    });
    const session = await LegacySession.open(gateway.url, gateway.token);
    const running = session.call('slow', { ms: 800 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    gateway.child.kill('SIGINT');
    gateway.child.kill('SIGINT');
    expect((await running).messages[0].result.content[0].text).toBe('slept');
    expect(await gateway.exited).toBe(130);
    expect((await ended([bin, 'audit', 'verify', '--data', gateway.data])).code).toBe(0);
  });

  test('a second one ends at once, and no record is lost', async () => {
    const gateway = await startGateway({
      folder: join(folder.path, 'ctrl-c-twice'),
      policy: allow,
      server: { command: 'node', args: [fixture] },
    });
    const session = await LegacySession.open(gateway.url, gateway.token);
    const running = session.call('slow', { ms: 60_000 }).catch(() => 'cut off');
    await new Promise((resolve) => setTimeout(resolve, 300));
    gateway.child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 700));
    gateway.child.kill('SIGINT');
    expect(await gateway.exited).toBe(130);
    expect(await running).toBe('cut off');
    const verified = await ended([bin, 'audit', 'verify', '--data', gateway.data]);
    expect(verified.code).toBe(0);
    const again = await startGateway({
      folder: join(folder.path, 'ctrl-c-twice'),
      policy: allow,
      server: { command: 'node', args: [fixture] },
    });
    await again.stop();
    const { out } = await ended([bin, 'audit', 'tail', '--data', gateway.data, '--json']);
    expect(out).toContain('"outcome":"unknown"');
  });
});

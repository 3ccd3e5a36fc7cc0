import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bin, ended, fixture, type Running, run, startFixture, temporaryFolder, until } from '../support/processes.ts';

const folder = temporaryFolder('commands');
const policyFile = join(folder.path, 'policy.yaml');
const policy = {
  version: '1',
  default: 'deny',
  tools: { echo: {}, die: {}, create_payment: { action: 'deny', reason: 'no' } },
};
let upstream: Running & { url: string };
beforeAll(async () => {
  writeFileSync(policyFile, JSON.stringify(policy));
  upstream = await startFixture();
});
afterAll(async () => {
  await upstream.stop();
  folder.remove();
});

describe('an HTTP server gated in process', () => {
  test.each(['legacy', 'auto'] as const)('%s client', async (era) => {
    const client = new Client(
      { name: 't', version: '1' },
      era === 'auto' ? { versionNegotiation: { mode: 'auto' } } : {},
    );
    const args = [
      bin,
      'stdio',
      '--url',
      upstream.url,
      '--policy',
      policyFile,
      '--data',
      join(folder.path, `gated-${era}`),
    ];
    await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }));
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['echo', 'create_payment', 'die']);
    expect((await client.callTool({ name: 'echo', arguments: { text: 'x' } })).content).toEqual([
      { type: 'text', text: 'x' },
    ]);
    expect((await client.callTool({ name: 'create_payment', arguments: {} })).isError).toBe(true);
    await client.close();
  });
});

describe('wrap', () => {
  test('its child gets the client’s environment, without what is ours', async () => {
    const server = `require('readline').createInterface({input:process.stdin}).on('line',l=>{const m=JSON.parse(l);if(m.id!==undefined)console.log(JSON.stringify({jsonrpc:'2.0',id:m.id,result:m.method==='initialize'?{protocolVersion:m.params.protocolVersion,capabilities:{tools:{}},serverInfo:{name:JSON.stringify([process.env.GIVEN,process.env.SALLYPORT_DATA]),version:'1'}}:{tools:[]}}))})`;
    const input =
      '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}\n';
    const { out, code } = await ended(
      [bin, 'wrap', '--policy', policyFile, '--data', join(folder.path, 'env'), '--', process.execPath, '-e', server],
      {
        env: { GIVEN: 'by the client', SALLYPORT_DATA: '/nowhere' },
        input,
      },
    );
    expect(JSON.parse(JSON.parse(out).result.serverInfo.name)).toEqual(['by the client', null]);
    expect(code).toBe(0);
  });

  test('two of them share a folder: one chain, every record in it', async () => {
    const data = join(folder.path, 'shared');
    const start = () =>
      run([bin, 'wrap', '--policy', policyFile, '--data', data, '--', process.execPath, fixture], { input: 'pipe' });
    const both = [start(), start()];
    for (const one of both) {
      one.child.stdin?.write(
        '{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}\n',
      );
      await until('the handshake', () => one.out().includes('"i"'));
    }
    for (let i = 0; i < 40; i++)
      for (const one of both)
        one.child.stdin?.write(
          `{"jsonrpc":"2.0","id":${i},"method":"tools/call","params":{"name":"echo","arguments":{"text":"n${i}"}}}\n`,
        );
    for (const one of both) await until('the answers', () => one.out().trim().split('\n').length >= 41);
    both[0]?.child.kill('SIGKILL');
    await both[0]?.exited;
    both[1]?.child.stdin?.end();
    expect(await both[1]?.exited).toBe(0);
    const verified = await ended([bin, 'audit', 'verify', '--data', data, '--json']);
    expect(JSON.parse(verified.out)).toMatchObject({ ok: true });
    const { out } = await ended([bin, 'audit', 'export', '--json', '--data', data]);
    const kinds = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).kind);
    expect(kinds.filter((kind) => kind === 'intent')).toHaveLength(80);
    expect(kinds.filter((kind) => kind === 'outcome').length).toBeGreaterThanOrEqual(80);
  });

  test('several may meet in a new folder: each serves', async () => {
    const hello =
      '{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}\n';
    for (let round = 0; round < 4; round++) {
      const data = join(folder.path, `met-${round}`);
      const all = await Promise.all(
        [1, 2, 3].map(() =>
          ended([bin, 'wrap', '--policy', policyFile, '--data', data, '--', process.execPath, fixture], {
            input: hello,
          }),
        ),
      );
      for (const { code, out, err } of all)
        expect([code, out.includes('"i"'), err.includes('cannot be used')]).toEqual([0, true, false]);
    }
  });

  test('a gateway of its own does not share the folder with them', async () => {
    const data = join(folder.path, 'taken');
    const wrapped = run([bin, 'wrap', '--policy', policyFile, '--data', data, '--', process.execPath, fixture], {
      input: 'pipe',
    });
    await until('the database', () => {
      try {
        return readFileSync(join(data, 'sallyport.db')).length > 0;
      } catch {
        return false;
      }
    });
    const config = join(folder.path, 'taken.yaml');
    writeFileSync(
      config,
      JSON.stringify({ version: '1', listen: '127.0.0.1:0', admin: '127.0.0.1:0', data, servers: {} }),
    );
    const { code, err } = await ended([bin, 'start', '-c', config]);
    expect([code, err]).toEqual([69, expect.stringContaining('another gateway')]);
    wrapped.child.stdin?.end();
    expect(await wrapped.exited).toBe(0);
  });
});

describe('configuration', () => {
  const file = join(folder.path, 'full.yaml');
  beforeAll(() => {
    writeFileSync(
      file,
      `version: "1"\nlisten: 127.0.0.1:0\nservers:\n  a:\n    url: https://mcp.example.com/mcp\n    headers: { Authorization: "Bearer \${env:UP_TOKEN}" }\n  b: { command: node, args: [x.js], env: { KEY: "\${env:UP_TOKEN}" } }\ngrants:\n  desk: { servers: [a, b], policy: policy.yaml, agent: trader }\n`,
    );
  });
  const env = { UP_TOKEN: 'a-secret-that-must-not-show-anywhere' };

  test('print masks secrets and says where each value came from', async () => {
    const { out, code } = await ended([bin, 'config', 'print', '-c', file], {
      env: { ...env, SALLYPORT_ADMIN: '127.0.0.1:9999' },
    });
    expect(code).toBe(0);
    expect(out).not.toContain('a-secret');
    expect(out).toMatch(/^listen: "127.0.0.1:0" {2}# file$/m);
    expect(out).toMatch(/^admin: "127.0.0.1:9999" {2}# environment$/m);
    expect(out).toMatch(/^storage: "sqlite" {2}# default$/m);
    expect(out).toContain('********');
  });

  test('print masks arguments and URLs with a secret in them', async () => {
    const secrets = join(folder.path, 'secrets.yaml');
    writeFileSync(
      secrets,
      `version: "1"\nservers:\n  a: { url: "https://mcp.example.com/\${env:UP_TOKEN}/mcp" }\n  b: { command: node, args: [x.js, "--key=\${env:UP_TOKEN}", ghp_0123456789abcdefghij] }\n`,
    );
    const { out, code } = await ended([bin, 'config', 'print', '-c', secrets], { env });
    expect(code).toBe(0);
    expect(out).not.toMatch(/a-secret|ghp_/);
    expect(out).toContain('servers.a.url: "https://mcp.example.com/********"');
    expect(out).toContain('servers.b.args: ["x.js","********","********"]');
  });

  test.each(['config', 'grants', 'limits', 'policy', 'audit'])('%s --help has an example', async (command) => {
    expect((await ended([bin, command, '--help'])).out).toMatch(new RegExp(`Example:\\n {2}sallyport ${command} `));
  });

  test('check finds a missing secret with its place', async () => {
    const { out, code } = await ended([bin, 'config', 'check', '-c', file], { env: { UP_TOKEN: undefined } });
    expect(code).toBe(1);
    expect(out).toMatch(/full\.yaml:6:\d+: the environment variable UP_TOKEN is not set/);
    expect((await ended([bin, 'config', 'check', '-c', file, '--json'], { env })).out).toContain('"ok":true');
  });

  test('check makes nothing and changes nothing', async () => {
    const looked = join(folder.path, 'looked');
    mkdirSync(looked);
    writeFileSync(join(looked, 'given.token'), `sp_${'A'.repeat(43)}`, { mode: 0o644 });
    const servers = { a: { command: 'node' } };
    const grants = { new: { servers: ['a'] }, given: { token: `\${file:given.token}`, servers: ['a'] } };
    const at = join(looked, 'sallyport.yaml');
    writeFileSync(at, JSON.stringify({ version: '1', servers, grants }));
    expect((await ended([bin, 'config', 'check', '-c', at])).code).toBe(0);
    expect(readdirSync(looked).sort()).toEqual(['given.token', 'sallyport.yaml']);
    expect(statSync(join(looked, 'given.token')).mode & 0o777).toBe(0o644);
  });

  test('check sees that two grants name one token file before it is there', async () => {
    const shared = join(folder.path, 'shared.yaml');
    const grant = { token: `\${file:not-yet.token}`, servers: ['a'] };
    const servers = { a: { command: 'node' } };
    writeFileSync(shared, JSON.stringify({ version: '1', servers, grants: { one: grant, two: grant } }));
    const { out, code } = await ended([bin, 'config', 'check', '-c', shared]);
    expect([code, out]).toEqual([
      1,
      expect.stringContaining('not-yet.token:1:1: the grants `one` and `two` have the same token'),
    ]);
    expect(readdirSync(folder.path)).not.toContain('not-yet.token');
  });

  test('a literal that looks like a secret is a warning', async () => {
    const literal = join(folder.path, 'literal.yaml');
    writeFileSync(
      literal,
      'version: "1"\nservers:\n  a: { url: "https://x.example/mcp", headers: { Authorization: "Bearer ghp_0123456789abcdefghij" } }\n',
    );
    const { out, code } = await ended([bin, 'config', 'check', '-c', literal]);
    expect([code, out]).toEqual([0, expect.stringMatching(/warning: .*literal\.yaml:3:\d+: this looks like a secret/)]);
  });

  test('grants are listed without their tokens', async () => {
    const { out } = await ended([bin, 'grants', 'list', '-c', file, '--json'], { env });
    expect(JSON.parse(out)).toMatchObject({
      version: 1,
      grants: [{ name: 'desk', servers: ['a', 'b'], agent: 'trader', token: expect.stringContaining('desk.token') }],
    });
  });

  test('a grant for a server that is not there is an error with a suggestion', async () => {
    const wrong = join(folder.path, 'wrong.yaml');
    writeFileSync(wrong, 'version: "1"\nservers:\n  files: { command: node }\ngrants:\n  desk: { servers: [file] }\n');
    const { out, code } = await ended([bin, 'config', 'check', '-c', wrong]);
    expect([code, out]).toEqual([
      1,
      expect.stringMatching(/wrong\.yaml:5:\d+: there is no server `file`; did you mean `files`\?/),
    ]);
  });
});

describe('audit', () => {
  test('arguments stand whole in the trail where the configuration says so', async () => {
    const { startGateway } = await import('../support/processes.ts');
    const { LegacySession } = await import('../support/wire.ts');
    const gateway = await startGateway({
      folder: join(folder.path, 'full'),
      policy,
      server: { url: upstream.url },
      config: { audit: { arguments: 'full', keep: '7d' } },
    });
    const session = await LegacySession.open(gateway.url, gateway.token);
    await session.call('echo', { text: 'in full', n: 1 });
    await gateway.stop();
    const { out } = await ended([bin, 'audit', 'export', '--json', '--data', gateway.data]);
    const intent = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .find(({ kind }) => kind === 'intent');
    expect(intent).toMatchObject({
      caller: 'local',
      server: 'up',
      method: 'tools/call',
      tool: 'echo',
      verdict: 'permit',
      arguments: { full: { text: 'in full', n: 1 } },
    });
    expect((await ended([bin, 'audit', 'show', 'r999', '--data', gateway.data])).code).toBe(1);
    expect((await ended([bin, 'audit', 'show', 'x', '--data', gateway.data])).code).toBe(2);
    expect((await ended([bin, 'audit', 'verify', '--data', join(folder.path, 'nowhere')])).code).toBe(69);
  });
});

describe('an output nobody reads to its end', () => {
  const cut = (args: string[]) => {
    const running = run(args);
    running.child.stdout?.destroy();
    return running;
  };
  test('ends a report without a word', async () => {
    const data = join(folder.path, 'reported');
    await ended([bin, 'wrap', '--policy', policyFile, '--data', data, '--', process.execPath, fixture], { input: '' });
    for (const args of [
      ['audit', 'export', '--data', data],
      ['audit', 'tail', '-f', '--data', data],
    ]) {
      const running = cut([bin, ...args]);
      expect(await running.exited).toBe(1);
      expect(running.err()).not.toMatch(/EPIPE|at .*node:/);
    }
  });

  test('does not end what serves', async () => {
    const file = join(folder.path, 'unread.yaml');
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const admin = `127.0.0.1:${(free.address() as AddressInfo).port}`;
    free.close();
    writeFileSync(file, JSON.stringify({ version: '1', listen: '127.0.0.1:0', admin, data: 'unread', servers: {} }));
    const gateway = cut([bin, 'start', '-c', file, '--json']);
    const healthy = async () => (await fetch(`http://${admin}/healthz`).catch(() => undefined))?.status === 200;
    await until('the gateway', healthy);
    // What nobody reads has been written by now, and said so.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await healthy()).toBe(true);
    expect(await gateway.stop()).toBe(0);
  });
});

test('a start says where tokens lie, and none of them', async () => {
  const file = join(folder.path, 'tokens.yaml');
  const written = { version: '1', listen: '127.0.0.1:0', admin: '127.0.0.1:0', data: 'tokens', servers: {} };
  writeFileSync(file, JSON.stringify(written));
  const gateway = run([bin, 'start', '-c', file]);
  await until('the gateway', () => gateway.err().includes('ready'));
  const token = join(folder.path, 'tokens', 'local.token');
  expect(gateway.err()).toContain(`the token of the grant \`local\` is in ${token}`);
  expect(gateway.out() + gateway.err()).not.toContain(readFileSync(token, 'utf8').trim());
  expect(await gateway.stop()).toBe(0);
});

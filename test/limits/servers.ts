/** Private Redis and PostgreSQL servers on free ports, for suites that need real ones. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export type Server = { readonly url: string; readonly child: ChildProcess; readonly stop: () => Promise<void> };

/** The servers of other stores: where one is not to be had, its tests are left out with a message; with CI set they fail. */
export const serverKinds: readonly {
  readonly name: 'redis' | 'postgres';
  readonly start: (() => Promise<Server>) | undefined;
}[] = [
  { name: 'redis', start: available('redis-server or valkey-server', redisBinary(), startRedis) },
  { name: 'postgres', start: available('initdb and postgres', postgresFolder(), startPostgres) },
];

function available(
  what: string,
  found: string | undefined,
  start: (found: string) => Promise<Server>,
): (() => Promise<Server>) | undefined {
  if (found !== undefined) return () => start(found);
  if (process.env['CI'] !== undefined) {
    return () => Promise.reject(new Error(`${what} not found, and with CI set nothing may be left out`));
  }
  process.stderr.write(`left out: tests that need ${what}\n`);
  return undefined;
}

function redisBinary(): string | undefined {
  const named = process.env['SALLYPORT_REDIS'];
  return named ?? onPath('valkey-server') ?? onPath('redis-server');
}

/** The folder with `initdb` and `postgres`. */
function postgresFolder(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    process.env['SALLYPORT_POSTGRES'] ?? '',
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  return folders.find(
    (folder) => folder !== '' && existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  );
}

async function startRedis(binary: string): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-redis-'));
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  await said(child, /ready to accept connections/i);
  return { url: `redis://127.0.0.1:${port}`, child, stop: () => stop(child, folder) };
}

/** PostgreSQL refuses to run as root: then the user `postgres`, or else `nobody`, runs it. */
async function startPostgres(folderOfBinaries: string): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-postgres-'));
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  const user = process.getuid?.() === 0 ? unprivileged() : undefined;
  chmodSync(folder, 0o755);
  if (user !== undefined) chownSync(data, user.uid, user.gid);
  const options = { cwd: data, ...user, env: { ...process.env, LC_ALL: 'C' } };
  execFileSync(
    join(folderOfBinaries, 'initdb'),
    ['-D', data, '-U', 'sallyport', '-A', 'trust', '--no-sync', '-E', 'UTF8'],
    {
      ...options,
      stdio: 'pipe',
    },
  );
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    fsync: 'off',
    max_connections: 100,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(join(folderOfBinaries, 'postgres'), ['-D', data, ...args], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await said(child, /ready to accept connections/);
  return { url: `postgres://sallyport@127.0.0.1:${port}/postgres`, child, stop: () => stop(child, folder) };
}

function unprivileged(): { uid: number; gid: number } {
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) =>
        Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      continue;
    }
  }
  throw new Error('no user to run PostgreSQL as');
}

/** SIGINT: Redis ends, PostgreSQL ends without waiting for its clients. */
async function stop(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGINT');
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
}

async function said(child: ChildProcess, what: RegExp): Promise<void> {
  let text = '';
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      text += String(chunk);
      if (what.test(text)) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${text}`)));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

function onPath(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/sbin', '/usr/local/bin'];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

/** Starting what is measured: the candidate on core 0, load and upstream on core 1. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const pins = availableParallelism() >= 2 && spawnSync('taskset', ['-V']).status === 0;

/** A command line that runs on that core only, whatever core its parent is bound to. */
export function onCore(core: 0 | 1, command: readonly string[]): readonly string[] {
  return pins ? ['taskset', '-c', String(core), ...command] : command;
}

/** The upstream over pipes, on the core of the load: what is measured starts it. */
export const stdioUpstream = onCore(1, [process.execPath, join(root, 'bench', 'upstream.ts')]);

export function start(
  core: 0 | 1,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; stdin?: 'pipe' | 'ignore'; log?: 'ignore' | number } = {},
): ChildProcess {
  const [program = '', ...rest] = onCore(core, [process.execPath, ...args]);
  return spawn(program, rest, {
    cwd: root,
    stdio: [options.stdin ?? 'ignore', 'pipe', options.log ?? 'ignore'],
    env: { ...process.env, ...options.env },
  });
}

export function pinSelf(core: 0 | 1): void {
  if (pins) spawnSync('taskset', ['-cp', String(core), String(process.pid)]);
}

export async function lineOf(child: ChildProcess, pattern: RegExp): Promise<string> {
  let out = '';
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      const match = pattern.exec(out);
      if (match !== null) resolve(match[0]);
    });
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${out}`)));
  });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export type Candidate = {
  readonly name: string;
  readonly url: string;
  readonly token?: string;
  readonly child: ChildProcess;
  readonly stop: () => Promise<void>;
};

export async function upstream(): Promise<Candidate> {
  const port = await freePort();
  const child = start(1, [join(root, 'bench', 'upstream.ts'), '--http', String(port)]);
  await lineOf(child, /ready/);
  return { name: 'upstream directly', url: `http://127.0.0.1:${port}/mcp`, child, stop: () => stop(child) };
}

export async function bareRelay(to: string): Promise<Candidate> {
  const port = await freePort();
  const child = start(0, [join(root, 'bench', 'bare-relay.ts'), String(port), to]);
  await lineOf(child, /ready/);
  return { name: 'bare relay', url: `http://127.0.0.1:${port}/mcp`, child, stop: () => stop(child) };
}

/** `parent`: where its data lie (memory or disk). */
export async function leastRelay(name: string, parent: string, to: string): Promise<Candidate> {
  const port = await freePort();
  const folder = mkdtempSync(join(parent, 'sallyport-bench-'));
  const child = start(0, [join(root, 'bench', 'least-relay.ts'), String(port), to, folder]);
  await lineOf(child, /ready/);
  return {
    name,
    url: `http://127.0.0.1:${port}/mcp`,
    child,
    stop: async () => {
      await stop(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Policy, one limit, durable audit. `folder`: where its data lie (memory or disk). */
export async function sallyport(
  name: string,
  folder: string,
  server: object,
  env: NodeJS.ProcessEnv = {},
): Promise<Candidate> {
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, 'sallyport-bench-'));
  const policy = {
    version: '1',
    default: 'deny',
    tools: { echo: { rate_limit: { max: 100_000_000, window: 10 } }, refused: { action: 'deny' } },
  };
  writeFileSync(join(work, 'policy.json'), JSON.stringify(policy));
  const config = {
    version: '1',
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    data: 'data',
    servers: { up: server },
    policy: 'policy.json',
  };
  writeFileSync(join(work, 'sallyport.yaml'), JSON.stringify(config));
  const child = start(0, [join(root, 'bin', 'sallyport.js'), 'start', '-c', join(work, 'sallyport.yaml'), '--json'], {
    env,
  });
  const { url } = JSON.parse(await lineOf(child, /\{.*\}/)) as { url: string };
  const token = readFileSync(join(work, 'data', 'local.token'), 'utf8').trim();
  return {
    name,
    url: `${url}/mcp/up`,
    token,
    child,
    stop: async () => {
      await stop(child);
      rmSync(work, { recursive: true, force: true });
    },
  };
}

export async function mcpProxy(): Promise<Candidate> {
  const port = await freePort();
  const child = start(0, [
    join(root, 'node_modules', '.bin', 'mcp-proxy'),
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--server',
    'stream',
    '--',
    ...stdioUpstream,
  ]);
  const url = `http://127.0.0.1:${port}/mcp`;
  for (let i = 0; i < 100; i++) {
    const up = await fetch(url, { method: 'GET' }).then(
      () => true,
      () => false,
    );
    if (up) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { name: 'mcp-proxy', url, child, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await gone;
  clearTimeout(timer);
}

/** Resident memory in MiB. */
export function rss(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

export const memoryFolder = '/dev/shm';
export const diskFolder = process.env['SALLYPORT_BENCH_DISK'] ?? tmpdir();

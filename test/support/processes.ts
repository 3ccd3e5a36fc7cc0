import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const bin = join(root, 'bin', 'sallyport.js');
export const fixture = join(root, 'test', 'support', 'fixture-server.ts');

export function temporaryFolder(name: string): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), `sallyport-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export type Running = {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly out: () => string;
  readonly err: () => string;
  readonly exited: Promise<number>;
  readonly stop: (signal?: NodeJS.Signals) => Promise<number>;
};

/** What a failed test leaves running does not outlive the process of the tests, which vitest ends with SIGTERM. */
const started = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});
process.once('SIGTERM', () => process.exit(143));

export function run(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: 'pipe' | 'ignore' } = {},
): Running {
  const child = spawn(process.execPath, [...args], {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    stdio: [options.input ?? 'ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk;
  });
  started.add(child);
  const exited = new Promise<number>((resolve) =>
    child.once('close', (code, signal) => {
      started.delete(child);
      resolve(code ?? (signal === 'SIGKILL' ? 137 : 143));
    }),
  );
  return {
    child,
    out: () => out,
    err: () => err,
    exited,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      return exited;
    },
  };
}

/** Runs to its end. */
export async function ended(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
) {
  const running = run(args, { ...options, input: options.input === undefined ? 'ignore' : 'pipe' });
  if (options.input !== undefined) running.child.stdin?.end(options.input);
  const code = await running.exited;
  return { code, out: running.out(), err: running.err() };
}

export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  ms = 15_000,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found as T;
    if (performance.now() > end) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export async function startFixture(args: readonly string[] = []): Promise<Running & { url: string }> {
  const running = run([fixture, '--http', '0', ...args]);
  const url = await until('the fixture', () => /"url":"([^"]+)"/.exec(running.out())?.[1]);
  return { ...running, url };
}

export type TestGateway = Running & {
  readonly url: string;
  readonly admin: string;
  readonly folder: string;
  readonly data: string;
  readonly token: string;
  readonly policyFile: string;
  readonly configFile: string;
};

/** A gateway process before one server, `up`, under a policy. JSON is YAML: tests write configurations as objects. */
export async function startGateway(options: {
  folder: string;
  policy: unknown;
  server: Record<string, unknown>;
  config?: Record<string, unknown>;
  listen?: string;
  env?: NodeJS.ProcessEnv;
}): Promise<TestGateway> {
  const { folder } = options;
  mkdirSync(folder, { recursive: true });
  const policyFile = join(folder, 'policy.yaml');
  const configFile = join(folder, 'sallyport.yaml');
  writeFileSync(policyFile, JSON.stringify(options.policy));
  const config = {
    version: '1',
    listen: options.listen ?? '127.0.0.1:0',
    admin: '127.0.0.1:0',
    data: 'data',
    servers: { up: options.server },
    policy: 'policy.yaml',
    ...options.config,
  };
  writeFileSync(configFile, JSON.stringify(config));
  const running = run(
    [bin, 'start', '-c', configFile, '--json'],
    options.env === undefined ? {} : { env: options.env },
  );
  const line = await Promise.race([
    until('the gateway', () => /^\{"version":1.*\}$/m.exec(running.out())?.[0], 30_000),
    running.exited.then((code) => {
      throw new Error(`the gateway ended with ${code}: ${running.err()}`);
    }),
  ]);
  const { url, admin } = JSON.parse(line) as { url: string; admin: string };
  const data = join(folder, 'data');
  let token = '';
  try {
    token = readFileSync(join(data, 'local.token'), 'utf8').trim();
  } catch {
    // A configuration with grants of its own keeps its tokens elsewhere.
  }
  return { ...running, url: `${url}/mcp/up`, admin, folder, data, token, policyFile, configFile };
}

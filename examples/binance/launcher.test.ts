import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'launcher-'));
const started: ChildProcess[] = [];
afterAll(() => {
  // The whole group, should a test have failed and left a server behind.
  for (const { pid } of started) if (pid !== undefined) killGroup(pid);
  rmSync(folder, { recursive: true });
});

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function npm(args: readonly string[], address: RegExp): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn('npm', ['run', '-s', ...args], { cwd: root, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  started.push(child);
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    const read = (chunk: Buffer): void => {
      said += chunk.toString();
      const found = address.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('close', () => reject(new Error(said)));
  });
  return { child, url };
}

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  );

async function untilSilent(url: string): Promise<void> {
  while (await answers(url)) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Without /proc only what the shell passes on can be noticed. */
const signals: readonly NodeJS.Signals[] = process.platform === 'linux' ? ['SIGTERM', 'SIGKILL'] : ['SIGTERM'];

it.each(signals)(
  'an exchange started by npm ends with npm by %s, and its data is free for the next',
  async (signal) => {
    const args = ['exchange', '--', '--port', '0', '--json', '--data', folder];
    const first = await npm(args, /"url":"([^"]+)"/);
    expect(await answers(`${first.url}/fapi/v1/ping`)).toBe(true);
    first.child.kill(signal);
    const second = await npm(args, /"url":"([^"]+)"/);
    await untilSilent(first.url);
    expect(await answers(`${second.url}/fapi/v1/ping`)).toBe(true);
    second.child.kill(signal);
    await untilSilent(second.url);
  },
);

it.each(signals)('a Binance server started by npm ends with npm by %s', async (signal) => {
  const { child, url } = await npm(['binance', '--', '--http', '0'], /mode on (http:\S+)/);
  child.kill(signal);
  await untilSilent(url);
});

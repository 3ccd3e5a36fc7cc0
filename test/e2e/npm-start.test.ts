import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const bin = fileURLToPath(new URL('../../bin/sallyport.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sallyport-npm-'));
const started: ChildProcess[] = [];
afterEach(() => {
  for (const { pid } of started) {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // Its whole group is gone already.
    }
  }
  rmSync(folder, { recursive: true, force: true });
});

test('what npm start began ends when npm is gone; what was begun otherwise does not', async () => {
  const [ours, other] = await Promise.all([demo('ours', 'start'), demo('other', 'something-else')]);
  expect(await isUp(ours.url)).toBe(true);
  ours.npm.kill('SIGKILL');
  other.npm.kill('SIGKILL');
  await expect.poll(() => isUp(ours.url), { timeout: 15_000, interval: 100 }).toBe(false);
  expect(await isUp(other.url)).toBe(true);
}, 60_000);

/** As npm does it: a shell, and in it another, which runs the program. */
async function demo(name: string, script: string): Promise<{ npm: ChildProcess; url: string }> {
  const flags = `--listen 127.0.0.1:0 --admin 127.0.0.1:0 --data "${join(folder, name)}"`;
  const npm = spawn('sh', ['-c', `sh -c '"$NODE" "$BIN" demo ${flags}; :'; :`], {
    env: { ...process.env, NODE: process.execPath, BIN: bin, npm_lifecycle_event: script },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  started.push(npm);
  const url = await new Promise<string>((resolve, reject) => {
    let out = '';
    npm.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      const match = /^(http:\S+)\/mcp\/binance$/m.exec(out);
      if (match?.[1] !== undefined) resolve(match[1]);
    });
    npm.once('exit', (code) => reject(new Error(`the demo ended with ${code}: ${out}`)));
  });
  return { npm, url };
}

async function isUp(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

test.each([
  ['--listen', '0.0.0.0:0'],
  ['--admin', '0.0.0.0:0'],
])('%s %s: the demo listens on this machine only', async (flag, address) => {
  const child = spawn(process.execPath, [bin, 'demo', flag, address, '--data', join(folder, 'public')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk;
  });
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(78);
  expect(err).toContain('on this machine only');
});

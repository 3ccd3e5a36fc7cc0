import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, 'main.ts');

async function finish(args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args]);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

it.each([
  [['--json'], (text: string) => JSON.parse(text) as { url: string; key: string; secret: string }],
  [
    [],
    (text: string) => ({
      url: /url +(\S+)/.exec(text)?.[1] ?? '',
      key: /key +(\S+)/.exec(text)?.[1] ?? '',
      secret: /secret +(\S+)/.exec(text)?.[1] ?? '',
    }),
  ],
])('%j prints how to reach it, answers, and stops on SIGTERM', async (args, read) => {
  const child = spawn(process.execPath, [MAIN, ...args]);
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  const { url, key, secret } = read(chunk.toString());
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect([key.length, secret.length]).toEqual([64, 64]);
  expect((await fetch(`${url}/fapi/v1/ping`)).status).toBe(200);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

it.each([
  [['--port', 'x'], /`--port x`: give a whole number from 0 to 65535/],
  [['--seed', '-1'], /seed/],
  [['--what'], /--what/],
])('%j is refused with a sentence and the usage', async (args, message) => {
  const { code, stdout, stderr } = await finish(args);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/usage: npm run exchange/);
});

it('tells its usage to whoever asks for help', async () => {
  expect(await finish(['--help'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('usage: npm run exchange'),
  });
});

it('names the data directory that is none', async () => {
  const { code, stderr } = await finish(['--data', MAIN]);
  expect(code).toBe(1);
  expect(stderr).toContain(`data directory \`${MAIN}\` cannot be used`);
});

it.runIf(process.platform === 'linux')('ends with the reason where no folder can be made', async () => {
  const { code, stderr } = await finish(['--data', '/proc/paper/deep']);
  expect(code).toBe(1);
  expect(stderr).toContain('data directory `/proc/paper/deep` cannot be used');
});

it('says so when the port is taken', async () => {
  const child = spawn(process.execPath, [MAIN, '--json']);
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  const { port } = new URL((JSON.parse(chunk.toString()) as { url: string }).url);
  const { code, stderr } = await finish(['--port', port]);
  expect(code).toBe(1);
  expect(stderr).toMatch(new RegExp(`port \`${port}\` is in use`));
  child.kill('SIGKILL');
  await once(child, 'exit');
});

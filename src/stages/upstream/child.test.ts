import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Child } from './child.ts';

const nothing = () => {};
const deaf = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1_000);`;

/** The child after its first line, which is a process id. */
async function started(script: string): Promise<{ child: Child; pid: number; gone: Promise<string> }> {
  const line = Promise.withResolvers<string>();
  const gone = Promise.withResolvers<string>();
  const child = new Child(
    { command: process.execPath, args: ['-e', script], cwd: process.cwd(), env: {} },
    { onLine: line.resolve, onLongLine: nothing, onGone: gone.resolve, log: nothing, lineBytesMax: 1_000 },
  );
  return { child, pid: Number(await line.promise), gone: gone.promise };
}

/** One that was ended and is not yet reaped by whom it was left to runs no more. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test.skipIf(process.platform === 'win32')('a server that closes its input and will not end is ended', async () => {
  const { child, pid, gone } = await started(`${deaf} console.log(process.pid); require('node:fs').closeSync(0);`);
  const looking = setInterval(() => child.write('{}'), 20);
  expect(await gone).toBe('its input is closed');
  clearInterval(looking);
  await child.over;
  await expect.poll(() => runs(pid)).toBe(false);
});

test.skipIf(process.platform === 'win32')('what a server started is ended with it, though it will not', async () => {
  const { child, pid, gone } = await started(`
    const { spawn } = require('node:child_process');
    const started = spawn(process.execPath, ['-e', ${JSON.stringify(`${deaf} console.log('here')`)}]);
    started.stdout.once('data', () => {
      console.log(started.pid);
      process.exit(3);
    });
  `);
  expect(await gone).toBe('it ended with code 3');
  await child.over;
  await expect.poll(() => runs(pid)).toBe(false);
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { nothing, slowly } from '../../../test/support/upstream.ts';
import { Pace } from '../../platform/pace.ts';
import { Child } from './child.ts';

const deaf = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1_000);`;

const deafened = {
  onLongLine: nothing,
  log: nothing,
  lineBytesMax: 1_000,
  pace: new Pace(nothing),
  isAsked: () => true,
};

/** The child after its first line, which is a process id. */
async function started(script: string): Promise<{ child: Child; pid: number; gone: Promise<string> }> {
  const line = Promise.withResolvers<string>();
  const gone = Promise.withResolvers<string>();
  const onLine = (text: string) => {
    line.resolve(text);
    return true;
  };
  const child = new Child(
    { command: process.execPath, args: ['-e', script], cwd: process.cwd(), env: {} },
    { ...deafened, onLine, onGone: gone.resolve },
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

test.skipIf(process.platform === 'win32')(
  'a server that closes its output can answer nothing, and is ended',
  async () => {
    const { child, pid, gone } = await started(
      `${deaf} require('node:fs').writeSync(1, process.pid + '\\n'); require('node:fs').closeSync(1);`,
    );
    expect(await gone).toBe('its output is closed');
    await child.over;
    await expect.poll(() => runs(pid)).toBe(false);
  },
);

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

test.skipIf(process.platform === 'win32')(
  'a server that dies while it is written to: how it ended is said',
  async () => {
    const { child, gone } = await started(
      `console.log(process.pid); require('node:fs').closeSync(0); setTimeout(() => process.exit(7), 200);`,
    );
    const looking = setInterval(() => child.write('{}'), 20);
    expect(await gone).toBe('it ended with code 7');
    clearInterval(looking);
    await child.over;
  },
);

test.skipIf(process.platform === 'win32')(
  'who left its process group is not listened to when it has ended',
  async () => {
    const { child, pid, gone } = await started(`
    const { spawn } = require('node:child_process');
    const say = ${JSON.stringify(`setInterval(() => console.log('more'), 10)`)};
    const { pid } = spawn(process.execPath, ['-e', say], { detached: true, stdio: ['ignore', 'inherit', 'ignore'] });
    console.log(pid);
    setTimeout(() => process.exit(3), 300);
  `);
    expect(await gone).toBe('it ended with code 3');
    await child.over;
    // Nobody reads its pipe any more: what it writes ends it.
    await expect.poll(() => runs(pid), { timeout: 10_000 }).toBe(false);
  },
);

test('what a server says without end is read at a pace, and nothing of it is lost, not even what it said last', async () => {
  const takes = slowly();
  const all = 20_000;
  const script = `
    const { writeSync } = require('node:fs');
    let left = Buffer.from(Array.from({ length: ${all} }, (_, n) => n + ' ${'x'.repeat(80)}\\n').join(''));
    while (left.length > 0)
      try { left = left.subarray(writeSync(1, left)); } catch (fault) { if (fault.code !== 'EAGAIN') throw fault; }
    process.kill(process.pid, 'SIGKILL');
  `;
  let rests = 0;
  const heard: number[] = [];
  const gone = Promise.withResolvers<void>();
  const onLine = (line: string) => {
    takes(0.02);
    heard.push(Number.parseInt(line, 10));
    return false;
  };
  const child = new Child(
    { command: process.execPath, args: ['-e', script], cwd: process.cwd(), env: {} },
    { ...deafened, onLine, onGone: () => gone.resolve(), pace: new Pace(() => void rests++) },
  );
  await gone.promise;
  expect(heard).toEqual(Array.from({ length: all }, (_, n) => n));
  expect(rests).toBeGreaterThan(0);
  await child.over;
});

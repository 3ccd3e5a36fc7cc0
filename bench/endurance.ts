/**
 * What is not a ratio to a relay: a refused call while every fsync takes 10 ms, memory from call 100,000 to 1,000,000,
 * and the time from a second start to the first answered call. `npm run bench endurance -- [--calls N]`
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { diskFolder, memoryFolder, pinSelf, root, rss, sallyport, upstream } from './candidates.ts';
import { HttpLanes } from './load.ts';

const { values } = parseArgs({ options: { calls: { type: 'string', default: '1000000' } } });
pinSelf(1);
const direct = await upstream();

await refusedOnASlowDisk();
await memory(Number(values.calls));
await starts();
await direct.stop();

/** Eight callers keep the disk waiting; a ninth is refused. */
async function refusedOnASlowDisk(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-shim-'));
  const shim = join(folder, 'slow-fsync.so');
  const built = spawnSync('cc', ['-shared', '-fPIC', '-o', shim, join(root, 'bench', 'slow-fsync.c'), '-ldl']);
  if (built.status !== 0) return print('left out: no C compiler for the slow disk');
  const gateway = await sallyport('slow disk', diskFolder, { url: direct.url }, { LD_PRELOAD: shim });
  const admitted = new HttpLanes(gateway.url, gateway.token);
  const refused = new HttpLanes(gateway.url, gateway.token, 'refused');
  const [waiting, quick] = await Promise.all([admitted.run(8, 4), refused.run(1, 4, 'refused')]);
  print(
    `every fsync 10 ms slower: admitted p50 ${waiting.p50.toFixed(2)} ms, refused p50 ${quick.p50.toFixed(3)} ms (to reach: ≤ 1)`,
  );
  await admitted.close();
  await refused.close();
  await gateway.stop();
  rmSync(folder, { recursive: true });
}

async function memory(calls: number): Promise<void> {
  const gateway = await sallyport('memory', memoryFolder, { url: direct.url });
  const lanes = new HttpLanes(gateway.url, gateway.token);
  const first = await answered(lanes, calls / 10);
  const early = rss(gateway.child);
  await answered(lanes, calls - first);
  const late = rss(gateway.child);
  print(
    `RSS after ${calls / 10} calls ${early.toFixed(0)} MiB, after ${calls} calls ${late.toFixed(0)} MiB: ${(((late - early) / early) * 100).toFixed(1)} % (to reach: ≤ 10 %)`,
  );
  await lanes.close();
  await gateway.stop();
}

async function answered(lanes: HttpLanes, calls: number): Promise<number> {
  let done = 0;
  while (done < calls) done += (await lanes.run(32, 2)).rps * 2;
  return done;
}

/** From exec to the first answered call, initialize included. */
async function starts(): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < 6; i++) {
    const began = performance.now();
    const gateway = await sallyport('start', memoryFolder, { url: direct.url });
    const lanes = new HttpLanes(gateway.url, gateway.token);
    await lanes.run(1, 0.001);
    if (i > 0) times.push(performance.now() - began);
    await lanes.close();
    await gateway.stop();
  }
  times.sort((a, b) => a - b);
  print(`second and later starts to the first answered call: median ${times[2]?.toFixed(0)} ms (to reach: ≤ 800)`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

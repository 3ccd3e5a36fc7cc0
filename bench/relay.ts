/**
 * What the gateway adds to a call, as ratios in one run: HTTP → HTTP with policy, one limit and durable audit, against
 * the upstream directly, a bare relay and (HTTP → stdio) mcp-proxy. `npm run bench relay -- [--seconds N] [--rounds N]`
 */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  bareRelay,
  type Candidate,
  diskFolder,
  leastRelay,
  mcpProxy,
  memoryFolder,
  pinSelf,
  root,
  rss,
  sallyport,
  start,
  stdioUpstream,
  upstream,
} from './candidates.ts';
import { type Figures, HttpLanes, StdioLanes } from './load.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '4' }, rounds: { type: 'string', default: '3' } },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
pinSelf(1);
const PIPED = { stdin: 'pipe' } as const;

const direct = await upstream();
const bare = await bareRelay(direct.url);
const least = await leastRelay('the least, data in memory', memoryFolder, direct.url);
const leastOnDisk = await leastRelay('the least, data on disk', diskFolder, direct.url);
const inMemory = await sallyport('sallyport, data in memory', memoryFolder, { url: direct.url });
const onDisk = await sallyport('sallyport, data on disk', diskFolder, { url: direct.url });
const stdioUp = await sallyport('sallyport → stdio', memoryFolder, {
  command: stdioUpstream[0],
  args: stdioUpstream.slice(1),
});
const proxy = await mcpProxy();
const all: readonly Candidate[] = [direct, bare, least, leastOnDisk, inMemory, onDisk, stdioUp, proxy];
const lanes = new Map(all.map((one) => [one, new HttpLanes(one.url, one.token)] as const));
const limits = new Map<Candidate, number>([
  [stdioUp, 8],
  [proxy, 8],
]);
const results = new Map<string, Figures[]>();

for (const one of all) await lanes.get(one)?.run(8, 4);
for (let round = 0; round < rounds; round++) {
  for (const concurrency of [1, 8, 32]) {
    for (const one of all) {
      if (concurrency > (limits.get(one) ?? 32)) continue;
      const figures = await lanes.get(one)?.run(concurrency, seconds);
      const key = `${one.name} ${concurrency}`;
      if (figures !== undefined) results.set(key, [...(results.get(key) ?? []), figures]);
    }
  }
}

const at = (one: Candidate, concurrency: number, figure: keyof Figures) =>
  median((results.get(`${one.name} ${concurrency}`) ?? []).map((figures) => figures[figure]));
const sync = syncMs(diskFolder);
print(`durable insert on this disk (append and fdatasync, median): ${(sync * 1000).toFixed(0)} µs`);
for (const one of all) {
  for (const concurrency of [1, 8, 32]) {
    if (!results.has(`${one.name} ${concurrency}`)) continue;
    printFigures(one.name, concurrency, {
      rps: at(one, concurrency, 'rps'),
      p50: at(one, concurrency, 'p50'),
      p99: at(one, concurrency, 'p99'),
    });
  }
}
print('');
for (const concurrency of [32, 8]) {
  const [memory, disk] = [least, leastOnDisk].map((one) => paired(one, bare, concurrency).toFixed(2));
  print(`for scale: the least a call can be, c=${concurrency}, ÷ bare relay: in memory ${memory}, on disk ${disk}`);
}
judge('in memory, c=32, ÷ bare relay', paired(inMemory, bare, 32), 0.75);
judge('in memory, c=8, ÷ bare relay', paired(inMemory, bare, 8), 0.75);
judgeBelow('in memory, c=1, p50 above bare relay (ms)', at(inMemory, 1, 'p50') - at(bare, 1, 'p50'), 0.35);
judge('on disk, c=32, ÷ bare relay', paired(onDisk, bare, 32), 0.65);
judge('on disk, c=8, ÷ bare relay', paired(onDisk, bare, 8), 0.5);
judgeBelow(
  'on disk, c=1, p50 above bare relay and one fsync (ms)',
  at(onDisk, 1, 'p50') - at(bare, 1, 'p50') - sync,
  0.35,
);
judge('HTTP → stdio, c=8, ÷ mcp-proxy', paired(stdioUp, proxy, 8), 2);
judge('HTTP → stdio, c=1, ÷ mcp-proxy', paired(stdioUp, proxy, 1), 2);
judgeBelow('RSS ÷ bare relay', rss(inMemory.child) / rss(bare.child), 1.5);

const piped = {
  'stdio upstream directly': start(1, stdioUpstream.slice(stdioUpstream.indexOf(process.execPath) + 1), PIPED),
  'sallyport stdio → stdio': start(
    0,
    [
      join(root, 'bin', 'sallyport.js'),
      'wrap',
      '--policy',
      join(root, 'bench', 'policy.json'),
      '--data',
      join(memoryFolder, 'sallyport-bench-wrap'),
      '--',
      ...stdioUpstream,
    ],
    PIPED,
  ),
};
let wrapped: Figures | undefined;
for (const [name, child] of Object.entries(piped)) {
  const calls = new StdioLanes(child);
  for (const concurrency of [1, 8, 32]) {
    const figures = await calls.run(concurrency, seconds);
    printFigures(name, concurrency, figures);
    if (concurrency === 8) wrapped = figures;
  }
  child.stdin?.end();
  await new Promise((resolve) => child.once('exit', resolve));
}
if (wrapped === undefined) throw new Error('nothing was measured over pipes');
judge('stdio → stdio, c=8, ÷ its own HTTP relay', wrapped.rps / at(inMemory, 8, 'rps'), 1);
judge('stdio → stdio, c=8, ÷ bare HTTP relay', wrapped.rps / at(bare, 8, 'rps'), 1);
rmSync(join(memoryFolder, 'sallyport-bench-wrap'), { recursive: true, force: true });

for (const one of all) {
  await lanes.get(one)?.close();
  await one.stop();
}

/** The median over rounds of ratios of the same round. */
function paired(a: Candidate, b: Candidate, concurrency: number): number {
  const left = results.get(`${a.name} ${concurrency}`) ?? [];
  const right = results.get(`${b.name} ${concurrency}`) ?? [];
  return median(left.map((figures, i) => figures.rps / (right[i]?.rps ?? Number.NaN)));
}

function median(values_: number[]): number {
  const sorted = [...values_].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function syncMs(folder: string): number {
  const file = join(folder, `sallyport-bench-sync-${process.pid}`);
  const fd = openSync(file, 'w');
  const block = Buffer.alloc(4096, 1);
  const times: number[] = [];
  for (let i = 0; i < 200; i++) {
    const began = performance.now();
    writeSync(fd, block);
    fdatasyncSync(fd);
    times.push(performance.now() - began);
  }
  closeSync(fd);
  rmSync(file);
  return median(times);
}

function judge(what: string, value: number, least: number): void {
  print(`${value >= least ? 'reached' : 'MISSED '}  ${what.padEnd(52)} ${value.toFixed(2)} (to reach: ≥ ${least})`);
}

function judgeBelow(what: string, value: number, most: number): void {
  print(`${value <= most ? 'reached' : 'MISSED '}  ${what.padEnd(52)} ${value.toFixed(3)} (to reach: ≤ ${most})`);
}

function printFigures(name: string, concurrency: number, { rps, p50, p99 }: Figures): void {
  const [calls, median_, slow] = [rps.toFixed(0).padStart(7), p50.toFixed(3), p99.toFixed(2)];
  print(`${name.padEnd(28)} c=${String(concurrency).padEnd(3)} ${calls} calls/s  p50 ${median_} ms  p99 ${slow} ms`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

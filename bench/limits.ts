/**
 * How many calls a second the limits let in: 64 callers at once, one sliding limit, nothing else of the gateway.
 * With the ledger an admission is durable: its intent is fsynced. With Redis it is reserved and confirmed, and with the
 * ledger behind it as in the gateway. `npm run bench limits -- [--seconds N]`
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Admissions, StoreAdmissions } from '../src/app/admissions.ts';
import type { Demand } from '../src/stages/limits/demand.ts';
import { LimitClock } from '../src/stages/limits/limit-clock.ts';
import { toDemand } from '../src/stages/limits/to-demand.ts';
import { PostgresLimitStore } from '../src/storage/postgres/limit-store.ts';
import { RedisLimitStore } from '../src/storage/redis/limit-store.ts';
import { openDatabase } from '../src/storage/sqlite/database.ts';
import { Ledger } from '../src/storage/sqlite/ledger.ts';
import { serverKinds } from '../test/limits/servers.ts';
import { diskFolder, memoryFolder } from './candidates.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '3' } } });
const seconds = Number(values.seconds);
const CALLERS = 64;
const ROUNDS = 3;
const intent = `"caller":"desk","session":"s-0123456789abcdef","server":"binance","method":"tools/call","tool":"place_order","arguments":{"digest":"${'0'.repeat(64)}"},"verdict":"permit","rule":"/tools/place_order","policy":"sha256:${'0'.repeat(64)}"`;

function demands(): readonly Demand[] {
  return [
    toDemand({
      rule: '/tools/place_order/rate_limit',
      counter: '/tools/place_order',
      scope: ['session=s-0123456789abcdef', 'tool=binance/place_order'],
      max: '1000000000',
      window: { kind: 'sliding', ms: 1_000 },
      windowText: '1',
      amount: '1',
      shadow: false,
    }),
  ];
}

for (const [name, folder] of [
  ['disk', diskFolder],
  ['memory', memoryFolder],
] as const) {
  print(
    `${name}: ${syncsPerSecond(folder).toFixed(0)} fsyncs/s of its own (append 4 KiB and fdatasync, one after the other)`,
  );
}
for (const [name, folder] of [
  ['disk', diskFolder],
  ['memory', memoryFolder],
] as const) {
  const alone = await withLedger(folder, (ledger) => best(() => admissions(ledger, false)));
  judge(`ledger, data on ${name}: admissions`, alone, 20_000);
  const closed = await withLedger(folder, (ledger) => best(() => admissions(ledger, true)));
  print(`  and the outcome of each waited for: ${closed.toFixed(0)}/s`);
}
for (const { name, start } of serverKinds) {
  if (start === undefined) continue;
  const server = await start();
  const Store = name === 'redis' ? RedisLimitStore : PostgresLimitStore;
  const store = await Store.open({ url: server.url, warn: () => {} });
  const alone = await best(() => reservations(store));
  if (name === 'redis') judge('Redis: reserved and confirmed', alone, 10_000);
  else print(`        PostgreSQL: reserved and confirmed ${alone.toFixed(0)}/s`);
  const both = await withLedger(memoryFolder, (ledger) =>
    best(() => admissions(new StoreAdmissions({ ledger, store, onLost: () => {} }), true)),
  );
  print(`  and the ledger behind it, data in memory, the outcome of each waited for: ${both.toFixed(0)}/s`);
  await store.close();
  await server.stop();
}

async function reservations(store: RedisLimitStore | PostgresLimitStore): Promise<number> {
  return rate(async () => {
    const reserving = await store.reserve(demands());
    if (reserving.kind === 'exceeded' || !(await store.confirm(reserving.reservation))) throw new Error('refused');
  });
}

async function admissions(ledger: Admissions, withOutcome: boolean): Promise<number> {
  return rate(async () => {
    const admitted = await ledger.admit({
      demands: demands(),
      intent: (at) => ({ kind: 'intent', at, members: intent }),
      refusal: () => {
        throw new Error('refused');
      },
    });
    if (!withOutcome) return;
    await ledger.append({
      kind: 'outcome',
      ref: admitted.seq,
      at: Date.now(),
      members: '"outcome":"replied","bytes":120,"ms":1.5',
    });
  });
}

/** Calls a second that 64 callers get through, each asking again when it is answered. */
async function rate(call: () => Promise<void>): Promise<number> {
  const end = performance.now() + seconds * 1_000;
  const began = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      while (performance.now() < end) {
        await call();
        done++;
      }
    }),
  );
  return (done / (performance.now() - began)) * 1_000;
}

async function best(run: () => Promise<number>): Promise<number> {
  let most = 0;
  for (let i = 0; i < ROUNDS; i++) most = Math.max(most, await run());
  return most;
}

async function withLedger<T>(parent: string, work: (ledger: Ledger) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(parent, 'sallyport-bench-limits-'));
  const path = join(folder, 'sallyport.db');
  const db = openDatabase(path);
  const clock = new LimitClock({
    wall: () => Date.now(),
    monotonic: () => performance.now(),
    latest: 0,
    onStepBack: () => {},
  });
  const ledger = new Ledger({ db, path, writer: 'bench', clock, sole: true });
  const result = await work(ledger);
  await ledger.close();
  db.close();
  rmSync(folder, { recursive: true });
  return result;
}

function syncsPerSecond(folder: string): number {
  const file = join(folder, `sallyport-bench-sync-${process.pid}`);
  const fd = openSync(file, 'w');
  const block = Buffer.alloc(4096, 1);
  const began = performance.now();
  let count = 0;
  for (; performance.now() - began < 1_000; count++) {
    writeSync(fd, block);
    fdatasyncSync(fd);
  }
  closeSync(fd);
  rmSync(file);
  return (count / (performance.now() - began)) * 1_000;
}

function judge(what: string, value: number, least: number): void {
  print(`${value >= least ? 'reached' : 'MISSED '} ${what} ${value.toFixed(0)}/s (to reach: ≥ ${least})`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

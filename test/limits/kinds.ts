import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LimitClock } from '../../src/stages/limits/limit-clock.ts';
import type { LimitStore } from '../../src/stages/limits/limit-store.ts';
import { MemoryLimitStore } from '../../src/storage/memory/limit-store.ts';
import { PostgresLimitStore } from '../../src/storage/postgres/limit-store.ts';
import { RedisLimitStore } from '../../src/storage/redis/limit-store.ts';
import { ledgerStore } from './ledger-store.ts';
import { serverKinds } from './servers.ts';

/** One place where limits are counted; every `open` is another gateway before it. */
export type Place = {
  /** `clock` is the time the store counts by. Without one it is the real time of whoever counts. */
  open(clock?: () => number, leaseMs?: number): Promise<LimitStore>;
  /** What another process opens it by. */
  readonly address: string;
  close(): Promise<void>;
};

export type Kind = {
  readonly name: 'memory' | 'sqlite' | 'redis' | 'postgres';
  readonly hasLeases: boolean;
  /** An empty place. */
  readonly place: () => Promise<Place>;
  readonly end: () => Promise<void>;
};

export const kinds: readonly Kind[] = [
  { name: 'memory', hasLeases: false, place: memoryPlace, end: async () => {} },
  { name: 'sqlite', hasLeases: false, place: sqlitePlace, end: async () => {} },
  ...serverKinds.flatMap(({ name, start }) => (start === undefined ? [] : [serverKind(name, start)])),
];

/** Gateways cannot share one process's memory: every `open` is the same store. */
async function memoryPlace(): Promise<Place> {
  let wall = () => Date.now();
  const clock = new LimitClock({ wall: () => wall(), monotonic: () => 0, latest: 0, onStepBack: () => {} });
  const store = new MemoryLimitStore(() => clock.now());
  return {
    address: '',
    async open(given) {
      if (given !== undefined) wall = given;
      return store;
    },
    close: () => store.close(),
  };
}

async function sqlitePlace(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-limits-'));
  const path = join(folder, 'sallyport.db');
  const opened: LimitStore[] = [];
  return {
    address: path,
    async open(clock = () => Date.now()) {
      const store = ledgerStore(path, clock);
      opened.push(store);
      return store;
    },
    async close() {
      for (const store of opened) await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function serverKind(name: 'redis' | 'postgres', start: NonNullable<(typeof serverKinds)[number]['start']>): Kind {
  let server: ReturnType<typeof start> | undefined;
  const Store = name === 'redis' ? RedisLimitStore : PostgresLimitStore;
  return {
    name,
    hasLeases: true,
    async place() {
      server ??= start();
      const { url } = await server;
      const opened: LimitStore[] = [];
      const place: Place = {
        address: url,
        async open(clock, leaseMs) {
          const store = await Store.open({
            url,
            warn: () => {},
            ...(clock === undefined ? {} : { serverClock: clock }),
            ...(leaseMs === undefined ? {} : { leaseMs }),
          });
          opened.push(store);
          return store;
        },
        async close() {
          for (const store of opened) await store.close();
        },
      };
      const store = await place.open(() => Number.MAX_SAFE_INTEGER);
      await store.sweep();
      await store.reset(() => true);
      return place;
    },
    async end() {
      await (await server)?.stop();
    },
  };
}

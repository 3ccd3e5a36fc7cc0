import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Clock } from '../engine/clock.ts';
import { startExchange } from '../index.ts';
import { createRuntime } from '../runtime.ts';
import { commands, run } from '../test/commands.ts';
import { Desk, START } from '../test/harness.ts';
import { call, paper } from '../test/wire.ts';
import { JOURNAL_ENTRIES_MAX } from './journal.ts';
import { decode, encode, toData } from './snapshot.ts';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'paper-exchange-'));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.001', price: '45000' };

/** The venue a fresh process would find, in what the old one left behind. */
function reopen(copy: string): string {
  const runtime = createRuntime({ seed: 0, data: copy, clock: new Clock({ mode: 'frozen', at: START }) });
  const found = encode(toData(runtime.exchange.venue));
  runtime.close();
  return found;
}

describe('an exchange with a data directory', () => {
  it('finds every account as it was after any commands, from journal and snapshot alike', () => {
    fc.assert(
      fc.property(commands(30), (list) => {
        const directory = mkdtempSync(join(data, 'run-'));
        const desk = new Desk({ data: directory });
        desk.open();
        for (const command of list) if (command.kind !== 'restart') run(desk, command);
        // A moment without call, so that both sides have played the same seconds.
        desk.paper('clock', { advance: 1_000, freeze: true });
        const before = encode(toData(desk.venue));
        // What a crash leaves: the files as they are now, with nothing closed and nothing folded.
        const crashed = `${directory}-crashed`;
        cpSync(directory, crashed, { recursive: true });
        desk.runtime.close();
        expect(JSON.parse(reopen(crashed))).toEqual(JSON.parse(before));
        expect(JSON.parse(reopen(directory))).toEqual(JSON.parse(before));
      }),
      { numRuns: Number(process.env['RUNS'] ?? 15) },
    );
  });

  it('finds after a crash what had been seen while nobody called: the same fills at the same seconds', () => {
    let now = START;
    const clock = (): Clock => new Clock({ mode: 'live', offset: 0 }, () => now);
    const desk = new Desk({ data, clock: clock() });
    // Close to the price: the seeded market fills them within minutes.
    for (const price of ['49990', '49980', '49970', '49950', '49900']) desk.limit('BUY', '0.010', price);
    for (let second = 0; second < 1_800; second += 1) {
      now += 1_000;
      desk.runtime.beat();
    }
    const fills = (made: Desk | { venue: Desk['venue'] }): [string, number][] =>
      [...made.venue.accounts.values()].flatMap((account) =>
        (account.holdings.get('BTCUSDT')?.trades ?? []).map((trade): [string, number] => [
          trade.order.id.toString(),
          trade.time,
        ]),
      );
    const seen = fills(desk);
    expect(seen.length).toBeGreaterThan(0);
    const crashed = `${data}-crashed`;
    cpSync(data, crashed, { recursive: true });
    desk.runtime.close();
    // The machine comes back a day later.
    now += 86_400_000;
    const found = createRuntime({ seed: 0, data: crashed, clock: clock() });
    expect(fills({ venue: found.exchange.venue }).slice(0, seen.length)).toEqual(seen);
    expect(found.exchange.venue.now).toBe(now);
    found.close();
    rmSync(crashed, { recursive: true });
  });

  it('keeps keys, orders and clock across a restart', async () => {
    const first = await startExchange({ data });
    await paper(first, 'POST', 'clock', { advance: 3_600_000 });
    const placed = await call(first, 'GET', '/fapi/v1/time');
    const ahead = Number(placed.body['serverTime']) - Date.now();
    await first.close();
    const second = await startExchange({ data, seed: 5 });
    expect([second.key, second.secret]).toEqual([first.key, first.secret]);
    const now = await call(second, 'GET', '/fapi/v1/time');
    expect(Math.abs(Number(now.body['serverTime']) - Date.now() - ahead)).toBeLessThan(60_000);
    await second.close();
  });

  it('survives being killed in the middle', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'main.ts'), '--json', '--data', data], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { url, key, secret } = JSON.parse(line.toString()) as { url: string; key: string; secret: string };
    const there = { url, key, secret, createAccount: () => ({ key, secret }), close: () => Promise.resolve() };
    const { body } = await call(there, 'POST', '/fapi/v1/order', order);
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    const again = await startExchange({ data });
    const open = (await call(again, 'GET', '/fapi/v1/openOrders')).body as unknown as { orderId: number }[];
    expect(open.map((row) => row.orderId)).toEqual([body['orderId']]);
    await again.close();
  });

  it('lets one process write and refuses a second in words', async () => {
    const first = await startExchange({ data });
    await expect(startExchange({ data })).rejects.toThrow(
      `data directory \`${data}\` is in use by another paper exchange; stop that one or give another directory`,
    );
    await first.close();
    await (await startExchange({ data })).close();
  });

  it('folds a long journal into a snapshot', () => {
    const desk = new Desk({ data });
    for (let i = 0; i < JOURNAL_ENTRIES_MAX + 10; i += 1)
      desk.paper('filters', { symbol: 'BTCUSDT', minNotional: '5' });
    const copy = mkdtempSync(join(tmpdir(), 'paper-exchange-'));
    cpSync(data, copy, { recursive: true });
    const database = new DatabaseSync(join(copy, 'paper-exchange.sqlite'));
    const kept = Number(database.prepare('SELECT count(*) AS n FROM journal').get()?.['n']);
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(JOURNAL_ENTRIES_MAX);
    database.close();
    rmSync(copy, { recursive: true });
    desk.runtime.close();
  });

  it('says so when a snapshot is of another version', () => {
    const desk = new Desk();
    const text = encode({ ...toData(desk.venue), version: 99 });
    expect(() => desk.paper('restore', { snapshot: text })).toThrow(/snapshot version 99 cannot be read/);
    expect(() => desk.paper('restore', { snapshot: '{}' })).toThrow(/cannot be restored/);
  });
});

it('the codec keeps numbers, and texts that look like them', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.bigInt(),
          fc.string(),
          fc.integer().map((n) => `#${n}`),
          fc.constantFrom('##1', '#', null),
        ),
      ),
      (value) => {
        expect(decode(encode(value))).toEqual(value);
      },
    ),
  );
});

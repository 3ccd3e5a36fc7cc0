/** One suite for every store of limits, each on its real server, with the attacks a limit must stand. */
import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Demand } from '../../src/stages/limits/demand.ts';
import { decimalText, scaled } from '../../src/stages/limits/demand.ts';
import type { LimitStore, Reservation } from '../../src/stages/limits/limit-store.ts';
import { kinds, type Place } from './kinds.ts';
import { demand, SlowBook } from './model.ts';

const T = Date.UTC(2026, 0, 1, 12);
const HOUR = 3_600_000;

describe.each(kinds)('limits in $name', ({ name, place: makePlace, hasLeases, end }) => {
  let place: Place;
  let store: LimitStore;
  let now = T;
  beforeEach(async () => {
    now = T;
    place = await makePlace();
    store = await place.open(() => now);
  });
  afterEach(() => place.close());
  afterAll(end);

  const ask = async (...demands: Demand[]) => {
    const reserving = await store.reserve(demands);
    if (reserving.kind === 'reserved') return 'taken';
    const { exceeded } = reserving;
    return {
      used: decimalText(exceeded.used),
      resets: exceeded.resetsAt === undefined ? 'never' : exceeded.resetsAt - T,
    };
  };
  const taken = async (...demands: Demand[]): Promise<Reservation> => {
    const reserving = await store.reserve(demands);
    if (reserving.kind !== 'reserved') throw new Error('it was refused');
    return reserving.reservation;
  };

  test('what was taken a window ago has just left, a millisecond earlier it has not', async () => {
    expect(await ask(demand('c', '2', 1_000))).toBe('taken');
    now = T + 400;
    expect(await ask(demand('c', '2', 1_000))).toBe('taken');
    expect(await ask(demand('c', '2', 1_000))).toEqual({ used: '2', resets: 1_000 });
    now = T + 999;
    expect(await ask(demand('c', '2', 1_000))).toEqual({ used: '2', resets: 1_000 });
    now = T + 1_000;
    expect(await ask(demand('c', '2', 1_000))).toBe('taken');
    expect(await ask(demand('c', '2', 1_000))).toEqual({ used: '2', resets: 1_400 });
    now = T + 5_000;
    expect(await ask(demand('c', '2', 1_000, { amount: '2' }))).toBe('taken');
    expect(await ask(demand('c', '2', 1_000, { amount: '3' }))).toEqual({ used: '2', resets: 'never' });
  });

  test('two gateways whose clocks are 5 s apart never let more than the maximum into any span of the store’s time', async () => {
    const other = await place.open(() => now + (hasLeases ? 0 : 5_000));
    const times: number[] = [];
    for (; now < T + 20_000; now += 137) {
      for (const gateway of [store, other]) {
        const reserving = await gateway.reserve([demand('c', '7', 5_000)]);
        if (reserving.kind === 'reserved') times.push(reserving.reservation.at);
      }
    }
    expect(times.length).toBeGreaterThan(20);
    for (const at of times) expect(times.filter((one) => one > at - 5_000 && one <= at).length).toBeLessThanOrEqual(7);
  });

  test('a clock that steps back frees nothing', async () => {
    expect(await ask(demand('c', '1', HOUR), demand('day', '1', ['day', 'UTC']))).toBe('taken');
    for (const back of [1, HOUR, 24 * HOUR, 400 * 24 * HOUR]) {
      now = T - back;
      expect(await ask(demand('c', '1', HOUR))).toEqual({ used: '1', resets: HOUR });
      expect(await ask(demand('day', '1', ['day', 'UTC']))).toEqual({ used: '1', resets: 12 * HOUR });
    }
    now = T + HOUR - 1;
    expect(await ask(demand('c', '1', HOUR))).toEqual({ used: '1', resets: HOUR });
    now = T + HOUR;
    expect(await ask(demand('c', '1', HOUR))).toBe('taken');
  });

  test('a give-back belongs to the window it was taken in, and counts once', async () => {
    const first = await taken(demand('c', '2', 1_000), demand('c', '9', HOUR), demand('day', '2', ['day', 'UTC']));
    now = T + 1_500;
    const second = await taken(demand('c', '2', 1_000), demand('c', '9', HOUR));
    await store.giveBack(first);
    await store.giveBack(first);
    // The second is still inside; the first had left the short window and now leaves the long one.
    expect(await ask(demand('c', '1', 1_000))).toEqual({ used: '1', resets: 2_500 });
    expect(await ask(demand('c', '1', HOUR))).toEqual({ used: '1', resets: 1_500 + HOUR });
    await store.giveBack(second);
    expect(await ask(demand('c', '1', 1_000))).toBe('taken');
    now = T + 13 * HOUR;
    const next = await taken(demand('day', '2', ['day', 'UTC']));
    await store.giveBack(first);
    expect(await ask(demand('day', '1', ['day', 'UTC']))).toEqual({ used: '1', resets: 36 * HOUR });
    await store.giveBack(next);
    expect(await ask(demand('day', '1', ['day', 'UTC']))).toBe('taken');
  });

  test.each<[string, string, readonly string[], string]>([
    ['tenths', '0.3', ['0.1', '0.2'], '0.000000000000000001'],
    ['beyond 2^53', '9007199254740993', ['9007199254740992', '1'], '0.000000000000000001'],
    ['eighteen digits', '1', ['0.999999999999999999', '0.000000000000000001'], '0.000000000000000001'],
    [
      '36 digits',
      `${'9'.repeat(36)}.${'9'.repeat(18)}`,
      ['9'.repeat(36), `0.${'9'.repeat(18)}`],
      '0.000000000000000001',
    ],
    [
      'a carry through every limb',
      '1000000000000000000000000000000000',
      ['999999999999999999999999999999999.999999999999999999', '0.000000000000000001'],
      '1',
    ],
    ['exponents', '1e3', ['9.99e2', '1E+0'], '1e-18'],
    ['nothing of nothing', '0', ['0', '0.0', '0e9'], '1'],
  ])('amounts are exact: %s', async (_name, max, fits, tooMuch) => {
    for (const amount of fits) expect(await ask(demand('c', max, HOUR, { amount }))).toBe('taken');
    expect(await ask(demand('c', max, HOUR, { amount: tooMuch }))).toMatchObject({
      used: decimalText(scaled(max) ?? -1n),
    });
    // And taking away is as exact.
    now = T + HOUR;
    expect(await ask(demand('c', max, HOUR, { amount: max }))).toBe('taken');
  });

  test('all limits of a call are taken, or none', async () => {
    const three = () => [demand('a', '5', HOUR), demand('b', '5', ['day', 'UTC']), demand('c', '1', HOUR)];
    expect(await ask(...three())).toBe('taken');
    for (let i = 0; i < 3; i++) expect(await ask(...three())).toEqual({ used: '1', resets: HOUR });
    expect((await store.entries()).entries.length).toBe(3);
    expect(await ask(demand('a', '5', HOUR, { amount: '4' }), demand('b', '5', ['day', 'UTC'], { amount: '4' }))).toBe(
      'taken',
    );
    // The first in order of writing is the one that is named.
    expect(await ask(demand('a', '5', HOUR), demand('c', '1', HOUR))).toEqual({ used: '5', resets: HOUR });
  });

  test('a call enters a log once, with its largest amount, which every limit on the log is held to', async () => {
    const both = (small: string, large: string) => [
      demand('c', '10', 1_000, { amount: small }),
      demand('c', '100', HOUR, { amount: large }),
    ];
    expect(await ask(...both('1', '8'))).toBe('taken');
    expect((await store.entries()).entries.map(({ amount }) => decimalText(amount))).toEqual(['8']);
    expect(await ask(...both('1', '3'))).toEqual({ used: '8', resets: 1_000 });
    expect(await ask(...both('1', '2'))).toBe('taken');
  });

  test('a scope of its own is a log of its own', async () => {
    expect(await ask(demand('c', '1', HOUR, { scope: 'a' }))).toBe('taken');
    expect(await ask(demand('c', '1', HOUR, { scope: 'b' }))).toBe('taken');
    // Names that would run together, and names that are long.
    expect(await ask(demand('c', '1', HOUR, { scope: 'a"] ["log' }))).toBe('taken');
    expect(await ask(demand('c grant=a', '1', HOUR, { scope: 'ü💶\u0000%*[x]{y}\\' }))).toBe('taken');
    expect(await ask(demand('c', '1', HOUR, { scope: 'x'.repeat(100_000) }))).toBe('taken');
    expect(await ask(demand('c', '1', HOUR, { scope: `${'x'.repeat(100_000)}y` }))).toBe('taken');
    expect(await ask(demand('c', '1', HOUR, { scope: 'x'.repeat(100_000) }))).toEqual({ used: '1', resets: HOUR });
    expect((await store.entries()).entries.length).toBe(6);
  });

  test('what only watches counts in a log of its own, says that it would have refused, and then takes nothing there', async () => {
    const shadow = (counter = 'c') => demand(counter, '1', HOUR, { shadow: true });
    const logs = async () => {
      const { entries } = await store.entries();
      const inShadow = entries.filter(({ bucket }) => bucket.includes('shadow'));
      return { shadow: inShadow.length, others: entries.length - inShadow.length };
    };
    const watched = async (...demands: Demand[]) => {
      const reserving = await store.reserve(demands);
      if (reserving.kind !== 'reserved') return 'refused';
      if (hasLeases) expect(await store.confirm(reserving.reservation)).toBe(true);
      const seen = reserving.watched;
      return { by: seen?.demand.rule, used: seen && decimalText(seen.used), took: reserving.reservation.taken.length };
    };
    expect(await watched(shadow(), demand('c', '2', HOUR))).toEqual({ by: undefined, used: undefined, took: 2 });
    // All of them or none: a call that would have been refused takes nothing from the others in shadow either.
    expect(await watched(shadow('d'), demand('c', '2', HOUR), shadow())).toEqual({ by: '/c', used: '1', took: 1 });
    expect(await logs()).toEqual({ shadow: 1, others: 2 });
    expect(await watched(shadow('d'), demand('c', '2', HOUR))).toBe('refused');
    expect(await watched(shadow())).toEqual({ by: '/c', used: '1', took: 0 });
    expect(await logs()).toEqual({ shadow: 1, others: 2 });
    now = T + HOUR;
    expect(await watched(shadow())).toEqual({ by: undefined, used: undefined, took: 1 });
  });

  test('what took nothing is given back, and lapses, without a fault', async () => {
    const nothing = demand('c', '0', HOUR, { shadow: true });
    await store.giveBack(await taken(nothing));
    await taken(nothing);
    now = T + HOUR;
    expect(await store.sweep()).toBe(hasLeases ? 1 : 0);
    expect((await store.entries()).entries).toEqual([]);
  });

  test('a limit that is asked late finds what others on its counter have counted', async () => {
    for (let i = 0; i < 20; i++, now += HOUR) {
      expect(await ask(demand('spend', '1', HOUR, { keepMs: 24 * HOUR }))).toBe('taken');
    }
    expect(await ask(demand('spend', '20', 24 * HOUR))).toEqual({ used: '20', resets: 24 * HOUR });
    now += 30 * HOUR;
    expect(await ask(demand('spend', '20', 24 * HOUR, { amount: '20' }))).toBe('taken');
    await store.sweep();
    expect((await store.entries()).entries.filter(({ at }) => at < T + 19 * HOUR).length).toBeLessThanOrEqual(
      name === 'sqlite' ? 20 : 0,
    );
  });

  test('calendar days of 23 and 25 hours, weeks from Monday', async () => {
    const at = (iso: string) => {
      now = Date.parse(iso);
    };
    const berlin = (counter: string, max: string) => demand(counter, max, ['day', 'Europe/Berlin']);
    at('2026-03-28T23:00:00Z');
    expect(await ask(berlin('d', '1'))).toBe('taken');
    at('2026-03-29T21:59:59.999Z');
    expect(await ask(berlin('d', '1'))).toEqual({ used: '1', resets: Date.parse('2026-03-29T22:00:00Z') - T });
    at('2026-03-29T22:00:00Z');
    expect(await ask(berlin('d', '1'))).toBe('taken');
    at('2026-10-24T22:00:00Z');
    expect(await ask(berlin('d', '1'))).toBe('taken');
    at('2026-10-25T22:59:59.999Z');
    expect(await ask(berlin('d', '1'))).toEqual({ used: '1', resets: Date.parse('2026-10-25T23:00:00Z') - T });
    at('2026-11-29T23:59:59.999Z');
    expect(await ask(demand('w', '1', ['week', 'UTC']))).toBe('taken');
    expect(await ask(demand('w', '1', ['week', 'UTC']))).toMatchObject({ used: '1' });
    at('2026-11-30T00:00:00Z');
    expect(await ask(demand('w', '1', ['week', 'UTC']))).toBe('taken');
    expect(await ask(demand('w', '1', ['week', 'UTC']))).toEqual({
      used: '1',
      resets: Date.parse('2026-12-07T00:00:00Z') - T,
    });
  });

  test('a reset empties what is named, and a late give-back takes nothing from what came after', async () => {
    const before = await taken(demand('a', '1', HOUR), demand('b', '1', HOUR));
    expect(await store.reset((bucket) => bucket.includes('"a"'))).toEqual([expect.stringContaining('"a"')]);
    expect(await ask(demand('a', '1', HOUR))).toBe('taken');
    await store.giveBack(before);
    expect(await ask(demand('a', '1', HOUR))).toEqual({ used: '1', resets: HOUR });
    expect(await ask(demand('b', '1', HOUR))).toBe('taken');
    expect(await store.reset((bucket) => bucket.includes('"nothing"'))).toEqual([]);
  });

  test('as counted by hand: any calls, any windows, any give-backs', async () => {
    const step = fc.record({
      pause: fc.nat(900),
      calls: fc.array(
        fc.record({
          counter: fc.constantFrom('a', 'b'),
          max: fc.nat(6),
          window: fc.nat(4),
          amount: fc.constantFrom('0', '0.5', '1', '2.25'),
          shadow: fc.boolean(),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      giveBack: fc.option(fc.nat(5), { freq: 4, nil: undefined }),
    });
    const windows = [100, 700, 2_500, ['minute', 'UTC'], ['hour', 'Asia/Kolkata']] as const;
    const runs = { memory: 400, sqlite: 40, redis: 100, postgres: 40 }[name];
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), async (steps) => {
        await store.reset(() => true);
        now += 2 * HOUR;
        const slow = new SlowBook();
        const held: { reservation: Reservation; entry: number }[] = [];
        for (const [i, { pause, calls, giveBack }] of steps.entries()) {
          now += pause;
          const demands = calls.map(({ counter, max, window, amount, shadow }) =>
            demand(counter, String(max), windows[window] as number, { amount, shadow, keepMs: HOUR }),
          );
          const expected = slow.refusal(demands, now);
          const reserving = await store.reserve(demands);
          if (reserving.kind === 'reserved') {
            expect(expected).toBeUndefined();
            const { watched: seen } = reserving;
            const watched = slow.watched(demands, now);
            expect([seen?.demand.rule, seen?.demand.max, seen?.demand.window, seen?.used]).toEqual([
              ...(({ rule, max, window }: Partial<Demand>) => [rule, max, window])(demands[watched?.index ?? -1] ?? {}),
              watched?.used,
            ]);
            slow.take(watched === undefined ? demands : demands.filter(({ shadow }) => !shadow), now, i);
            held.push({ reservation: reserving.reservation, entry: i });
          } else {
            const { exceeded } = reserving;
            expect({ ...expected, index: expected?.index }).toEqual({
              index: demands.findIndex(
                (one) =>
                  one === exceeded.demand ||
                  (one.rule === exceeded.demand.rule &&
                    one.max === exceeded.demand.max &&
                    one.window === exceeded.demand.window),
              ),
              used: exceeded.used,
              resetsAt: exceeded.resetsAt,
            });
          }
          const back = giveBack === undefined ? undefined : held.splice(giveBack % Math.max(1, held.length), 1)[0];
          if (back !== undefined) {
            await store.giveBack(back.reservation);
            slow.giveBack(back.entry);
          }
        }
      }),
      { numRuns: runs, seed: 7420 },
    );
  });

  test('64 clients at once are admitted up to the limit, exactly', async () => {
    const client = async (i: number): Promise<number> => {
      const asked = [demand('calls', '100', HOUR), demand('spend', '1000', ['day', 'UTC'], { amount: `0.${i + 1}` })];
      for (let admitted = 0; ; admitted++) if ((await ask(...asked)) !== 'taken') return admitted;
    };
    const admitted = await Promise.all(Array.from({ length: 64 }, (_, i) => client(i)));
    expect(admitted.reduce((sum, one) => sum + one, 0)).toBe(100);
  });

  if (name === 'redis')
    test('after the server lost its data, a give-back of before takes nothing from what came after', async () => {
      const before = await taken(demand('c', '1', HOUR));
      const { Redis } = await import('ioredis');
      const server = new Redis(place.address);
      await server.flushall();
      await server.quit();
      expect(await ask(demand('c', '1', HOUR))).toBe('taken');
      await store.giveBack(before);
      expect(await ask(demand('c', '1', HOUR))).toEqual({ used: '1', resets: HOUR });
    });

  if (hasLeases)
    test('what was never confirmed lapses, what was confirmed stays', async () => {
      const lost = await taken(demand('c', '2', HOUR));
      const kept = await taken(demand('c', '2', HOUR));
      expect(await store.confirm(kept)).toBe(true);
      expect(await store.confirm(kept)).toBe(false);
      now = T + 9_999;
      expect(await store.sweep()).toBe(0);
      expect(await ask(demand('c', '2', HOUR))).toMatchObject({ used: '2' });
      now = T + 10_000;
      expect(await store.sweep()).toBe(1);
      expect(await store.confirm(lost)).toBe(false);
      expect(await ask(demand('c', '2', HOUR))).toBe('taken');
      expect(await ask(demand('c', '2', HOUR))).toMatchObject({ used: '2' });
    });
});

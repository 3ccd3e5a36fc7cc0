import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { demand, SlowBook } from '../../../test/limits/model.ts';
import { LimitBook } from './book.ts';
import { type Demand, entered } from './demand.ts';

const WINDOWS = [1, 50, 400, 3_000, ['minute', 'UTC'], ['day', 'Europe/Berlin']] as const;

describe('the book of limits', () => {
  test('says what a list says that is added up anew each time', () => {
    const asked = fc.record({
      counter: fc.constantFrom('a', 'b', 'c'),
      scope: fc.constantFrom('x', 'y'),
      max: fc.constantFrom('0', '1', '2.5', '7'),
      amount: fc.constantFrom('0', '0.5', '1', '2.000000000000000001'),
      window: fc.nat(WINDOWS.length - 1),
      shadow: fc.boolean(),
    });
    const step = fc.record({
      pause: fc.oneof(fc.nat(60), fc.nat(2_000), fc.constant(40_000_000)),
      asked: fc.array(asked, { minLength: 1, maxLength: 4 }),
      after: fc.constantFrom('prune', 'give back', 'restore', 'nothing'),
      which: fc.nat(1_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        let book = new LimitBook();
        const slow = new SlowBook();
        let now = Date.UTC(2026, 9, 24, 20);
        const held: { entry: number; demands: readonly Demand[] }[] = [];
        for (const [i, { pause, asked: calls, after, which }] of steps.entries()) {
          now += pause;
          const demands = calls.map((one) =>
            demand(one.counter, one.max, WINDOWS[one.window] as number, { ...one, keepMs: 26 * 3_600_000 }),
          );
          for (const { bucket, window } of demands)
            expect(book.used(bucket, window, now)).toBe(slow.used(bucket, window, now));
          const exceeded = book.firstExceeded(demands, now);
          const expected = slow.refusal(demands, now);
          expect(
            exceeded === undefined
              ? undefined
              : { used: exceeded.used, resetsAt: exceeded.resetsAt, rule: exceeded.demand.rule },
          ).toEqual(
            expected === undefined
              ? undefined
              : { used: expected.used, resetsAt: expected.resetsAt, rule: demands[expected.index]?.rule },
          );
          const watched = book.firstWatched(demands, now);
          const alike = slow.watched(demands, now);
          expect(watched).toEqual(
            alike === undefined
              ? undefined
              : {
                  used: alike.used,
                  demand: expect.objectContaining({ rule: demands[alike.index]?.rule, shadow: true }) as Demand,
                },
          );
          if (exceeded === undefined) {
            book.take(entered(demands, watched), now, i + 1);
            slow.take(alike === undefined ? demands : demands.filter(({ shadow }) => !shadow), now, i + 1);
            held.push({ entry: i + 1, demands });
          }
          if (after === 'prune') for (const { bucket, keepMs } of demands) book.prune(bucket, now, keepMs);
          if (after === 'give back' && held.length > 0) {
            const [back] = held.splice(which % held.length, 1);
            for (const { bucket } of back?.demands ?? []) book.giveBack(bucket, back?.entry ?? 0);
            slow.giveBack(back?.entry ?? 0);
          }
          if (after === 'restore') {
            const again = new LimitBook();
            for (const name of book.bucketNames()) for (const one of book.entriesOf(name)) again.restore(one);
            book = again;
          }
        }
      }),
      { numRuns: 400, seed: 7420 },
    );
  });

  test('what a limit in shadow would have refused, it names and does not refuse', () => {
    const book = new LimitBook();
    const shadow = { shadow: true };
    const full = [demand('calls', '2', 100), demand('calls', '1', 100, shadow), demand('sum', '0', 100, shadow)];
    expect(book.firstExceeded(full, 1)).toBeUndefined();
    // The first in the policy's order, and what was asked before does not count.
    expect(book.firstWatched(full, 1)).toMatchObject({ used: 0n, demand: { rule: '/sum', shadow: true } });
    book.take(full, 1, 1);
    expect(book.firstWatched(full, 100)).toMatchObject({ used: 10n ** 18n, demand: { rule: '/calls', shadow: true } });
    expect(book.firstWatched(full.slice(0, 2), 101)).toBeUndefined();
    expect(book.firstWatched([demand('calls', '0', 100)], 1)).toBeUndefined();
    expect(book.firstExceeded([demand('calls', '1', 100)], 1)).toMatchObject({ used: 10n ** 18n, resetsAt: 101 });
  });

  test('hundreds of thousands of entries leave at once, and give the room of their log back', () => {
    const book = new LimitBook();
    const asked = [demand('c', '1000000', 1_000)];
    for (let i = 1; i <= 300_000; i++) book.take(asked, i >> 10, i);
    const [{ bucket, keepMs } = { bucket: '', keepMs: 0 }] = asked;
    expect(book.prune(bucket, 500, keepMs).length).toBe(0);
    expect(book.prune(bucket, 5_000, keepMs).length).toBe(300_000);
    expect(book.bucketNames()).toEqual([]);
  });

  test('says what it took, forgets nothing early and names what has left', () => {
    const book = new LimitBook();
    const one = [demand('c', '9', 100, { amount: '2' })];
    const bucket = one[0]?.bucket ?? '';
    const amount = 2n * 10n ** 18n;
    expect(book.take(one, 10, 1)).toEqual([{ bucket, at: 10, amount, entry: 1 }]);
    const two = [demand('c', '9', 100, { amount: '1' }), demand('c', '9', 500, { amount: '2' }), demand('d', '9', 100)];
    expect(book.take(two, 20, 2)).toEqual([
      { bucket, at: 20, amount, entry: 2 },
      { bucket: two[2]?.bucket, at: 20, amount: 10n ** 18n, entry: 2 },
    ]);
    // A limit that asks for less does not shorten what another asked for.
    expect(book.prune(bucket, 509, 100)).toEqual([]);
    expect(book.prune(bucket, 510, 100)).toEqual([1]);
    expect(book.entriesOf(bucket)).toEqual([{ bucket, at: 20, amount, entry: 2 }]);
    expect([
      book.prune('none', 1_000, 1),
      book.entriesOf('none'),
      book.used('none', { kind: 'sliding', ms: 9 }, 0),
    ]).toEqual([[], [], 0n]);
    // Nor does a longer window that is being looked through.
    book.used(bucket, { kind: 'sliding', ms: 9_000 }, 600);
    expect(book.prune(bucket, 5_000, 100)).toEqual([]);
    expect(book.prune(bucket, 9_020, 100)).toEqual([2]);
    expect(book.bucketNames()).toEqual([two[2]?.bucket]);
    book.reset(two[2]?.bucket ?? '');
    expect(book.bucketNames()).toEqual([]);
    book.take(one, 10, 3);
    book.clear();
    expect(book.bucketNames()).toEqual([]);
  });

  test('a log that nothing is known of is not forgotten', () => {
    const book = new LimitBook();
    book.restore({ bucket: 'b', at: 1, amount: 1n, entry: 1 });
    expect(book.prune('b', 1_000_000)).toEqual([]);
    expect(book.prune('b', 1_000_000, 1_000_000)).toEqual([]);
    expect(book.prune('b', 1_000_001, 1_000_000)).toEqual([1]);
  });

  test('compacts a long log under windows that are being looked through', () => {
    const book = new LimitBook();
    const asked = [demand('c', '1000000', 1_000), demand('c', '1000000', 50, { amount: '2' })];
    const bucket = asked[0]?.bucket ?? '';
    for (let i = 1; i <= 20_000; i++) {
      if (i % 10 === 0) book.prune(bucket, i, 1_000);
      if (book.firstExceeded(asked, i) !== undefined) throw new Error('refused');
      book.take(asked, i, i);
      const inside = (ms: number) => BigInt(Math.min(i, ms)) * 2n * 10n ** 18n;
      if (book.used(bucket, { kind: 'sliding', ms: 1_000 }, i) !== inside(1_000))
        throw new Error(`long window at ${i}`);
      if (book.used(bucket, { kind: 'sliding', ms: 50 }, i) !== inside(50)) throw new Error(`short window at ${i}`);
    }
    expect(book.entriesOf(bucket)[0]?.at).toBeGreaterThan(18_980);
  });

  test('compacts a long log and keeps each amount with its time', () => {
    const book = new LimitBook();
    const window = { kind: 'sliding', ms: 1_000 } as const;
    let bucket = '';
    for (let i = 1; i <= 12_000; i++) {
      const [one] = [demand('c', '1000000000', 1_000, { amount: String(i) })];
      ({ bucket } = one);
      book.take([one], i, i);
      if (i % 100 === 0) book.prune(bucket, i, 1_000);
    }
    const left = book.entriesOf(bucket);
    expect(left.length).toBe(1_000);
    expect(left.filter(({ at, amount, entry }) => amount !== BigInt(at) * 10n ** 18n || entry !== at)).toEqual([]);
    // From 11,001 to 12,000, and none of them half a second later but the last five hundred.
    expect(book.used(bucket, window, 12_000)).toBe(11_500_500n * 10n ** 18n);
    expect(book.used(bucket, window, 12_500)).toBe(5_875_250n * 10n ** 18n);
  });

  test('compacts a long log without losing what is inside', () => {
    const book = new LimitBook();
    const asked = [demand('c', '1000000', 1_000)];
    const bucket = asked[0]?.bucket ?? '';
    for (let i = 1; i <= 20_000; i++) {
      if (i % 100 === 0) book.prune(bucket, i, 1_000);
      book.take(asked, i, i);
    }
    expect(book.used(bucket, { kind: 'sliding', ms: 1_000 }, 20_000)).toBe(1_000n * 10n ** 18n);
    expect(book.entriesOf(bucket).length).toBeLessThan(1_200);
    book.giveBack(bucket, 19_500);
    book.giveBack(bucket, 5);
    expect(book.used(bucket, { kind: 'sliding', ms: 1_000 }, 20_000)).toBe(999n * 10n ** 18n);
  });
});

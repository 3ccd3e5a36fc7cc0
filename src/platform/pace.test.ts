import { afterEach, expect, test, vi } from 'vitest';
import { Pace } from './pace.ts';

afterEach(() => vi.restoreAllMocks());

/** Reads pieces that take `pieceMs` each for `ms`, resting as it is told to: how long was spent on reading. */
function spent({ ms, pieceMs, share }: { ms: number; pieceMs: number; share: number }) {
  const clock = { now: 0 };
  vi.spyOn(performance, 'now').mockImplementation(() => clock.now);
  let rests = 0;
  let reading = 0;
  const pace = new Pace(() => void rests++);
  while (clock.now < ms) {
    clock.now += pieceMs;
    reading += pieceMs;
    clock.now += pace.restAfter({ bytes: 0, ms: pieceMs }, share);
  }
  return { reading, rests };
}

test.each([0.1, 0.5])('what never ends takes %d of the time, and a little at once before', (share) => {
  const { reading, rests } = spent({ ms: 100_000, pieceMs: 20, share });
  expect(reading / 100_000).toBeGreaterThan(share * 0.95);
  expect(reading / 100_000).toBeLessThan(share * 1.05 + 0.005);
  expect(rests).toBeGreaterThan(0);
});

test('a little at once is read without a rest, and again when time has passed', () => {
  const clock = { now: 0 };
  vi.spyOn(performance, 'now').mockImplementation(() => clock.now);
  const piece = { bytes: 0, ms: 25 };
  const rested: number[] = [];
  const pace = new Pace(() => rested.push(clock.now));
  for (const at of [0, 10_000, 20_000]) {
    clock.now = at;
    for (let i = 0; i < 4; i++) expect(pace.restAfter(piece, 0.1)).toBe(0);
  }
  expect(rested).toEqual([]);
  expect(pace.restAfter(piece, 0.1)).toBe(750);
  expect(rested).toEqual([20_000]);
});

test('what is thrown away at once has been read all the same', () => {
  const clock = { now: 0 };
  vi.spyOn(performance, 'now').mockImplementation(() => clock.now);
  const pace = new Pace(() => {});
  expect(pace.restAfter({ bytes: 256 * 1024 * 1024, ms: 0 }, 0.1)).toBeGreaterThan(0);
});

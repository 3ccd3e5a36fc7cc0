import { expect, test } from 'vitest';
import { Progress } from './progress.ts';

function watched(isTTY: boolean, total: number) {
  const written: string[] = [];
  let now = 0;
  const out = { isTTY, write: (text: string) => written.push(text) };
  const progress = new Progress({ doing: 'verifying', unit: 'records', total, out, now: () => now });
  const count = (times: number, msEach: number) => {
    for (let i = 0; i < times; i++) {
      now += msEach;
      progress.count();
    }
  };
  return { written, count, progress };
}

test('long work says what it does, how far it is, how fast and how long it will take', () => {
  const { written, count, progress } = watched(true, 102_400);
  count(25_600, 0.5);
  // 25,600 in 12.8 s; the other 76,800 take three times as long.
  expect(written.at(-1)).toBe('\r\u001b[Kverifying: 25,600 of 102,400 records, 2,000/s, 39 s left');
  expect(written).toHaveLength(25);
  progress.end();
  expect(written.at(-1)).toBe('\r\u001b[K');
});

test('what takes minutes is told in minutes', () => {
  const { written, count } = watched(true, 1_000_000);
  count(1_024, 1);
  expect(written.at(-1)).toContain('17 min left');
});

test('short work, and work that nobody watches, says nothing', () => {
  const short = watched(true, 1_000);
  short.count(1_000, 0.4);
  short.progress.end();
  expect(short.written).toEqual([]);
  const piped = watched(false, 102_400);
  piped.count(25_600, 0.5);
  piped.progress.end();
  expect(piped.written).toEqual([]);
});

import { expect, it } from 'vitest';
import { fuzz } from './fuzz.ts';

it('answers 600 random calls, sensible and hostile, each in a way that a client can rely on', async () => {
  const report = await fuzz({ calls: 600, seed: 7 });
  expect(report.broken).toEqual([]);
  expect(report.calls).toBe(600);
  // Both kinds were there: calls that worked, and calls that were refused for what they were.
  expect(report.succeeded).toBeGreaterThan(100);
  expect(report.refused['invalid-arguments']).toBeGreaterThan(100);
});

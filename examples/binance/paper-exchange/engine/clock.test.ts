import { expect, it } from 'vitest';
import { Clock } from './clock.ts';

it('catches up with real time when it runs again, so that real clients are not ahead of it', () => {
  let real = 1_000_000;
  const clock = new Clock(undefined, () => real);
  clock.freeze();
  real += 60_000;
  expect(clock.now()).toBe(1_000_000);
  clock.run();
  expect(clock.now()).toBe(1_060_000);
});

it('goes on from where it was moved to, ahead of real time, and from where it is told', () => {
  let real = 1_000_000;
  const clock = new Clock(undefined, () => real);
  clock.skip(3_600_000);
  clock.freeze();
  real += 60_000;
  clock.run();
  expect(clock.now()).toBe(4_600_000);
  clock.freeze();
  clock.run(4_700_000);
  real += 5;
  expect(clock.now()).toBe(4_700_005);
});

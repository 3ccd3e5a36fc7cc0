import { describe, expect, test } from 'vitest';
import { LimitClock } from './limit-clock.ts';

function clocks(latest = 0) {
  const state = { wall: 1_000_000, monotonic: 5 };
  const said: string[] = [];
  const clock = new LimitClock({
    wall: () => state.wall,
    monotonic: () => state.monotonic,
    latest,
    onStepBack: (ms) => said.push(`back ${ms}`),
    onJump: (ms) => said.push(`jump ${ms}`),
    onSettled: () => said.push('settled'),
  });
  const pass = (ms: number, wall = ms) => {
    state.monotonic += ms;
    state.wall += wall;
  };
  return { clock, state, said, pass };
}

describe('the clock of the limits', () => {
  test('follows the wall clock forwards', () => {
    const { clock, pass, said } = clocks();
    expect(clock.now()).toBe(1_000_000);
    pass(250);
    expect(clock.now()).toBe(1_000_250);
    expect(said).toEqual([]);
  });

  test('goes on at its own pace from the later time when the wall clock steps back, and says so once', () => {
    const { clock, pass, said } = clocks();
    clock.now();
    pass(0, -3_600_000);
    expect(clock.now()).toBe(1_000_000);
    pass(10);
    expect(clock.now()).toBe(1_000_010);
    // Fractions of a millisecond add up.
    for (let i = 0; i < 8; i++) {
      pass(0.25, 0);
      clock.now();
    }
    expect(clock.now()).toBe(1_000_012);
    expect(said).toEqual(['back 3600000']);
    pass(3_600_000, 2 * 3_600_000);
    expect(clock.now()).toBe(1_000_000 + 3_600_010);
    pass(60_000);
    clock.now();
    expect(said).toEqual(['back 3600000', 'settled']);
  });

  test('a second step back is news again, once the wall clock had come up', () => {
    const { clock, pass, said } = clocks();
    clock.now();
    for (let i = 0; i < 2; i++) {
      pass(0, -5_000);
      expect(clock.now()).toBe(1_000_000);
      pass(0, 5_000);
      expect(clock.now()).toBe(1_000_000);
    }
    expect(said).toEqual(['back 5000', 'back 5000']);
  });

  test('small steps are no news', () => {
    const { clock, pass, said } = clocks();
    clock.now();
    pass(0, -1_000);
    expect(clock.now()).toBe(1_000_000);
    pass(10, 59_000);
    clock.now();
    pass(10, 60_010);
    clock.now();
    expect(said).toEqual([]);
  });

  test('a jump forwards is followed, and said', () => {
    const { clock, pass, said } = clocks();
    clock.now();
    pass(1_000, 3_600_000);
    expect(clock.now()).toBe(4_600_000);
    expect(said).toEqual(['jump 3599000']);
    pass(59_999);
    clock.now();
    expect(said).toHaveLength(1);
    pass(1);
    clock.now();
    expect(said).toEqual(['jump 3599000', 'settled']);
  });

  test('begins no earlier than what a store has seen, from this process or another', () => {
    const { clock, said } = clocks(2_000_000);
    expect(clock.now()).toBe(2_000_000);
    expect(said).toEqual(['back 1000000']);
    const other = clocks();
    other.clock.noLaterThanSeen(1_500_000);
    expect(other.clock.now()).toBe(1_500_000);
    other.clock.noLaterThanSeen(1_400_000);
    other.pass(5);
    expect(other.clock.now()).toBe(1_500_005);
  });
});

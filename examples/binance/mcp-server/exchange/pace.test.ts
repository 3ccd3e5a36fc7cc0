import { beforeEach, describe, expect, it } from 'vitest';
import { ExchangeFault } from './fault.ts';
import { keepPace, type Pace } from './pace.ts';

const minute = 60_000;
let now: number;
let pace: Pace;
beforeEach(() => {
  now = 1_000 * minute;
  pace = keepPace(() => now);
});

/** Seconds to wait, 0 when the request may be sent. */
function wait(family: 'spot' | 'futures' = 'futures', urgent = false): number {
  try {
    pace.admit(family, urgent);
    return 0;
  } catch (error) {
    if (!(error instanceof ExchangeFault) || error.kind !== 'rate-limited') throw error;
    return (error.retryAfterMs ?? Number.NaN) / 1000;
  }
}

describe('after a 429', () => {
  it('waits exactly as long as the exchange said', () => {
    pace.limited('futures', 7_000);
    expect(wait()).toBe(7);
    now += 6_999;
    expect(wait()).toBeCloseTo(0.001);
    now += 1;
    expect(wait()).toBe(0);
  });

  it('waits 1, 2, 4 ... 60 s when it did not say, and begins anew after a success', () => {
    const waits = Array.from({ length: 8 }, () => {
      const { untilMs, known } = pace.limited('futures', undefined);
      expect(known).toBe(false);
      return (untilMs - now) / 1000;
    });
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    pace.used('futures', 1);
    expect((pace.limited('futures', undefined).untilMs - now) / 1000).toBe(1);
  });

  it('holds back orders too: the exchange bans who does not listen', () => {
    pace.limited('futures', 7_000);
    expect(wait('futures', true)).toBe(7);
  });

  it('leaves other hosts alone', () => {
    pace.limited('futures', 7_000);
    expect(wait('spot')).toBe(0);
  });
});

describe('near the weight limit', () => {
  it('stops reading at nine tenths and leaves the rest to orders, until the minute is over', () => {
    pace.used('futures', 2_159);
    expect(wait()).toBe(0);
    pace.used('futures', 2_160);
    expect(wait()).toBe(60);
    expect(wait('futures', true)).toBe(0);
    now += minute;
    expect(wait()).toBe(0);
  });
});

/**
 * Keeps to the exchange's pace, per family of hosts: after a 429 or 418 nothing is sent until the wait it asked for is
 * over, and reading stops short of the weight limit so that cancelling stays possible.
 * We never sleep inside a call: the agent is told how long, and decides.
 */
import type { Family } from './adapter.ts';
import { ExchangeFault } from './fault.ts';

/** Documented request weight per minute. */
const weightMax: Record<Family, number> = { spot: 6000, futures: 2400, portfolio: 6000 };
/** Share of the weight that reading tools may use; the rest is kept for orders and cancels. */
const readingShare = 0.9;
/** Without Retry-After: 1, 2, 4 ... up to this many seconds. */
const backoffSecondsMax = 60;
const minuteMs = 60_000;

interface Wait {
  readonly untilMs: number;
  /** False when the exchange did not say how long and the wait is our own guess. */
  readonly known: boolean;
}

export interface Pace {
  /** @throws ExchangeFault `rate-limited` when this request must not be sent now */
  admit(family: Family, urgent: boolean): void;
  /** Notes a reply's used weight. */
  used(family: Family, weight: number | undefined): void;
  /** Notes a 429 or 418. */
  limited(family: Family, retryAfterMs: number | undefined): Wait;
  /** Weight used in the minute of the last reply, by family. */
  weights(): Readonly<Partial<Record<Family, number>>>;
}

interface FamilyPace {
  wait: Wait | undefined;
  guesses: number;
  weight: { used: number; minute: number } | undefined;
}

/** @param now milliseconds, injected so that waits can be tested without waiting */
export function keepPace(now: () => number): Pace {
  const paces: Partial<Record<Family, FamilyPace>> = {};
  const of = (family: Family): FamilyPace => (paces[family] ??= { wait: undefined, guesses: 0, weight: undefined });

  return {
    admit(family, urgent) {
      const pace = of(family);
      const at = now();
      if (pace.wait !== undefined && at < pace.wait.untilMs) throw tooEarly(pace.wait, at);
      const minute = Math.floor(at / minuteMs);
      const isHeavy = pace.weight?.minute === minute && pace.weight.used >= weightMax[family] * readingShare;
      if (isHeavy && !urgent) {
        const untilMs = (minute + 1) * minuteMs;
        throw new ExchangeFault({
          kind: 'rate-limited',
          retryAfterMs: untilMs - at,
          message: `${pace.weight?.used} of ${weightMax[family]} request weight used this minute; the rest is kept for orders and cancels`,
        });
      }
    },
    used(family, weight) {
      const pace = of(family);
      pace.guesses = 0;
      if (weight !== undefined) pace.weight = { used: weight, minute: Math.floor(now() / minuteMs) };
    },
    limited(family, retryAfterMs) {
      const pace = of(family);
      const guess = Math.min(2 ** pace.guesses, backoffSecondsMax) * 1000;
      if (retryAfterMs === undefined) pace.guesses = Math.min(pace.guesses + 1, 6);
      pace.wait = { untilMs: now() + (retryAfterMs ?? guess), known: retryAfterMs !== undefined };
      return pace.wait;
    },
    weights: () =>
      Object.fromEntries(
        Object.entries(paces).flatMap(([family, pace]) =>
          pace.weight === undefined ? [] : [[family, pace.weight.used]],
        ),
      ),
  };
}

function tooEarly(wait: Wait, at: number): ExchangeFault {
  return new ExchangeFault({
    kind: 'rate-limited',
    retryAfterMs: wait.untilMs - at,
    message: wait.known
      ? 'the exchange asked us to wait; nothing was sent'
      : "the exchange asked us to wait without saying how long; nothing was sent, this wait is this server's own backoff",
  });
}

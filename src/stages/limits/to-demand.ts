import type { CalendarUnit, LimitDemand } from '../../domain/policy.ts';
import { bucketName } from './bucket.ts';
import { calendarSpan } from './calendar.ts';
import { AMOUNT_END, type Demand, scaled, type Window } from './demand.ts';
import { remembered } from './remembered.ts';

/** What the policy asks for, as the limit engine counts it. Throws where an amount is not exact: that refuses the call. */
export function toDemand(limit: LimitDemand): Demand {
  return keptDemand(limit, 0);
}

/** As `toDemand`, where another limit on the same counter looks further back than this one: `keepMs` milliseconds. */
export function keptDemand(limit: LimitDemand, keepMs: number): Demand {
  const max = known(limit.max);
  const amount = known(limit.amount);
  if (!isCountable(max) || !isCountable(amount)) {
    throw new TypeError(
      `the limit ${limit.rule} has a maximum or amount that is no exact decimal ≥ 0 of at most 36 digits`,
    );
  }
  return {
    rule: limit.rule,
    bucket: bucketName(limit.counter, limit.scope, limit.shadow),
    max,
    amount,
    window: windowOf(limit.window),
    keepMs: Math.max(keepMs, longestMs(limit.window)),
    onDeny: limit.onDeny,
    shadow: limit.shadow,
  };
}

/** The longest that a span of this window can be, in milliseconds. */
export function longestMs(window: LimitDemand['window']): number {
  return window.kind === 'sliding' ? window.ms : CALENDAR_MS_MAX[window.unit];
}

const HOUR = 3_600_000;
/** Where a clock is set back, a day is longer; nowhere by more than two hours. */
const CALENDAR_MS_MAX: Readonly<Record<CalendarUnit, number>> = {
  minute: 60_000,
  hour: HOUR,
  day: 26 * HOUR,
  week: (7 * 24 + 2) * HOUR,
  month: (31 * 24 + 2) * HOUR,
};

function isCountable(value: bigint | undefined): value is bigint {
  return value !== undefined && value >= 0n && value < AMOUNT_END;
}

export function windowOf(window: LimitDemand['window']): Window {
  if (window.kind === 'sliding') return window;
  const { unit, timezone } = window;
  return { kind: 'calendar', name: `${unit} ${timezone}`, spanOf: (now) => calendarSpan(now, unit, timezone) };
}

/** The same few texts come again and again; one BigInt each also keeps a long log small. */
const knownTexts = new Map<string, bigint | undefined>();
const KNOWN_MAX = 10_000;

function known(text: string): bigint | undefined {
  return remembered(knownTexts, KNOWN_MAX, text, scaled);
}

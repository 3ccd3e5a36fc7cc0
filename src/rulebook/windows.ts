/** Windows and durations as written → milliseconds or calendar units. */
import { parseDecimal } from '../domain/decimal.ts';
import { JsonNumber } from '../domain/json.ts';
import type { CalendarUnit, LimitWindow } from '../domain/policy.ts';

const second = 1_000;
const unitMs: Readonly<Record<string, number>> = { s: second, m: 60 * second, h: 3_600 * second, d: 86_400 * second };
const namedMs: Readonly<Record<CalendarUnit, number>> = {
  minute: 60 * second,
  hour: 3_600 * second,
  day: 86_400 * second,
  week: 7 * 86_400 * second,
  month: 31 * 86_400 * second,
};
/** What a log must remember at most. */
const windowMsMax = 366 * 86_400 * second;

export type Read<T> = { readonly value: T } | { readonly error: string; readonly hint?: string };

/** Seconds as a number, `30s 5m 1h 7d`: whole milliseconds above 0. */
export function durationMs(written: JsonNumber | string): Read<number> {
  let ms: number;
  if (written instanceof JsonNumber) {
    const decimal = parseDecimal(written.text);
    if (decimal === undefined) return { error: `\`${written.text.slice(0, 40)}\` is out of bounds` };
    const scaled = decimal.digits * 1_000n;
    const unit = 10n ** BigInt(decimal.scale);
    if (scaled % unit !== 0n) return { error: `\`${written.text}\` seconds is finer than a millisecond` };
    ms = Number(scaled / unit);
  } else {
    ms = Number(written.slice(0, -1)) * (unitMs[written.slice(-1)] ?? Number.NaN);
  }
  if (!(ms > 0)) return { error: 'must be more than 0' };
  if (ms > windowMsMax) return { error: 'is longer than 366 days' };
  return { value: ms };
}

export function limitWindow(
  written: JsonNumber | string,
  align: 'sliding' | 'calendar' | undefined,
  timezone: string,
): Read<{ readonly window: LimitWindow; readonly text: string }> {
  const named = typeof written === 'string' && written in namedMs ? (written as CalendarUnit) : undefined;
  const text = written instanceof JsonNumber ? `${written.text}s` : written;
  if (align === 'calendar') {
    if (named === undefined) {
      return { error: 'a calendar window has no length', hint: 'write minute, hour, day, week or month' };
    }
    return { value: { window: { kind: 'calendar', unit: named, timezone }, text } };
  }
  if (named !== undefined) return { value: { window: { kind: 'sliding', ms: namedMs[named] }, text } };
  const ms = durationMs(written);
  return 'error' in ms
    ? { ...ms, error: `the window ${ms.error}` }
    : { value: { window: { kind: 'sliding', ms: ms.value }, text } };
}

/** What follows "in": `any 5m`, `a calendar day of UTC`. */
export function windowWords({
  window,
  windowText,
}: {
  readonly window: LimitWindow;
  readonly windowText: string;
}): string {
  return window.kind === 'calendar' ? `a calendar ${window.unit} of ${window.timezone}` : `any ${windowText}`;
}

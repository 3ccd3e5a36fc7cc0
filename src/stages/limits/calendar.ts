import type { CalendarUnit } from '../../domain/policy.ts';

/**
 * The calendar span of a zone's wall clock that a moment is in: `[from, to)` in epoch milliseconds. A day has 23 or 25
 * hours where the clock changes; weeks begin on Monday (ISO 8601).
 */
export function calendarSpan(now: number, unit: CalendarUnit, timezone: string): { from: number; to: number } {
  const known = lastSpan.get(`${unit} ${timezone}`);
  if (known !== undefined && now >= known.from && now < known.to) return known;
  const wall = wallClock(now, timezone);
  const [from, to] = bounds(wall, unit);
  const span = { from: instantOf(from, timezone), to: instantOf(to, timezone) };
  // Where a clock is set back, the wall time of `now` occurs twice; the span must hold `now` all the same.
  if (now < span.from) span.from = now;
  if (now >= span.to) span.to = now + 1;
  if (lastSpan.size > SPANS_MAX) lastSpan.clear();
  lastSpan.set(`${unit} ${timezone}`, span);
  return span;
}

/** Wall time as if it were UTC, in milliseconds. */
type WallTime = number;

function bounds(wall: WallTime, unit: CalendarUnit): readonly [WallTime, WallTime] {
  const date = new Date(wall);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth();
  const day = date.getUTCDate();
  const hour = date.getUTCHours();
  switch (unit) {
    case 'minute': {
      const from = Date.UTC(year, month, day, hour, date.getUTCMinutes());
      return [from, from + 60_000];
    }
    case 'hour':
      return [Date.UTC(year, month, day, hour), Date.UTC(year, month, day, hour + 1)];
    case 'day':
      return [Date.UTC(year, month, day), Date.UTC(year, month, day + 1)];
    case 'week': {
      const sinceMonday = (date.getUTCDay() + 6) % 7;
      return [Date.UTC(year, month, day - sinceMonday), Date.UTC(year, month, day - sinceMonday + 7)];
    }
    case 'month':
      return [Date.UTC(year, month, 1), Date.UTC(year, month + 1, 1)];
    default:
      unit satisfies never;
      throw new TypeError(`no calendar unit: ${String(unit)}`);
  }
}

/** The first moment at which the zone's clock shows this wall time or, where it is skipped, a later one. */
function instantOf(wall: WallTime, timezone: string): number {
  // The offset differs by at most a day either way; two rounds settle it except inside a skipped hour.
  let instant = wall - offsetAt(wall, timezone);
  instant = wall - offsetAt(instant, timezone);
  const earlier = wall - offsetAt(instant - 6 * 3_600_000, timezone);
  if (earlier < instant && wallClock(earlier, timezone) === wall) return earlier;
  if (wallClock(instant, timezone) >= wall) return instant;
  return wall - offsetAt(instant - 6 * 3_600_000, timezone);
}

function offsetAt(instant: number, timezone: string): number {
  return wallClock(instant, timezone) - Math.floor(instant / 1000) * 1000;
}

function wallClock(instant: number, timezone: string): WallTime {
  let format = formats.get(timezone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(timezone, format);
  }
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(instant)) part[type] = Number(value);
  return Date.UTC(part['year'] ?? 0, (part['month'] ?? 1) - 1, part['day'], part['hour'], part['minute'], part['second']);
}

const formats = new Map<string, Intl.DateTimeFormat>();
const lastSpan = new Map<string, { from: number; to: number }>();
const SPANS_MAX = 256;

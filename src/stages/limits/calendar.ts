import type { CalendarUnit } from '../../domain/policy.ts';
import { remembered } from './remembered.ts';

/**
 * The calendar span of a zone's wall clock that a moment is in: `[from, to)` in epoch milliseconds. Spans follow each
 * other without a gap, whatever the clock does: a day has 23 or 25 hours where it changes, and an hour or minute that
 * the clock shows twice is two spans. Weeks begin on Monday (ISO 8601).
 * @throws RangeError for an unknown zone.
 */
export function calendarSpan(now: number, unit: CalendarUnit, timezone: string): Span {
  const key = `${unit} ${timezone}`;
  const known = lastSpan.get(key);
  if (known !== undefined && now >= known.from && now < known.to) return known;
  const span =
    unit === 'minute' || unit === 'hour' ? evenSpan(now, UNIT_MS[unit], timezone) : dateSpan(now, unit, timezone);
  if (lastSpan.size >= KNOWN_MAX) lastSpan.clear();
  lastSpan.set(key, span);
  return span;
}

type Span = { readonly from: number; readonly to: number };

/** Minutes and hours: the wall clock's, cut where the clock changes. */
function evenSpan(now: number, length: number, timezone: string): Span {
  const from = now - positiveModulo(now + offsetAt(now, timezone), length);
  const to = from + length;
  const change = changeBetween(from, to, timezone);
  if (change === undefined) return { from, to };
  return change <= now ? { from: change, to } : { from, to: change };
}

/** Days and longer: from the first moment of one date to the first moment of another. */
function dateSpan(now: number, unit: 'day' | 'week' | 'month', timezone: string): Span {
  const wall = now + offsetAt(now, timezone);
  const begin = (step: number): number => firstMomentOf(startOf(wall, unit, step), timezone);
  const next = begin(1);
  // Where midnight comes twice, the wall clock may show a date that is over.
  return now < next ? { from: begin(0), to: next } : { from: next, to: begin(2) };
}

/** Wall time as if it were UTC, in milliseconds, of the beginning of the unit `step` units later. */
function startOf(wall: number, unit: 'day' | 'week' | 'month', step: number): number {
  const date = new Date(wall);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth();
  const day = date.getUTCDate();
  switch (unit) {
    case 'day':
      return Date.UTC(year, month, day + step);
    case 'week': {
      const sinceMonday = (date.getUTCDay() + 6) % 7;
      return Date.UTC(year, month, day - sinceMonday + 7 * step);
    }
    case 'month':
      return Date.UTC(year, month + step, 1);
    default:
      unit satisfies never;
      throw new TypeError(`no calendar unit: ${String(unit)}`);
  }
}

/** The first moment at which the zone's clock shows this wall time or, where that is skipped, a later one. */
function firstMomentOf(wall: number, timezone: string): number {
  // No zone is further from UTC than this; before and after a change of the clock, wall time runs evenly.
  const earliest = wall - OFFSET_MS_MAX;
  const change = changeBetween(earliest, wall + OFFSET_MS_MAX, timezone);
  const moment = wall - offsetAt(earliest, timezone);
  if (change === undefined || moment < change) return moment;
  return Math.max(change, wall - offsetAt(change, timezone));
}

/** The moment after `from`, at `to` at the latest, at which the zone's clock is set. None is set twice within two days. */
function changeBetween(from: number, to: number, timezone: string): number | undefined {
  const offset = offsetAt(from, timezone);
  if (offsetAt(to, timezone) === offset) return undefined;
  let before = from;
  let after = to;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(middle, timezone) === offset) before = middle;
    else after = middle;
  }
  return after;
}

/** Milliseconds that the zone's clock is ahead of UTC. */
function offsetAt(instant: number, timezone: string): number {
  const part: Record<string, number> = {};
  for (const { type, value } of remembered(formats, KNOWN_MAX, timezone, formatOf).formatToParts(instant)) {
    part[type] = Number(value);
  }
  const { year = 0, month = 1, day = 1, hour, minute, second } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
}

function formatOf(timezone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
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
}

function positiveModulo(value: number, length: number): number {
  return ((value % length) + length) % length;
}

const UNIT_MS = { minute: 60_000, hour: 3_600_000 } as const;
const OFFSET_MS_MAX = 16 * 3_600_000;
const KNOWN_MAX = 256;
const formats = new Map<string, Intl.DateTimeFormat>();
const lastSpan = new Map<string, Span>();

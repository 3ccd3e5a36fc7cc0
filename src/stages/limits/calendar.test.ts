import { describe, expect, test } from 'vitest';
import type { CalendarUnit } from '../../domain/policy.ts';
import { calendarSpan } from './calendar.ts';

const HOUR = 3_600_000;
const span = (iso: string, unit: CalendarUnit, zone: string) => {
  const { from, to } = calendarSpan(Date.parse(iso), unit, zone);
  return [new Date(from).toISOString(), new Date(to).toISOString()];
};

describe('spans of the wall clock', () => {
  test.each<[string, CalendarUnit, string, string, string]>([
    ['2026-11-24T15:56:31Z', 'minute', 'UTC', '2026-11-24T15:56:00.000Z', '2026-11-24T15:57:00.000Z'],
    ['2026-11-24T15:56:31Z', 'hour', 'Asia/Kolkata', '2026-11-24T15:30:00.000Z', '2026-11-24T16:30:00.000Z'],
    ['2026-11-24T15:56:31Z', 'hour', 'Asia/Kathmandu', '2026-11-24T15:15:00.000Z', '2026-11-24T16:15:00.000Z'],
    ['1969-12-31T23:59:59Z', 'minute', 'UTC', '1969-12-31T23:59:00.000Z', '1970-01-01T00:00:00.000Z'],
    ['2026-11-24T15:56:31Z', 'day', 'Asia/Tokyo', '2026-11-24T15:00:00.000Z', '2026-11-25T15:00:00.000Z'],
    ['2026-11-24T23:59:59.999Z', 'day', 'UTC', '2026-11-24T00:00:00.000Z', '2026-11-25T00:00:00.000Z'],
    ['2026-11-25T00:00:00Z', 'day', 'UTC', '2026-11-25T00:00:00.000Z', '2026-11-26T00:00:00.000Z'],
    // Sunday evening and Monday morning.
    ['2026-11-29T22:00:00Z', 'week', 'UTC', '2026-11-23T00:00:00.000Z', '2026-11-30T00:00:00.000Z'],
    ['2026-11-30T00:00:00Z', 'week', 'UTC', '2026-11-30T00:00:00.000Z', '2026-12-07T00:00:00.000Z'],
    ['2026-12-31T23:30:00Z', 'month', 'Europe/Berlin', '2026-12-31T23:00:00.000Z', '2027-01-31T23:00:00.000Z'],
    ['2024-02-29T12:00:00Z', 'month', 'UTC', '2024-02-01T00:00:00.000Z', '2024-03-01T00:00:00.000Z'],
  ])('%s is in the %s of %s', (at, unit, zone, from, to) => {
    expect(span(at, unit, zone)).toEqual([from, to]);
  });

  test('a day has 23 hours where the clock goes forward and 25 where it goes back', () => {
    const hours = (iso: string, zone: string) => {
      const { from, to } = calendarSpan(Date.parse(iso), 'day', zone);
      return (to - from) / HOUR;
    };
    expect(hours('2026-03-29T12:00:00Z', 'Europe/Berlin')).toBe(23);
    expect(hours('2026-10-25T12:00:00Z', 'Europe/Berlin')).toBe(25);
    expect(hours('2026-10-25T00:30:00Z', 'Europe/Berlin')).toBe(25);
    expect(hours('2026-10-04T02:00:00Z', 'Australia/Lord_Howe')).toBe(23.5);
    // Midnight itself is skipped: the day begins at one o'clock.
    expect(span('2023-04-28T12:00:00Z', 'day', 'Africa/Cairo')).toEqual([
      '2023-04-27T22:00:00.000Z',
      '2023-04-28T21:00:00.000Z',
    ]);
    // After 23:59 the clock showed 23:00 again.
    expect(hours('2023-10-26T20:30:00Z', 'Africa/Cairo')).toBe(25);
    // Midnight comes twice: at one past midnight the clock was set to one past eleven, and the new day went on.
    for (const at of ['2010-11-07T02:45:00Z', '2010-11-07T02:30:00Z', '2010-11-07T12:00:00Z']) {
      expect(span(at, 'day', 'America/St_Johns')).toEqual(['2010-11-07T02:30:00.000Z', '2010-11-08T03:30:00.000Z']);
    }
    expect(span('2010-11-07T02:29:59Z', 'day', 'America/St_Johns')[1]).toBe('2010-11-07T02:30:00.000Z');
  });

  test('an hour or minute that the clock shows twice is two spans', () => {
    expect(span('2026-10-25T00:30:10Z', 'hour', 'Europe/Berlin')).toEqual([
      '2026-10-25T00:00:00.000Z',
      '2026-10-25T01:00:00.000Z',
    ]);
    expect(span('2026-10-25T01:30:10Z', 'hour', 'Europe/Berlin')).toEqual([
      '2026-10-25T01:00:00.000Z',
      '2026-10-25T02:00:00.000Z',
    ]);
    expect(span('2026-10-25T01:30:10Z', 'minute', 'Europe/Berlin')).toEqual([
      '2026-10-25T01:30:00.000Z',
      '2026-10-25T01:31:00.000Z',
    ]);
    // Half an hour back, at two: the half hour from half past one is shown twice.
    expect(span('2026-04-04T15:10:00Z', 'hour', 'Australia/Lord_Howe')).toEqual([
      '2026-04-04T15:00:00.000Z',
      '2026-04-04T15:30:00.000Z',
    ]);
  });

  test('an hour ends where the clock is set forward in its middle', () => {
    // From half past two to three.
    expect(span('2016-05-01T06:40:00Z', 'hour', 'America/Caracas')).toEqual([
      '2016-05-01T06:30:00.000Z',
      '2016-05-01T07:00:00.000Z',
    ]);
    expect(span('2016-05-01T07:10:00Z', 'hour', 'America/Caracas')).toEqual([
      '2016-05-01T07:00:00.000Z',
      '2016-05-01T08:00:00.000Z',
    ]);
  });

  test('a span is worked out once, and forgotten where there are very many', () => {
    const from = Date.parse('2026-11-24T00:00:00Z');
    const first = calendarSpan(from + HOUR, 'day', 'Africa/Accra');
    calendarSpan(from, 'day', 'Africa/Lagos');
    expect(calendarSpan(from, 'day', 'Africa/Accra')).toBe(first);
    expect(calendarSpan(from + 24 * HOUR - 1, 'day', 'Africa/Accra')).toBe(first);
    for (const zone of Intl.supportedValuesOf('timeZone').slice(-300)) calendarSpan(from, 'day', zone);
    expect(calendarSpan(from, 'day', 'Africa/Accra')).not.toBe(first);
    expect(calendarSpan(from, 'day', 'Africa/Accra')).toEqual(first);
  });

  test('in every zone of the runtime today is one day', () => {
    const now = Date.parse('2026-11-24T15:56:31Z');
    for (const zone of Intl.supportedValuesOf('timeZone')) {
      const { from, to } = calendarSpan(now, 'day', zone);
      expect(from <= now && now < to && to - from === 24 * HOUR, zone).toBe(true);
    }
  });

  test.each([
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Africa/Cairo',
    'America/St_Johns',
    'Africa/Casablanca',
    'Asia/Beirut',
    'Pacific/Apia',
    'Antarctica/Troll',
  ])('in %s every moment of 2011 and 2026 is in one span, and spans follow each other', (zone) => {
    for (const year of [2011, 2026]) {
      for (const unit of ['day', 'week', 'month'] as const) {
        const end = Date.UTC(year + 1, 0, 10);
        for (let at = Date.UTC(year, 0, 1); at < end; ) {
          const { from, to } = calendarSpan(at, unit, zone);
          expect(from).toBeLessThanOrEqual(at);
          expect(to).toBeGreaterThan(at);
          // Asked from inside, it is the same.
          expect(calendarSpan(to - 1, unit, zone)).toEqual({ from, to });
          const next = calendarSpan(to, unit, zone);
          expect(next.from).toBe(to);
          at = to;
        }
      }
      // Where clocks change, from the end of one hour to the end of the next.
      for (const [first, last] of [
        [Date.UTC(year, 2, 8), Date.UTC(year, 3, 8)],
        [Date.UTC(year, 9, 1), Date.UTC(year, 10, 8)],
      ] as const) {
        for (let at = first; at < last; ) {
          const { from, to } = calendarSpan(at, 'hour', zone);
          expect(from <= at && at < to && to - from <= HOUR).toBe(true);
          expect(at === first || from === at).toBe(true);
          const minute = calendarSpan(to - 1, 'minute', zone);
          expect([minute.to, minute.to - minute.from]).toEqual([to, 60_000]);
          at = to;
        }
      }
    }
  });

  test('an unknown zone is an error, not UTC', () => {
    expect(() => calendarSpan(0, 'day', 'Mars/Olympus')).toThrow(RangeError);
  });
});

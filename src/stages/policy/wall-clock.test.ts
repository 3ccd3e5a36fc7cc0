import { describe, expect, it } from 'vitest';
import { isDate, isTimezone, wallClock } from './wall-clock.ts';

describe('the wall clock of a zone', () => {
  it.each([
    ['2026-01-04T23:59:59.999Z', 'UTC', 23, 'sun', '2026-01-04'],
    ['2026-01-05T00:00:00Z', 'UTC', 0, 'mon', '2026-01-05'],
    ['2026-01-05T00:14:59Z', 'UTC', 0, 'mon', '2026-01-05'],
    ['2026-01-05T00:00:00Z', 'America/New_York', 19, 'sun', '2026-01-04'],
    // A quarter of an hour past and before midnight, five hours and three quarters ahead.
    ['2026-01-04T18:14:59Z', 'Asia/Kathmandu', 23, 'sun', '2026-01-04'],
    ['2026-01-04T18:15:00Z', 'Asia/Kathmandu', 0, 'mon', '2026-01-05'],
    // The hour that is skipped, and the one that comes twice.
    ['2026-03-29T00:59:59Z', 'Europe/Berlin', 1, 'sun', '2026-03-29'],
    ['2026-03-29T01:00:00Z', 'Europe/Berlin', 3, 'sun', '2026-03-29'],
    ['2026-10-25T00:30:00Z', 'Europe/Berlin', 2, 'sun', '2026-10-25'],
    ['2026-10-25T01:30:00Z', 'Europe/Berlin', 2, 'sun', '2026-10-25'],
    ['0900-06-01T12:00:00Z', 'UTC', 12, 'tue', '0900-06-01'],
  ])('at %s in %s', (at, zone, hour, weekday, date) => {
    expect(wallClock(Date.parse(at), zone)).toEqual({ hour, weekday, date });
  });

  it('does not take one zone for another, in any order', () => {
    const at = Date.parse('2026-01-05T00:00:00Z');
    const zones = ['UTC', 'Asia/Tokyo', 'America/New_York'];
    const hours = [0, 9, 19];
    for (let round = 0; round < 2; round++) expect(zones.map((zone) => wallClock(at, zone).hour)).toEqual(hours);
    const all = Intl.supportedValuesOf('timeZone').map((zone) => wallClock(at, zone).date);
    expect(new Set(all)).toEqual(new Set(['2026-01-04', '2026-01-05']));
  });
});

describe('what was worked out', () => {
  const at = Date.parse('2026-01-05T00:00:00Z');
  it('stands for a quarter of an hour', () => {
    const first = wallClock(at, 'Europe/Paris');
    expect(wallClock(at + 899_999, 'Europe/Paris')).toBe(first);
    expect(wallClock(at + 900_000, 'Europe/Paris')).not.toBe(first);
  });

  it('is forgotten with all else where a thousand zones are asked', () => {
    const names = Intl.supportedValuesOf('timeZone');
    const spellings = new Set([
      ...names,
      ...names.map((name) => name.toLowerCase()),
      ...names.map((name) => name.toUpperCase()),
    ]);
    spellings.delete('UTC');
    const others = [...spellings].slice(0, 1_100);
    expect(others.length).toBe(1_100);
    // Fill up to where the next one empties it, whatever was asked before.
    const known = wallClock(at, 'UTC');
    let asked = 0;
    while (asked < others.length && wallClock(at, 'UTC') === known) wallClock(at, others[asked++] as string);
    expect(asked).toBeLessThan(1_000);
    const again = wallClock(at, 'UTC');
    for (const name of others.slice(0, 998)) wallClock(at, name);
    expect(wallClock(at, 'UTC')).toBe(again);
    for (const name of others.slice(998)) wallClock(at, name);
    expect(wallClock(at, 'UTC')).not.toBe(again);
  });
});

describe('a time zone', () => {
  it.each([
    ['+01:07', false],
    ['UTC', true],
    ['Europe/Berlin', true],
    ['Mars/Olympus', false],
    ['', false],
  ])('%j is one: %s', (name, known) => {
    expect(isTimezone(name)).toBe(known);
  });
});

describe('a date', () => {
  it.each([
    ['2026-01-31', true],
    ['2024-02-29', true],
    ['2026-02-29', false],
    ['2026-13-01', false],
    ['2026-01', false],
    ['2026', false],
    ['', false],
  ])('%j is one: %s', (text, known) => {
    expect(isDate(text)).toBe(known);
  });
});

/** Hour, weekday and date in a zone. The zone's rules come with the runtime; the instant comes in as an argument. */
export interface WallClock {
  /** 0–23 */
  readonly hour: number;
  /** mon … sun */
  readonly weekday: string;
  /** YYYY-MM-DD */
  readonly date: string;
}

interface Zone {
  readonly format: Intl.DateTimeFormat;
  readonly quarter: number;
  readonly clock: WallClock;
}

const zones = new Map<string, Zone>();
const zonesMax = 1_000;
/** Every zone's offset is a multiple of 15 minutes, so hour, weekday and date are constant within one. */
const quarterMs = 900_000;

export function isTimezone(name: string): boolean {
  // `+01:07` is a zone to the runtime, and no IANA name.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export function wallClock(epochMs: number, timezone: string): WallClock {
  const quarter = Math.floor(epochMs / quarterMs);
  const known = zones.get(timezone);
  if (known?.quarter === quarter) return known.clock;
  const format = known?.format ?? formatOf(timezone);
  const clock = compute(epochMs, format);
  if (zones.size >= zonesMax) zones.clear();
  zones.set(timezone, { format, quarter, clock });
  return clock;
}

function compute(epochMs: number, format: Intl.DateTimeFormat): WallClock {
  const parts = new Map(format.formatToParts(epochMs).map((part) => [part.type, part.value]));
  const part = (name: Intl.DateTimeFormatPartTypes): string => parts.get(name) ?? '';
  return {
    hour: Number(part('hour')),
    weekday: part('weekday').toLowerCase(),
    date: `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`,
  };
}

function formatOf(timezone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
  });
}

const datePattern = /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$/;

/** Whether a text is a day of the calendar, written `YYYY-MM-DD`: the 30th of February is none. */
export function isDate(text: string): boolean {
  if (!datePattern.test(text)) return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

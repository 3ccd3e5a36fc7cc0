import { styleText } from 'node:util';
import { type DestinationStream, type Logger, pino } from 'pino';
import { visible } from '../domain/diagnostic.ts';

/**
 * The log: JSON lines on stderr, readable lines on a terminal. Never an argument's value, a token or a header. Lines
 * are handed to the operating system at once on a terminal, else in batches of at most a tenth of a second.
 */
export type Log = {
  readonly logger: Logger;
  /** Writes out what is still held back. */
  flush(): void;
};

export function openLog(options: { readonly level: string; readonly pretty: boolean; readonly fd?: number }): Log {
  const fd = options.fd ?? 2;
  if (options.pretty) {
    const raw = pino.destination({ fd, sync: true });
    const stream: DestinationStream = { write: (line) => raw.write(readable(line)) };
    return {
      logger: pino({ level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream),
      flush: () => {},
    };
  }
  // As bytes: of text the destination measures everything that is held back again with each line.
  const held = pino.destination({
    fd,
    sync: false,
    minLength: 32_768,
    maxWrite: 65_536,
    periodicFlush: 100,
    contentMode: 'buffer',
  });
  // A reader that went away must not end the gateway.
  held.on('error', () => {});
  // Its types know only the other mode.
  const stream: DestinationStream = { write: (line) => held.write(Buffer.from(line) as unknown as string) };
  const logger = pino({ level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  return {
    logger,
    flush: () => {
      try {
        held.flushSync();
      } catch {
        // Not opened yet, or its reader is gone: nothing more can be done for these lines.
      }
    },
  };
}

/** One line for people: time, verdict, server and tool, rule, milliseconds; or level and message. */
function readable(line: string): string {
  const { time = '', level = 30, msg = '', ...rest } = JSON.parse(line) as Record<string, string | number>;
  const clock = styleText('dim', String(time).slice(11, 23));
  if (rest['call'] !== undefined) {
    const verdict = String(rest['verdict']);
    const colour = verdict === 'permit' ? 'green' : verdict === 'ask' ? 'yellow' : 'red';
    const ms = rest['ms'] === undefined ? '' : `${Number(rest['ms']).toFixed(1)} ms`;
    const said = `${styleText(colour, verdict.padEnd(7))} ${String(rest['server'])} ${styleText('bold', visible(String(rest['tool'])))}`;
    return `${clock} ${said}  ${styleText('dim', `${visible(String(rest['rule']))}  ${String(rest['outcome'] ?? '')}  ${ms}`)}\n`;
  }
  const colour = Number(level) >= 50 ? 'red' : Number(level) >= 40 ? 'yellow' : 'cyan';
  const details = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  );
  const more = details.length === 0 ? '' : styleText('dim', visible(`  ${details.join(' ')}`));
  return `${clock} ${styleText(colour, visible(String(msg)))}${more}\n`;
}

/** At most so many lines of one kind in a second; the rest are counted and told of once. */
export function rateLimited(perSecond: number, write: (line: string, dropped: number) => void): (line: string) => void {
  let second = 0;
  let written = 0;
  let dropped = 0;
  return (line) => {
    const now = Math.floor(Date.now() / 1000);
    if (now !== second) {
      second = now;
      written = 0;
    }
    if (written >= perSecond) {
      dropped++;
      return;
    }
    written++;
    write(line, dropped);
    dropped = 0;
  };
}

/** At once, and again when so many milliseconds have passed and there is reason to. */
export function atMostEvery(ms: number, write: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now - last < ms) return;
    last = now;
    write();
  };
}

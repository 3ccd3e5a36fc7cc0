/** Puts the parts together: venue, clock, routes and, when a directory is given, the journal behind them. */

import { allRoutes, replay, routeTable } from './api/dispatch.ts';
import { Faults } from './api/faults.ts';
import { Weights } from './api/limits.ts';
import type { Command, Exchange } from './api/route.ts';
import { Sessions } from './api/stream.ts';
import { Clock, type ClockState } from './engine/clock.ts';
import type { Venue } from './engine/state.ts';
import { advance, createVenue } from './engine/venue.ts';
import { Journal } from './store/journal.ts';
import { fromData, toData } from './store/snapshot.ts';

export interface RuntimeOptions {
  /** Of the price path, 0 to 2147483647. Ignored when `data` holds an exchange already. */
  readonly seed: number;
  /** Directory that keeps the exchange across restarts; absent: memory only. */
  readonly data?: string;
  /** False: no request weights and no order rates. Default true. */
  readonly limits?: boolean;
  /** True: order replies without `avgPrice` and `cumQuote`. Default false. */
  readonly strict?: boolean;
  /** The first order id; above 2^53 to try clients that round. */
  readonly firstOrderId?: bigint;
  readonly clock?: Clock;
}

export interface Runtime {
  readonly exchange: Exchange;
  /** To be called now and then while time passes: brings the venue up to date and notes how far it is. */
  readonly beat: () => void;
  /** Writes what is not written yet and lets go of the directory. */
  readonly close: () => void;
}

/** The stride for the time nobody can have seen, between the last stop and this start. */
const CATCH_UP_STRIDE_S = 60;
/** How often the time played is noted; after a crash so much more may have been seen. */
const NOTE_MS = 10_000;

/** Makes an exchange, or finds the one in `data` as it was. Throws when the directory is in use. */
export function createRuntime(options: RuntimeOptions): Runtime {
  const journal = options.data === undefined ? null : Journal.open(options.data);
  try {
    return assemble(options, journal);
  } catch (error) {
    journal?.close();
    throw error;
  }
}

function assemble(options: RuntimeOptions, journal: Journal | null): Runtime {
  const { clock = new Clock(), strict = false, limits = true, firstOrderId } = options;
  const saved = journal?.saved() ?? null;
  if (saved !== null) clock.state = saved.clock;
  const freshVenue = (seed: number): Venue =>
    createVenue({ seed, origin: clock.now(), ...(firstOrderId === undefined ? {} : { firstOrderId }) });
  const listen = (venue: Venue): Venue => {
    venue.emit = (event) => exchange.sessions.publish(event, exchange.venue.now);
    return venue;
  };
  const exchange: Exchange = {
    venue: saved === null ? freshVenue(options.seed) : fromData(saved.venue),
    clock,
    routes: routeTable(allRoutes),
    weights: new Weights(),
    settings: { strict, limits },
    faults: new Faults(),
    sessions: new Sessions(),
    record: (command) => {
      if (journal?.isFull) exchange.saveAll();
      journal?.append(command);
    },
    recordClock: () => exchange.record(clockCommand(exchange.venue.now, clock)),
    saveAll: () => journal?.save({ venue: toData(exchange.venue), clock: clock.state }),
    freshVenue,
    replaceVenue: (venue) => {
      exchange.sessions.clear();
      exchange.venue = listen(venue);
    },
  };
  if (journal !== null) catchUp(exchange, journal);
  let noted = exchange.venue.now;
  listen(exchange.venue);
  return {
    exchange,
    beat: () => {
      advance(exchange.venue, clock.now());
      exchange.sessions.expire(exchange.venue.now);
      if (exchange.venue.now < noted + NOTE_MS) return;
      noted = exchange.venue.now;
      journal?.notePlayed(noted);
    },
    close: () => {
      exchange.sessions.clear();
      exchange.saveAll();
      journal?.close();
    },
  };
}

const CLOCK = 'PAPER clock';

/** A change of the clock, and the moment it led to: from there on nothing more was known when it was written. */
const clockCommand = (time: number, clock: Clock): Command => {
  const params = { state: JSON.stringify(clock.state), to: String(clock.now()) };
  return { time, account: 0, route: CLOCK, params };
};

/**
 * Plays again what happened: the journal, then the time that had been played when the exchange stopped, second by second
 * as it was then. The time since passes in long strides, and a fresh snapshot is the new beginning.
 */
function catchUp(exchange: Exchange, journal: Journal): void {
  const { clock } = exchange;
  for (const command of journal.commands()) {
    if (command.route !== CLOCK) {
      replay(exchange, command);
      continue;
    }
    advance(exchange.venue, command.time);
    clock.state = JSON.parse(command.params['state'] ?? '{}') as ClockState;
    advance(exchange.venue, Number(command.params['to']));
  }
  const { venue } = exchange;
  // A machine whose clock was set back must not stop the exchange's time.
  clock.skip(Math.max(0, venue.now - clock.now()));
  const played = journal.playedUntil();
  if (played > venue.now) advance(venue, Math.min(clock.now(), played + NOTE_MS));
  advance(venue, clock.now(), CATCH_UP_STRIDE_S);
  exchange.saveAll();
}

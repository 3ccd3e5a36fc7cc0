/** Puts the parts together: venue, clock, routes and, when a directory is given, the journal behind them. */

import { routeTable } from './api/dispatch.ts';
import type { Command, Exchange } from './api/exchange.ts';
import { Faults } from './api/faults.ts';
import { Weights } from './api/limits.ts';
import { replay } from './api/replay.ts';
import { allRoutes } from './api/routes.ts';
import { Sessions } from './api/sessions.ts';
import { Clock, type ClockState } from './engine/clock.ts';
import type { Venue } from './engine/state.ts';
import { advance, createVenue } from './engine/venue.ts';
import { Journal } from './store/journal.ts';
import { fromData, toData } from './store/snapshot.ts';

export interface RuntimeOptions {
  readonly seed: number;
  readonly data?: string;
  readonly limits?: boolean;
  readonly strict?: boolean;
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
  const clock = options.clock ?? new Clock();
  const saved = journal?.saved() ?? null;
  if (saved !== null) clock.restore(saved.clock);
  const freshVenue = (seed: number): Venue =>
    createVenue({
      seed,
      origin: clock.now(),
      ...(options.firstOrderId === undefined ? {} : { firstOrderId: options.firstOrderId }),
    });
  const saveAll = (): void => journal?.save({ venue: toData(exchange.venue), clock: clock.state });
  const exchange: Exchange = {
    venue: saved === null ? freshVenue(options.seed) : fromData(saved.venue),
    clock,
    routes: routeTable(allRoutes),
    weights: new Weights(),
    settings: { strict: options.strict ?? false, limits: options.limits ?? true },
    faults: new Faults(),
    sessions: new Sessions(),
    record: (command) => {
      if (journal === null) return;
      if (journal.isFull) saveAll();
      journal.append(command);
    },
    recordClock: () => exchange.record(clockCommand(exchange.venue.now, clock)),
    saveAll,
    freshVenue,
    replaceVenue: (venue) => {
      exchange.sessions.clear();
      exchange.venue = venue;
      listen(exchange);
    },
  };
  if (journal !== null) catchUp(exchange, journal);
  let noted = exchange.venue.now;
  listen(exchange);
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
      saveAll();
      journal?.close();
    },
  };
}

const listen = (exchange: Exchange): void => {
  exchange.venue.emit = (event) => exchange.sessions.publish(event, exchange.venue.now);
};

const CLOCK = 'PAPER clock';

/** A change of the clock, and the moment it led to: from there on nothing more was known when it was written. */
const clockCommand = (time: number, clock: Clock): Command => ({
  time,
  account: 0,
  route: CLOCK,
  params: { state: JSON.stringify(clock.state), to: String(clock.now()) },
});

/**
 * Plays again what happened: the journal, then the time that had been played when the exchange stopped, second by second
 * as it was then. The time since passes in long strides, and a fresh snapshot is the new beginning.
 */
function catchUp(exchange: Exchange, journal: Journal): void {
  for (const command of journal.commands()) {
    if (command.route === CLOCK) replayClock(exchange, command);
    else replay(exchange, command);
  }
  const { venue, clock } = exchange;
  // A machine whose clock was set back must not stop the exchange's time.
  if (clock.now() < venue.now) clock.skip(venue.now - clock.now());
  const played = journal.playedUntil();
  if (played > venue.now) advance(venue, Math.min(clock.now(), played + NOTE_MS));
  advance(venue, clock.now(), CATCH_UP_STRIDE_S);
  exchange.saveAll();
}

function replayClock({ venue, clock }: Exchange, command: Command): void {
  advance(venue, command.time);
  clock.restore(JSON.parse(command.params['state'] ?? '{}') as ClockState);
  advance(venue, Number(command.params['to']));
}

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
  /** Writes what is not written yet and lets go of the directory. */
  readonly close: () => void;
}

/** The stride for the time between the last stop and this start. */
const CATCH_UP_STRIDE_S = 60;

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
    recordClock: () => exchange.record(clockCommand(exchange.venue.now, clock.state)),
    saveAll,
    freshVenue,
    replaceVenue: (venue) => {
      exchange.sessions.clear();
      exchange.venue = venue;
      listen(exchange);
    },
  };
  if (journal !== null) catchUp(exchange, journal);
  listen(exchange);
  return {
    exchange,
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
const clockCommand = (time: number, state: ClockState): Command => ({
  time,
  account: 0,
  route: CLOCK,
  params: { state: JSON.stringify(state) },
});

/** Replays the journal, plays the time that passed since in long strides, and starts with a fresh snapshot. */
function catchUp(exchange: Exchange, journal: Journal): void {
  for (const command of journal.commands()) {
    if (command.route === CLOCK) exchange.clock.restore(JSON.parse(command.params['state'] ?? '{}') as ClockState);
    else replay(exchange, command);
  }
  const { venue, clock } = exchange;
  // A machine whose clock was set back must not stop the exchange's time.
  if (clock.now() < venue.now) clock.skip(venue.now - clock.now());
  advance(venue, clock.now(), CATCH_UP_STRIDE_S);
  exchange.saveAll();
}

/** What the parts of the API share: a running exchange, a request, a reply, and a change as the journal keeps it. */

import type { Clock } from '../engine/clock.ts';
import type { Refusal } from '../engine/refusal.ts';
import type { Venue } from '../engine/state.ts';
import type { Faults } from './faults.ts';
import { toJson } from './json.ts';
import { Throttled, type Weights } from './limits.ts';
import type { Route, Settings } from './route.ts';
import type { Sessions } from './sessions.ts';

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly key: string | undefined;
  readonly ip: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A refusal as its HTTP reply. */
export function refusalReply(refusal: Refusal, headers: Readonly<Record<string, string>> = {}): Reply {
  const wait = refusal instanceof Throttled ? { 'Retry-After': String(refusal.retryAfterS) } : {};
  const body = toJson({ code: refusal.code, msg: refusal.message });
  return { status: refusal.status, headers: { ...headers, ...wait }, body };
}

/** A call that changes an account, as the journal keeps it. */
export interface Command {
  readonly time: number;
  readonly account: number;
  readonly route: string;
  readonly params: Readonly<Record<string, string>>;
}

export interface Exchange {
  venue: Venue;
  readonly clock: Clock;
  readonly routes: ReadonlyMap<string, Route>;
  readonly weights: Weights;
  readonly settings: Settings;
  readonly faults: Faults;
  readonly sessions: Sessions;
  /** Hears of every change before it is made. */
  record(command: Command): void;
  recordClock(): void;
  /** Writes a snapshot, if the exchange is kept anywhere. */
  saveAll(): void;
  freshVenue(seed: number): Venue;
  replaceVenue(venue: Venue): void;
}

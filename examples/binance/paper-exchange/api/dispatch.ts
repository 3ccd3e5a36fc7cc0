/**
 * From a request to an answer. The checks run in the exchange's order (weight, key, parameters, signature, time, order
 * rate), then the clock is brought up to date, the call is written to the journal if it changes something, and the
 * route answers. A `Refusal` from any depth becomes its HTTP reply here and nowhere else.
 */

import type { Clock } from '../engine/clock.ts';
import { Refusal } from '../engine/refusal.ts';
import type { Account, Venue } from '../engine/state.ts';
import { react } from '../engine/tick.ts';
import { advance } from '../engine/venue.ts';
import { replayControl } from './control.ts';
import type { Faults } from './faults.ts';
import { type Json, toJson } from './json.ts';
import { countOrders, type Family, Throttled, type Weights } from './limits.ts';
import { Params } from './params.ts';
import type { Route, Settings } from './route.ts';
import { authenticate, type Signed, verify } from './security.ts';
import type { Sessions } from './stream.ts';

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

export const routeTable = (routes: readonly Route[]): ReadonlyMap<string, Route> =>
  new Map(routes.map((route) => [`${route.method} ${route.path}`, route]));

const familyOf = (path: string): Family => (path.startsWith('/api/') || path.startsWith('/sapi/') ? 'spot' : 'futures');

export function dispatch(exchange: Exchange, request: Request): Reply {
  const headers: Record<string, string> = {};
  try {
    const route = exchange.routes.get(`${request.method} ${request.path}`);
    if (route === undefined) return notFound(request);
    advance(exchange.venue, exchange.clock.now());
    const params = Params.from(request.query, request.body);
    const answer = answerRoute(exchange, { route, request, params, headers });
    return { status: 200, headers, body: toJson(answer) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error instanceof Throttled) headers['Retry-After'] = String(error.retryAfterS);
    return { status: error.status, headers, body: toJson({ code: error.code, msg: error.message }) };
  }
}

interface Handling {
  readonly route: Route;
  readonly request: Request;
  readonly params: Params;
  readonly headers: Record<string, string>;
}

function answerRoute(exchange: Exchange, { route, request, params, headers }: Handling): Json {
  const { venue, settings, sessions } = exchange;
  chargeWeight(exchange, { route, request, params, headers });
  if (route.security === 'open') return route.answer({ venue, params, settings, sessions });
  const call: Signed = request;
  const account = authenticate(venue, call);
  if (route.security === 'keyed') return route.answer({ venue, params, settings, sessions, account });
  verify(venue, account, call, params);
  const orders = route.orders(params);
  if (orders > 0 && settings.limits)
    Object.assign(headers, countOrders(account, familyOf(request.path), orders, venue.now));
  if (route.changes) {
    exchange.record({
      time: venue.now,
      account: account.id,
      route: `${route.method} ${route.path}`,
      params: withoutSecrets(params),
    });
  }
  const answer = route.answer({ venue, params, settings, sessions, account });
  if (route.changes) react(venue);
  return answer;
}

function chargeWeight(exchange: Exchange, { route, request, params, headers }: Handling): void {
  if (!exchange.settings.limits) return;
  const family = familyOf(request.path);
  const weight = typeof route.weight === 'number' ? route.weight : route.weight(params);
  const used = String(exchange.weights.charge(family, request.ip, weight, exchange.venue.now));
  headers['X-MBX-USED-WEIGHT-1M'] = used;
  if (family === 'spot') headers['X-MBX-USED-WEIGHT'] = used;
}

function withoutSecrets(params: Params): Record<string, string> {
  const { signature: _signature, timestamp: _timestamp, recvWindow: _window, ...rest } = params.toObject();
  return rest;
}

const notFound = (request: Request): Reply => ({
  status: 404,
  headers: { 'Content-Type': 'text/html' },
  body: `<html><body><h2>404 Not found</h2><p>the paper exchange has no route ${escapeHtml(request.method)} ${escapeHtml(request.path)}</p></body></html>`,
});

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

/** Makes a recorded change again. A refusal then was a refusal before, so it is not an error. */
export function replay(exchange: Exchange, command: Command): void {
  const params = new Params(new Map(Object.entries(command.params)));
  if (command.route.startsWith('PAPER ')) {
    replayControl(exchange, { time: command.time, route: command.route, params });
    return;
  }
  const { venue, settings, sessions } = exchange;
  const route = exchange.routes.get(command.route);
  const account: Account | undefined = venue.accounts.get(command.account);
  if (route === undefined || route.security !== 'signed' || account === undefined) {
    throw new Error(
      `the journal names \`${command.route}\` of account ${command.account}, which this version does not know`,
    );
  }
  advance(venue, command.time);
  try {
    route.answer({ venue, account, params, settings, sessions });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return;
  }
  react(venue);
}

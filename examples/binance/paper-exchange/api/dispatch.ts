/**
 * From a request to an answer. The checks run in the exchange's order (weight, key, parameters, signature, time, order
 * rate), then the clock is brought up to date, the call is written to the journal if it changes something, and the
 * route answers. A `Refusal` from any depth becomes its HTTP reply here and nowhere else.
 */

import { Refusal } from '../engine/refusal.ts';
import { react } from '../engine/tick.ts';
import { advance } from '../engine/venue.ts';
import type { Exchange, Reply, Request } from './exchange.ts';
import { type Json, toJson } from './json.ts';
import { countOrders, type Family, Throttled } from './limits.ts';
import { Params } from './params.ts';
import type { Route } from './route.ts';
import { authenticate, type Signed, verify } from './security.ts';

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

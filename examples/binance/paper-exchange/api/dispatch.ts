/**
 * From a request to an answer. The checks run in the exchange's order (weight, key, parameters, signature, time, order
 * rate), then the clock is brought up to date, the call is written to the journal if it changes something, and the
 * route answers. A `Refusal` from any depth becomes its HTTP reply here and nowhere else.
 */

import { Refusal } from '../engine/refusal.ts';
import { react } from '../engine/tick.ts';
import { advance } from '../engine/venue.ts';
import { type Exchange, type Reply, type Request, refusalReply } from './exchange.ts';
import { type Json, toJson } from './json.ts';
import { countOrders, type Family } from './limits.ts';
import { Params } from './params.ts';
import { AccountCall, OpenCall, type Route } from './route.ts';
import { authenticate, verify } from './security.ts';

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
    if (exchange.settings.limits) Object.assign(headers, chargeWeight(exchange, route, request, params));
    return { status: 200, headers, body: toJson(answerRoute(exchange, route, request, params, headers)) };
  } catch (error) {
    if (error instanceof Refusal) return refusalReply(error, headers);
    throw error;
  }
}

function answerRoute(
  exchange: Exchange,
  route: Route,
  request: Request,
  params: Params,
  headers: Record<string, string>,
): Json {
  const { venue } = exchange;
  if (route.security === 'open') return route.answer(new OpenCall(exchange, params));
  const account = authenticate(venue, request);
  const call = new AccountCall(exchange, params, account);
  if (route.security === 'keyed') return route.answer(call);
  verify(venue, account, request, params);
  const orders = route.orders(params);
  if (orders > 0 && exchange.settings.limits)
    Object.assign(headers, countOrders(account, familyOf(route.path), orders, venue.now));
  if (!route.changes) return route.answer(call);
  const { signature: _signature, timestamp: _timestamp, recvWindow: _window, ...kept } = params.toObject();
  exchange.record({ time: venue.now, account: account.id, route: `${route.method} ${route.path}`, params: kept });
  const answer = route.answer(call);
  react(venue);
  return answer;
}

/** Returns the headers that tell the weight used. */
function chargeWeight(exchange: Exchange, route: Route, { ip }: Request, params: Params): Record<string, string> {
  const family = familyOf(route.path);
  const weight = typeof route.weight === 'number' ? route.weight : route.weight(params);
  const used = String(exchange.weights.charge(family, ip, weight, exchange.venue.now));
  return { 'X-MBX-USED-WEIGHT-1M': used, ...(family === 'spot' ? { 'X-MBX-USED-WEIGHT': used } : {}) };
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

function notFound({ method, path }: Request): Reply {
  const said = `the paper exchange has no route ${escapeHtml(method)} ${escapeHtml(path)}`;
  const body = `<html><body><h2>404 Not found</h2><p>${said}</p></body></html>`;
  return { status: 404, headers: { 'Content-Type': 'text/html' }, body };
}

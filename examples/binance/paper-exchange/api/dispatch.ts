/**
 * From a request to an answer. The checks run in the exchange's order (weight, key, parameters, signature, time, order
 * rate), then the clock is brought up to date, the call is written to the journal if it changes something, and the
 * route answers. A `Refusal` from any depth becomes its HTTP reply here and nowhere else.
 */

import { Refusal } from '../engine/refusal.ts';
import { react } from '../engine/tick.ts';
import { advance } from '../engine/venue.ts';
import { accountRoutes } from './accounts.ts';
import { algoRoutes } from './algo-orders.ts';
import { recordedAction } from './control.ts';
import { type Json, toJson } from './json.ts';
import { countOrders, type Family, Throttled } from './limits.ts';
import { marketRoutes } from './market.ts';
import { futuresOrderRoutes, spotOrderRoutes } from './orders.ts';
import { Params } from './params.ts';
import { AccountCall, type Command, type Exchange, OpenCall, type Route } from './route.ts';
import { authenticate, type Request, verify } from './security.ts';

/** Every Binance route the paper exchange answers. */
const orderRoutes = [...spotOrderRoutes, ...futuresOrderRoutes('classic'), ...futuresOrderRoutes('portfolio')];
export const allRoutes: readonly Route[] = [...marketRoutes, ...orderRoutes, ...algoRoutes, ...accountRoutes];
export const routeTable = (routes: readonly Route[]): ReadonlyMap<string, Route> =>
  new Map(routes.map((route) => [nameOf(route), route]));
const nameOf = ({ method, path }: { method: string; path: string }): string => `${method} ${path}`;
const familyOf = (path: string): Family => (path.startsWith('/api/') || path.startsWith('/sapi/') ? 'spot' : 'futures');

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function dispatch(exchange: Exchange, request: Request): Reply {
  const headers: Record<string, string> = {};
  try {
    const route = exchange.routes.get(nameOf(request));
    if (route === undefined) return notFound(request);
    advance(exchange.venue, exchange.clock.now());
    const params = Params.from(request.query, request.body);
    if (exchange.settings.limits) Object.assign(headers, chargeWeight(exchange, route, request, params));
    return { status: 200, headers, body: toJson(answer(exchange, route, request, params, headers)) };
  } catch (error) {
    if (error instanceof Refusal) return refusalReply(error, headers);
    throw error;
  }
}

function answer(exchange: Exchange, route: Route, request: Request, params: Params, headers: Reply['headers']): Json {
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
  exchange.record({ time: venue.now, account: account.id, route: nameOf(route), params: kept });
  const json = route.answer(call);
  react(venue);
  return json;
}

function chargeWeight(exchange: Exchange, route: Route, { ip }: Request, params: Params): Reply['headers'] {
  const family = familyOf(route.path);
  const weight = typeof route.weight === 'number' ? route.weight : route.weight(params);
  const used = String(exchange.weights.charge(family, ip, weight, exchange.venue.now));
  return { 'X-MBX-USED-WEIGHT-1M': used, ...(family === 'spot' ? { 'X-MBX-USED-WEIGHT': used } : {}) };
}

export function refusalReply(refusal: Refusal, headers: Reply['headers'] = {}): Reply {
  const wait = refusal instanceof Throttled ? { 'Retry-After': String(refusal.retryAfterS) } : {};
  const body = toJson({ code: refusal.code, msg: refusal.message });
  return { status: refusal.status, headers: { ...headers, ...wait }, body };
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

function notFound(request: Request): Reply {
  const said = `the paper exchange has no route ${escapeHtml(nameOf(request))}`;
  const body = `<html><body><h2>404 Not found</h2><p>${said}</p></body></html>`;
  return { status: 404, headers: { 'Content-Type': 'text/html' }, body };
}

/** Makes a change of the journal again, exactly as it was made. A refusal then was a refusal before, so it is no error. */
export function replay(exchange: Exchange, command: Command): void {
  const again = replayed(exchange, command);
  advance(exchange.venue, command.time);
  try {
    again();
  } catch (error) {
    if (error instanceof Refusal) return;
    throw error;
  }
  react(exchange.venue);
}

function replayed(exchange: Exchange, { route: name, account: id, params: values }: Command): () => unknown {
  const params = new Params(Object.entries(values));
  const action = recordedAction(name);
  if (action !== undefined) return () => action(exchange, params);
  const route = exchange.routes.get(name);
  const account = exchange.venue.accounts.get(id);
  if (route?.security !== 'signed' || account === undefined)
    throw new Error(`the journal names \`${name}\` of account ${id}, which this version does not know`);
  return () => route.answer(new AccountCall(exchange, params, account));
}

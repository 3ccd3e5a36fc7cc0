/** What a route is: where it lives, who may call it, what it weighs, and the function that answers it. */

import type { Account, Venue } from '../engine/state.ts';
import type { Json } from './json.ts';
import type { Params } from './params.ts';
import type { Sessions } from './sessions.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface Settings {
  /** Drops `avgPrice` and `cumQuote` from order replies, as the newest documentation does. */
  strict: boolean;
  limits: boolean;
}

interface OpenCall {
  readonly venue: Venue;
  readonly params: Params;
  readonly settings: Settings;
  readonly sessions: Sessions;
}

export interface SignedCall extends OpenCall {
  readonly account: Account;
}

type Weight = number | ((params: Params) => number);

interface RouteBase {
  readonly method: Method;
  readonly path: string;
  readonly weight: Weight;
}

/** Needs no key. */
export interface OpenRoute extends RouteBase {
  readonly security: 'open';
  readonly answer: (call: OpenCall) => Json;
}

/** Needs a known key but no signature: listen keys and the like. */
export interface KeyedRoute extends RouteBase {
  readonly security: 'keyed';
  readonly answer: (call: SignedCall) => Json;
}

/** Needs key, timestamp and signature. `changes`: written to the journal. `orders`: how many placements it counts as. */
export interface SignedRoute extends RouteBase {
  readonly security: 'signed';
  readonly changes: boolean;
  readonly orders: (params: Params) => number;
  readonly answer: (call: SignedCall) => Json;
}

export type Route = OpenRoute | KeyedRoute | SignedRoute;

export const open = (path: string, weight: Weight, answer: OpenRoute['answer']): OpenRoute => ({
  security: 'open',
  method: 'GET',
  path,
  weight,
  answer,
});

export const keyed = (method: Method, path: string, weight: Weight, answer: KeyedRoute['answer']): KeyedRoute => ({
  security: 'keyed',
  method,
  path,
  weight,
  answer,
});

const none = (): number => 0;

/** A signed route that only reads. */
export const read = (path: string, weight: Weight, answer: SignedRoute['answer']): SignedRoute => ({
  security: 'signed',
  method: 'GET',
  path,
  weight,
  answer,
  changes: false,
  orders: none,
});

/** A signed route that changes the account. */
export const change = (
  method: Method,
  path: string,
  weight: Weight,
  answer: SignedRoute['answer'],
  orders: SignedRoute['orders'] = none,
): SignedRoute => ({ security: 'signed', method, path, weight, answer, changes: true, orders });

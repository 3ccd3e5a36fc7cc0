/** What a route is: where it lives, who may call it, what it weighs, and the function that answers it. */

import type { Perpetual, SpotPair } from '../engine/instruments.ts';
import { holdingOf } from '../engine/orders.ts';
import { refuse } from '../engine/refusal.ts';
import type { Account, Holding, Market, Venue } from '../engine/state.ts';
import type { Json } from './json.ts';
import type { Params } from './params.ts';
import type { Sessions } from './sessions.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface Settings {
  /** Drops `avgPrice` and `cumQuote` from order replies, as the newest documentation does. */
  strict: boolean;
  limits: boolean;
}

/** What a call may look at: the exchange it meets. */
interface Scene {
  readonly venue: Venue;
  readonly settings: Settings;
  readonly sessions: Sessions;
}

/** -1121 for a symbol that is not listed, in any other spelling too. */
function listed<T>(markets: ReadonlyMap<string, T>, symbol: string): T {
  const market = markets.get(symbol);
  if (market === undefined) throw refuse(-1121);
  return market;
}

/** A call that needs no key, and the markets its parameters name. */
export class OpenCall {
  readonly scene: Scene;
  readonly params: Params;

  constructor(scene: Scene, params: Params) {
    this.scene = scene;
    this.params = params;
  }

  get venue(): Venue {
    return this.scene.venue;
  }

  /** The perpetual of `symbol`. */
  get perpetual(): Market<Perpetual> {
    return listed(this.venue.futures, this.params.required('symbol'));
  }

  /** The perpetual of `symbol`, or all when the call names none. */
  get perpetuals(): Market<Perpetual>[] {
    return this.params.has('symbol') ? [this.perpetual] : [...this.venue.futures.values()];
  }

  /** The spot pair of `symbol`. */
  get pair(): Market<SpotPair> {
    return this.pairNamed(this.params.required('symbol'));
  }

  pairNamed(symbol: string): Market<SpotPair> {
    return listed(this.venue.spot, symbol);
  }
}

/** A call with a known key. */
export class AccountCall extends OpenCall {
  readonly account: Account;

  constructor(scene: Scene, params: Params, account: Account) {
    super(scene, params);
    this.account = account;
  }

  /** What the account has on the perpetual of `symbol`. */
  get holding(): Holding {
    return holdingOf(this.account, this.perpetual);
  }

  with(params: Params): AccountCall {
    return new AccountCall(this.scene, params, this.account);
  }
}

type Weight = number | ((params: Params) => number);
type Answer<Call> = (call: Call) => Json;

interface RouteBase {
  readonly method: Method;
  readonly path: string;
  readonly weight: Weight;
}

interface OpenRoute extends RouteBase {
  readonly security: 'open';
  readonly answer: Answer<OpenCall>;
}

/** `keyed` needs no signature: listen keys and the like. `changes`: written to the journal. `orders`: placements counted. */
interface AccountRoute extends RouteBase {
  readonly security: 'keyed' | 'signed';
  readonly answer: Answer<AccountCall>;
  readonly changes: boolean;
  readonly orders: (params: Params) => number;
}

export type Route = OpenRoute | AccountRoute;

const none = (_params: Params): number => 0;
/** Counts as one placement. */
export const one = (): number => 1;

export const open = (path: string, weight: Weight, answer: Answer<OpenCall>): Route => ({
  security: 'open',
  method: 'GET',
  path,
  weight,
  answer,
});

export const keyed = (method: Method, path: string, weight: Weight, answer: Answer<AccountCall>): Route => ({
  security: 'keyed',
  method,
  path,
  weight,
  answer,
  changes: false,
  orders: none,
});

/** A signed route that only reads. */
export const read = (path: string, weight: Weight, answer: Answer<AccountCall>): Route => ({
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
  answer: Answer<AccountCall>,
  orders = none,
): Route => ({ security: 'signed', method, path, weight, answer, changes: true, orders });

/** Weighs `single` for one symbol and `all` for every symbol. */
export const bySymbol =
  (single: number, all: number) =>
  (params: Params): number =>
    params.has('symbol') ? single : all;

/** Weighs by `limit`: the weight of the first step that reaches it, `beyond` above all of them. */
export const byLimit =
  (fallback: number, steps: readonly (readonly [limit: number, weight: number])[], beyond: number) =>
  (params: Params): number => {
    const limit = Number(params.text('limit') ?? fallback);
    return steps.find(([most]) => limit <= most)?.[1] ?? beyond;
  };

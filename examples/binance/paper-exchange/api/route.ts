/** What the parts of the API share: a running exchange, calls to it, and routes, which say who may call and what answers. */

import type { Clock } from '../engine/clock.ts';
import type { Perpetual, SpotPair } from '../engine/instruments.ts';
import { holdingOf } from '../engine/orders.ts';
import { refuse } from '../engine/refusal.ts';
import type { Account, Holding, Market, Venue } from '../engine/state.ts';
import type { Faults } from './faults.ts';
import type { Json } from './json.ts';
import type { Weights } from './limits.ts';
import type { Params } from './params.ts';
import type { Sessions } from './stream.ts';

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
  /** `strict` drops `avgPrice` and `cumQuote` from order replies, as the newest documentation does. */
  readonly settings: Record<'strict' | 'limits', boolean>;
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

/** A call that needs no key, and the markets its parameters name. */
export class OpenCall {
  readonly exchange: Exchange;
  readonly params: Params;

  constructor(exchange: Exchange, params: Params) {
    this.exchange = exchange;
    this.params = params;
  }

  get venue(): Venue {
    return this.exchange.venue;
  }

  get perpetual(): Market<Perpetual> {
    return listed(this.venue.futures, this.params.required('symbol'));
  }

  /** The perpetual of `symbol`, or all when the call names none. */
  get perpetuals(): Market<Perpetual>[] {
    return this.params.has('symbol') ? [this.perpetual] : [...this.venue.futures.values()];
  }

  get pair(): Market<SpotPair> {
    return listed(this.venue.spot, this.params.required('symbol'));
  }
}

/** -1121 for a symbol that is not listed, in any other spelling too. */
export function listed<T>(markets: ReadonlyMap<string, T>, symbol: string): T {
  const market = markets.get(symbol);
  if (market === undefined) throw refuse(-1121);
  return market;
}

export class AccountCall extends OpenCall {
  readonly account: Account;

  constructor(exchange: Exchange, params: Params, account: Account) {
    super(exchange, params);
    this.account = account;
  }

  /** What the account has on the perpetual of `symbol`. */
  get holding(): Holding {
    return holdingOf(this.account, this.perpetual);
  }

  with(params: Params): AccountCall {
    return new AccountCall(this.exchange, params, this.account);
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
type Weight = number | ((params: Params) => number);
type Answer<Call> = (call: Call) => Json;
type ByAccount = Answer<AccountCall>;
type Place = { readonly method: Method; readonly path: string; readonly weight: Weight };

/** `keyed` needs no signature. `changes`: written to the journal. `orders`: how many placements a call counts as. */
export type Route = Place &
  (
    | { readonly security: 'open'; readonly answer: Answer<OpenCall> }
    | {
        readonly security: 'keyed' | 'signed';
        readonly answer: ByAccount;
        readonly changes: boolean;
        readonly orders: (params: Params) => number;
      }
  );

const none = (_params: Params): number => 0;
/** Counts as one placement. */
export const one = (): number => 1;

export function open(path: string, weight: Weight, answer: Answer<OpenCall>): Route {
  return { security: 'open', method: 'GET', path, weight, answer };
}
export function keyed(method: Method, path: string, weight: Weight, answer: ByAccount): Route {
  return { security: 'keyed', method, path, weight, answer, changes: false, orders: none };
}
/** A signed route that only reads. */
export function read(path: string, weight: Weight, answer: ByAccount): Route {
  return { security: 'signed', method: 'GET', path, weight, answer, changes: false, orders: none };
}
/** A signed route that changes the account. */
export function change(method: Method, path: string, weight: Weight, answer: ByAccount, orders = none): Route {
  return { security: 'signed', method, path, weight, answer, changes: true, orders };
}

/** Weighs `single` for one symbol and `all` for every symbol. */
export const bySymbol =
  (single: number, all: number): Weight =>
  (params) =>
    params.has('symbol') ? single : all;

/** Weighs by `limit`: the weight of the first step it does not exceed, `beyond` above all of them. */
export function byLimit(fallback: number, steps: Readonly<Record<number, number>>, beyond: number): Weight {
  return (params) => {
    const limit = Number(params.text('limit') ?? fallback);
    return Object.entries(steps).find(([most]) => limit <= Number(most))?.[1] ?? beyond;
  };
}

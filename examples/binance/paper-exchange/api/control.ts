/**
 * The control plane, /paper/v1: what an operator or a test does to the exchange itself. It has nothing to do with API
 * keys; who may use it is decided by where the call comes from (see `server.ts`).
 */

import { randomBytes } from 'node:crypto';
import { min, parseDecimal } from '../engine/decimal.ts';
import { ASSETS } from '../engine/instruments.ts';
import { summarize } from '../engine/margin.ts';
import { roomOf, trade } from '../engine/match.ts';
import { isOpen } from '../engine/orders.ts';
import { settleMarket } from '../engine/positions.ts';
import { fundingRateAt } from '../engine/prices.ts';
import { deposit } from '../engine/records.ts';
import { Refusal, refuse } from '../engine/refusal.ts';
import type { AccountKind, ScriptPoint, Venue } from '../engine/state.ts';
import { playSecond, react } from '../engine/tick.ts';
import { advance, openFundedAccount } from '../engine/venue.ts';
import { decode, encode, fromData, toData, type VenueData } from '../store/snapshot.ts';
import { faultRow } from './faults.ts';
import { type Json, money } from './json.ts';
import { must, Params } from './params.ts';
import { type Exchange, listed } from './route.ts';

type Act = (exchange: Exchange, params: Params) => Json;
const ADVANCE_MS_MAX = 100 * 86_400_000;
const SCRIPT_POINTS_MAX = 10_000;
const ACCOUNTS_MAX = 10_000;
const bad = (message: string): Refusal => new Refusal(-1130, message);

/** What changes the venue: the journal must make it again after a restart. */
const recorded: Readonly<Record<string, Act>> = {
  price: setPrice,
  fill: fillOnDemand,
  deposit: depositTo,
  funding: setFunding,
  filters: setFilter,
  ids: ({ venue }, params) => {
    const next = must('nextOrderId', params.id('nextOrderId'));
    if (next < venue.nextOrderId)
      throw bad(`\`nextOrderId\` ${next} was given out already; the next is ${venue.nextOrderId}`);
    venue.nextOrderId = next;
    return { nextOrderId: next };
  },
  accounts: ({ venue }, params) => {
    if (venue.accounts.size >= ACCOUNTS_MAX) throw bad(`at most ${ACCOUNTS_MAX} accounts`);
    const kind = params.choice('kind', ['classic', 'portfolio'], 'classic');
    const [key, secret] = [params.required('key'), params.required('secret')];
    return { key, secret, kind, id: openFundedAccount(venue, { key, secret, kind }).id };
  },
};

/** The rest of the routes, by method and name. */
const passing: Readonly<Record<string, Act>> = {
  'GET state': stateOf,
  'GET clock': clockRow,
  'POST clock': setClock,
  'POST settings': ({ settings }, params) => {
    settings.strict = params.boolean('strict', settings.strict);
    settings.limits = params.boolean('limits', settings.limits);
    return { ...settings };
  },
  'GET faults': ({ faults }) => faults.list.map(faultRow),
  'POST faults': ({ faults }, params) => faultRow(faults.add(params)),
  'DELETE faults': ({ faults }) => {
    faults.clear();
    return { faults: 0 };
  },
  'POST reset': reset,
  'GET snapshot': ({ venue }) => ({ snapshot: encode(toData(venue)) }),
  'POST restore': restore,
};

const names = [...Object.keys(recorded).map((name) => `POST ${name}`), ...Object.keys(passing)];
const routes = names.map((route) => route.replace(' ', ' /paper/v1/'));

/** The action a journal entry names, if it is one of the control plane. */
export const recordedAction = (name: string): Act | undefined => recorded[name.replace(/^PAPER /, '')];

/** Answers a control call. Throws a `Refusal`, 404 for a route that is not there. */
export function control(exchange: Exchange, call: { method: string; path: string; params: Params }): Json {
  const { method, path } = call;
  if (!routes.includes(`${method} ${path}`))
    throw new Refusal(-1000, `the control plane has no \`${method} ${path}\`; it has ${routes.join(', ')}`, 404);
  const name = path.slice('/paper/v1/'.length);
  const act = passing[`${method} ${name}`] ?? recorded[name];
  advance(exchange.venue, exchange.clock.now());
  // New keys are drawn before they are journalled, so that a replay makes the same ones. Callers cannot choose them.
  const drawn = act === recorded['accounts'] ? { key: token(), secret: token() } : {};
  const params = call.params.with(drawn);
  if (act === recorded[name])
    exchange.record({ time: exchange.venue.now, account: 0, route: `PAPER ${name}`, params: params.toObject() });
  const answer = act?.(exchange, params) ?? null;
  react(exchange.venue);
  return answer;
}

const token = (): string => randomBytes(32).toString('hex');

/** Another funded account, as `POST accounts` makes it. */
export function openKeys(exchange: Exchange, kind: AccountKind): { key: string; secret: string } {
  const params = new Params([['kind', kind]]);
  return control(exchange, { method: 'POST', path: '/paper/v1/accounts', params }) as { key: string; secret: string };
}

function clockRow({ clock, venue }: Exchange): Json {
  return { mode: clock.state.mode, now: venue.now };
}

/** `freeze`, `run`, `set=<ms>` or `advance=<ms>`; the last two may come with `freeze`. */
function setClock(exchange: Exchange, params: Params): Json {
  const { clock, venue } = exchange;
  const set = params.integer('set', null);
  const by = params.integer('advance', set === null ? 0 : Math.max(0, set - venue.now), { max: ADVANCE_MS_MAX });
  if (set !== null && set < venue.now)
    throw bad(`\`set\` ${set} is before the exchange's time ${venue.now}; time only moves on`);
  if (params.boolean('freeze')) clock.freeze(Math.max(clock.now(), venue.now));
  const runs = params.boolean('run');
  if (runs) clock.run(set);
  clock.skip(runs && set !== null ? 0 : by);
  exchange.recordClock();
  advance(venue, clock.now());
  return clockRow(exchange);
}

/** `price` (and `mark`) from now on, `points=[[ms,"price"],…]`, or `clear=true` to hand the market back to its path. */
function setPrice({ venue }: Exchange, params: Params): Json {
  const symbol = params.required('symbol');
  const markets = [listed(venue.futures, symbol), venue.spot.get(symbol)];
  const points = readPoints(venue, params);
  const before = (venue.scripts.get(symbol) ?? []).filter((point) => point.time <= venue.now);
  if (before.length + points.length > SCRIPT_POINTS_MAX)
    throw bad(`at most ${SCRIPT_POINTS_MAX} price points per symbol`);
  venue.scripts.set(symbol, [...before, ...points]);
  for (const market of markets)
    if (market !== undefined) Object.assign(market, { lastPrice: 0n, changes: market.changes + 1 });
  playSecond(venue);
  return { symbol, points: points.length };
}

function readPoints(venue: Venue, params: Params): ScriptPoint[] {
  if (params.boolean('clear')) return [{ time: venue.now, price: null, mark: null }];
  const text = params.text('points');
  if (text === null) {
    const [price, mark] = [params.requiredDecimal('price'), params.decimal('mark')];
    if (price <= 0n || (mark ?? price) <= 0n) throw bad('`price` and `mark` must be above zero');
    return [{ time: venue.now, price, mark }];
  }
  const broken = bad('`points` must be [[ms, "price"], …] in order of time, from now on');
  const rows = parseJson(text);
  if (!Array.isArray(rows)) throw broken;
  let earliest = venue.now;
  return rows.map((row: unknown) => {
    const [time, shown] = Array.isArray(row) ? (row as unknown[]) : [];
    const price = parseDecimal(String(shown));
    if (typeof time !== 'number' || !Number.isSafeInteger(time) || time < earliest) throw broken;
    if (price === null || price <= 0n) throw broken;
    earliest = time;
    return { time, price, mark: null };
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** The house takes `quantity` (default all) of one resting order at its price, whatever the market does. */
function fillOnDemand({ venue }: Exchange, params: Params): Json {
  const id = must('orderId', params.id('orderId'));
  const order = venue.orders.get(id);
  if (order === undefined || !isOpen(order) || order.level === null) throw refuse(-2013);
  const quantity = min(params.decimal('quantity') ?? order.quantity, roomOf(order));
  if (quantity <= 0n || quantity % order.market.spec.step !== 0n) throw refuse(-4023);
  trade(order.market, null, order, order.price, quantity);
  return { orderId: id, filled: money(quantity), status: order.status };
}

/** Adds `amount` of `asset` to a wallet; a negative amount takes it away, as far as it is free. */
function depositTo({ venue }: Exchange, params: Params): Json {
  const account = venue.byKey.get(params.required('key'));
  if (account === undefined) throw bad('`key` is not the API key of an account here');
  const wallet = params.choice('wallet', ['futures', 'spot'], 'futures');
  const asset = params.text('asset') ?? 'USDT';
  const amount = params.requiredDecimal('amount');
  if (!(wallet === 'futures' ? ['USDT'] : ASSETS).includes(asset))
    throw bad(`\`asset\` ${JSON.stringify(asset)} is not one the ${wallet} wallet holds`);
  const free = wallet === 'futures' ? summarize(account).available : (account.spot.get(asset)?.free ?? 0n);
  if (amount < 0n && free + amount < 0n) throw refuse(-2018);
  deposit(account, wallet, asset, amount);
  return { wallet, asset, amount: money(amount) };
}

/** Fixes a symbol's rate (`rate`, or `clear=true`), and settles it at once with `settle=true`. */
function setFunding({ venue }: Exchange, params: Params): Json {
  const market = listed(venue.futures, params.required('symbol'));
  const { symbol } = market.spec;
  const rate = params.decimal('rate');
  if (params.boolean('clear')) venue.fundingRates.delete(symbol);
  else if (rate !== null) venue.fundingRates.set(symbol, rate);
  if (params.boolean('settle')) settleMarket(market);
  return { symbol, rate: money(fundingRateAt(market, venue.now)) };
}

function setFilter({ venue }: Exchange, params: Params): Json {
  const market = params.choice('market', ['futures', 'spot'], 'futures');
  const symbol = params.required('symbol');
  listed<unknown>(venue[market], symbol);
  const minNotional = params.requiredDecimal('minNotional');
  if (minNotional < 0n) throw bad('`minNotional` must not be negative');
  venue.minNotionals.set(`${market}:${symbol}`, minNotional);
  return { market, symbol, minNotional: money(minNotional) };
}

/** Everything from the start, now, with another `seed` if given; the accounts keep their keys and are funded afresh. */
function reset(exchange: Exchange, params: Params): Json {
  const old = exchange.venue;
  const seed = params.integer('seed', old.seed, { max: 2_147_483_647 });
  exchange.replaceVenue(exchange.freshVenue(seed));
  for (const { key, secret, kind } of old.accounts.values()) openFundedAccount(exchange.venue, { key, secret, kind });
  exchange.faults.clear();
  exchange.weights.forget();
  exchange.saveAll();
  return { seed, accounts: exchange.venue.accounts.size, now: exchange.venue.now };
}

function restore(exchange: Exchange, params: Params): Json {
  const text = params.required('snapshot');
  let venue: Venue;
  try {
    venue = fromData(decode(text) as VenueData);
  } catch (error) {
    throw bad(`\`snapshot\` cannot be restored: ${error instanceof Error ? error.message : String(error)}`);
  }
  exchange.clock.skip(Math.max(0, venue.now - exchange.clock.now()));
  exchange.replaceVenue(venue);
  exchange.saveAll();
  return { accounts: venue.accounts.size, orders: venue.orders.size, now: venue.now };
}

function stateOf(exchange: Exchange): Json {
  const { seed, origin, accounts, orders, ledger } = exchange.venue;
  const shown = (book: ReadonlyMap<string, bigint>): Json =>
    Object.fromEntries(Array.from(book, ([asset, amount]) => [asset, money(amount)]));
  return {
    clock: clockRow(exchange),
    seed,
    origin,
    settings: { ...exchange.settings },
    accounts: Array.from(accounts.values(), ({ id, key, kind, wallet }) => {
      return { streams: exchange.sessions.connections(id), id, key, kind, wallet: money(wallet) };
    }),
    openOrders: [...orders.values()].filter(isOpen).length,
    faults: exchange.faults.list.map(faultRow),
    ledger: Object.fromEntries(Object.entries(ledger).map(([name, book]) => [name, shown(book)])),
  };
}

/** Makes a venue and moves its clock. Time moves second by second, so that how often somebody looks changes nothing. */

import { Book } from './book.ts';
import { decimal } from './decimal.ts';
import { futuresRules } from './futures-fill.ts';
import { HouseQuotes } from './house.ts';
import { PERPETUALS, type Perpetual, SPOT_PAIRS, type SpotPair } from './instruments.ts';
import { Path } from './path.ts';
import { settleFunding } from './positions.ts';
import { nextFundingTime } from './prices.ts';
import { deposit } from './records.ts';
import { spotRules } from './spot.ts';
import type { Account, Market, MarketRules, Venue } from './state.ts';
import { playSecond } from './tick.ts';

type Options = { readonly seed: number; readonly origin: number; readonly firstOrderId?: bigint };

/** A venue whose clock and price path start at `origin` (ms since 1970). */
export function createVenue({ seed, origin, firstOrderId = 1_000_000_001n }: Options): Venue {
  const venue: Venue = {
    seed,
    origin,
    now: origin,
    second: Math.floor(origin / 1000),
    nextOrderId: firstOrderId,
    nextAlgoId: 2_000_000_000_001n,
    nextId: 0,
    futures: new Map(),
    spot: new Map(),
    accounts: new Map(),
    byKey: new Map(),
    orders: new Map(),
    algos: new Map(),
    gtd: new Set(),
    armed: new Set(),
    touched: new Set(),
    scripts: new Map(),
    funding: [],
    fundingRates: new Map(),
    minNotionals: new Map(),
    emit: () => undefined,
    ledger: { house: new Map(), fees: new Map(), insurance: new Map(), deposits: new Map() },
  };
  for (const spec of PERPETUALS) venue.futures.set(spec.symbol, createMarket(venue, spec, futuresRules));
  for (const spec of SPOT_PAIRS) venue.spot.set(spec.symbol, createMarket(venue, spec, spotRules));
  return venue;
}

function createMarket<Spec extends Perpetual | SpotPair>(venue: Venue, spec: Spec, rules: MarketRules): Market<Spec> {
  return {
    venue,
    spec,
    rules,
    path: new Path(venue.seed, spec.symbol, venue.second),
    book: new Book(),
    house: new HouseQuotes(),
    houseQuantity: 0n,
    lastPrice: 0n,
    lastSecond: 0,
    lastTradeId: 0,
    changes: 0,
    trades: [],
    algos: new Set(),
    stops: new Set(),
    holders: new Set(),
  };
}

type Credentials = Pick<Account, 'key' | 'secret' | 'kind'>;

/** An account with nothing in it. */
export function openAccount(venue: Venue, credentials: Credentials): Account {
  venue.nextId += 1;
  const account: Account = {
    venue,
    id: venue.nextId,
    ...credentials,
    dualSide: false,
    wallet: 0n,
    updateTime: venue.now,
    spot: new Map(),
    holdings: new Map(),
    pairs: new Map(),
    algoOpen: new Map(),
    algoDone: [],
    income: [],
    marginChanges: [],
    forced: [],
    byClientId: new Map(),
    orderCounts: new Map(),
  };
  venue.accounts.set(account.id, account);
  venue.byKey.set(account.key, account);
  return account;
}

/** An account as a newcomer gets it: 10,000 USDT futures, 10,000 USDT and 1 BTC spot. */
export function openFundedAccount(venue: Venue, credentials: Credentials): Account {
  const account = openAccount(venue, credentials);
  deposit(account, 'futures', 'USDT', decimal('10000'));
  deposit(account, 'spot', 'USDT', decimal('10000'));
  deposit(account, 'spot', 'BTC', decimal('1'));
  return account;
}

/**
 * Moves the clock to `to` (ms) and plays every second and every funding settlement on the way. Never moves it back.
 * `strideS` above 1 plays only every so many seconds: for the time an exchange was switched off.
 */
export function advance(venue: Venue, to: number, strideS = 1): void {
  if (to <= venue.now) return;
  const lastSecond = Math.floor(to / 1000);
  while (venue.second < lastSecond) {
    const settlement = nextFundingTime(venue.second * 1000) / 1000;
    const stop = Math.min(lastSecond, settlement);
    if (isIdle(venue)) venue.second = stop - 1;
    while (venue.second < stop) {
      venue.second = Math.min(stop, venue.second + strideS);
      venue.now = venue.second * 1000;
      playSecond(venue);
    }
    if (venue.second === settlement) settleFunding(venue);
  }
  venue.now = to;
}

/** Whether no second can matter to anybody: nothing rests, waits or is held. */
function isIdle(venue: Venue): boolean {
  const isWatched = ({ book, algos, stops, holders }: Market): boolean =>
    book.bids.size + book.asks.size + algos.size + stops.size + holders.size > 0;
  if (venue.gtd.size + venue.armed.size > 0) return false;
  return ![...venue.futures.values(), ...venue.spot.values()].some(isWatched);
}

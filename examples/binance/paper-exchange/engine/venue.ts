/** Makes a venue and moves its clock. Time moves second by second, so that how often somebody looks changes nothing. */

import { Book } from './book.ts';
import { decimal } from './decimal.ts';
import { settleFunding } from './funding.ts';
import { HouseQuotes } from './house.ts';
import { PERPETUALS, type Perpetual, SPOT_PAIRS, type SpotPair } from './instruments.ts';
import { Path } from './path.ts';
import { FUNDING_INTERVAL_MS } from './prices.ts';
import type { Account, AccountKind, Ledger, Market, Venue } from './state.ts';
import { playSecond } from './tick.ts';
import { deposit } from './wallets.ts';

export interface VenueOptions {
  readonly seed: number;
  /** Where the clock and the price path start, ms since 1970. */
  readonly origin: number;
  readonly firstOrderId?: bigint;
}

const FRESH_FUTURES_USDT = decimal('10000');
const FRESH_SPOT: readonly (readonly [string, bigint])[] = [
  ['USDT', decimal('10000')],
  ['BTC', decimal('1')],
];

export function createVenue(options: VenueOptions): Venue {
  const second = Math.floor(options.origin / 1000);
  return {
    seed: options.seed,
    origin: options.origin,
    now: options.origin,
    second,
    nextOrderId: options.firstOrderId ?? 1_000_000_001n,
    nextAlgoId: 2_000_000_000_001n,
    nextId: 0,
    futures: new Map(PERPETUALS.map((spec) => [spec.symbol, createMarket(spec, options.seed, second)])),
    spot: new Map(SPOT_PAIRS.map((spec) => [spec.symbol, createMarket(spec, options.seed, second)])),
    accounts: new Map(),
    byKey: new Map(),
    orders: new Map(),
    algos: new Map(),
    scripts: new Map(),
    funding: [],
    fundingRates: new Map(),
    minNotionals: new Map(),
    gtd: new Set(),
    armed: new Set(),
    ledger: emptyLedger(),
    touched: new Set(),
    emit: () => undefined,
  };
}

const emptyLedger = (): Ledger => ({
  house: new Map(),
  fees: new Map(),
  insurance: new Map(),
  deposits: new Map(),
});

function createMarket<Spec extends Perpetual | SpotPair>(spec: Spec, seed: number, originS: number): Market<Spec> {
  return {
    spec,
    path: new Path(seed, spec.symbol, originS),
    book: new Book(),
    house: new HouseQuotes(),
    lastPrice: 0n,
    lastSecond: 0,
    lastTradeId: 0,
    trades: [],
    algos: new Set(),
    stops: new Set(),
    holders: new Set(),
    houseQuantity: 0n,
    changes: 0,
  };
}

/** An account with nothing in it. */
export function openAccount(venue: Venue, credentials: { key: string; secret: string; kind: AccountKind }): Account {
  venue.nextId += 1;
  const account: Account = {
    id: venue.nextId,
    ...credentials,
    createTime: venue.now,
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
export function openFundedAccount(
  venue: Venue,
  credentials: { key: string; secret: string; kind: AccountKind },
): Account {
  const account = openAccount(venue, credentials);
  deposit(venue, account, { wallet: 'futures', asset: 'USDT', amount: FRESH_FUTURES_USDT });
  for (const [asset, amount] of FRESH_SPOT) deposit(venue, account, { wallet: 'spot', asset, amount });
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
    const settlement = (Math.floor((venue.second * 1000) / FUNDING_INTERVAL_MS) + 1) * (FUNDING_INTERVAL_MS / 1000);
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
  if (venue.gtd.size > 0 || venue.armed.size > 0) return false;
  for (const market of [...venue.futures.values(), ...venue.spot.values()]) if (isWatched(market)) return false;
  return true;
}

const isWatched = (market: Market): boolean =>
  market.book.bids.size > 0 ||
  market.book.asks.size > 0 ||
  market.algos.size > 0 ||
  market.stops.size > 0 ||
  market.holders.size > 0;

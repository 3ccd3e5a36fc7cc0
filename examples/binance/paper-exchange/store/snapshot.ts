/**
 * A venue as plain data and back. Objects that point at each other (orders, accounts, markets) are written as ids;
 * books are not written at all but rebuilt from the resting orders in priority order.
 */

import { holdingOf } from '../engine/futures-fill.ts';
import type { Perpetual } from '../engine/instruments.ts';
import { pairOf } from '../engine/spot.ts';
import type {
  Account,
  AlgoOrder,
  Holding,
  Income,
  Ledger,
  MarginChange,
  Market,
  Order,
  Position,
  PublicTrade,
  Quote,
  ScriptPoint,
  Trade,
  Venue,
} from '../engine/state.ts';
import { createVenue } from '../engine/venue.ts';

const SNAPSHOT_VERSION = 1;

type OrderData = Omit<Order, 'account' | 'market' | 'level' | 'previous' | 'next'> & {
  readonly account: number;
  readonly market: string;
  readonly rests: boolean;
};
type AlgoData = Omit<AlgoOrder, 'account' | 'market' | 'actualOrder'> & {
  readonly account: number;
  readonly market: string;
  readonly actualOrder: bigint | null;
};
type TradeData = Omit<Trade, 'order'> & { readonly order: bigint };

interface HoldingData {
  readonly symbol: string;
  readonly leverage: number;
  readonly isolated: boolean;
  readonly positions: Record<string, Position>;
  readonly bidNotional: bigint;
  readonly askNotional: bigint;
  readonly open: bigint[];
  readonly done: bigint[];
  readonly trades: TradeData[];
  readonly cancelAllAt: number;
}

interface AccountData {
  readonly id: number;
  readonly key: string;
  readonly secret: string;
  readonly kind: Account['kind'];
  readonly createTime: number;
  readonly dualSide: boolean;
  readonly wallet: bigint;
  readonly updateTime: number;
  readonly spot: [string, bigint, bigint][];
  readonly holdings: HoldingData[];
  readonly pairs: {
    readonly symbol: string;
    readonly open: bigint[];
    readonly done: bigint[];
    readonly trades: TradeData[];
  }[];
  readonly algoOpen: bigint[];
  readonly algoDone: bigint[];
  readonly income: Income[];
  readonly marginChanges: MarginChange[];
  readonly forced: bigint[];
}

interface MarketData {
  readonly name: string;
  readonly lastPrice: bigint;
  readonly lastSecond: number;
  readonly lastTradeId: number;
  readonly trades: PublicTrade[];
  readonly algos: bigint[];
  readonly stops: bigint[];
  readonly holders: number[];
  readonly houseQuantity: bigint;
  readonly changes: number;
  readonly quotes: { readonly fair: bigint; readonly bids: Quote[]; readonly asks: Quote[] } | null;
}

export interface VenueData {
  readonly version: number;
  readonly seed: number;
  readonly origin: number;
  readonly now: number;
  readonly second: number;
  readonly nextOrderId: bigint;
  readonly nextAlgoId: bigint;
  readonly nextId: number;
  readonly orders: OrderData[];
  readonly algos: AlgoData[];
  readonly accounts: AccountData[];
  readonly markets: MarketData[];
  readonly scripts: [string, ScriptPoint[]][];
  readonly funding: Venue['funding'];
  readonly fundingRates: [string, bigint][];
  readonly minNotionals: [string, bigint][];
  readonly gtd: bigint[];
  readonly armed: [number, string][];
  readonly ledger: Record<keyof Ledger, [string, bigint][]>;
}

const nameOf = (market: Market): string => `${market.spec.kind}:${market.spec.symbol}`;
const allMarkets = (venue: Venue): Market[] => [...venue.futures.values(), ...venue.spot.values()];

export function toData(venue: Venue): VenueData {
  const { seed, origin, now, second, nextOrderId, nextAlgoId, nextId } = venue;
  const ids = (orders: Iterable<{ id: bigint }>): bigint[] => Array.from(orders, (order) => order.id);
  return {
    version: SNAPSHOT_VERSION,
    seed,
    origin,
    now,
    second,
    nextOrderId,
    nextAlgoId,
    nextId,
    orders: reachableOrders(venue).map(orderData),
    algos: [...venue.algos.values()].map(algoData),
    accounts: [...venue.accounts.values()].map((account) => accountData(account, ids)),
    markets: allMarkets(venue).map((market) => marketData(venue, market, ids)),
    scripts: [...venue.scripts],
    funding: venue.funding,
    fundingRates: [...venue.fundingRates],
    minNotionals: [...venue.minNotionals],
    gtd: ids(venue.gtd),
    armed: Array.from(venue.armed, ({ account, market }) => [account.id, market.spec.symbol]),
    ledger: {
      house: [...venue.ledger.house],
      fees: [...venue.ledger.fees],
      insurance: [...venue.ledger.insurance],
      deposits: [...venue.ledger.deposits],
    },
  };
}

/** Every order somebody can still ask for, those kept only by a trade among them, in order of id. */
function reachableOrders(venue: Venue): Order[] {
  const found = new Map(venue.orders);
  const add = (order: Order | null): void => {
    if (order !== null) found.set(order.id, order);
  };
  for (const account of venue.accounts.values()) {
    for (const holding of [...account.holdings.values(), ...account.pairs.values()]) {
      for (const trade of holding.trades) add(trade.order);
    }
    account.forced.forEach(add);
  }
  for (const algo of venue.algos.values()) add(algo.actualOrder);
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function orderData(order: Order): OrderData {
  const { account, market, level, previous: _previous, next: _next, ...rest } = order;
  return { ...rest, account: account.id, market: nameOf(market), rests: level !== null };
}

function algoData(algo: AlgoOrder): AlgoData {
  const { account, market, actualOrder, ...rest } = algo;
  return { ...rest, account: account.id, market: nameOf(market), actualOrder: actualOrder?.id ?? null };
}

const tradeData = ({ order, ...rest }: Trade): TradeData => ({ ...rest, order: order.id });

function accountData(account: Account, ids: (orders: Iterable<{ id: bigint }>) => bigint[]): AccountData {
  const { id, key, secret, kind, createTime, dualSide, wallet, updateTime, income, marginChanges } = account;
  return {
    id,
    key,
    secret,
    kind,
    createTime,
    dualSide,
    wallet,
    updateTime,
    income,
    marginChanges,
    spot: Array.from(account.spot, ([asset, { free, locked }]) => [asset, free, locked]),
    holdings: Array.from(account.holdings.values(), (holding) => {
      const { market, leverage, isolated, positions, bidNotional, askNotional, cancelAllAt } = holding;
      const lists = { open: ids(holding.open), done: ids(holding.done), trades: holding.trades.map(tradeData) };
      return {
        symbol: market.spec.symbol,
        leverage,
        isolated,
        positions,
        bidNotional,
        askNotional,
        cancelAllAt,
        ...lists,
      };
    }),
    pairs: Array.from(account.pairs.values(), ({ market, open, done, trades }) => ({
      symbol: market.spec.symbol,
      open: ids(open),
      done: ids(done),
      trades: trades.map(tradeData),
    })),
    algoOpen: ids(account.algoOpen.values()),
    algoDone: ids(account.algoDone),
    forced: ids(account.forced),
  };
}

function marketData(venue: Venue, market: Market, ids: (orders: Iterable<{ id: bigint }>) => bigint[]): MarketData {
  const { lastPrice, lastSecond, lastTradeId, trades, houseQuantity, changes, house } = market;
  return {
    name: nameOf(market),
    lastPrice,
    lastSecond,
    lastTradeId,
    trades,
    houseQuantity,
    changes,
    algos: ids(market.algos),
    stops: ids(market.stops),
    holders: Array.from(market.holders, (account) => account.id),
    // What was taken from the house this second stays taken.
    quotes: house.second === venue.second ? { fair: house.fair, bids: house.bids, asks: house.asks } : null,
  };
}

/** The inverse of `toData`. Throws when the data is of another version or points at what is not there. */
export function fromData(data: VenueData): Venue {
  if (data.version !== SNAPSHOT_VERSION) {
    throw new Error(
      `snapshot version ${String(data.version)} cannot be read; this exchange reads version ${SNAPSHOT_VERSION}`,
    );
  }
  const venue = createVenue({ seed: data.seed, origin: data.origin });
  venue.now = data.now;
  venue.second = data.second;
  venue.nextOrderId = data.nextOrderId;
  venue.nextAlgoId = data.nextAlgoId;
  venue.nextId = data.nextId;
  data.accounts.forEach((row) => restoreAccount(venue, row));
  const marketsByName = new Map(allMarkets(venue).map((market) => [nameOf(market), market]));
  const orders = restoreOrders(venue, data, marketsByName);
  restoreAlgos(venue, data, marketsByName, orders);
  const listed = new Set<bigint>();
  data.accounts.forEach((row) => restoreLists(venue, row, orders, listed));
  // In order of id, as they were placed.
  for (const order of orders.values()) if (listed.has(order.id)) venue.orders.set(order.id, order);
  for (const row of data.markets)
    restoreMarket(venue, expect(marketsByName.get(row.name), `market ${row.name}`), row, orders);
  for (const [symbol, points] of data.scripts) venue.scripts.set(symbol, points);
  venue.funding.push(...data.funding);
  for (const [symbol, rate] of data.fundingRates) venue.fundingRates.set(symbol, rate);
  for (const [name, units] of data.minNotionals) venue.minNotionals.set(name, units);
  for (const id of data.gtd) venue.gtd.add(expect(orders.get(id), `order ${id}`));
  for (const [id, symbol] of data.armed)
    venue.armed.add(expect(accountOf(venue, id).holdings.get(symbol), `holding ${symbol}`));
  for (const name of ['house', 'fees', 'insurance', 'deposits'] as const) {
    for (const [asset, amount] of data.ledger[name]) venue.ledger[name].set(asset, amount);
  }
  return venue;
}

function expect<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the snapshot points at ${what}, which is not in it`);
  return value;
}

const accountOf = (venue: Venue, id: number): Account => expect(venue.accounts.get(id), `account ${id}`);

function restoreAccount(venue: Venue, row: AccountData): void {
  const { id, key, secret, kind, createTime, dualSide, wallet, updateTime, income, marginChanges } = row;
  const account: Account = {
    id,
    key,
    secret,
    kind,
    createTime,
    dualSide,
    wallet,
    updateTime,
    income,
    marginChanges,
    spot: new Map(row.spot.map(([asset, free, locked]) => [asset, { free, locked }])),
    holdings: new Map(),
    pairs: new Map(),
    algoOpen: new Map(),
    algoDone: [],
    forced: [],
    byClientId: new Map(),
    orderCounts: new Map(),
  };
  venue.accounts.set(id, account);
  venue.byKey.set(key, account);
}

function restoreOrders(venue: Venue, data: VenueData, markets: ReadonlyMap<string, Market>): Map<bigint, Order> {
  const orders = new Map<bigint, Order>();
  const resting: Order[] = [];
  for (const { account, market, rests, ...rest } of data.orders) {
    const order: Order = {
      ...rest,
      account: accountOf(venue, account),
      market: expect(markets.get(market), `market ${market}`),
      level: null,
      previous: null,
      next: null,
    };
    orders.set(order.id, order);
    if (rests) resting.push(order);
  }
  resting.sort((a, b) => a.priority - b.priority);
  for (const order of resting) order.market.book.add(order);
  return orders;
}

function restoreAlgos(
  venue: Venue,
  data: VenueData,
  markets: ReadonlyMap<string, Market>,
  orders: ReadonlyMap<bigint, Order>,
): void {
  for (const { account, market, actualOrder, ...rest } of data.algos) {
    const found = expect(markets.get(market), `market ${market}`) as Market<Perpetual>;
    venue.algos.set(rest.id, {
      ...rest,
      account: accountOf(venue, account),
      market: found,
      actualOrder: actualOrder === null ? null : expect(orders.get(actualOrder), `order ${actualOrder}`),
    });
  }
}

/** Fills the lists that point at orders: what is open, what is done, what was traded. */
function restoreLists(venue: Venue, row: AccountData, orders: ReadonlyMap<bigint, Order>, listed: Set<bigint>): void {
  const account = accountOf(venue, row.id);
  const order = (id: bigint): Order => expect(orders.get(id), `order ${id}`);
  const known = (
    holding: { open: Set<Order>; done: Order[]; trades: Trade[] },
    lists: { open: bigint[]; done: bigint[]; trades: TradeData[] },
  ): void => {
    for (const id of lists.open) {
      holding.open.add(order(id));
      account.byClientId.set(`${nameOf(order(id).market)}:${order(id).clientId}`, order(id));
    }
    holding.done.push(...lists.done.map(order));
    holding.trades.push(...lists.trades.map((trade) => ({ ...trade, order: order(trade.order) })));
    for (const item of [...holding.open, ...holding.done]) listed.add(item.id);
  };
  for (const data of row.holdings) {
    const holding = holdingOf(account, expect(venue.futures.get(data.symbol), `market ${data.symbol}`));
    copyHolding(holding, data);
    known(holding, data);
  }
  for (const data of row.pairs)
    known(pairOf(account, expect(venue.spot.get(data.symbol), `market ${data.symbol}`)), data);
  account.forced.push(...row.forced.map(order));
  for (const id of row.algoOpen) account.algoOpen.set(id, expect(venue.algos.get(id), `conditional order ${id}`));
  account.algoDone.push(...row.algoDone.map((id) => expect(venue.algos.get(id), `conditional order ${id}`)));
}

function copyHolding(holding: Holding, data: HoldingData): void {
  holding.leverage = data.leverage;
  holding.isolated = data.isolated;
  holding.bidNotional = data.bidNotional;
  holding.askNotional = data.askNotional;
  holding.cancelAllAt = data.cancelAllAt;
  for (const side of ['BOTH', 'LONG', 'SHORT'] as const) Object.assign(holding.positions[side], data.positions[side]);
}

function restoreMarket(venue: Venue, market: Market, row: MarketData, orders: ReadonlyMap<bigint, Order>): void {
  market.lastPrice = row.lastPrice;
  market.lastSecond = row.lastSecond;
  market.lastTradeId = row.lastTradeId;
  market.houseQuantity = row.houseQuantity;
  market.changes = row.changes;
  market.trades.push(...row.trades);
  for (const id of row.algos) market.algos.add(expect(venue.algos.get(id), `conditional order ${id}`));
  for (const id of row.stops) market.stops.add(expect(orders.get(id), `order ${id}`));
  for (const id of row.holders) market.holders.add(accountOf(venue, id));
  if (row.quotes === null) return;
  market.house.second = venue.second;
  market.house.fair = row.quotes.fair;
  market.house.bids = row.quotes.bids;
  market.house.asks = row.quotes.asks;
}

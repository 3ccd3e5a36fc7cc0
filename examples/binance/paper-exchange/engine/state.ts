/**
 * The nouns of the engine: accounts, orders, positions, trades, and the venue that holds them. Data only. Prices,
 * quantities and money are bigints in 1e-8, times are ms of the venue's clock.
 */

import type { Book, Resting, Side } from './book.ts';
import type { HouseQuotes } from './house.ts';
import type { Perpetual, SpotPair } from './instruments.ts';
import type { Path } from './path.ts';

export type PositionSide = 'BOTH' | 'LONG' | 'SHORT';
export type AccountKind = 'classic' | 'portfolio';
/** How an order ends without being filled. */
export type Ending = 'CANCELED' | 'EXPIRED' | 'EXPIRED_IN_MATCH';
type Money<Names extends string> = Record<Names, bigint>;
type Times<Names extends string> = Record<Names, number>;

/** What every kind of order asks for. An absent price or quantity is 0, an absent time too. */
interface Terms extends Readonly<Money<'quantity' | 'price'>> {
  readonly side: Side;
  readonly type: string;
  readonly positionSide: PositionSide;
  readonly timeInForce: 'GTC' | 'IOC' | 'FOK' | 'GTX' | 'GTD';
  readonly reduceOnly: boolean;
  readonly closePosition: boolean;
  readonly stp: 'NONE' | 'EXPIRE_TAKER' | 'EXPIRE_MAKER' | 'EXPIRE_BOTH';
  readonly priceMatch: string;
  readonly goodTillDate: number;
}

/** An order as somebody asks for it, on either market. `stopPrice` and `quoteQuantity` are spot's. */
export interface OrderRequest extends Terms, Readonly<Money<'stopPrice' | 'quoteQuantity'>> {
  readonly clientId: string | null;
  /** The type the client asked for, when a triggered conditional order becomes this one. */
  readonly origType?: string;
}

export interface Order extends Resting<Order>, Omit<Terms, 'price' | 'quantity'> {
  readonly id: bigint;
  readonly account: Account;
  readonly market: Market;
  readonly clientId: string;
  readonly origType: string;
  readonly stopPrice: bigint;
  readonly quoteQuantity: bigint;
  cumQuote: bigint;
  status: 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | Ending;
  readonly time: number;
  updateTime: number;
  /** Time priority; a modified order gets a new one. */
  priority: number;
  /** False while a spot stop order waits for its trigger. */
  working: boolean;
  workingTime: number;
}

/** A conditional futures order as somebody asks for it; a trailing stop has no trigger price. */
export interface AlgoRequest extends Terms, Readonly<Money<'triggerPrice' | 'activatePrice' | 'callbackRate'>> {
  readonly clientId: string | null;
  readonly workingType: 'MARK_PRICE' | 'CONTRACT_PRICE';
  readonly priceProtect: boolean;
}

/** A conditional futures order: not in the book and locking nothing until its trigger price is reached. */
export interface AlgoOrder extends AlgoRequest, Times<'createTime' | 'updateTime' | 'triggerTime'> {
  readonly id: bigint;
  readonly account: Account;
  readonly market: Market<Perpetual>;
  readonly clientId: string;
  /** Trailing stop: the best price since activation, 0 before. */
  extreme: bigint;
  status: 'NEW' | 'TRIGGERING' | 'TRIGGERED' | 'FINISHED' | 'REJECTED' | Ending;
  actualOrder: Order | null;
  rejectReason: string;
}

/**
 * Signed: a short has a negative quantity and a negative cost. Entry price is cost / quantity, for display only. `fees`
 * is the commission paid since the position was flat, for the break-even price.
 */
export interface Position extends Money<'quantity' | 'cost' | 'isolatedWallet' | 'fees'>, Times<'updateTime'> {
  readonly side: PositionSide;
}

/** What an account has had to do with one market. */
export interface Dealings {
  readonly open: Set<Order>;
  readonly done: Order[];
  readonly trades: Trade[];
}

/**
 * What an account has on one perpetual. `bidNotional` and `askNotional` are the remaining quantity times price of open
 * orders that may open a position. `cancelAllAt` is when the dead man's switch cancels everything; 0 = not armed.
 */
export interface Holding extends Dealings, Money<'bidNotional' | 'askNotional'>, Times<'leverage' | 'cancelAllAt'> {
  readonly account: Account;
  readonly market: Market<Perpetual>;
  isolated: boolean;
  readonly positions: Record<PositionSide, Position>;
}

export type Balance = Money<'free' | 'locked'>;

/** One order's side of a trade. */
export interface Fill extends Readonly<Money<'price' | 'quantity'>> {
  readonly id: number;
  readonly maker: boolean;
}

export interface Trade extends Fill, Readonly<Money<'quote' | 'fee' | 'realized'>> {
  readonly order: Order;
  readonly feeAsset: string;
  readonly time: number;
}

export interface Income extends Readonly<Times<'time' | 'id'>> {
  readonly type: 'TRANSFER' | 'REALIZED_PNL' | 'FUNDING_FEE' | 'COMMISSION' | 'INSURANCE_CLEAR';
  readonly symbol: string;
  readonly amount: bigint;
  readonly tradeId: string;
}

type MarginChange = { symbol: string; positionSide: PositionSide; amount: bigint; type: 1 | 2; time: number };

export interface Account extends Readonly<Record<'key' | 'secret', string>> {
  readonly venue: Venue;
  readonly id: number;
  readonly kind: AccountKind;
  dualSide: boolean;
  /** Futures wallet in 1e-8 USDT: transfers + realised profit + funding - commission. Isolated wallets are part of it. */
  wallet: bigint;
  updateTime: number;
  readonly spot: Map<string, Balance>;
  readonly holdings: Map<string, Holding>;
  readonly pairs: Map<string, Dealings>;
  readonly algoOpen: Map<bigint, AlgoOrder>;
  readonly algoDone: AlgoOrder[];
  readonly income: Income[];
  readonly marginChanges: MarginChange[];
  readonly forced: Order[];
  /** Open orders by client id, per market. */
  readonly byClientId: Map<string, Order>;
  /** Placements in the present windows of the order rate limits. */
  readonly orderCounts: Map<string, { window: number; count: number }>;
}

export interface PublicTrade extends Readonly<Money<'price' | 'quantity'>>, Readonly<Times<'id' | 'time'>> {
  readonly buyerIsMaker: boolean;
}

/** What a kind of market decides about its orders; everything else is the same on all. */
export interface MarketRules {
  /** How much of the order may trade at `price` now; 0 ends it. */
  room(order: Order, price: bigint): bigint;
  /** The worst price the order may trade at; null: any. */
  limit(order: Order): bigint | null;
  /** Locks what `quantity` of an order needs while it rests or waits, or frees it when negative. */
  lock(order: Order, quantity: bigint): void;
  /** Moves what a fill worth `quote` moves. */
  settle(order: Order, fill: Fill, quote: bigint): Pick<Trade, 'fee' | 'feeAsset' | 'realized'>;
  /** Follows up on a fill that is booked and told. */
  filled(order: Order): void;
}

export interface Market<Spec extends Perpetual | SpotPair = Perpetual | SpotPair>
  extends Times<'lastTradeId' | 'changes'> {
  readonly venue: Venue;
  readonly spec: Spec;
  readonly rules: MarketRules;
  readonly path: Path;
  readonly book: Book<Order>;
  readonly house: HouseQuotes;
  /** Last traded price, 0 before the first trade; only valid during the second it was made in. */
  lastPrice: bigint;
  lastSecond: number;
  readonly trades: PublicTrade[];
  readonly algos: Set<AlgoOrder>;
  /** Spot stop orders waiting for their trigger. */
  readonly stops: Set<Order>;
  /** Futures: accounts that have a position here, for funding and liquidation. */
  readonly holders: Set<Account>;
  /** What the house has bought (+) or sold (-) of the base asset. */
  houseQuantity: bigint;
}

/** A price set through the control plane from `time` on; null hands the market back to the seeded path. */
export type ScriptPoint = { readonly time: number; readonly price: bigint | null; readonly mark: bigint | null };

/** Where money that left the users went, per asset. Users + these = deposits - withdrawals, always. */
export type Ledger = Readonly<Record<'house' | 'fees' | 'insurance' | 'deposits', Map<string, bigint>>>;

/** What the user-data stream carries; the stream turns it into Binance's JSON. */
export type VenueEvent =
  | { kind: 'order'; order: Order; execution: 'NEW' | 'TRADE' | 'CANCELED' | 'EXPIRED' | 'AMENDMENT'; trade?: Trade }
  | { kind: 'account'; account: Account; reason: string; symbol?: string; change?: bigint }
  | { kind: 'algo'; algo: AlgoOrder }
  | { kind: 'config'; account: Account; holding: Holding };

export interface Venue {
  readonly seed: number;
  /** When the price path starts. */
  readonly origin: number;
  /** The venue's clock; moves only through `advance`. */
  now: number;
  /** The last whole second whose market tick was played. */
  second: number;
  nextOrderId: bigint;
  nextAlgoId: bigint;
  nextId: number;
  readonly futures: Map<string, Market<Perpetual>>;
  readonly spot: Map<string, Market<SpotPair>>;
  readonly accounts: Map<number, Account>;
  readonly byKey: Map<string, Account>;
  readonly orders: Map<bigint, Order>;
  readonly algos: Map<bigint, AlgoOrder>;
  readonly scripts: Map<string, ScriptPoint[]>;
  /** Settled rates. */
  readonly funding: { readonly symbol: string; readonly rate: bigint; readonly mark: bigint; readonly time: number }[];
  /** Rates fixed through the control plane, per symbol; MIN_NOTIONAL likewise, per `kind:symbol`. */
  readonly fundingRates: Map<string, bigint>;
  readonly minNotionals: Map<string, bigint>;
  readonly ledger: Ledger;
  /** Orders that end at a set time, and holdings whose dead man's switch is armed. */
  readonly gtd: Set<Order>;
  readonly armed: Set<Holding>;
  /** Accounts whose position changed since liquidation was last looked at. */
  readonly touched: Set<Account>;
  emit: (event: VenueEvent) => void;
}

/**
 * The nouns of the engine: accounts, orders, positions, trades, and the venue that holds them. Data only. Prices,
 * quantities and money are bigints in 1e-8, times are ms of the venue's clock.
 */

import type { Book, Resting, Side } from './book.ts';
import type { HouseQuotes } from './house.ts';
import type { Perpetual, SpotPair } from './instruments.ts';
import type { Path } from './path.ts';

export type PositionSide = 'BOTH' | 'LONG' | 'SHORT';
export type TimeInForce = 'GTC' | 'IOC' | 'FOK' | 'GTX' | 'GTD';
export type SelfTradePrevention = 'NONE' | 'EXPIRE_TAKER' | 'EXPIRE_MAKER' | 'EXPIRE_BOTH';
export type AccountKind = 'classic' | 'portfolio';
/** How an order ends without being filled. */
export type Ending = 'CANCELED' | 'EXPIRED' | 'EXPIRED_IN_MATCH';

/** What every kind of order asks for. An absent price or quantity is 0. */
interface Terms {
  readonly side: Side;
  readonly type: string;
  readonly positionSide: PositionSide;
  readonly timeInForce: TimeInForce;
  readonly quantity: bigint;
  readonly price: bigint;
  readonly reduceOnly: boolean;
  readonly closePosition: boolean;
  readonly stp: SelfTradePrevention;
  readonly priceMatch: string;
  readonly goodTillDate: number;
}

/** An order as somebody asks for it, on either market. `stopPrice` and `quoteQuantity` are spot's. */
export interface OrderRequest extends Terms {
  readonly clientId: string | null;
  /** The type the client asked for, when a triggered conditional order becomes this one. */
  readonly origType?: string;
  readonly stopPrice: bigint;
  readonly quoteQuantity: bigint;
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

/** A conditional futures order as somebody asks for it. */
export interface AlgoRequest extends Terms {
  readonly clientId: string | null;
  /** 0 for a trailing stop. */
  readonly triggerPrice: bigint;
  readonly workingType: 'MARK_PRICE' | 'CONTRACT_PRICE';
  readonly priceProtect: boolean;
  readonly activatePrice: bigint;
  /** Trailing stop: hundredths of a percent, 10..1000. */
  readonly callbackRate: bigint;
}

/** A conditional futures order: not in the book and locking nothing until its trigger price is reached. */
export interface AlgoOrder extends AlgoRequest {
  readonly id: bigint;
  readonly account: Account;
  readonly market: Market<Perpetual>;
  readonly clientId: string;
  /** Trailing stop: the best price since activation, 0 before. */
  extreme: bigint;
  status: 'NEW' | 'TRIGGERING' | 'TRIGGERED' | 'FINISHED' | 'REJECTED' | Ending;
  readonly createTime: number;
  updateTime: number;
  triggerTime: number;
  actualOrder: Order | null;
  rejectReason: string;
}

/** Signed: a short has a negative quantity and a negative cost. Entry price is cost / quantity, for display only. */
export interface Position {
  readonly side: PositionSide;
  quantity: bigint;
  cost: bigint;
  isolatedWallet: bigint;
  /** Commission paid since the position was flat, for the break-even price. */
  fees: bigint;
  updateTime: number;
}

/** What an account has had to do with one market. */
export interface Dealings {
  readonly open: Set<Order>;
  readonly done: Order[];
  readonly trades: Trade[];
}

/** What an account has on one perpetual. */
export interface Holding extends Dealings {
  readonly account: Account;
  readonly market: Market<Perpetual>;
  leverage: number;
  isolated: boolean;
  readonly positions: Record<PositionSide, Position>;
  /** Sum of remaining quantity times price over open orders that may open a position, per side. */
  bidNotional: bigint;
  askNotional: bigint;
  /** When the dead man's switch cancels everything, ms; 0 = not armed. */
  cancelAllAt: number;
}

export interface Balance {
  free: bigint;
  locked: bigint;
}

/** One order's side of a trade. */
export interface Fill {
  readonly id: number;
  readonly price: bigint;
  readonly quantity: bigint;
  readonly maker: boolean;
}

export interface Trade extends Fill {
  readonly order: Order;
  readonly quote: bigint;
  readonly fee: bigint;
  readonly feeAsset: string;
  readonly realized: bigint;
  readonly time: number;
}

export interface Income {
  readonly type: 'TRANSFER' | 'REALIZED_PNL' | 'FUNDING_FEE' | 'COMMISSION' | 'INSURANCE_CLEAR';
  readonly symbol: string;
  readonly amount: bigint;
  readonly time: number;
  readonly id: number;
  readonly tradeId: string;
}

interface MarginChange {
  readonly symbol: string;
  readonly positionSide: PositionSide;
  readonly amount: bigint;
  readonly type: 1 | 2;
  readonly time: number;
}

export interface Account {
  readonly venue: Venue;
  readonly id: number;
  readonly key: string;
  readonly secret: string;
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

export interface PublicTrade {
  readonly id: number;
  readonly price: bigint;
  readonly quantity: bigint;
  readonly time: number;
  readonly buyerIsMaker: boolean;
}

/** What a kind of market decides about its orders. */
export interface MarketRules {
  /** How much of the order may trade at `price` now; 0 ends it. */
  room(order: Order, price: bigint): bigint;
  /** Books a trade; the house takes the part of whoever is null. */
  fill(taker: Order | null, maker: Order | null, price: bigint, quantity: bigint): void;
  /** Ends an order that is still open. */
  end(order: Order, status: Ending): void;
}

export interface Market<Spec extends Perpetual | SpotPair = Perpetual | SpotPair> {
  readonly venue: Venue;
  readonly spec: Spec;
  readonly rules: MarketRules;
  readonly path: Path;
  readonly book: Book<Order>;
  readonly house: HouseQuotes;
  /** Last traded price, 0 before the first trade; only valid during the second it was made in. */
  lastPrice: bigint;
  lastSecond: number;
  lastTradeId: number;
  readonly trades: PublicTrade[];
  readonly algos: Set<AlgoOrder>;
  /** Spot stop orders waiting for their trigger. */
  readonly stops: Set<Order>;
  /** Futures: accounts that have a position here, for funding and liquidation. */
  readonly holders: Set<Account>;
  /** What the house has bought (+) or sold (-) of the base asset. */
  houseQuantity: bigint;
  changes: number;
}

/** A price set through the control plane from `time` on; null hands the market back to the seeded path. */
export interface ScriptPoint {
  readonly time: number;
  readonly price: bigint | null;
  readonly mark: bigint | null;
}

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
  readonly funding: { readonly symbol: string; readonly rate: bigint; readonly mark: bigint; readonly time: number }[];
  /** Rates fixed through the control plane, per symbol. */
  readonly fundingRates: Map<string, bigint>;
  /** MIN_NOTIONAL set through the control plane, per `kind:symbol`. */
  readonly minNotionals: Map<string, bigint>;
  readonly ledger: Ledger;
  /** Orders that end at a set time, and holdings whose dead man's switch is armed. */
  readonly gtd: Set<Order>;
  readonly armed: Set<Holding>;
  /** Accounts whose position changed since liquidation was last looked at. */
  readonly touched: Set<Account>;
  emit: (event: VenueEvent) => void;
}

/** The nouns of the engine: accounts, orders, positions, trades, and the venue that holds them. Data only. */

import type { Instrument, Perpetual, SpotPair } from './instruments.ts';
import type { SortedLevels } from './levels.ts';
import type { Path } from './path.ts';

export type Side = 'BUY' | 'SELL';
export type PositionSide = 'BOTH' | 'LONG' | 'SHORT';
type OrderStatus = 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'EXPIRED' | 'EXPIRED_IN_MATCH';
export type TimeInForce = 'GTC' | 'IOC' | 'FOK' | 'GTX' | 'GTD';
export type SelfTradePrevention = 'NONE' | 'EXPIRE_TAKER' | 'EXPIRE_MAKER' | 'EXPIRE_BOTH';
export type WorkingType = 'MARK_PRICE' | 'CONTRACT_PRICE';
export type AccountKind = 'classic' | 'portfolio';

/** An order of either market. Prices, quantities and money in 1e-8, times in ms of the venue's clock. */
export interface Order {
  readonly id: bigint;
  readonly account: Account;
  readonly market: Market;
  clientId: string;
  readonly side: Side;
  readonly type: string;
  /** The type the client asked for, when a triggered conditional order became this one. */
  readonly origType: string;
  readonly timeInForce: TimeInForce;
  readonly positionSide: PositionSide;
  readonly reduceOnly: boolean;
  readonly closePosition: boolean;
  readonly stp: SelfTradePrevention;
  readonly priceMatch: string;
  readonly goodTillDate: number;
  price: bigint;
  quantity: bigint;
  executed: bigint;
  cumQuote: bigint;
  status: OrderStatus;
  readonly time: number;
  updateTime: number;
  /** Time priority; a modified order gets a new one. */
  priority: number;
  /** Spot only: the trigger of a stop order, and whether the order has entered the book. */
  stopPrice: bigint;
  working: boolean;
  workingTime: number;
  quoteQuantity: bigint;
  icebergQuantity: bigint;
  level: Level | null;
  previous: Order | null;
  next: Order | null;
}

/** All orders resting at one price, oldest first. */
export interface Level {
  readonly price: bigint;
  readonly side: Side;
  total: bigint;
  head: Order | null;
  tail: Order | null;
}

/** Users' resting orders of one market; made by `book.ts`. */
export interface OrderBook {
  readonly bids: SortedLevels<Level>;
  readonly asks: SortedLevels<Level>;
  side(side: Side): SortedLevels<Level>;
  against(side: Side): SortedLevels<Level>;
  add(order: Order): void;
  remove(order: Order): void;
  filled(order: Order, quantity: bigint): void;
}

export interface Quote {
  readonly price: bigint;
  left: bigint;
}

/** What the house quotes in one market in one second; made by `house.ts`. */
export interface Quotes {
  second: number;
  fair: bigint;
  bids: Quote[];
  asks: Quote[];
  refresh(spec: Instrument, path: Path, second: number, fair: bigint): void;
  side(side: Side): Quote[];
  take(side: Side, quantity: bigint): void;
}

export type AlgoStatus = 'NEW' | 'CANCELED' | 'EXPIRED' | 'TRIGGERING' | 'TRIGGERED' | 'FINISHED' | 'REJECTED';

/** A conditional futures order: not in the book and locking nothing until its trigger price is reached. */
export interface AlgoOrder {
  readonly id: bigint;
  readonly account: Account;
  readonly market: Market<Perpetual>;
  readonly clientId: string;
  readonly type: string;
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly timeInForce: TimeInForce;
  readonly quantity: bigint;
  readonly price: bigint;
  readonly workingType: WorkingType;
  readonly priceProtect: boolean;
  readonly reduceOnly: boolean;
  readonly closePosition: boolean;
  readonly stp: SelfTradePrevention;
  readonly priceMatch: string;
  readonly goodTillDate: number;
  readonly activatePrice: bigint;
  /** Trailing stop: hundredths of a percent, 10..1000. */
  readonly callbackRate: bigint;
  /** Trailing stop: the best price since activation, 0 before. */
  extreme: bigint;
  triggerPrice: bigint;
  status: AlgoStatus;
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

/** What an account has on one perpetual. */
export interface Holding {
  readonly account: Account;
  readonly market: Market<Perpetual>;
  leverage: number;
  isolated: boolean;
  readonly positions: Record<PositionSide, Position>;
  /** Sum of remaining quantity times price over open orders that may open a position, per side. */
  bidNotional: bigint;
  askNotional: bigint;
  readonly open: Set<Order>;
  readonly done: Order[];
  readonly trades: Trade[];
  /** When the dead man's switch cancels everything, ms; 0 = not armed. */
  cancelAllAt: number;
}

export interface Balance {
  free: bigint;
  locked: bigint;
}

/** What an account has on one spot pair. */
export interface PairHolding {
  readonly market: Market<SpotPair>;
  readonly open: Set<Order>;
  readonly done: Order[];
  readonly trades: Trade[];
}

export interface Trade {
  readonly id: number;
  readonly order: Order;
  readonly price: bigint;
  readonly quantity: bigint;
  readonly quote: bigint;
  readonly fee: bigint;
  readonly feeAsset: string;
  readonly realized: bigint;
  readonly maker: boolean;
  readonly time: number;
}

export type IncomeType = 'TRANSFER' | 'REALIZED_PNL' | 'FUNDING_FEE' | 'COMMISSION' | 'INSURANCE_CLEAR';

export interface Income {
  readonly type: IncomeType;
  readonly symbol: string;
  readonly amount: bigint;
  readonly info: string;
  readonly time: number;
  readonly id: number;
  readonly tradeId: string;
}

export interface MarginChange {
  readonly symbol: string;
  readonly positionSide: PositionSide;
  readonly amount: bigint;
  readonly type: 1 | 2;
  readonly time: number;
}

export interface Account {
  readonly id: number;
  readonly key: string;
  readonly secret: string;
  readonly kind: AccountKind;
  readonly createTime: number;
  dualSide: boolean;
  /** Futures wallet in 1e-8 USDT: transfers + realised profit + funding - commission. Isolated wallets are part of it. */
  wallet: bigint;
  updateTime: number;
  readonly spot: Map<string, Balance>;
  readonly holdings: Map<string, Holding>;
  readonly pairs: Map<string, PairHolding>;
  readonly algoOpen: Map<bigint, AlgoOrder>;
  readonly algoDone: AlgoOrder[];
  readonly income: Income[];
  readonly marginChanges: MarginChange[];
  readonly forced: Order[];
  /** Open orders by client id, per market kind. */
  readonly byClientId: Map<string, Order>;
  /** Times (ms) of recent order placements, for the order rate limits. */
  orderCounts: Map<string, { window: number; count: number }>;
}

export interface PublicTrade {
  readonly id: number;
  readonly price: bigint;
  readonly quantity: bigint;
  readonly time: number;
  readonly buyerIsMaker: boolean;
}

export interface Market<Spec extends Perpetual | SpotPair = Perpetual | SpotPair> {
  readonly spec: Spec;
  readonly path: Path;
  readonly book: OrderBook;
  readonly house: Quotes;
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
  /** What the house has bought (+) or sold (-), in 1e-8 of the base asset. */
  houseQuantity: bigint;
  changes: number;
}

/** A price set through the control plane from `time` (ms) on; null hands the market back to the seeded path. */
export interface ScriptPoint {
  readonly time: number;
  readonly price: bigint | null;
  readonly mark: bigint | null;
}

/** Where money that left the users went. In 1e-8, per asset. Users + these = deposits - withdrawals, always. */
export interface Ledger {
  readonly house: Map<string, bigint>;
  readonly fees: Map<string, bigint>;
  readonly insurance: Map<string, bigint>;
  readonly deposits: Map<string, bigint>;
}

/** What the user-data stream carries; the stream turns it into Binance's JSON. */
export type VenueEvent =
  | {
      kind: 'order';
      order: Order;
      execution: 'NEW' | 'TRADE' | 'CANCELED' | 'EXPIRED' | 'AMENDMENT' | 'CALCULATED';
      trade?: Trade;
    }
  | { kind: 'account'; account: Account; reason: string; symbol?: string; change?: bigint }
  | { kind: 'algo'; algo: AlgoOrder }
  | { kind: 'config'; account: Account; holding: Holding };

export interface Venue {
  readonly seed: number;
  /** When the price path starts, ms. */
  readonly origin: number;
  /** The venue's clock, ms; moves only through `advance`. */
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
  /** Rates fixed through the control plane, per symbol, in 1e-8. */
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

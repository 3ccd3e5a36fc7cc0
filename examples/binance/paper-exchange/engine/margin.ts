/**
 * Margin by Binance's documented formulas. Pure: reads accounts and prices, changes nothing.
 *
 *   initialMargin          = max(|P + B|, |P - A|) / leverage       per symbol, one-way
 *   positionInitialMargin  = |P| / leverage
 *   openOrderInitialMargin = the difference, never negative
 *
 * where P is the signed position notional at mark and B, A the notionals of open orders that may open a position.
 */

import type { Side } from './book.ts';
import { abs, max, min, mul, mulDiv, ONE } from './decimal.ts';
import { type Bracket, bracketOf, maintenanceMargin } from './instruments.ts';
import { index, last, mark } from './prices.ts';
import type { Account, Holding, Position, PositionSide } from './state.ts';

/** One row of positionRisk. All in 1e-8 USDT but quantities (1e-8 base). */
export interface Row {
  readonly holding: Holding;
  readonly position: Position;
  readonly mark: bigint;
  readonly notional: bigint;
  readonly unrealized: bigint;
  readonly initial: bigint;
  readonly positionInitial: bigint;
  readonly openOrderInitial: bigint;
  readonly maintenance: bigint;
}

export interface Summary {
  readonly account: Account;
  readonly rows: readonly Row[];
  readonly wallet: bigint;
  readonly crossWallet: bigint;
  readonly unrealized: bigint;
  readonly crossUnrealized: bigint;
  readonly marginBalance: bigint;
  readonly initial: bigint;
  readonly positionInitial: bigint;
  readonly openOrderInitial: bigint;
  readonly maintenance: bigint;
  readonly crossMaintenance: bigint;
  /** Not floored: what a placement is measured against. */
  readonly free: bigint;
  /** Floored at zero: what the account shows. */
  readonly available: bigint;
}

export const positionsOf = (account: Account): readonly PositionSide[] =>
  account.dualSide ? ['LONG', 'SHORT'] : ['BOTH'];

export const unrealized = (position: Position, markPrice: bigint): bigint =>
  mul(position.quantity, markPrice) - position.cost;

/** Initial margin of one position side given open order notionals `bid` and `ask`. */
function initialOf(side: PositionSide, notional: bigint, bid: bigint, ask: bigint, leverage: bigint): bigint {
  switch (side) {
    case 'LONG':
      return mulDiv(notional + bid, 1n, leverage);
    case 'SHORT':
      return mulDiv(abs(notional) + ask, 1n, leverage);
    case 'BOTH':
      return mulDiv(max(abs(notional + bid), abs(notional - ask)), 1n, leverage);
  }
}

export function rowOf(holding: Holding, side: PositionSide): Row {
  const markPrice = mark(holding.market);
  const position = holding.positions[side];
  const notional = mul(position.quantity, markPrice);
  const leverage = BigInt(holding.leverage);
  const positionInitial = mulDiv(abs(notional), 1n, leverage);
  const initial = initialOf(side, notional, holding.bidNotional, holding.askNotional, leverage);
  return {
    holding,
    position,
    mark: markPrice,
    notional,
    unrealized: notional - position.cost,
    initial,
    positionInitial,
    openOrderInitial: initial - positionInitial,
    maintenance: maintenanceMargin(holding.market.spec.brackets, notional),
  };
}

const isUsed = (holding: Holding, side: PositionSide): boolean =>
  holding.positions[side].quantity !== 0n ||
  (side !== 'SHORT' && holding.bidNotional !== 0n) ||
  (side !== 'LONG' && holding.askNotional !== 0n);

/** The rows of an account that have a position or lock margin, in the order the symbols were first used. */
function rowsOf(account: Account): Row[] {
  const rows: Row[] = [];
  for (const holding of account.holdings.values()) {
    for (const side of positionsOf(account)) if (isUsed(holding, side)) rows.push(rowOf(holding, side));
  }
  return rows;
}

/** The futures wallet without what isolated positions keep. */
export function crossWalletOf(account: Account): bigint {
  let { wallet } = account;
  for (const { positions } of account.holdings.values())
    wallet -= positions.BOTH.isolatedWallet + positions.LONG.isolatedWallet + positions.SHORT.isolatedWallet;
  return wallet;
}

export function summarize(account: Account): Summary {
  const rows = rowsOf(account);
  const crossWallet = crossWalletOf(account);
  let [all, cross, initial, positionInitial, maintenance, crossMaintenance, claimed] = [0n, 0n, 0n, 0n, 0n, 0n, 0n];
  for (const row of rows) {
    all += row.unrealized;
    initial += row.initial;
    positionInitial += row.positionInitial;
    maintenance += row.maintenance;
    if (row.holding.isolated) {
      claimed += row.openOrderInitial;
    } else {
      cross += row.unrealized;
      crossMaintenance += row.maintenance;
      claimed += row.initial;
    }
  }
  const collateral = account.kind === 'portfolio' ? collateralOf(account) : 0n;
  const free = collateral + crossWallet + cross - claimed;
  return {
    account,
    rows,
    wallet: account.wallet,
    crossWallet,
    unrealized: all,
    crossUnrealized: cross,
    marginBalance: account.wallet + all,
    initial,
    positionInitial,
    openOrderInitial: initial - positionInitial,
    maintenance,
    crossMaintenance,
    free,
    available: max(0n, free),
  };
}

/** Collateral rates of portfolio margin, in 1e-8. Assets not listed count fully. */
const COLLATERAL_RATES: ReadonlyMap<string, bigint> = new Map([
  ['BTC', 95_000_000n],
  ['ETH', 95_000_000n],
  ['BNB', 95_000_000n],
  ['SOL', 90_000_000n],
  ['XRP', 85_000_000n],
  ['DOGE', 80_000_000n],
]);

/** The USDT value of a portfolio account's margin assets; `haircut` false gives their full value. */
export function collateralOf(account: Account, haircut = true): bigint {
  let sum = 0n;
  for (const [asset, { free, locked }] of account.spot) {
    const market = account.venue.futures.get(`${asset}USDT`);
    const price = asset === 'USDT' ? ONE : market === undefined ? 0n : index(market);
    const value = mul(free + locked, price);
    sum += haircut ? min(value, mul(value, COLLATERAL_RATES.get(asset) ?? ONE)) : value;
  }
  return sum;
}

export interface Sizing {
  readonly side: Side;
  readonly price: bigint;
  readonly quantity: bigint;
  /** How much of the quantity only closes. */
  readonly closing: bigint;
}

/** The price a short is assumed to be filled at when its margin is asked for. */
export function assumedShortPrice(prices: { last: bigint; mark: bigint; order: bigint }): bigint {
  return max(max(mulDiv(prices.last, 10_015n, 10_000n), prices.mark), prices.order);
}

/** What a would-be order adds to the loss shown the moment it is filled. */
export function openLoss(side: Side, quantity: bigint, markPrice: bigint, price: bigint): bigint {
  const direction = side === 'BUY' ? 1n : -1n;
  return mul(quantity, abs(min(0n, direction * (markPrice - price))));
}

/** The free margin an order needs: what it adds to the initial margin plus its open loss. */
export function placementCost(holding: Holding, side: PositionSide, order: Sizing): bigint {
  const markPrice = mark(holding.market);
  const opening = order.quantity - order.closing;
  if (opening <= 0n) return 0n;
  const assumed =
    order.side === 'BUY'
      ? order.price
      : assumedShortPrice({ last: last(holding.market), mark: markPrice, order: order.price });
  const notional = mul(assumed, order.quantity);
  const before = rowOf(holding, side);
  const bid = holding.bidNotional + (order.side === 'BUY' ? notional : 0n);
  const ask = holding.askNotional + (order.side === 'SELL' ? notional : 0n);
  const after = initialOf(side, before.notional, bid, ask, BigInt(holding.leverage));
  return after - before.initial + openLoss(order.side, opening, markPrice, order.price);
}

interface LiquidationInput {
  /** Wallet balance that can be lost: cross wallet, or the isolated wallet. */
  readonly wallet: bigint;
  /** Maintenance margin and unrealised profit of everything else the wallet supports; zero when isolated. */
  readonly otherMaintenance: bigint;
  readonly otherUnrealized: bigint;
  /** The legs of this symbol: signed quantity and cost. */
  readonly legs: readonly { quantity: bigint; cost: bigint }[];
  readonly brackets: readonly Bracket[];
}

/**
 * The price at which margin balance equals maintenance margin. Brackets are tried from the lowest, because the bracket
 * at the answer, not today's, decides; 0 when there is no such price.
 */
export function liquidationPrice(input: LiquidationInput): bigint {
  const net = input.legs.reduce((sum, leg) => sum + leg.quantity, 0n);
  if (net === 0n && input.legs.every((leg) => leg.quantity === 0n)) return 0n;
  let candidate = 0n;
  for (const row of input.brackets) {
    const price = priceInBracket(input, row);
    if (price === null || price <= 0n) continue;
    candidate = price;
    const largest = input.legs.reduce((size, leg) => max(size, abs(mul(leg.quantity, price))), 0n);
    if (bracketOf(input.brackets, largest) === row) return price;
  }
  return candidate;
}

/** `(WB - TMM + UPNL + cum - cost) / (|q| * MMR - q)`, summed over the legs. Null when no price can liquidate. */
export function priceInBracket(input: LiquidationInput, row: Bracket): bigint | null {
  let numerator = input.wallet - input.otherMaintenance + input.otherUnrealized;
  let denominator = 0n;
  for (const leg of input.legs) {
    if (leg.quantity === 0n) continue;
    numerator += row.cum - leg.cost;
    denominator += abs(leg.quantity) * row.rate - leg.quantity * ONE;
  }
  if (denominator === 0n) return null;
  return mulDiv(numerator, ONE * ONE, denominator);
}

/** The liquidation price of one row of an account; 0 when no price the market can have would liquidate it. */
export function liquidationPriceOf(summary: Summary, row: Row): bigint {
  const { holding, position } = row;
  if (position.quantity === 0n) return 0n;
  const price = liquidationPrice(holding.isolated ? isolatedInput(row) : crossInput(summary, row));
  return price > holding.market.spec.priceMax ? 0n : price;
}

const isolatedInput = ({ holding, position }: Row): LiquidationInput => ({
  wallet: position.isolatedWallet,
  otherMaintenance: 0n,
  otherUnrealized: 0n,
  legs: [position],
  brackets: holding.market.spec.brackets,
});

function crossInput(summary: Summary, { holding }: Row): LiquidationInput {
  const others = summary.rows.filter((other) => other.holding !== holding && !other.holding.isolated);
  return {
    wallet: summary.crossWallet,
    otherMaintenance: others.reduce((sum, other) => sum + other.maintenance, 0n),
    otherUnrealized: others.reduce((sum, other) => sum + other.unrealized, 0n),
    legs: summary.rows.filter((other) => other.holding === holding).map((other) => other.position),
    brackets: holding.market.spec.brackets,
  };
}

/** How much of the position `side` reduces, in 1e-8 of the base asset. */
export function reducible(position: Position, side: Side): bigint {
  if (side === 'SELL') return max(0n, position.quantity);
  return max(0n, -position.quantity);
}

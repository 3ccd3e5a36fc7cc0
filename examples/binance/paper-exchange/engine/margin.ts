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
import type { Account, Holding, OrderRequest, Position, PositionSide } from './state.ts';

type Sums<Names extends string> = Readonly<Record<Names, bigint>>;

/** One row of positionRisk, in 1e-8 USDT. */
export type Row = Readonly<ReturnType<typeof rowOf>>;
export type Summary = Readonly<ReturnType<typeof summarize>>;
export const positionsOf = (account: Account): readonly PositionSide[] =>
  account.dualSide ? ['LONG', 'SHORT'] : ['BOTH'];

/** How much of the position `side` reduces, in 1e-8 of the base asset. */
export const reducible = ({ quantity }: Position, side: Side): bigint =>
  max(0n, side === 'SELL' ? quantity : -quantity);

/** Initial margin of one position side given open order notionals `bid` and `ask`. */
function initialOf(side: PositionSide, notional: bigint, bid: bigint, ask: bigint, leverage: number): bigint {
  const long = abs(notional + bid);
  const short = abs(notional - ask);
  return mulDiv(side === 'LONG' ? long : side === 'SHORT' ? short : max(long, short), 1n, BigInt(leverage));
}

export function rowOf(holding: Holding, side: PositionSide) {
  const { market, leverage, bidNotional, askNotional } = holding;
  const position = holding.positions[side];
  const markPrice = mark(market);
  const notional = mul(position.quantity, markPrice);
  const positionInitial = mulDiv(abs(notional), 1n, BigInt(leverage));
  const initial = initialOf(side, notional, bidNotional, askNotional, leverage);
  return {
    holding,
    position,
    mark: markPrice,
    notional,
    unrealized: notional - position.cost,
    initial,
    positionInitial,
    openOrderInitial: initial - positionInitial,
    maintenance: maintenanceMargin(market.spec.brackets, notional),
  };
}

/** The rows of an account that have a position or lock margin, in the order the symbols were first used. */
function rowsOf(account: Account): Row[] {
  const rows: Row[] = [];
  for (const holding of account.holdings.values()) {
    for (const side of positionsOf(account)) {
      const { bidNotional, askNotional, positions } = holding;
      const locks = (side !== 'SHORT' && bidNotional !== 0n) || (side !== 'LONG' && askNotional !== 0n);
      if (locks || positions[side].quantity !== 0n) rows.push(rowOf(holding, side));
    }
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

/** `free` is what a placement is measured against; `available`, never below zero, is what the account shows. */
export function summarize(account: Account) {
  const { wallet } = account;
  const rows = rowsOf(account);
  const crossWallet = crossWalletOf(account);
  let [unrealized, initial, positionInitial, maintenance, claimed] = [0n, 0n, 0n, 0n, 0n];
  let [crossUnrealized, crossMaintenance] = [0n, 0n];
  for (const row of rows) {
    unrealized += row.unrealized;
    initial += row.initial;
    positionInitial += row.positionInitial;
    maintenance += row.maintenance;
    claimed += row.holding.isolated ? row.openOrderInitial : row.initial;
    if (row.holding.isolated) continue;
    crossUnrealized += row.unrealized;
    crossMaintenance += row.maintenance;
  }
  const collateral = account.kind === 'portfolio' ? collateralOf(account) : 0n;
  const free = collateral + crossWallet + crossUnrealized - claimed;
  return {
    account,
    rows,
    wallet,
    crossWallet,
    unrealized,
    crossUnrealized,
    initial,
    positionInitial,
    openOrderInitial: initial - positionInitial,
    maintenance,
    crossMaintenance,
    marginBalance: wallet + unrealized,
    free,
    available: max(0n, free),
  };
}

/** Collateral rates of portfolio margin, in percent. Assets not listed count fully. */
const COLLATERAL_RATES = { BTC: 95n, ETH: 95n, BNB: 95n, SOL: 90n, XRP: 85n, DOGE: 80n } as Record<string, bigint>;

/** The USDT value of a portfolio account's margin assets; `haircut` false gives their full value. */
export function collateralOf(account: Account, haircut = true): bigint {
  let sum = 0n;
  for (const [asset, { free, locked }] of account.spot) {
    const market = account.venue.futures.get(`${asset}USDT`);
    const value = mul(free + locked, asset === 'USDT' ? ONE : market === undefined ? 0n : index(market));
    sum += haircut ? min(value, mulDiv(value, COLLATERAL_RATES[asset] ?? 100n, 100n)) : value;
  }
  return sum;
}

/** The price a short is assumed to be filled at when its margin is asked for. */
export const assumedShortPrice = (prices: Sums<'last' | 'mark' | 'order'>): bigint =>
  max(max(mulDiv(prices.last, 10_015n, 10_000n), prices.mark), prices.order);

/** What a would-be order adds to the loss shown the moment it is filled. */
export const openLoss = (side: Side, quantity: bigint, markPrice: bigint, price: bigint): bigint =>
  mul(quantity, max(0n, side === 'BUY' ? price - markPrice : markPrice - price));

/** An order to be measured, and how much of its quantity only closes. */
export type Sized = Pick<OrderRequest, 'side' | 'positionSide' | 'price' | 'quantity'> & Sums<'closing'>;

/** The free margin an order needs: what it adds to the initial margin plus its open loss. */
export function placementCost(holding: Holding, { side, positionSide, price, quantity, closing }: Sized): bigint {
  const { market, bidNotional, askNotional, leverage } = holding;
  if (quantity <= closing) return 0n;
  const before = rowOf(holding, positionSide);
  const buys = side === 'BUY';
  const assumed = buys ? price : assumedShortPrice({ last: last(market), mark: before.mark, order: price });
  const notional = mul(assumed, quantity);
  const [bid, ask] = buys ? [bidNotional + notional, askNotional] : [bidNotional, askNotional + notional];
  const after = initialOf(positionSide, before.notional, bid, ask, leverage);
  return after - before.initial + openLoss(side, quantity - closing, before.mark, price);
}

/**
 * What a liquidation price depends on: the wallet that can be lost (cross or isolated), maintenance margin and
 * unrealised profit of everything else it supports (zero when isolated), and the legs of this symbol.
 */
interface LiquidationInput extends Sums<'wallet' | 'otherMaintenance' | 'otherUnrealized'> {
  readonly legs: readonly Sums<'quantity' | 'cost'>[];
  readonly brackets: readonly Bracket[];
}

/**
 * The price at which margin balance equals maintenance margin. Brackets are tried from the lowest, because the bracket
 * at the answer, not today's, decides; 0 when there is no such price.
 */
export function liquidationPrice(input: LiquidationInput): bigint {
  if (input.legs.every((leg) => leg.quantity === 0n)) return 0n;
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
  for (const { quantity, cost } of input.legs) {
    if (quantity === 0n) continue;
    numerator += row.cum - cost;
    denominator += abs(quantity) * row.rate - quantity * ONE;
  }
  return denominator === 0n ? null : mulDiv(numerator, ONE * ONE, denominator);
}

/** The liquidation price of one row of an account; 0 when no price the market can have would liquidate it. */
export function liquidationPriceOf({ rows, crossWallet }: Summary, { holding, position }: Row): bigint {
  const { brackets, priceMax } = holding.market.spec;
  if (position.quantity === 0n) return 0n;
  const { isolated } = holding;
  const others = isolated ? [] : rows.filter((other) => other.holding !== holding && !other.holding.isolated);
  const price = liquidationPrice({
    wallet: isolated ? position.isolatedWallet : crossWallet,
    otherMaintenance: others.reduce((sum, other) => sum + other.maintenance, 0n),
    otherUnrealized: others.reduce((sum, other) => sum + other.unrealized, 0n),
    legs: isolated ? [position] : rows.filter((other) => other.holding === holding).map((other) => other.position),
    brackets,
  });
  return price > priceMax ? 0n : price;
}

/** What must hold after every command, computed from the replies and the ledger by other means than the engine's. */
/* oxlint-disable typescript/no-explicit-any, typescript/no-unsafe-return, typescript/no-unsafe-member-access, typescript/no-unsafe-argument, typescript/no-unsafe-assignment, typescript/no-unsafe-call -- replies are parsed JSON: in a test a wrong field shows as a failed expectation */

import { expect } from 'vitest';
import type { Account } from '../engine/state.ts';
import type { Desk } from './harness.ts';

/** "1.5" to 150000000n; the tests' own parser. */
export function units(text: string): bigint {
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.');
  const value = BigInt(whole) * 100_000_000n + BigInt(fraction.padEnd(8, '0').slice(0, 8));
  return text.startsWith('-') ? -value : value;
}

const size = (value: bigint): bigint => (value < 0n ? -value : value);
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** 1. Money is neither made nor lost; 2. the income log explains the wallet. */
export function conserved(desk: Desk): void {
  const { venue } = desk;
  const held = new Map<string, bigint>();
  const add = (asset: string, amount: bigint): void => void held.set(asset, (held.get(asset) ?? 0n) + amount);
  for (const account of venue.accounts.values()) {
    add('USDT', account.wallet);
    for (const [asset, { free, locked }] of account.spot) add(asset, free + locked);
    for (const { positions } of account.holdings.values())
      for (const { cost } of Object.values(positions)) add('USDT', -cost);
    expect(account.income.reduce((sum, row) => sum + row.amount, 0n)).toBe(account.wallet);
  }
  for (const book of [venue.ledger.house, venue.ledger.fees, venue.ledger.insurance])
    for (const [asset, amount] of book) add(asset, amount);
  for (const [asset, amount] of venue.ledger.deposits) expect([asset, held.get(asset)]).toEqual([asset, amount]);
  for (const market of venue.futures.values()) {
    let sum = market.houseQuantity;
    for (const account of venue.accounts.values()) {
      const positions = account.holdings.get(market.spec.symbol)?.positions;
      if (positions !== undefined) for (const { quantity } of Object.values(positions)) sum += quantity;
    }
    expect(sum).toBe(0n);
  }
}

/** 3. Nothing available is negative, and spot locks exactly what open orders need. */
export function covered(desk: Desk, account: Account): void {
  const futures = desk.balances(account);
  expect(units(futures.availableBalance)).toBeGreaterThanOrEqual(0n);
  const rows = desk.ok('GET', '/api/v3/account', {}, account).balances as {
    asset: string;
    free: string;
    locked: string;
  }[];
  const needed = new Map<string, bigint>();
  for (const order of desk.ok('GET', '/api/v3/openOrders', {}, account) as Record<string, string>[]) {
    const left = units(order['origQty'] ?? '') - units(order['executedQty'] ?? '');
    const price = units(order['price'] ?? '') || units(order['stopPrice'] ?? '');
    const [asset, amount] = order['side'] === 'SELL' ? ['BTC', left] : ['USDT', (left * price) / 100_000_000n];
    needed.set(asset, (needed.get(asset) ?? 0n) + amount);
  }
  for (const row of rows) {
    expect(units(row.free)).toBeGreaterThanOrEqual(0n);
    expect([row.asset, units(row.locked)]).toEqual([row.asset, needed.get(row.asset) ?? 0n]);
  }
}

interface OpenRow {
  symbol: string;
  side: string;
  positionSide: string;
  price: string;
  origQty: string;
  executedQty: string;
  reduceOnly: boolean;
}

/** 4. Every row's margin is the documented formula's, and the totals are the sums of the rows. */
export function marginsAddUp(desk: Desk, account: Account): void {
  const rows = desk.ok('GET', '/fapi/v3/positionRisk', {}, account) as Record<string, string>[];
  const orders = desk.ok('GET', '/fapi/v1/openOrders', {}, account) as OpenRow[];
  const config = desk.ok('GET', '/fapi/v1/symbolConfig', {}, account) as { symbol: string; leverage: number }[];
  let total = 0n;
  for (const row of rows) {
    const leverage = config.find((item) => item.symbol === row['symbol'])?.leverage ?? 0;
    const mine = orders.filter((order) => order.symbol === row['symbol'] && order.positionSide === row['positionSide']);
    const notional = (side: string): bigint =>
      mine
        .filter((order) => order.side === side && !order.reduceOnly)
        .reduce(
          (sum, order) => sum + (units(order.price) * (units(order.origQty) - units(order.executedQty))) / 100_000_000n,
          0n,
        );
    const position = (units(row['positionAmt'] ?? '') * units(row['markPrice'] ?? '')) / 100_000_000n;
    const expected = openMargin(row['positionSide'] ?? '', { position, bid: notional('BUY'), ask: notional('SELL') });
    const perLeverage = (value: bigint): number => Number(value) / leverage;
    const shown = Number(units(row['openOrderInitialMargin'] ?? ''));
    // Two divisions are rounded to a unit each.
    expect(Math.abs(shown - (perLeverage(expected) - perLeverage(size(position))))).toBeLessThanOrEqual(1.5);
    total += units(row['openOrderInitialMargin'] ?? '');
  }
  expect(units(desk.balances(account).totalOpenOrderInitialMargin)).toBe(total);
}

function openMargin(side: string, at: { position: bigint; bid: bigint; ask: bigint }): bigint {
  if (side === 'LONG') return at.position + at.bid;
  if (side === 'SHORT') return size(at.position) + at.ask;
  return larger(size(at.position + at.bid), size(at.position - at.ask));
}

const TERMINAL = new Set(['FILLED', 'CANCELED', 'EXPIRED', 'EXPIRED_IN_MATCH']);

/** 9. Orders only fill further, their numbers agree, and what has ended stays as it ended. `seen` is kept between calls. */
export function ordersConsistent(desk: Desk, account: Account, seen: Map<string, Record<string, unknown>>): void {
  for (const path of ['/fapi/v1/allOrders', '/api/v3/allOrders']) {
    for (const row of desk.ok('GET', path, { symbol: 'BTCUSDT', limit: 1000 }, account) as Record<string, string>[]) {
      const key = `${path} ${String(row['orderId'])}`;
      const before = seen.get(key);
      // What was filled before a modification was filled within the old limit.
      if (before !== undefined && before['price'] !== row['price']) seen.set(`${key} moved`, row);
      const executed = units(row['executedQty'] ?? '');
      const quote = units(row['cumQuote'] ?? row['cummulativeQuoteQty'] ?? '');
      expect(executed).toBeGreaterThanOrEqual(0n);
      expect(executed).toBeLessThanOrEqual(units(row['origQty'] ?? ''));
      if (row['status'] === 'NEW') expect(executed).toBe(0n);
      if (row['status'] === 'FILLED') expect(executed).toBe(units(row['origQty'] ?? ''));
      if (row['avgPrice'] !== undefined)
        expect(size((units(row['avgPrice']) * executed) / 100_000_000n - quote)).toBeLessThanOrEqual(
          1n + executed / 100_000_000n,
        );
      if (
        row['type'] === 'LIMIT' &&
        executed > 0n &&
        !seen.has(`${key} moved`) &&
        !(row['clientOrderId'] ?? '').startsWith('autoclose')
      ) {
        const limit = (units(row['price'] ?? '') * executed) / 100_000_000n;
        // 10. Nobody pays more than the limit or gets less.
        if (row['side'] === 'BUY') expect(quote).toBeLessThanOrEqual(limit);
        else expect(quote).toBeGreaterThanOrEqual(limit);
      }
      if (
        row['timeInForce'] === 'FOK' &&
        path.startsWith('/fapi') &&
        (row['status'] === 'EXPIRED' || row['status'] === 'FILLED')
      ) {
        expect([0n, units(row['origQty'] ?? '')]).toContain(executed);
      }
      if (row['timeInForce'] === 'IOC' && String(row['isWorking']) !== 'false')
        expect(TERMINAL.has(row['status'] ?? '')).toBe(true);
      if (before !== undefined && TERMINAL.has(String(before['status']))) expect(row).toEqual(before);
      if (before !== undefined) expect(executed).toBeGreaterThanOrEqual(units(String(before['executedQty'])));
      seen.set(key, row);
    }
  }
}

/** 11. The signed sum of an account's fills is its position, reduce-only fills only reduce, post-only fills are maker. */
export function positionsAddUp(desk: Desk, account: Account): void {
  const trades = desk.ok(
    'GET',
    '/fapi/v1/userTrades',
    { symbol: 'BTCUSDT', limit: 1000, fromId: 0 },
    account,
  ) as Record<string, string | boolean>[];
  const sums: Record<string, bigint> = { BOTH: 0n, LONG: 0n, SHORT: 0n };
  for (const trade of trades) {
    const leg = String(trade['positionSide']);
    const before = sums[leg] ?? 0n;
    const quantity = units(String(trade['qty']));
    const after = before + (trade['side'] === 'BUY' ? quantity : -quantity);
    const order = desk.venue.orders.get(BigInt(String(trade['orderId'])));
    const closesLeg = (leg === 'LONG' && trade['side'] === 'SELL') || (leg === 'SHORT' && trade['side'] === 'BUY');
    if (order?.reduceOnly === true || closesLeg) {
      expect(size(after)).toBeLessThan(size(before));
      expect(after === 0n || after > 0n === before > 0n).toBe(true);
    }
    if (order?.timeInForce === 'GTX') expect(trade['maker']).toBe(true);
    sums[leg] = after;
  }
  const holding = account.holdings.get('BTCUSDT');
  for (const leg of ['BOTH', 'LONG', 'SHORT'] as const) expect(sums[leg]).toBe(holding?.positions[leg].quantity ?? 0n);
}

/** 10. The book is never crossed. */
export function uncrossed(desk: Desk): void {
  for (const path of ['/fapi/v1/depth', '/api/v3/depth']) {
    const { bids, asks } = desk.send('GET', path, 'symbol=BTCUSDT&limit=5').body as {
      bids: string[][];
      asks: string[][];
    };
    const [bid, ask] = [bids[0]?.[0], asks[0]?.[0]];
    if (bid !== undefined && ask !== undefined) expect(units(bid)).toBeLessThan(units(ask));
  }
}

/** 12. Nobody keeps a position whose margin is gone. */
export function solvent(desk: Desk, account: Account): void {
  const rows = desk.ok('GET', '/fapi/v3/positionRisk', {}, account) as Record<string, string>[];
  const v2 = desk.ok('GET', '/fapi/v2/positionRisk', {}, account) as Record<string, string>[];
  const balances = desk.balances(account);
  let maintenance = 0n;
  let positions = 0;
  for (const row of rows) {
    if (units(row['positionAmt'] ?? '') === 0n) continue;
    const isolated = v2.find((item) => item['symbol'] === row['symbol'])?.['marginType'] === 'isolated';
    if (isolated) expect(units(row['isolatedMargin'] ?? '')).toBeGreaterThan(units(row['maintMargin'] ?? ''));
    else {
      maintenance += units(row['maintMargin'] ?? '');
      positions += 1;
    }
  }
  if (positions > 0)
    expect(units(balances.totalCrossWalletBalance) + units(balances.totalCrossUnPnl)).toBeGreaterThan(maintenance);
}

const TEXT = /^-?\d+(\.\d+)?$/;
const NUMERIC = new Set([
  'price',
  'origQty',
  'executedQty',
  'cumQuote',
  'avgPrice',
  'walletBalance',
  'availableBalance',
  'liquidationPrice',
  'notional',
  'isolatedWallet',
]);

/** 15. Decimals are plain: no exponent, no NaN. */
export function plainDecimals(value: unknown): void {
  if (Array.isArray(value)) value.forEach(plainDecimals);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      if (typeof item === 'number')
        expect(Number.isSafeInteger(item) || name === 'amount' || name === 'maintMarginRatio').toBe(true);
      if (NUMERIC.has(name)) expect(item).toMatch(TEXT);
      plainDecimals(item);
    }
  }
}

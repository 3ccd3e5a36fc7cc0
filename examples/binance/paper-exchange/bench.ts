/** `node examples/binance/paper-exchange/bench.ts`: orders matched per second, memory of a full book, time to start. */

import type { Side } from './engine/book.ts';
import { parseDecimal } from './engine/decimal.ts';
import { placeFutures } from './engine/futures.ts';
import type { Perpetual } from './engine/instruments.ts';
import type { Account, Market, OrderRequest, Venue } from './engine/state.ts';
import { react } from './engine/tick.ts';
import { createVenue, openFundedAccount } from './engine/venue.ts';
import { startExchange } from './index.ts';

const ORDERS_PER_SECOND_MIN = 20_000;
const RESTING_BYTES_MAX = 1024 ** 3;
const START_MS_MAX = 300;

const MATCHED = 200_000;
const RESTING = 1_000_000;
/** The most an account may have open in one market. */
const PER_ACCOUNT = 200;

function market(venue: Venue): Market<Perpetual> {
  const found = venue.futures.get('BTCUSDT');
  if (found === undefined) throw new Error('BTCUSDT is not listed');
  return found;
}

const account = (venue: Venue, index: number): Account =>
  openFundedAccount(venue, { key: `bench${index}`, secret: 'bench', kind: 'classic' });

const units = (text: string): bigint => parseDecimal(text) ?? 0n;

function order(side: Side, price: bigint): OrderRequest {
  return {
    side,
    type: 'LIMIT',
    positionSide: 'BOTH',
    timeInForce: 'GTC',
    quantity: units('0.001'),
    price,
    reduceOnly: false,
    clientId: null,
    stp: 'NONE',
    priceMatch: 'NONE',
    goodTillDate: 0,
    closePosition: false,
    stopPrice: 0n,
    quoteQuantity: 0n,
  };
}

/** Users trade with each other inside the house's spread: every second order meets the one before it. */
function matchedPerSecond(): number {
  const venue = createVenue({ seed: 1, origin: Date.UTC(2026, 0, 1) });
  const btc = market(venue);
  // An odd number, so that everybody buys and sells in turn.
  const traders = Array.from({ length: 51 }, (_, i) => account(venue, i));
  const price = units('50000');
  const begin = performance.now();
  for (let i = 0; i < MATCHED; i += 1) {
    const trader = traders[i % traders.length];
    if (trader === undefined) continue;
    placeFutures(trader, btc, order(i % 2 === 0 ? 'BUY' : 'SELL', price));
    react(venue);
  }
  const seconds = (performance.now() - begin) / 1000;
  if (btc.book.bids.size > 1) throw new Error('the orders did not meet');
  return MATCHED / seconds;
}

/** What a book of a million resting orders adds to the process, in bytes. */
function bytesOfFullBook(): { bytes: number; seconds: number } {
  const before = process.memoryUsage().rss;
  const venue = createVenue({ seed: 1, origin: Date.UTC(2026, 0, 1) });
  const btc = market(venue);
  const begin = performance.now();
  let trader = account(venue, 0);
  for (let i = 0; i < RESTING; i += 1) {
    if (i % PER_ACCOUNT === 0) trader = account(venue, i);
    const side: Side = i % 2 === 0 ? 'BUY' : 'SELL';
    const ticks = BigInt((i * 7919) % 100_000);
    const price = side === 'BUY' ? units('49000') - ticks * btc.spec.tick : units('51000') + ticks * btc.spec.tick;
    placeFutures(trader, btc, order(side, price));
  }
  const seconds = (performance.now() - begin) / 1000;
  const bytes = process.memoryUsage().rss - before;
  if (venue.orders.size !== RESTING) throw new Error(`${venue.orders.size} orders rest`);
  return { bytes, seconds };
}

async function startMs(): Promise<number> {
  const begin = performance.now();
  const exchange = await startExchange();
  const response = await fetch(`${exchange.url}/fapi/v1/premiumIndex?symbol=BTCUSDT`);
  await response.text();
  const ms = performance.now() - begin;
  await exchange.close();
  return ms;
}

const report = (what: string, value: string, bound: string, met: boolean): void => {
  process.stdout.write(`${met ? 'ok  ' : 'MISS'} ${what}: ${value} (${bound})\n`);
  if (!met) process.exitCode = 1;
};

const start = await startMs();
report('start to first answer', `${start.toFixed(0)} ms`, `at most ${START_MS_MAX} ms`, start <= START_MS_MAX);
const rate = matchedPerSecond();
report(
  'orders placed and matched',
  `${Math.round(rate)} per second`,
  `at least ${ORDERS_PER_SECOND_MIN}`,
  rate >= ORDERS_PER_SECOND_MIN,
);
const full = bytesOfFullBook();
const mebibytes = Math.round(full.bytes / 1024 ** 2);
report(
  `${RESTING} resting orders`,
  `${mebibytes} MiB, placed in ${full.seconds.toFixed(1)} s`,
  'at most 1024 MiB',
  full.bytes <= RESTING_BYTES_MAX,
);

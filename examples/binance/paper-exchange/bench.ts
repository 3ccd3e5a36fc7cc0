/** `node examples/binance/paper-exchange/bench.ts`: orders matched per second, memory of a full book, time to start. */

import type { Side } from './engine/book.ts';
import { decimal } from './engine/decimal.ts';
import { placeFutures } from './engine/futures.ts';
import type { Perpetual } from './engine/instruments.ts';
import type { Account, Market, OrderRequest, Venue } from './engine/state.ts';
import { react } from './engine/tick.ts';
import { createVenue, openFundedAccount } from './engine/venue.ts';
import { startExchange } from './index.ts';

const ORDERS_PER_SECOND_MIN = 20_000;
const RESTING_MIB_MAX = 1_024;
const START_MS_MAX = 300;
const MATCHED = 200_000;
const RESTING = 1_000_000;
/** The most an account may have open in one market. */
const PER_ACCOUNT = 200;
const QUANTITY = decimal('0.001');

/** Written out, because making it is part of what is measured. */
function order(side: Side, price: bigint): OrderRequest {
  return {
    side,
    type: 'LIMIT',
    positionSide: 'BOTH',
    timeInForce: 'GTC',
    quantity: QUANTITY,
    price,
    reduceOnly: false,
    closePosition: false,
    clientId: null,
    stp: 'NONE',
    priceMatch: 'NONE',
    goodTillDate: 0,
    stopPrice: 0n,
    quoteQuantity: 0n,
  };
}

function fresh(): { venue: Venue; btc: Market<Perpetual>; account: (index: number) => Account } {
  const venue = createVenue({ seed: 1, origin: Date.UTC(2026, 0, 1) });
  const btc = venue.futures.get('BTCUSDT');
  if (btc === undefined) throw new Error('BTCUSDT is not listed');
  const account = (index: number): Account =>
    openFundedAccount(venue, { key: `bench${index}`, secret: 's', kind: 'classic' });
  return { venue, btc, account };
}

/** Users trade with each other inside the house's spread: every second order meets the one before it. */
function matchedPerSecond(): number {
  const { venue, btc, account } = fresh();
  // An odd number, so that everybody buys and sells in turn.
  const traders = Array.from({ length: 51 }, (_, i) => account(i));
  const price = decimal('50000');
  const begin = performance.now();
  for (let i = 0; i < MATCHED; i += 1) {
    placeFutures(traders[i % traders.length] as Account, btc, order(i % 2 === 0 ? 'BUY' : 'SELL', price));
    react(venue);
  }
  if (btc.book.bids.size > 1) throw new Error('the orders did not meet');
  return MATCHED / ((performance.now() - begin) / 1000);
}

/** What a book of a million resting orders adds to the process. */
function fullBook(): { mebibytes: number; seconds: number } {
  const before = process.memoryUsage().rss;
  const { venue, btc, account } = fresh();
  const begin = performance.now();
  let trader = account(0);
  for (let i = 0; i < RESTING; i += 1) {
    if (i % PER_ACCOUNT === 0) trader = account(i);
    const away = BigInt((i * 7919) % 100_000) * btc.spec.tick;
    const request = i % 2 === 0 ? order('BUY', decimal('49000') - away) : order('SELL', decimal('51000') + away);
    placeFutures(trader, btc, request);
  }
  if (venue.orders.size !== RESTING) throw new Error(`${venue.orders.size} orders rest`);
  const mebibytes = Math.round((process.memoryUsage().rss - before) / 1024 ** 2);
  return { mebibytes, seconds: (performance.now() - begin) / 1000 };
}

async function startMs(): Promise<number> {
  const begin = performance.now();
  const exchange = await startExchange();
  await (await fetch(`${exchange.url}/fapi/v1/premiumIndex?symbol=BTCUSDT`)).text();
  const ms = performance.now() - begin;
  await exchange.close();
  return Math.round(ms);
}

function report(what: string, value: string, bound: string, met: boolean): void {
  process.stdout.write(`${met ? 'ok  ' : 'MISS'} ${what}: ${value} (${bound})\n`);
  if (!met) process.exitCode = 1;
}

const start = await startMs();
report('start to first answer', `${start} ms`, `at most ${START_MS_MAX} ms`, start <= START_MS_MAX);
const rate = Math.round(matchedPerSecond());
const least = `at least ${ORDERS_PER_SECOND_MIN}`;
report('orders placed and matched', `${rate} per second`, least, rate >= ORDERS_PER_SECOND_MIN);
const { mebibytes, seconds } = fullBook();
const placed = `${mebibytes} MiB, placed in ${seconds.toFixed(1)} s`;
report(`${RESTING} resting orders`, placed, `at most ${RESTING_MIB_MAX} MiB`, mebibytes <= RESTING_MIB_MAX);

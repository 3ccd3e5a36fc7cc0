/** Request weight per address and placements per account, counted in windows of the venue's clock. */

import { Refusal } from '../engine/refusal.ts';
import type { Account } from '../engine/state.ts';
import type { Fields } from './json.ts';

export type Family = 'spot' | 'futures';

const UNIT_MS = { SECOND: 1_000, MINUTE: 60_000, DAY: 86_400_000 } as const;
/** An address that keeps calling after this many refusals in one minute is banned. */
const REFUSALS_MAX = 50;
const BAN_MS = 120_000;
const ADDRESSES_MAX = 10_000;

interface OrderLimit {
  readonly interval: keyof typeof UNIT_MS;
  readonly intervalNum: number;
  readonly limit: number;
}

/** Weight per minute, and placements per window. */
export const LIMITS: Readonly<Record<Family, { weight: number; orders: readonly OrderLimit[] }>> = {
  spot: {
    weight: 6_000,
    orders: [
      { interval: 'SECOND', intervalNum: 10, limit: 100 },
      { interval: 'DAY', intervalNum: 1, limit: 200_000 },
    ],
  },
  futures: {
    weight: 2_400,
    orders: [
      { interval: 'MINUTE', intervalNum: 1, limit: 1_200 },
      { interval: 'SECOND', intervalNum: 10, limit: 300 },
    ],
  },
};

export const limitRows = (family: Family): Fields[] =>
  LIMITS[family].orders.map((limit) => ({ rateLimitType: 'ORDERS', ...limit }));

/** A 429 or 418 with the seconds to wait. */
export class Throttled extends Refusal {
  readonly retryAfterS: number;

  constructor(status: 418 | 429, code: number, message: string, retryAfterMs: number) {
    super(code, message, status);
    this.retryAfterS = Math.max(1, Math.ceil(retryAfterMs / 1000));
  }
}

export class Weights {
  readonly #used = new Map<string, { window: number; weight: number; refusals: number }>();
  readonly #bans = new Map<string, number>();

  /** Charges `weight`; returns what the address has used this minute. Throws `Throttled` when that is too much. */
  charge(family: Family, ip: string, weight: number, now: number): number {
    const banned = this.#bans.get(ip) ?? 0;
    if (banned > now) throw ban(banned, now);
    const window = Math.floor(now / UNIT_MS.MINUTE);
    const key = `${family} ${ip}`;
    let used = this.#used.get(key);
    if (used?.window !== window) {
      if (this.#used.size >= ADDRESSES_MAX) this.#used.clear();
      this.#used.set(key, (used = { window, weight: 0, refusals: 0 }));
    }
    used.weight += weight;
    const limit = LIMITS[family].weight;
    if (used.weight <= limit) return used.weight;
    used.refusals += 1;
    if (used.refusals > REFUSALS_MAX) {
      this.#bans.set(ip, now + BAN_MS);
      throw ban(now + BAN_MS, now);
    }
    const message = `Too many requests; current limit is ${limit} requests per minute. Please use the websocket for live updates to avoid polling the API.`;
    throw new Throttled(429, -1003, message, (window + 1) * UNIT_MS.MINUTE - now);
  }

  forget(): void {
    this.#used.clear();
    this.#bans.clear();
  }
}

function ban(until: number, now: number): Throttled {
  const message = `Way too many requests; IP banned until ${until}. Please use the websocket for live updates to avoid bans.`;
  return new Throttled(418, -1003, message, until - now);
}

/** The account's placements in the present window of each limit. */
export function orderCounts(account: Account, family: Family, now: number) {
  return LIMITS[family].orders.map((limit) => {
    const name = `${limit.intervalNum}${limit.interval[0] ?? ''}`;
    const key = `${family} ${name}`;
    const ms = limit.intervalNum * UNIT_MS[limit.interval];
    const window = Math.floor(now / ms);
    const found = account.orderCounts.get(key);
    return { ...limit, name, key, window, ends: (window + 1) * ms, count: found?.window === window ? found.count : 0 };
  });
}

/** Counts `orders` placements; returns the headers that tell the counts. Throws `Throttled` when there are too many. */
export function countOrders(account: Account, family: Family, orders: number, now: number): Record<string, string> {
  const windows = orderCounts(account, family, now);
  for (const { limit, interval, intervalNum, ends, count } of windows) {
    if (count + orders <= limit) continue;
    const span = intervalNum === 1 ? interval : `${intervalNum} ${interval}S`;
    throw new Throttled(429, -1015, `Too many new orders; current limit is ${limit} orders per ${span}.`, ends - now);
  }
  const headers: Record<string, string> = {};
  for (const { name, key, window, count } of windows) {
    account.orderCounts.set(key, { window, count: count + orders });
    headers[`X-MBX-ORDER-COUNT-${name}`] = String(count + orders);
  }
  return headers;
}

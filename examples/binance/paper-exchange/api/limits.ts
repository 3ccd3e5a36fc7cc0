/** Request weight per address and placements per account, counted in windows of the venue's clock. */

import { Refusal } from '../engine/refusal.ts';
import type { Account } from '../engine/state.ts';

export type Family = 'spot' | 'futures';
const UNIT_MS = { SECOND: 1_000, MINUTE: 60_000, DAY: 86_400_000 } as const;
/** An address that keeps calling after this many refusals in one minute is banned. */
const REFUSALS_MAX = 50;
const BAN_MS = 120_000;
const ADDRESSES_MAX = 10_000;
const limitRow = (rateLimitType: string, interval: keyof typeof UNIT_MS, intervalNum: number, limit: number) => {
  return { rateLimitType, interval, intervalNum, limit };
};

const WEIGHT_MAX = { spot: 6_000, futures: 2_400 } as const;
const ORDER_LIMITS = {
  spot: [limitRow('ORDERS', 'SECOND', 10, 100), limitRow('ORDERS', 'DAY', 1, 200_000)],
  futures: [limitRow('ORDERS', 'MINUTE', 1, 1_200), limitRow('ORDERS', 'SECOND', 10, 300)],
} as const;

/** The limits as Binance's JSON, the weight's first. */
export const limitRows = (family: Family) => [
  limitRow('REQUEST_WEIGHT', 'MINUTE', 1, WEIGHT_MAX[family]),
  ...ORDER_LIMITS[family],
];

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
    const limit = WEIGHT_MAX[family];
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

/** Each order limit with the account's placements in its present window. */
function windowsOf(account: Account, family: Family, now: number) {
  return ORDER_LIMITS[family].map((limit) => {
    const { interval, intervalNum } = limit;
    const name = `${intervalNum}${interval.charAt(0)}`;
    const ms = intervalNum * UNIT_MS[interval];
    const window = Math.floor(now / ms);
    const found = account.orderCounts.get(`${family} ${name}`);
    return { ...limit, name, window, ends: (window + 1) * ms, count: found?.window === window ? found.count : 0 };
  });
}

/** The order limits of an account as Binance's JSON, with what is used of them. */
export const orderCounts = (account: Account, family: Family, now: number) =>
  windowsOf(account, family, now).map(({ name: _name, window: _window, ends: _ends, ...shown }) => shown);

/** Counts `orders` placements; returns the headers that tell the counts. Throws `Throttled` when there are too many. */
export function countOrders(account: Account, family: Family, orders: number, now: number): Record<string, string> {
  const windows = windowsOf(account, family, now);
  for (const { limit, interval, intervalNum, ends, count } of windows) {
    if (count + orders <= limit) continue;
    const span = intervalNum === 1 ? interval : `${intervalNum} ${interval}S`;
    throw new Throttled(429, -1015, `Too many new orders; current limit is ${limit} orders per ${span}.`, ends - now);
  }
  const headers: Record<string, string> = {};
  for (const { name, window, count } of windows) {
    account.orderCounts.set(`${family} ${name}`, { window, count: count + orders });
    headers[`X-MBX-ORDER-COUNT-${name}`] = String(count + orders);
  }
  return headers;
}

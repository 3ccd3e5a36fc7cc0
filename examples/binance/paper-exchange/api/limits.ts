/** Request weight per address and placements per account, counted in windows of the venue's clock. */

import { Refusal } from '../engine/refusal.ts';
import type { Account } from '../engine/state.ts';

export type Family = 'spot' | 'futures';

const MINUTE_MS = 60_000;
const WEIGHT_MAX: Readonly<Record<Family, number>> = { spot: 6_000, futures: 2_400 };
/** An address that keeps calling after this many refusals in one minute is banned. */
const REFUSALS_MAX = 50;
const BAN_MS = 120_000;
const ADDRESSES_MAX = 10_000;

interface OrderWindow {
  readonly name: string;
  readonly ms: number;
  readonly max: number;
  readonly text: string;
}

export const ORDER_WINDOWS: Readonly<Record<Family, readonly OrderWindow[]>> = {
  futures: [
    { name: '10S', ms: 10_000, max: 300, text: '10 SECONDS' },
    { name: '1M', ms: MINUTE_MS, max: 1_200, text: 'MINUTE' },
  ],
  spot: [
    { name: '10S', ms: 10_000, max: 100, text: '10 SECONDS' },
    { name: '1D', ms: 86_400_000, max: 200_000, text: 'DAY' },
  ],
};

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
    const window = Math.floor(now / MINUTE_MS);
    const key = `${family} ${ip}`;
    let used = this.#used.get(key);
    if (used === undefined || used.window !== window) {
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
    throw new Throttled(429, -1003, message, (window + 1) * MINUTE_MS - now);
  }

  forget(): void {
    this.#used.clear();
    this.#bans.clear();
  }
}

const ban = (until: number, now: number): Throttled =>
  new Throttled(
    418,
    -1003,
    `Way too many requests; IP banned until ${until}. Please use the websocket for live updates to avoid bans.`,
    until - now,
  );

/** Counts `orders` placements; returns the headers that tell the counts. Throws `Throttled` when there are too many. */
export function countOrders(account: Account, family: Family, orders: number, now: number): Record<string, string> {
  const windows = ORDER_WINDOWS[family].map((limit) => {
    const key = `${family} ${limit.name}`;
    const window = Math.floor(now / limit.ms);
    const found = account.orderCounts.get(key);
    return { key, limit, window, count: (found?.window === window ? found.count : 0) + orders };
  });
  for (const { limit, window, count } of windows) {
    if (count <= limit.max) continue;
    const message = `Too many new orders; current limit is ${limit.max} orders per ${limit.text}.`;
    throw new Throttled(429, -1015, message, (window + 1) * limit.ms - now);
  }
  const headers: Record<string, string> = {};
  for (const { key, limit, window, count } of windows) {
    account.orderCounts.set(key, { window, count });
    headers[`X-MBX-ORDER-COUNT-${limit.name}`] = String(count);
  }
  return headers;
}

/**
 * The engine's book and matching with nothing around it: whole numbers, no house, no accounts that run dry. What a
 * matching test needs to compare it with books that know nothing else.
 */

import { Book, remaining, type Side } from '../engine/book.ts';
import { HouseQuotes } from '../engine/house.ts';
import { canFill, match } from '../engine/match.ts';
import { isOpen, newOrder, PLAIN_ORDER } from '../engine/orders.ts';
import type { Account, Market, MarketRules, Order } from '../engine/state.ts';
import { createVenue, openAccount } from '../engine/venue.ts';

export interface PlainOrder {
  readonly id: number;
  readonly who: number;
  readonly side: Side;
  readonly size: number;
  /** Null for a market order. */
  readonly price: number | null;
  readonly timeInForce: 'GTC' | 'IOC' | 'FOK' | 'GTX';
  readonly stp: Order['stp'];
}

/** A trade as the maker's and taker's order id, price and size. */
export interface PlainTrade {
  readonly maker: number;
  readonly taker: number;
  readonly price: number;
  readonly size: number;
}

export type Depth = readonly [
  asks: (readonly [price: number, size: number])[],
  bids: (readonly [price: number, size: number])[],
];

export class PlainBook {
  readonly #market: Market;
  readonly #accounts: Account[];
  readonly #orders = new Map<number, Order>();
  #trades: PlainTrade[] = [];

  constructor(traders: number) {
    const venue = createVenue({ seed: 1, origin: 0 });
    const listed = venue.futures.get('BTCUSDT');
    if (listed === undefined) throw new Error('BTCUSDT is not listed');
    const house = new HouseQuotes();
    // No quotes, now and for ever.
    house.refresh = () => undefined;
    this.#market = { ...listed, book: new Book(), house, rules: this.#rules() };
    this.#accounts = Array.from({ length: traders }, (_, i) =>
      openAccount(venue, { key: `k${i}`, secret: 's', kind: 'classic' }),
    );
  }

  /** The trades the order makes, in order; what is left rests or ends by its time in force. */
  place(plain: PlainOrder): PlainTrade[] {
    this.#trades = [];
    const order = this.#order(plain);
    const limit = plain.price === null ? null : BigInt(plain.price);
    if (plain.timeInForce === 'GTX' && this.#wouldTake(order)) return [];
    if (plain.timeInForce === 'FOK' && limit !== null && !canFill(this.#market, order, limit)) return [];
    match(this.#market, order, limit);
    const rests = plain.price !== null && (plain.timeInForce === 'GTC' || plain.timeInForce === 'GTX');
    if (rests && isOpen(order) && remaining(order) > 0n) {
      this.#orders.set(plain.id, order);
      this.#market.book.add(order);
    }
    return this.#trades;
  }

  /** Whether the order was there. */
  cancel(id: number): boolean {
    const order = this.#orders.get(id);
    if (order === undefined || order.level === null) return false;
    this.#market.book.remove(order);
    this.#orders.delete(id);
    return true;
  }

  depth(): Depth {
    const rows = (side: Side): [number, number][] =>
      [...this.#market.book.side(side)].map((level) => [Number(level.price), Number(level.total)]);
    return [rows('SELL'), rows('BUY')];
  }

  #wouldTake(order: Order): boolean {
    const best = this.#market.book.against(order.side).best?.price;
    return best !== undefined && (order.side === 'BUY' ? best <= order.price : best >= order.price);
  }

  #rules(): MarketRules {
    // Both sides of a trade are settled, the taker's first.
    let taker = 0;
    return {
      room: (order) => order.quantity,
      limit: () => null,
      lock: () => undefined,
      settle: (order, fill) => {
        if (fill.maker) {
          const [price, size] = [Number(fill.price), Number(fill.quantity)];
          this.#trades.push({ maker: Number(order.id), taker, price, size });
        } else taker = Number(order.id);
        return { fee: 0n, feeAsset: 'USDT', realized: 0n };
      },
      filled: () => undefined,
    };
  }

  #order({ id, who, side, size, price, timeInForce, stp }: PlainOrder): Order {
    const account = this.#accounts[who];
    if (account === undefined) throw new Error(`no trader ${who}`);
    const order = newOrder(account, this.#market, {
      ...PLAIN_ORDER,
      clientId: String(id),
      side,
      type: price === null ? 'MARKET' : 'LIMIT',
      timeInForce,
      stp,
      price: BigInt(price ?? 0),
      quantity: BigInt(size),
    });
    return Object.assign(order, { id: BigInt(id) });
  }
}

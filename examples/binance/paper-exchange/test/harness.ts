/** An exchange in memory with a frozen clock, called through the real dispatcher with real signatures but no socket. */
/* oxlint-disable typescript/no-explicit-any, typescript/no-unsafe-return, typescript/no-unsafe-member-access, typescript/no-unsafe-argument, typescript/no-unsafe-assignment, typescript/no-unsafe-call -- replies are parsed JSON: in a test a wrong field shows as a failed expectation */

import { createHmac } from 'node:crypto';
import { control } from '../api/control.ts';
import { dispatch } from '../api/dispatch.ts';
import { Params } from '../api/params.ts';
import { Clock } from '../engine/clock.ts';
import { decimal } from '../engine/decimal.ts';
import type { Account, AccountKind } from '../engine/state.ts';
import { createRuntime, type Runtime, type RuntimeOptions } from '../runtime.ts';

export const START = Date.UTC(2026, 5, 1, 12, 0, 0);

export interface Answer {
  readonly status: number;
  // The reply as its reader sees it: a test looks into it freely.
  readonly body: any;
  readonly headers: Readonly<Record<string, string>>;
}

export type Values = Readonly<Record<string, string | number | boolean | undefined>>;

export class Desk {
  readonly runtime: Runtime;
  readonly account: Account;

  constructor(options: Partial<RuntimeOptions> & { kind?: AccountKind } = {}) {
    const { kind = 'classic', ...rest } = options;
    this.runtime = createRuntime({ seed: 7, limits: false, clock: new Clock({ mode: 'frozen', at: START }), ...rest });
    this.account = this.open(kind);
  }

  get exchange(): Runtime['exchange'] {
    return this.runtime.exchange;
  }

  get venue(): Runtime['exchange']['venue'] {
    return this.exchange.venue;
  }

  /** Another funded account. */
  open(kind: AccountKind = 'classic'): Account {
    const answer = this.paper('accounts', { kind }) as { id: number };
    const account = this.venue.accounts.get(answer.id);
    if (account === undefined) throw new Error('no account');
    return account;
  }

  /** A signed call. Ids in the answer are numbers, or strings when beyond 2^53. */
  call(method: string, path: string, values: Values = {}, account: Account = this.account): Answer {
    const query = encode({ ...values, timestamp: this.exchange.clock.now() });
    const signature = createHmac('sha256', account.secret).update(query).digest('hex');
    return this.send(method, path, `${query}&signature=${signature}`, account.key);
  }

  /** A call that must succeed. */
  ok(method: string, path: string, values: Values = {}, account: Account = this.account): any {
    const answer = this.call(method, path, values, account);
    if (answer.status !== 200)
      throw new Error(`${method} ${path} ${JSON.stringify(values)}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as unknown;
  }

  send(method: string, path: string, query: string, key?: string, body = ''): Answer {
    const reply = dispatch(this.exchange, { method, path, query, body, key, ip: '127.0.0.1' });
    const text = reply.body.replace(/([[:,])(\d{16,})(?=[,}\]])/g, '$1"$2"');
    return {
      status: reply.status,
      headers: reply.headers,
      body: text.startsWith('<') ? text : (JSON.parse(text) as unknown),
    };
  }

  /** A control call; throws its refusal. */
  paper(name: string, values: Values = {}): unknown {
    const params = new Params(
      new Map(Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]))),
    );
    return control(this.exchange, { method: 'POST', path: `/paper/v1/${name}`, params });
  }

  price(price: string, symbol = 'BTCUSDT'): void {
    this.paper('price', { symbol, price });
  }

  advance(ms: number): void {
    this.paper('clock', { advance: ms });
  }

  /** Sets the futures wallet to exactly `usdt`. */
  wallet(usdt: string, account: Account = this.account): void {
    const amount = decimal(usdt) - account.wallet;
    const sign = amount < 0n ? '-' : '';
    const digits = (amount < 0n ? -amount : amount).toString().padStart(9, '0');
    if (amount !== 0n)
      this.paper('deposit', { key: account.key, amount: `${sign}${digits.slice(0, -8)}.${digits.slice(-8)}` });
  }

  leverage(leverage: number, symbol = 'BTCUSDT', account: Account = this.account): void {
    this.ok('POST', '/fapi/v1/leverage', { symbol, leverage }, account);
  }

  /** A resting or crossing limit order. */
  limit(
    side: 'BUY' | 'SELL',
    quantity: string,
    price: string,
    more: Values = {},
    account: Account = this.account,
  ): any {
    return this.ok(
      'POST',
      '/fapi/v1/order',
      { symbol: 'BTCUSDT', side, type: 'LIMIT', timeInForce: 'GTC', quantity, price, ...more },
      account,
    ) as unknown;
  }

  /** Fills a resting order against the house at the order's price, as maker. */
  fill(orderId: number | string, quantity?: string): void {
    this.paper('fill', { orderId: String(orderId), quantity });
  }
  balances(account: Account = this.account): any {
    return this.ok('GET', '/fapi/v3/account', {}, account) as unknown;
  }
  position(symbol = 'BTCUSDT', account: Account = this.account): any {
    return (this.ok('GET', '/fapi/v3/positionRisk', { symbol }, account) as unknown[])[0];
  }
}

export const encode = (values: Values): string =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join('&');

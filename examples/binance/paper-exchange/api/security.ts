/** Who is calling: API key, timestamp and signature, checked in the order the exchange checks them. */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { Refusal, refuse } from '../engine/refusal.ts';
import type { Account, Venue } from '../engine/state.ts';
import { missing, type Params } from './params.ts';

const RECV_WINDOW_MS_DEFAULT = 5_000;
const RECV_WINDOW_MS_MAX = 60_000;
const AHEAD_MS_MAX = 1_000;

export type Request = Readonly<Record<'method' | 'path' | 'query' | 'body' | 'ip', string>> & {
  readonly key: string | undefined;
};

/** The account of the key; 401 when the key is missing, malformed or unknown. */
export function authenticate(venue: Venue, call: Request): Account {
  if (call.key === undefined || !/^[A-Za-z0-9]{16,128}$/.test(call.key)) throw refuse(-2014, 401);
  const account = venue.byKey.get(call.key);
  if (account === undefined || !allows(account, call.path)) {
    const suffix = call.path.startsWith('/fapi') ? `, request ip: ${call.ip}` : '.';
    throw new Refusal(-2015, `Invalid API-key, IP, or permissions for action${suffix}`, 401);
  }
  return account;
}

/** A classic account has no portfolio margin, and a portfolio account trades futures only there. */
function allows(account: Account, path: string): boolean {
  if (path.startsWith('/papi')) return account.kind === 'portfolio';
  if (path.startsWith('/fapi')) return account.kind === 'classic';
  return true;
}

/** Checks signature, then time. Throws a `Refusal`. */
export function verify(venue: Venue, account: Account, call: Request, params: Params): void {
  const timestamp = params.required('timestamp');
  const signature = params.required('signature');
  if (!/^\d{13,16}$/.test(timestamp)) throw missing('timestamp');
  const window = recvWindow(params, call.path);
  const expected = createHmac('sha256', account.secret).update(signedText(call)).digest();
  const given = /^[0-9a-f]{64}$/i.test(signature) ? Buffer.from(signature, 'hex') : Buffer.alloc(0);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw refuse(-1022);
  // Sixteen digits are microseconds, which the exchange takes too.
  const time = timestamp.length === 16 ? Number(timestamp) / 1000 : Number(timestamp);
  if (time >= venue.now + AHEAD_MS_MAX)
    throw new Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.");
  if (venue.now - time > window) throw refuse(-1021);
}

function recvWindow(params: Params, path: string): number {
  const text = params.text('recvWindow');
  if (text === null) return RECV_WINDOW_MS_DEFAULT;
  const shape = path.startsWith('/api/') ? /^\d{1,9}(\.\d{1,3})?$/ : /^\d{1,9}$/;
  if (!shape.test(text)) throw missing('recvWindow');
  if (Number(text) > RECV_WINDOW_MS_MAX) throw refuse(-1131);
  return Number(text);
}

/** What was signed: query without `signature`, joined directly to the body without `signature`. */
export const signedText = (call: { query: string; body: string }): string =>
  withoutSignature(call.query) + withoutSignature(call.body);

const withoutSignature = (raw: string): string =>
  raw
    .split('&')
    .filter((pair) => !pair.startsWith('signature='))
    .join('&');

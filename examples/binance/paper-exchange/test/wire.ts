/** Signed calls over real sockets, for what only a socket can show. */

import { createHmac } from 'node:crypto';
import type { Credentials, PaperExchange } from '../index.ts';
import { encode, type Values } from './harness.ts';

export interface WireAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & { readonly code?: number; readonly msg?: string };
}

export async function call(
  exchange: PaperExchange,
  method: string,
  path: string,
  values: Values = {},
  as: Credentials = exchange,
): Promise<WireAnswer> {
  const query = encode({ ...values, timestamp: Date.now() });
  const signature = createHmac('sha256', as.secret).update(query).digest('hex');
  const response = await fetch(`${exchange.url}${path}?${query}&signature=${signature}`, {
    method,
    headers: { 'X-MBX-APIKEY': as.key },
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as WireAnswer['body'] };
}

/** A control call, refused or not. */
export async function paper(
  exchange: { url: string },
  method: string,
  name: string,
  values?: object,
  headers: Record<string, string> = {},
): Promise<WireAnswer> {
  const response = await fetch(`${exchange.url}/paper/v1/${name}`, {
    method,
    headers,
    ...(values === undefined ? {} : { body: JSON.stringify(values) }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as WireAnswer['body'] };
}

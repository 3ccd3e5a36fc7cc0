/** Replies as JSON text. A bigint is written as a bare integer, whatever its size: ids beyond 2^53 must stay exact. */

import { formatDecimal } from '../engine/decimal.ts';

export type Json =
  | string
  | number
  | boolean
  | null
  | bigint
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };

// In Node since 21; TypeScript's library does not know it yet.
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };

export function toJson(value: Json): string {
  return JSON.stringify(value, (_name, item: unknown) => (typeof item === 'bigint' ? rawJSON(item.toString()) : item));
}

/** Money and margins: eight decimals. */
export const money = (units: bigint): string => formatDecimal(units, 8);

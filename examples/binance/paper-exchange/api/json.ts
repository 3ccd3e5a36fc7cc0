/**
 * Replies as JSON. A noun's fields are written down once, in a dictionary; a shape is the list of those a reply has,
 * by name, or as `name=field` under another.
 */

import { formatDecimal } from '../engine/decimal.ts';

export type Json =
  | string
  | number
  | boolean
  | null
  | bigint
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };

export type Fields = Record<string, Json | undefined>;
export type Dictionary<T> = Readonly<Record<string, (item: T) => Json | undefined>>;

// In Node since 21; TypeScript's library does not know it yet.
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };

/** JSON text. A bigint is written as a bare integer, whatever its size: ids beyond 2^53 must stay exact. */
export function toJson(value: Json): string {
  return JSON.stringify(value, (_name, item: unknown) => (typeof item === 'bigint' ? rawJSON(item.toString()) : item));
}

/** Money and margins: eight decimals. */
export const money = (units: bigint): string => formatDecimal(units, 8);

/** The same value under each of the names. */
export const each = (names: string, value: Json): Fields =>
  Object.fromEntries(names.split(' ').map((name) => [name, value]));

/** Dictionary entries for properties that are written as they are. */
export const own = <T>(...names: (keyof T & string)[]): Dictionary<T> =>
  Object.fromEntries(names.map((name) => [name, (item: T) => item[name] as Json]));

/** Dictionary entries for properties that are money. */
export const sums = <T>(...names: (keyof T & string)[]): Dictionary<T> =>
  Object.fromEntries(names.map((name) => [name, (item: T) => money(item[name] as bigint)]));

/** The writer of a shape. Throws at start when the dictionary lacks a field. */
export function shape<T>(fields: Dictionary<T>, ...words: readonly string[]): (item: T) => Fields {
  const readers = words
    .flatMap((line) => line.split(' '))
    .map((word) => {
      const [name = '', field = name] = word.split('=');
      const read = fields[field];
      if (read === undefined) throw new Error(`no field \`${field}\` for a shape`);
      return [name, read] as const;
    });
  return (item) => Object.fromEntries(readers.map(([name, read]) => [name, read(item)]));
}

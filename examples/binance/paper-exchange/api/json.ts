/**
 * Replies as JSON. How a noun's fields are written is said once, in its dictionary; a shape lists the fields of one
 * reply: `name`, `name=field` for a field under another name, `name:value` for a constant in JSON.
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
export const toJson = (value: Json): string =>
  JSON.stringify(value, (_name, item: unknown) => (typeof item === 'bigint' ? rawJSON(item.toString()) : item));

/** Money and margins: eight decimals. */
export const money = (units: bigint): string => formatDecimal(units, 8);

/** Dictionary entries for properties that are all written by `write`. */
export const written = <T, Value>(
  write: (value: Value, item: T) => Json,
  ...names: (keyof T & string)[]
): Dictionary<T> => Object.fromEntries(names.map((name) => [name, (item: T) => write(item[name] as Value, item)]));

/** Dictionary entries for properties that are written as they are, and for those that are money. */
export const own = <T>(...names: (keyof T & string)[]): Dictionary<T> => written((value: Json) => value, ...names);
export const sums = <T>(...names: (keyof T & string)[]): Dictionary<T> => written(money, ...names);

/** The writer of a shape. Throws at start when the dictionary lacks a field. */
export function shape<T>(fields: Dictionary<T>, ...lines: readonly string[]): (item: T) => Fields {
  const writers = lines
    .flatMap((line) => line.split(' '))
    .map((word) => {
      const [, name = '', sign, rest = ''] = /^(\w+)([=:]?)(.*)$/.exec(word) ?? [];
      const constant = sign === ':' ? (JSON.parse(rest) as Json) : null;
      const write = sign === ':' ? () => constant : fields[rest === '' ? name : rest];
      if (write === undefined) throw new Error(`no field for \`${word}\` in a shape`);
      return [name, write] as const;
    });
  return (item) => Object.fromEntries(writers.map(([name, write]) => [name, write(item)]));
}

/** A shape of constants only. */
export const constants = (...lines: readonly string[]): Fields => shape({}, ...lines)(null);

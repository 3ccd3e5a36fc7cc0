/**
 * Replies as JSON. What is not a plain property of a noun is said once, in its dictionary; a shape lists the fields of a
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

/** Dictionary entries for amounts that are written by `write` instead of as money. */
export const written = <T>(write: (units: bigint, item: T) => string, ...names: (keyof T & string)[]): Dictionary<T> =>
  Object.fromEntries(names.map((name) => [name, (item: T) => write(item[name] as bigint, item)]));

/** A property as it is; an amount as money. Throws when the noun has no such property. */
function property(item: object, name: string): Json {
  const value = (item as Fields)[name];
  if (value === undefined) throw new Error(`a shape asks for \`${name}\`, which is not there`);
  return typeof value === 'bigint' ? money(value) : value;
}

/** The writer of a shape. A field the dictionary does not have is a property of the noun. */
export function shape<T extends object>(fields: Dictionary<T>, ...lines: readonly string[]): (item: T) => Fields {
  const words = lines.flatMap((line) => line.split(' '));
  const writers = words.map((word): [string, (item: T) => Json | undefined] => {
    const [, name = '', sign, rest = ''] = /^(\w+)([=:]?)(.*)$/.exec(word) ?? [];
    const constant = sign === ':' ? (JSON.parse(rest) as Json) : null;
    const field = sign === '=' ? rest : name;
    return [name, sign === ':' ? () => constant : (fields[field] ?? ((item) => property(item, field)))];
  });
  return (item) => Object.fromEntries(writers.map(([name, write]) => [name, write(item)]));
}

export const constants = (...lines: readonly string[]): Fields => shape({}, ...lines)({});

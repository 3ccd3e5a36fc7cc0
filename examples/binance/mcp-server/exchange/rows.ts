/**
 * Turns the exchange's replies into JSON that loses nothing on its way to an agent: ids and decimals are strings
 * (ids exceed 2^53), times and counts stay numbers, booleans stay booleans.
 */
import { type Decimal, decimalOr, plainNumber, zero } from '../decimal.ts';
import { ExchangeFault } from './fault.ts';

export type Json = string | number | boolean | null | readonly Json[] | Row;
export interface Row {
  readonly [field: string]: Json;
}

const ID_FIELD = /(?:^i|I)ds?$/;
const depthMax = 12;

/** @throws ExchangeFault when the reply is no JSON that could be given on */
export function plain(value: unknown, field = '', depth = 0): Json {
  if (depth > depthMax) throw unreadable('it is nested too deeply');
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'bigint':
      return value.toString();
    case 'number':
      if (ID_FIELD.test(field) || !Number.isInteger(value)) return plainNumber(value);
      return value;
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return value.map((each) => plain(each, field, depth + 1));
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each, name, depth + 1)]));
    case 'function':
    case 'symbol':
    case 'undefined':
      throw unreadable(`it holds a ${typeof value}`);
  }
}

export function asRow(value: Json): Row {
  if (typeof value === 'object' && value !== null && !isList(value)) return value;
  throw unreadable('an object was expected');
}

export function asRows(value: Json | undefined): readonly Row[] {
  if (isList(value)) return value.map(asRow);
  throw unreadable('a list was expected');
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The field as text; the empty string where it is absent. */
export function textOf(row: Row | undefined, field: string): string {
  return scalarText(row?.[field]);
}

/** A string, number or boolean as text; the empty string for anything else. */
export function scalarText(value: Json | undefined): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';
}

/**
 * The field as an amount; zero where there is no row, as the exchange leaves out what is nothing.
 * @throws ExchangeFault when the row has no such amount: a figure that was not read is not zero
 */
export function amountOf(row: Row | undefined, field: string): Decimal {
  if (row === undefined) return zero;
  const amount = decimalOr(row[field], undefined);
  if (amount === undefined) throw unreadable(`\`${field}\` is no amount`);
  return amount;
}

export function numberOf(row: Row | undefined, field: string): number | undefined {
  const value = row?.[field];
  return typeof value === 'number' ? value : undefined;
}

/** @throws ExchangeFault when the row has no such number */
export function needNumber(row: Row, field: string): number {
  const value = numberOf(row, field);
  if (value === undefined) throw unreadable(`\`${field}\` is no number`);
  return value;
}

/** The listed fields of the row, those present only. */
export function pick(row: Row, ...fields: readonly string[]): Row {
  return Object.fromEntries(fields.flatMap((field) => (row[field] === undefined ? [] : [[field, row[field]]])));
}

/** For an answer that came and does not say what it must. */
export function unreadable(why: string): ExchangeFault {
  return new ExchangeFault({ kind: 'unknown', message: `the exchange's answer could not be read: ${why}` });
}

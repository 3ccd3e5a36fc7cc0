/** JSON values as rules see them: their type in words, strict equality, exact order. */
import { compareDecimals, type Decimal, decimalText, parseDecimal } from '../../domain/decimal.ts';
import { isJsonArray, isJsonObject, JsonNumber, type JsonValue } from '../../domain/json.ts';

export type JsonType = 'null' | 'a boolean' | 'a string' | 'a number' | 'a list' | 'an object';

export function jsonType(value: JsonValue): JsonType {
  if (value === null) return 'null';
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'boolean') return 'a boolean';
  if (value instanceof JsonNumber) return 'a number';
  return Array.isArray(value) ? 'a list' : 'an object';
}

/** Doubles hold every decimal of up to 15 digits in order and apart, so these texts may be compared as doubles. */
const doubleSafeLength = 15;

export interface Comparable {
  readonly text: string;
  /** The double, where it decides exactly. */
  readonly double: number | undefined;
  readonly decimal: Decimal;
}

/** A number, or a string that is a whole JSON number; undefined for anything else and for what is out of bounds. */
export function comparable(value: JsonValue): Comparable | undefined {
  const text = numericText(value);
  if (text === undefined) return undefined;
  const decimal = parseDecimal(text);
  return decimal === undefined ? undefined : { text, decimal, double: safeDouble(text) };
}

export function numericText(value: JsonValue): string | undefined {
  if (value instanceof JsonNumber) return value.text;
  return typeof value === 'string' ? value : undefined;
}

/** Exponents are left to the exact way: `1e-400` is no double. */
function safeDouble(text: string): number | undefined {
  return text.length <= doubleSafeLength && plainNumber.test(text) ? Number(text) : undefined;
}

const plainNumber = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;

/** What a product or sum gives: exact, and not bounded by the length that a written number may have. */
export class ComputedNumber extends JsonNumber {
  readonly decimal: Decimal;
  constructor(decimal: Decimal) {
    super(decimalText(decimal));
    this.decimal = decimal;
  }
}

/** The exact value of a number or of a string that is one; undefined for anything else and for what is out of bounds. */
export function decimalValue(value: JsonValue): Decimal | undefined {
  if (value instanceof ComputedNumber) return value.decimal;
  const text = numericText(value);
  return text === undefined ? undefined : parseDecimal(text);
}

/** Order of a value seen against a known number; undefined where the value is no number within bounds. */
export function compareWith(seen: JsonValue, known: Comparable): -1 | 0 | 1 | undefined {
  const text = numericText(seen);
  if (text === undefined) return undefined;
  if (known.double !== undefined) {
    const double = safeDouble(text);
    if (double !== undefined) return double < known.double ? -1 : double > known.double ? 1 : 0;
  }
  const decimal = decimalValue(seen);
  return decimal === undefined ? undefined : compareDecimals(decimal, known.decimal);
}

/** Strict by type, exact for numbers, member by member for lists and objects. */
export function equalValues(a: JsonValue, b: JsonValue): boolean {
  if (a instanceof JsonNumber) return b instanceof JsonNumber && equalNumbers(a, b);
  if (isJsonArray(a)) {
    if (!isJsonArray(b) || a.length !== b.length) return false;
    return a.every((element, i) => equalValues(element, b[i] as JsonValue));
  }
  if (!isJsonObject(a)) return a === b;
  if (!isJsonObject(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && equalValues(a[key] as JsonValue, b[key] as JsonValue));
}

/** Numbers out of the exact reader's bounds are equal only as the same text: nothing else can be said cheaply. */
function equalNumbers(a: JsonNumber, b: JsonNumber): boolean {
  if (a.text === b.text) return true;
  const x = decimalValue(a);
  const y = decimalValue(b);
  return x !== undefined && y !== undefined && compareDecimals(x, y) === 0;
}

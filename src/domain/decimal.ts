/**
 * Exact decimals: the value of a JSON number by its text, never through a double. Bounded, so that a short text cannot
 * ask for a long computation.
 */
export interface Decimal {
  /** The value is `digits × 10^-scale`. */
  readonly digits: bigint;
  readonly scale: number;
}

export const decimalTextLengthMax = 400;
export const decimalExponentMax = 400;

const grammar = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

/** The value of a whole JSON number, or undefined where the text is none or is out of bounds. */
export function parseDecimal(text: string): Decimal | undefined {
  if (text.length > decimalTextLengthMax) return undefined;
  const match = grammar.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match;
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > decimalExponentMax) return undefined;
  const digits = BigInt(sign + whole + fraction);
  const scale = fraction.length - exponent;
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

/** Negative, zero or positive as a is less than, equal to or greater than b. */
export function compareDecimals(a: Decimal, b: Decimal): -1 | 0 | 1 {
  const x = a.scale < b.scale ? a.digits * 10n ** BigInt(b.scale - a.scale) : a.digits;
  const y = b.scale < a.scale ? b.digits * 10n ** BigInt(a.scale - b.scale) : b.digits;
  if (x === y) return 0;
  return x < y ? -1 : 1;
}

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { digits: a.digits * 10n ** BigInt(scale - a.scale) + b.digits * 10n ** BigInt(scale - b.scale), scale };
}

export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, scale: a.scale + b.scale };
}

/** The shortest plain text without exponent: `0.001`, `1000`, `0`. */
export function decimalText(value: Decimal): string {
  const negative = value.digits < 0n;
  let text = (negative ? -value.digits : value.digits).toString();
  if (value.scale > 0) {
    text = text.padStart(value.scale + 1, '0');
    const point = text.length - value.scale;
    const fraction = text.slice(point).replace(/0+$/, '');
    text = text.slice(0, point) + (fraction === '' ? '' : `.${fraction}`);
  }
  return negative && text !== '0' ? `-${text}` : text;
}

/**
 * Fixed point arithmetic. Every price, quantity and amount of money in the engine is a bigint in units of 1e-8.
 * Ticks and steps are chosen so that price times quantity is exact; where a division must round, it rounds half to
 * even, so that no side of a trade is favoured.
 */

export const ONE = 100_000_000n;
const DECIMALS = 8;

/** `text` in plain decimal notation (no exponent, no sign other than a leading minus) to 1e-8 units. Null when it is not one. */
export function parseDecimal(text: string): bigint | null {
  const match = /^(-?)(\d{1,20})(?:\.(\d{1,20}))?$/.exec(text);
  if (match === null) return null;
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  if (fraction.length > DECIMALS) return null;
  const units = BigInt((match[2] ?? '0') + fraction.padEnd(DECIMALS, '0'));
  return match[1] === '-' ? -units : units;
}

/** A constant of the program text; throws when it is not a decimal. */
export function decimal(text: string): bigint {
  const units = parseDecimal(text);
  if (units === null) throw new Error(`\`${text}\` is not a decimal with at most ${DECIMALS} places`);
  return units;
}

/** 1e-8 units to text with exactly `places` decimals, half to even. */
export function formatDecimal(units: bigint, places = DECIMALS): string {
  const scale = 10n ** BigInt(DECIMALS - places);
  const rounded = scale === 1n ? units : mulDiv(units, 1n, scale);
  const negative = rounded < 0n;
  const digits = (negative ? -rounded : rounded).toString().padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  const text = places === 0 ? whole : `${whole}.${digits.slice(-places)}`;
  return negative ? `-${text}` : text;
}

/** 1e-8 units to the shortest exact text: `0.5`, `45000`, `-3`. */
export function formatShort(units: bigint): string {
  const text = formatDecimal(units);
  return text.replace(/\.?0+$/, '');
}

/** `a * b / c`, half to even. `c` is not zero. */
export function mulDiv(a: bigint, b: bigint, c: bigint): bigint {
  const product = a * b;
  const quotient = product / c;
  const remainder = product - quotient * c;
  if (remainder === 0n) return quotient;
  const twice = abs(remainder) * 2n;
  const divisor = abs(c);
  const away = product < 0n === c < 0n ? 1n : -1n;
  if (twice > divisor || (twice === divisor && (quotient & 1n) === 1n)) return quotient + away;
  return quotient;
}

/** The product of two fixed point numbers. */
export const mul = (a: bigint, b: bigint): bigint => mulDiv(a, b, ONE);
export const abs = (value: bigint): bigint => (value < 0n ? -value : value);
export const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

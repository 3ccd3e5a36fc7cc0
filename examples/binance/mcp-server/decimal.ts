/**
 * Exact decimal arithmetic on the strings that the exchange speaks.
 * A price, a quantity or a margin is never a float here: 0.1 + 0.2 is 0.3.
 */

/** A decimal number: `units` x 10^-`scale`. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

const TEXT = /^([+-]?)(\d+)(?:\.(\d+))?$/;

/** The longest text that is read; more digits than any amount the exchange knows. */
const decimalCharactersMax = 64;

/**
 * Reads a plain decimal text such as `-12.340`.
 * @throws RangeError for anything else, exponents included.
 */
export function decimal(text: string): Decimal {
  const match = text.length <= decimalCharactersMax ? TEXT.exec(text) : null;
  if (match === null) throw new RangeError(`not a plain decimal: ${JSON.stringify(text.slice(0, 80))}`);
  const fraction = match[3] ?? '';
  const units = BigInt((match[2] ?? '') + fraction);
  return { units: match[1] === '-' ? -units : units, scale: fraction.length };
}

/** Reads a decimal, or answers `undefined` where `value` is no decimal text (an absent row, an empty field). */
export function decimalOr<T>(value: unknown, otherwise: T): Decimal | T {
  if (typeof value === 'string' && value.length <= decimalCharactersMax && TEXT.test(value)) return decimal(value);
  if (typeof value === 'number' && Number.isFinite(value)) return decimal(plainNumber(value));
  return otherwise;
}

export const zero: Decimal = { units: 0n, scale: 0 };

/** Writes a JavaScript number without an exponent: 1e-7 becomes `0.0000001`. */
export function plainNumber(value: number): string {
  const text = String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const digits = (match[2] ?? '') + (match[3] ?? '');
  const point = 1 + Number(match[4]);
  const sign = match[1] ?? '';
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits + '0'.repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function rescale(a: Decimal, scale: number): bigint {
  return a.units * 10n ** BigInt(scale - a.scale);
}

export function add(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: rescale(a, scale) + rescale(b, scale), scale };
}

function negate(a: Decimal): Decimal {
  return { units: -a.units, scale: a.scale };
}

export function subtract(a: Decimal, b: Decimal): Decimal {
  return add(a, negate(b));
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, scale: a.scale + b.scale };
}

/** a / b, cut towards zero after `scale` digits. @throws RangeError when b is zero. */
export function divide(a: Decimal, b: Decimal, scale = 16): Decimal {
  if (b.units === 0n) throw new RangeError('division by zero');
  const shift = scale + b.scale - a.scale;
  const numerator = shift >= 0 ? a.units * 10n ** BigInt(shift) : a.units / 10n ** BigInt(-shift);
  return { units: numerator / b.units, scale };
}

export function compare(a: Decimal, b: Decimal): -1 | 0 | 1 {
  const difference = subtract(a, b).units;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export function absolute(a: Decimal): Decimal {
  return a.units < 0n ? negate(a) : a;
}

export function isZero(a: Decimal): boolean {
  return a.units === 0n;
}

export function isPositive(a: Decimal): boolean {
  return a.units > 0n;
}

export function maximum(a: Decimal, b: Decimal): Decimal {
  return compare(a, b) >= 0 ? a : b;
}

export function minimum(a: Decimal, b: Decimal): Decimal {
  return compare(a, b) <= 0 ? a : b;
}

/** The largest multiple of `step` that is not above `a` (towards zero). A step of zero leaves `a` as it is. */
export function floorToStep(a: Decimal, step: Decimal): Decimal {
  if (isZero(step)) return a;
  const scale = Math.max(a.scale, step.scale);
  const units = rescale(a, scale);
  const size = rescale(step, scale);
  return { units: units - (units % size), scale };
}

/** Cuts (towards zero) to at most `scale` digits after the point. */
export function truncate(a: Decimal, scale: number): Decimal {
  if (a.scale <= scale) return a;
  return { units: a.units / 10n ** BigInt(a.scale - scale), scale };
}

/** Rounds half away from zero to at most `scale` digits: for what people read, never for what is sent. */
export function round(a: Decimal, scale: number): Decimal {
  if (a.scale <= scale) return a;
  const size = 10n ** BigInt(a.scale - scale);
  const half = a.units < 0n ? -size / 2n : size / 2n;
  return { units: (a.units + half) / size, scale };
}

/** Plain text without needless zeros: `4.50000000` becomes `4.5`. */
export function show(a: Decimal): string {
  const text = exact(a);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Plain text with exactly `digits` after the point, cut towards zero: how the exchange writes balances and margins. */
export function fixed(a: Decimal, digits = 8): string {
  const cut = truncate(a, digits);
  return exact({ units: rescale(cut, digits), scale: digits });
}

/** Plain text with every digit of the scale. */
export function exact(a: Decimal): string {
  const sign = a.units < 0n ? '-' : '';
  const digits = (a.units < 0n ? -a.units : a.units).toString().padStart(a.scale + 1, '0');
  if (a.scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -a.scale)}.${digits.slice(-a.scale)}`;
}

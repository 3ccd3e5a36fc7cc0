import { isJsonArray, isJsonObject, JsonNumber, type JsonValue } from '../domain/json.ts';

/**
 * The canonical text of a JSON value: RFC 8785, but numbers in exact decimal form instead of a double's shortest, so
 * that two values have one text exactly when they are equal (`1e2`, `100` and `100.0` are one number).
 */
export function canonicalText(value: JsonValue): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value instanceof JsonNumber) return exactDecimal(value.text);
  if (isJsonArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (!isJsonObject(value)) throw new TypeError('not a JSON value');
  // Sorted by UTF-16 code units, which is how JavaScript compares strings.
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalText(value[key] as JsonValue)}`);
  return `{${members.join(',')}}`;
}

const PLAIN = /^(?:0|-?[1-9][0-9]*)$/;

/** A JSON number without exponent, without trailing zeros, `-0` as `0`. Exponents beyond ±400 keep scientific form. */
export function exactDecimal(text: string): string {
  if (PLAIN.test(text)) return text;
  const match = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(text);
  if (match === null) throw new TypeError(`${text} is no JSON number`);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  // value = 0.<significant> × 10^point
  const point = digits.length - fraction.length + Number(exponent);
  if (Math.abs(point) > 400) return `${sign}0.${significant}e${point}`;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${significant}`;
  if (point >= significant.length) return sign + significant + '0'.repeat(point - significant.length);
  return `${sign}${significant.slice(0, point)}.${significant.slice(point)}`;
}

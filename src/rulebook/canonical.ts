/** Content hashes: over the value, keys sorted and numbers by value, so that comments, order and spelling do not count. */
import { createHash } from 'node:crypto';
import { decimalText, parseDecimal } from '../domain/decimal.ts';
import { isJsonArray, isJsonObject, JsonNumber, type JsonValue } from '../domain/json.ts';

export function canonicalText(value: JsonValue): string {
  if (value instanceof JsonNumber) {
    const decimal = parseDecimal(value.text);
    return decimal === undefined ? value.text : decimalText(decimal);
  }
  if (isJsonArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalText(value[key] as JsonValue)}`);
  return `{${members.join(',')}}`;
}

export function contentHash(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** Short and stable, for the counters of limits without a name. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

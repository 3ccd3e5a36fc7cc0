/** The parameters of a request: query first, then form body; a name in both counts as in the query. */

import { formatShort, parseDecimal } from '../engine/decimal.ts';
import { Refusal } from '../engine/refusal.ts';

const SHOWN_MAX = 40;

/** `a=1&b=2` to pairs in order. Throws a `Refusal` on broken percent encoding. */
function parsePairs(raw: string): [string, string][] {
  if (raw === '') return [];
  return raw.split('&').map((pair) => {
    const at = pair.indexOf('=');
    const name = at < 0 ? pair : pair.slice(0, at);
    return [unescape(name), unescape(at < 0 ? '' : pair.slice(at + 1))];
  });
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new Refusal(
      -1100,
      `Illegal characters found in a parameter: \`${text.slice(0, SHOWN_MAX)}\` is not percent-encoded UTF-8.`,
    );
  }
}

export const missing = (name: string): Refusal =>
  new Refusal(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);

export class Params {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  static from(query: string, body: string): Params {
    const values = new Map<string, string>();
    for (const [name, value] of [...parsePairs(body), ...parsePairs(query)]) values.set(name, value);
    return new Params(values);
  }

  /** A flat JSON object, as the control plane takes it: numbers in plain decimals, lists and objects as their JSON. */
  static fromJson(query: string, body: string): Params {
    const values = new Map(parsePairs(query));
    if (body.trim() === '') return new Params(values);
    let parsed: unknown;
    try {
      parsed = JSON.parse(body);
    } catch (error) {
      throw new Refusal(-1130, `the body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
      throw new Refusal(-1130, 'the body must be a JSON object');
    for (const [name, value] of Object.entries(parsed)) if (value !== null) values.set(name, plainText(value));
    return new Params(values);
  }

  /** The same parameters with some set. */
  with(more: Readonly<Record<string, string>>): Params {
    return new Params(new Map([...this.#values, ...Object.entries(more)]));
  }

  /** For the journal, and for batch routes that make one parameter set per order. */
  toObject(): Record<string, string> {
    return Object.fromEntries(this.#values);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The text of a parameter; null when it is absent or empty. */
  text(name: string): string | null {
    const value = this.#values.get(name);
    return value === undefined || value === '' ? null : value;
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === null) throw missing(name);
    return value;
  }

  /** Refuses a parameter that has no business here. */
  forbid(...names: string[]): void {
    for (const name of names) {
      if (this.text(name) !== null) throw new Refusal(-1106, `Parameter '${name}' sent when not required.`);
    }
  }

  /** A whole number within bounds, or `fallback` when absent. */
  integer<F extends number | null>(name: string, fallback: F, bounds: { min?: number; max?: number } = {}): number | F {
    const value = this.text(name);
    if (value === null) return fallback;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (Number.isNaN(number)) throw illegal(name, '^[0-9]{1,15}$');
    if (number < (bounds.min ?? 0) || number > (bounds.max ?? Number.MAX_SAFE_INTEGER)) {
      throw new Refusal(-1130, `Data sent for parameter '${name}' is not valid.`);
    }
    return number;
  }

  /** A decimal in 1e-8 units; null when absent. Refuses signs, exponents and more than 8 places. */
  decimal(name: string): bigint | null {
    const value = this.text(name);
    if (value === null) return null;
    if (!/^-?\d{1,20}(\.\d{1,20})?$/.test(value)) throw illegal(name, '^([0-9]{1,20})(\\.[0-9]{1,20})?$');
    const units = parseDecimal(value);
    if (units === null) throw new Refusal(-1111, 'Precision is over the maximum defined for this asset.');
    return units;
  }

  requiredDecimal(name: string): bigint {
    const value = this.decimal(name);
    if (value === null) throw missing(name);
    return value;
  }

  /** An order id of any size; null when absent. */
  id(name: string): bigint | null {
    const value = this.text(name);
    if (value === null) return null;
    if (!/^\d{1,19}$/.test(value)) throw illegal(name, '^[0-9]{1,19}$');
    return BigInt(value);
  }

  /** One of `choices`, or `fallback` when absent; anything else is refused with `code` and `message`. */
  choice<const T extends string, F extends T | null>(
    name: string,
    choices: readonly T[],
    fallback: F,
    refusal?: { code: number; message: string },
  ): T | F {
    const value = this.text(name);
    if (value === null) return fallback;
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    throw new Refusal(refusal?.code ?? -1130, refusal?.message ?? `Data sent for parameter '${name}' is not valid.`);
  }

  boolean(name: string, fallback = false): boolean {
    const value = this.text(name);
    if (value === null) return fallback;
    if (/^true$/i.test(value)) return true;
    if (/^false$/i.test(value)) return false;
    throw new Refusal(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);
  }
}

/** A JSON value as parameter text; a number never with an exponent. */
export function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'number') return JSON.stringify(value);
  const text = String(value);
  return /e/i.test(text) && Math.abs(value) < 1e12 ? formatShort(BigInt(Math.round(value * 1e8))) : text;
}

const illegal = (name: string, pattern: string): Refusal =>
  new Refusal(-1100, `Illegal characters found in parameter '${name}'; legal range is '${pattern}'.`);

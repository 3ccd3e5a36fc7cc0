/** The parameters of a request: query first, then form body; a name in both counts as in the query. */

import { formatShort, parseDecimal } from '../engine/decimal.ts';
import { Refusal, type RefusalCode, refuse } from '../engine/refusal.ts';

const SHOWN_MAX = 40;

/** `a=1&b=2` to pairs in order. Throws a `Refusal` on broken percent encoding. */
function parsePairs(raw: string): [string, string][] {
  if (raw === '') return [];
  return raw.split('&').map((pair) => {
    const [name = '', ...rest] = pair.split('=');
    return [unescape(name), unescape(rest.join('='))];
  });
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    const shown = text.slice(0, SHOWN_MAX);
    throw new Refusal(-1100, `Illegal characters found in a parameter: \`${shown}\` is not percent-encoded UTF-8.`);
  }
}

const illegal = (name: string, pattern: string): Refusal =>
  new Refusal(-1100, `Illegal characters found in parameter '${name}'; legal range is '${pattern}'.`);
export const missing = (name: string): Refusal =>
  new Refusal(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);
export const unwanted = (name: string): Refusal => new Refusal(-1106, `Parameter '${name}' sent when not required.`);
export const invalid = (name: string): Refusal => new Refusal(-1130, `Data sent for parameter '${name}' is not valid.`);

/** The value, or the refusal that says it is missing. */
export function must<T>(name: string, value: T | null): T {
  if (value === null) throw missing(name);
  return value;
}

export class Params {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: Iterable<readonly [string, string]>) {
    this.#values = new Map(values);
  }

  static from(query: string, body: string): Params {
    return new Params([...parsePairs(body), ...parsePairs(query)]);
  }

  /** A flat JSON object, as the control plane takes it: numbers in plain decimals, lists and objects as their JSON. */
  static fromJson(query: string, body: string): Params {
    let parsed: unknown;
    try {
      parsed = body.trim() === '' ? {} : JSON.parse(body);
    } catch (error) {
      throw new Refusal(-1130, `the body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
      throw new Refusal(-1130, 'the body must be a JSON object');
    const given = Object.entries(parsed).filter(([, value]) => value !== null);
    return new Params([...parsePairs(query), ...given.map(([name, value]) => [name, plainText(value)] as const)]);
  }

  with(more: Readonly<Record<string, string>>): Params {
    return new Params([...this.#values, ...Object.entries(more)]);
  }

  toObject(): Record<string, string> {
    return Object.fromEntries(this.#values);
  }

  /** The text of a parameter; null when it is absent or empty. */
  text(name: string): string | null {
    const value = this.#values.get(name);
    return value === undefined || value === '' ? null : value;
  }

  has(name: string): boolean {
    return this.text(name) !== null;
  }

  required(name: string): string {
    return must(name, this.text(name));
  }

  /** Of several spellings the one that is there; the first when none is. */
  spelled(...names: readonly [string, ...string[]]): string {
    return names.find((name) => this.has(name)) ?? names[0];
  }

  forbid(...names: readonly string[]): void {
    for (const name of names) if (this.has(name)) throw unwanted(name);
  }

  /** The text if it matches `legal`, which the refusal shows; null when absent. */
  matching(name: string, legal: RegExp, shown = legal.source): string | null {
    const value = this.text(name);
    if (value !== null && !legal.test(value)) throw illegal(name, shown);
    return value;
  }

  /** A whole number within bounds, or `fallback` when absent. */
  integer<F extends number | null>(name: string, fallback: F, bounds: { min?: number; max?: number } = {}): number | F {
    const value = this.matching(name, /^\d{1,15}$/, '^[0-9]{1,15}$');
    if (value === null) return fallback;
    const number = Number(value);
    if (number < (bounds.min ?? 0) || number > (bounds.max ?? number)) throw invalid(name);
    return number;
  }

  /** A decimal in 1e-8 units; null when absent. Refuses exponents and more than 8 places. */
  decimal(name: string): bigint | null {
    const value = this.matching(name, /^-?\d{1,20}(\.\d{1,20})?$/, '^([0-9]{1,20})(\\.[0-9]{1,20})?$');
    if (value === null) return null;
    const units = parseDecimal(value);
    if (units === null) throw refuse(-1111);
    return units;
  }

  requiredDecimal(name: string): bigint {
    return must(name, this.decimal(name));
  }

  id(name: string): bigint | null {
    const value = this.matching(name, /^\d{1,19}$/, '^[0-9]{1,19}$');
    return value === null ? null : BigInt(value);
  }

  /** One of `choices`, or `none` when absent; anything else is refused, with `code` if given. */
  choice<const T extends string, F extends T | null>(name: string, choices: readonly T[], none: F, code?: RefusalCode) {
    const value = this.text(name);
    const found = value === null ? none : choices.find((choice) => choice === value);
    if (found === undefined) throw code === undefined ? invalid(name) : refuse(code);
    return found;
  }

  boolean(name: string, fallback = false): boolean {
    const value = this.text(name)?.toLowerCase() ?? String(fallback);
    if (value !== 'true' && value !== 'false') throw missing(name);
    return value === 'true';
  }
}

/** A JSON value as parameter text; a number never with an exponent. */
export function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'number') return JSON.stringify(value);
  const text = String(value);
  return /e/i.test(text) && Math.abs(value) < 1e12 ? formatShort(BigInt(Math.round(value * 1e8))) : text;
}

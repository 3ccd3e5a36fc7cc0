/** `{product: […]}` and `{sum: […]}`: exact, over numbers and strings that are numbers. */
import { addDecimals, type Decimal, multiplyDecimals, parseDecimal } from '../../domain/decimal.ts';
import { JsonNumber, type JsonValue } from '../../domain/json.ts';
import type { NumericSource } from '../../domain/policy-document.ts';
import type { Evaluation } from './evaluation.ts';
import { type Path, parsePath, ReadFault } from './path.ts';
import { ComputedNumber, decimalValue, jsonType } from './values.ts';

/** What a condition or an amount reads. */
export interface Reading {
  readonly text: string;
  /** The path, where it is one. */
  readonly path: Path | undefined;
  /** Undefined where a part is missing. Throws a ReadFault. */
  readonly read: (evaluation: Evaluation) => JsonValue | undefined;
}

type Problem = { readonly error: string; readonly hint?: string };

const membersMax = 16;
const nestingMax = 4;
/** Sixteen members of the largest size fit; nested products cannot grow without end. */
const computedLengthMax = 8_000;

export function compileReading(source: NumericSource, inResult: boolean, nesting = 0): Reading | Problem {
  if (typeof source === 'string') {
    const path = parsePath(source, inResult);
    return 'error' in path ? path : { text: source, path, read: path.read };
  }
  if (source instanceof JsonNumber) {
    if (parseDecimal(source.text) === undefined) return { error: `\`${source.text}\` is out of bounds` };
    return { text: source.text, path: undefined, read: () => source };
  }
  if (nesting >= nestingMax) return { error: `product and sum may be nested ${nestingMax} deep` };
  const isProduct = 'product' in source;
  const members = isProduct ? source.product : source.sum;
  const name = isProduct ? 'product' : 'sum';
  if (members.length === 0) return { error: `the list of \`${name}\` is empty` };
  if (members.length > membersMax) return { error: `\`${name}\` may have ${membersMax} members` };
  const readings: Reading[] = [];
  for (const member of members) {
    const reading = compileReading(member, inResult, nesting + 1);
    if ('error' in reading) return reading;
    if (isProduct && reading.path?.hasEvery === true) {
      return { error: `\`${reading.text}\` in a product`, hint: '`[*]` may stand in a sum only' };
    }
    readings.push(reading);
  }
  const combine = isProduct ? multiplyDecimals : addDecimals;
  return {
    text: `${name}(${readings.map((reading) => reading.text).join(', ')})`,
    path: undefined,
    read(evaluation) {
      let total: Decimal = isProduct ? one : zero;
      let missing = false;
      for (const reading of readings) {
        // Every member is read even where one is missing: an error in any of them is an error.
        const values =
          reading.path?.hasEvery === true ? reading.path.readEvery(evaluation) : [reading.read(evaluation)];
        for (const value of values) {
          if (value === undefined) {
            missing ||= true;
            evaluation.absent ??= reading.text;
          } else total = combine(total, decimalOf(value, reading.text));
        }
      }
      if (missing) return undefined;
      const computed = new ComputedNumber(total);
      if (computed.text.length > computedLengthMax) throw new ReadFault('is a number out of bounds');
      return computed;
    },
  };
}

const one: Decimal = { digits: 1n, scale: 0 };
const zero: Decimal = { digits: 0n, scale: 0 };

function decimalOf(value: JsonValue, text: string): Decimal {
  const decimal = decimalValue(value);
  if (decimal === undefined) throw new ReadFault(`needs numbers, and \`${text}\` is ${kind(value)}`);
  return decimal;
}

function kind(value: JsonValue): string {
  if (value instanceof JsonNumber) return 'a number out of bounds';
  return typeof value === 'string' ? 'a string that is no number' : jsonType(value);
}

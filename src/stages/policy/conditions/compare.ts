/** `lt`, `lte`, `gt`, `gte`: exact decimals, never doubles; dates for `time.date`. */
import type { JsonValue } from '../../../domain/json.ts';
import { comparable, compareWith, jsonType } from '../values.ts';
import { isDate } from '../wall-clock.ts';
import type { Operator } from './operator.ts';

const accepts: Readonly<Record<string, (order: number) => boolean>> = {
  lt: (order) => order < 0,
  lte: (order) => order <= 0,
  gt: (order) => order > 0,
  gte: (order) => order >= 0,
};
const words: Readonly<Record<string, string>> = {
  lt: 'is less than',
  lte: 'is at most',
  gt: 'is greater than',
  gte: 'is at least',
};
const dateWords: Readonly<Record<string, string>> = {
  lt: 'is before',
  lte: 'is at the latest',
  gt: 'is after',
  gte: 'is at the earliest',
};

export const compare: Operator = {
  names: ['lt', 'lte', 'gt', 'gte'],
  reference: {
    operand: 'a number, or a string that is one; for `time.date` a date `YYYY-MM-DD`',
    takes: 'a number, or a string that is a whole JSON number (at most 400 characters, exponent within ±400)',
    meaning: 'less, less or equal, greater, greater or equal; exact decimals',
  },
  compile(op, operand, path) {
    const ordered = accepts[op];
    if (ordered === undefined) return { error: `\`${op}\` is no comparison` };
    if (path.date) {
      if (typeof operand !== 'string' || !isDate(operand)) {
        return { error: `\`${op}\` on \`${path.text}\` needs a date`, hint: 'write "2026-12-31" in quotes' };
      }
      return {
        holds: `${dateWords[op]} ${operand}`,
        test: (seen) =>
          typeof seen === 'string' && isDate(seen)
            ? ordered(seen < operand ? -1 : seen > operand ? 1 : 0)
            : 'is no date',
      };
    }
    const known = operand === undefined ? undefined : comparable(operand);
    if (known === undefined) {
      return { error: `\`${op}\` needs a number as \`value\``, hint: 'at most 400 characters, exponent within ±400' };
    }
    return {
      holds: `${words[op]} ${known.text}`,
      test(seen: JsonValue): boolean | string {
        const order = compareWith(seen, known);
        return order === undefined ? notNumber(seen, op) : ordered(order);
      },
    };
  },
};

function notNumber(seen: JsonValue, op: string): string {
  const type = jsonType(seen);
  if (type === 'a number') return `is a number out of bounds (400 characters, exponent ±400)`;
  if (type === 'a string') return `is a string that is no number, and \`${op}\` needs a number`;
  return `is ${type}, and \`${op}\` needs a number`;
}

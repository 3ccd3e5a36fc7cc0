/** `length_lt`, `length_lte`, `length_gt`, `length_gte`: code points of a string, elements of a list. */
import { isJsonArray, JsonNumber, type JsonValue } from '../../../domain/json.ts';
import { jsonType } from '../values.ts';
import type { Operator } from './operator.ts';

const words: Readonly<Record<string, string>> = {
  length_lt: 'has a length less than',
  length_lte: 'has a length of at most',
  length_gt: 'has a length greater than',
  length_gte: 'has a length of at least',
};

export const length: Operator = {
  names: ['length_lt', 'length_lte', 'length_gt', 'length_gte'],
  reference: {
    operand: 'a whole number, 0 or more',
    takes: 'a string or a list',
    meaning: 'the number of code points or elements is less, less or equal, greater, greater or equal',
  },
  compile(op, operand) {
    const text = operand instanceof JsonNumber ? operand.text : '';
    if (!/^[0-9]{1,15}$/.test(text)) return { error: `\`${op}\` needs a whole number, 0 or more, as \`value\`` };
    const bound = Number(text);
    if (op === 'length_lt' && bound === 0) return { error: 'no length is less than 0' };
    return {
      holds: `${words[op]} ${bound}`,
      test(seen: JsonValue): boolean | string {
        const count = typeof seen === 'string' ? codePoints(seen) : isJsonArray(seen) ? seen.length : undefined;
        if (count === undefined) return `is ${jsonType(seen)}, and \`${op}\` needs a string or a list`;
        switch (op) {
          case 'length_lt':
            return count < bound;
          case 'length_lte':
            return count <= bound;
          case 'length_gt':
            return count > bound;
          case 'length_gte':
            return count >= bound;
          default:
            return `cannot be judged: \`${op}\` is no length`;
        }
      },
    };
  },
};

function codePoints(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; count++) i += (text.codePointAt(i) as number) > 0xffff ? 2 : 1;
  return count;
}

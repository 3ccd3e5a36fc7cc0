/** `starts_with`, `ends_with`. */
import type { JsonValue } from '../../../domain/json.ts';
import { jsonType } from '../values.ts';
import { type Operator, shown } from './operator.ts';

export const affix: Operator = {
  names: ['starts_with', 'ends_with'],
  reference: {
    operand: 'a string that is not empty',
    takes: 'a string',
    meaning: 'begins with it, ends with it; case-sensitive, code unit by code unit',
  },
  compile(op, operand) {
    if (typeof operand !== 'string' || operand === '') {
      return { error: `\`${op}\` needs a string that is not empty as \`value\`` };
    }
    const start = op === 'starts_with';
    return {
      holds: `${start ? 'starts' : 'ends'} with ${shown(JSON.stringify(operand))}`,
      test(seen: JsonValue): boolean | string {
        if (typeof seen !== 'string') return `is ${jsonType(seen)}, and \`${op}\` needs a string`;
        return start ? seen.startsWith(operand) : seen.endsWith(operand);
      },
    };
  },
};

/** `regex`: an unanchored search in RE2 syntax without flags. */
import type { JsonValue } from '../../../domain/json.ts';
import { safePattern } from '../safe-pattern.ts';
import { jsonType } from '../values.ts';
import { type Operator, shown } from './operator.ts';

export const regex: Operator = {
  names: ['regex'],
  reference: {
    operand: 'a pattern in RE2 syntax',
    takes: 'a string',
    meaning:
      'a match is found anywhere in the string; anchor with `^` and `$`; no flags, no look-around, no back-references',
  },
  compile(op, operand) {
    if (typeof operand !== 'string' || operand === '') return { error: `\`${op}\` needs a pattern as \`value\`` };
    const pattern = safePattern(operand);
    if ('error' in pattern) {
      return { error: pattern.error, hint: 'RE2 has no look-around and no back-references; see the policy reference' };
    }
    return {
      holds: `matches ${shown(operand)}`,
      test(seen: JsonValue): boolean | string {
        if (typeof seen !== 'string') return `is ${jsonType(seen)}, and \`${op}\` needs a string`;
        return pattern.search(seen) ?? 'is too long for this pattern';
      },
      cost: (seen) => (typeof seen === 'string' ? pattern.size * seen.length : 0),
    };
  },
};

/** `contains`: a substring of a string, or a strict element of a list. */
import { isJsonArray, type JsonValue, jsonText } from '../../../domain/json.ts';
import { equalValues, jsonType } from '../values.ts';
import { type Operator, shown } from './operator.ts';

export const contains: Operator = {
  names: ['contains'],
  reference: {
    operand: 'for strings a string that is not empty; for lists any JSON value',
    takes: 'a string or a list',
    meaning: 'the string holds it; the list has an element equal to it, strict by type',
  },
  compile(op, operand) {
    if (operand === undefined) return { error: `\`${op}\` needs a \`value\`` };
    if (operand === '') return { error: '`contains` with an empty string always holds' };
    return {
      holds: `contains ${shown(jsonText(operand))}`,
      test(seen: JsonValue): boolean | string {
        if (typeof seen === 'string') {
          if (typeof operand === 'string') return seen.includes(operand);
          return `is a string, and \`contains\` looks for ${jsonType(operand)}`;
        }
        if (isJsonArray(seen)) return seen.some((element) => equalValues(element, operand));
        return `is ${jsonType(seen)}, and \`contains\` needs a string or a list`;
      },
    };
  },
};

/** `in`, `not_in`: equal to one of a list. An error where the list holds nothing of the value's type. */
import { isJsonArray, type JsonValue, jsonText } from '../../../domain/json.ts';
import { equalValues, jsonType } from '../values.ts';
import { type Operator, shown } from './operator.ts';

export const membership: Operator = {
  names: ['in', 'not_in'],
  reference: {
    operand: 'a list of JSON values, at least one',
    takes: 'a value of the JSON type of at least one of the list, or null',
    meaning: 'equal to one of the list, to none of the list; compared as `eq` does',
  },
  compile(op, operand) {
    if (!isJsonArray(operand)) return { error: `\`${op}\` needs a list as \`value\`` };
    if (operand.length === 0)
      return { error: `the list of \`${op}\` is empty`, hint: 'it would never hold, or always' };
    const wanted = op === 'in';
    const types = new Set(operand.map(jsonType));
    const onlyNull = types.size === 1 && types.has('null');
    const strings = types.has('a string') ? new Set<JsonValue>(operand) : undefined;
    const kinds = [...types].filter((type) => type !== 'null').join(' or ');
    return {
      holds: `is ${wanted ? 'one' : 'none'} of ${shown(operand.map(jsonText).join(', '))}`,
      test(seen: JsonValue): boolean | string {
        if (strings !== undefined && typeof seen === 'string') return strings.has(seen) === wanted;
        const type = jsonType(seen);
        if (seen !== null && !onlyNull && !types.has(type))
          return `is ${type}, and \`${op}\` compares it with ${kinds}`;
        return operand.some((member) => equalValues(seen, member)) === wanted;
      },
    };
  },
};

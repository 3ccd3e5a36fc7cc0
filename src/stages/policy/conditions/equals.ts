/** `eq`, `neq`: strict by JSON type. null compares with everything; any other pair of types is an error. */
import { type JsonValue, jsonText } from '../../../domain/json.ts';
import { equalValues, jsonType } from '../values.ts';
import { type Operator, shown } from './operator.ts';

export const equals: Operator = {
  names: ['eq', 'neq'],
  reference: {
    operand: 'any JSON value',
    takes: 'a value of the same JSON type, or null on either side',
    meaning: 'equal, not equal; strict by JSON type, numbers by their exact value, lists and objects member by member',
  },
  compile(op, operand) {
    if (operand === undefined) return { error: `\`${op}\` needs a \`value\`` };
    const type = jsonType(operand);
    const wanted = op === 'eq';
    return {
      holds: `${wanted ? 'is' : 'is not'} ${shown(jsonText(operand))}`,
      test(seen: JsonValue): boolean | string {
        if (typeof seen === 'string' && typeof operand === 'string') return (seen === operand) === wanted;
        if (seen === null || operand === null) return (seen === operand) === wanted;
        const seenType = jsonType(seen);
        if (seenType !== type) return `is ${seenType}, and \`${op}\` compares it with ${type}`;
        return equalValues(seen, operand) === wanted;
      },
    };
  },
};

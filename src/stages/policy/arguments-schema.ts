/** `arguments: schema`, `validate.required_args` and the types of expressions: checks against the pinned inputSchema. */
import { isJsonArray, isJsonObject, type JsonValue } from '../../domain/json.ts';
import type { CallFacts } from '../../domain/policy.ts';
import type { Expression } from './conditions/context.ts';

/** What is wrong with the arguments, as a sentence, or undefined. */
export function checkArguments(call: CallFacts): string | undefined {
  if (call.schema === undefined) return 'the arguments cannot be checked: no schema of this tool is pinned';
  return 'the arguments cannot be checked';
}

/** The older dialect's check that every required argument is given. */
export function checkRequired(call: CallFacts): string | undefined {
  const required = isJsonObject(call.schema) ? call.schema['required'] : undefined;
  if (call.schema === undefined) return 'the arguments cannot be checked: no schema of this tool is pinned';
  if (!isJsonArray(required)) return undefined;
  for (const name of required) {
    if (typeof name === 'string' && !Object.hasOwn(call.arguments, name)) return `the argument \`${name}\` is missing`;
  }
  return undefined;
}

/** Why the expression does not fit the schema, or undefined. */
export function checkExpressions(_expression: Expression, _schema: JsonValue | undefined): string | undefined {
  return undefined;
}

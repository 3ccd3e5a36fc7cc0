/** Expressions against a tool's inputSchema: `args.amout` is found where it is written, not when it is called. */
import type { Environment } from '@marcbachmann/cel-js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../domain/json.ts';
import { baseEnvironment } from './cel.ts';
import type { Expression } from './context.ts';
import { shown } from './operator.ts';

interface Known {
  /** Undefined where the schema says too little to check against. */
  readonly environment: Environment | undefined;
  readonly verdicts: WeakMap<Expression, string | undefined>;
}

const schemas = new WeakMap<object, Known>();

/** Why the expression does not fit the schema, as a sentence; undefined where it fits or cannot be checked. */
export function checkExpression(expression: Expression, schema: JsonValue | undefined): string | undefined {
  if (!isJsonObject(schema) || expression.readsAllArguments) return undefined;
  let known = schemas.get(schema);
  if (known === undefined)
    schemas.set(schema, (known = { environment: environmentOf(schema), verdicts: new WeakMap() }));
  const { environment, verdicts } = known;
  if (environment === undefined) return undefined;
  if (verdicts.has(expression)) return verdicts.get(expression);
  const verdict = check(expression, environment);
  verdicts.set(expression, verdict);
  return verdict;
}

function check(expression: Expression, environment: Environment): string | undefined {
  const verdict = environment.check(expression.checked);
  if (verdict.valid) return undefined;
  const why = verdict.error?.message.split('\n')[0] ?? 'it does not fit';
  return `the expression \`${shown(expression.text)}\` does not fit the tool’s schema: ${shown(why)}`;
}

function environmentOf(schema: JsonObject): Environment | undefined {
  const fields = fieldsOf(schema, 0);
  if (fields === undefined) return undefined;
  try {
    return baseEnvironment().registerVariable({ name: 'args', schema: fields });
  } catch {
    // A schema the library cannot take as types; the expression still errs, and so refuses, when it runs.
    return undefined;
  }
}

type Fields = { [name: string]: string | Fields };

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;
const depthMax = 8;

/** The members of an object schema; undefined where it is open, composed, or has names that are no identifiers. */
function fieldsOf(schema: JsonObject, depth: number): Fields | undefined {
  const properties = schema['properties'];
  const open = ['$ref', 'allOf', 'anyOf', 'oneOf', 'patternProperties', 'if'].some((key) => key in schema);
  if (open || depth > depthMax || !isJsonObject(properties) || isJsonObject(schema['additionalProperties']))
    return undefined;
  const fields: Fields = {};
  for (const [name, member] of Object.entries(properties)) {
    if (!identifier.test(name)) return undefined;
    fields[name] = typeOf(member, depth);
  }
  return Object.keys(fields).length === 0 ? undefined : fields;
}

function typeOf(schema: JsonValue, depth: number): string | Fields {
  if (!isJsonObject(schema)) return 'dyn';
  switch (schema['type']) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'number':
    case 'integer':
      return 'double';
    case 'array':
      return listType(schema['items']);
    case 'object':
      return fieldsOf(schema, depth + 1) ?? 'map<string, dyn>';
    default:
      return 'dyn';
  }
}

function listType(items: JsonValue | undefined): string {
  const type = isJsonObject(items) ? items['type'] : undefined;
  if (type === 'string') return 'list<string>';
  if (type === 'boolean') return 'list<bool>';
  return type === 'number' || type === 'integer' ? 'list<double>' : 'list<dyn>';
}

/**
 * `arguments: schema` and `validate.required_args`: the call against the pinned inputSchema, and nothing that it does not
 * name. Evaluated by ajv with RE2 for its patterns; a schema that is too large, cannot be compiled or refers outside
 * itself refuses, as nothing was checked then. Formats are annotations, as JSON Schema 2020-12 has it.
 */
import { Ajv2020, type AnySchemaObject, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { isJsonArray, isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '../../domain/json.ts';
import type { CallFacts } from '../../domain/policy.ts';
import { shown } from './conditions/operator.ts';
import { ReadFault } from './path.ts';
import { safePattern } from './safe-pattern.ts';

export const subschemasMax = 2_000;
export const schemaDepthMax = 32;

type Compiled = ValidateFunction | { readonly wrong: string };

/** By identity: the catalogue keeps one object per pin. */
const compiled = new WeakMap<object, Compiled>();

/** What is wrong with the arguments, as a sentence, or undefined. */
export function checkArguments(call: CallFacts): string | undefined {
  if (!isJsonObject(call.schema)) return unpinned;
  const validate = compiledFor(call.schema);
  if (!('schemaEnv' in validate)) return `the arguments cannot be checked: ${validate.wrong}`;
  let fits: boolean;
  try {
    fits = validate(native(call.arguments));
  } catch (fault) {
    const known = fault instanceof PatternTooDear || fault instanceof ReadFault;
    return `the arguments cannot be checked: ${known ? fault.message : 'the schema failed'}`;
  }
  return fits ? undefined : sentence(validate.errors?.[0]);
}

const unpinned = 'the arguments cannot be checked: no schema of this tool is pinned';

/** The older dialect's check: every argument that the schema requires is given. */
export function checkRequired(call: CallFacts): string | undefined {
  if (!isJsonObject(call.schema)) return unpinned;
  const required = call.schema['required'];
  if (!isJsonArray(required)) return undefined;
  for (const name of required) {
    if (typeof name === 'string' && !Object.hasOwn(call.arguments, name)) return `the argument \`${name}\` is missing`;
  }
  return undefined;
}

function compiledFor(schema: JsonObject): Compiled {
  let made = compiled.get(schema);
  if (made === undefined) {
    made = compileSchema(schema);
    compiled.set(schema, made);
  }
  return made;
}

function compileSchema(schema: JsonObject): Compiled {
  const size = measure(schema, 0);
  if (size === undefined) return { wrong: `its schema is nested more than ${schemaDepthMax} deep` };
  if (size > subschemasMax) return { wrong: `its schema has more than ${subschemasMax} parts` };
  const closed = closeSchema(native(schema) as Schema, 'root');
  // An instance of its own, so that no server's `$id` can meet another's.
  const ajv = new Ajv2020({
    strict: false,
    validateSchema: false,
    validateFormats: false,
    addUsedSchema: false,
    logger: false,
    code: { regExp: patternEngine },
  });
  try {
    return ajv.compile(closed as AnySchemaObject);
  } catch (fault) {
    const why = fault instanceof Error ? fault.message.split('\n')[0] : undefined;
    return { wrong: `its schema cannot be used: ${shown(why ?? 'unknown fault')}` };
  }
}

class PatternTooDear extends Error {}

/** `code` is what ajv would write into stand-alone code, which is never made here. */
const patternEngine = Object.assign((source: string) => boundedPattern(source), { code: 'boundedPattern' });

function boundedPattern(source: string): { test(text: string): boolean } {
  const pattern = safePattern(source);
  if ('error' in pattern) throw new Error(pattern.error);
  return {
    test(text) {
      const found = pattern.search(text);
      if (found === undefined) throw new PatternTooDear('an argument is too long for the schema’s pattern');
      return found;
    },
  };
}

/** Objects in the schema, or undefined where it is too deep. */
function measure(value: JsonValue, depth: number): number | undefined {
  if (depth > schemaDepthMax * 2) return undefined;
  if (typeof value !== 'object' || value === null || value instanceof JsonNumber) return 0;
  let total = isJsonObject(value) ? 1 : 0;
  for (const part of isJsonArray(value) ? value : Object.values(value)) {
    const inside = measure(part, depth + 1);
    if (inside === undefined) return undefined;
    total += inside;
  }
  return total;
}

type Schema = Record<string, unknown>;

/**
 * The schema with every object that it describes closed. `root`: the arguments themselves; `value`: a value inside them;
 * `part`: another schema of the same value (a branch of `allOf`, a definition), which the whole closes, not itself.
 */
function closeSchema(schema: unknown, place: 'root' | 'value' | 'part'): unknown {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return schema;
  const made: Schema = { ...(schema as Schema) };
  if (place === 'root') {
    delete made['$schema'];
    delete made['$id'];
  }
  closeTuple(made);
  for (const key of ['properties', 'patternProperties']) made[key] = each(made[key], 'value');
  for (const key of ['$defs', 'definitions', 'dependentSchemas']) made[key] = each(made[key], 'part');
  for (const key of ['allOf', 'anyOf', 'oneOf']) {
    if (Array.isArray(made[key])) made[key] = (made[key] as unknown[]).map((branch) => closeSchema(branch, 'part'));
  }
  for (const key of ['if', 'then', 'else']) made[key] = closeSchema(made[key], 'part');
  if (Array.isArray(made['prefixItems'])) {
    made['prefixItems'] = (made['prefixItems'] as unknown[]).map((item) => closeSchema(item, 'value'));
  }
  made['items'] = closeSchema(made['items'], 'value');
  const names = typeof made['properties'] === 'object' || typeof made['patternProperties'] === 'object';
  const additional = made['additionalProperties'];
  if (typeof additional === 'object') made['additionalProperties'] = closeSchema(additional, 'value');
  // `true` names nothing.
  else if (additional === true && (names || place === 'root')) delete made['additionalProperties'];
  const describes = names || ['$ref', 'allOf', 'anyOf', 'oneOf'].some((key) => made[key] !== undefined);
  if (place === 'root' || (place === 'value' && describes)) made['unevaluatedProperties'] = false;
  for (const key of Object.keys(made)) if (made[key] === undefined) delete made[key];
  return made;
}

function each(schemas: unknown, place: 'value' | 'part'): unknown {
  if (typeof schemas !== 'object' || schemas === null || Array.isArray(schemas)) return schemas;
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, closeSchema(schema, place)]));
}

/** Draft-07 wrote tuples as a list under `items`. */
function closeTuple(schema: Schema): void {
  if (!Array.isArray(schema['items'])) return;
  schema['prefixItems'] = schema['items'];
  schema['items'] = schema['additionalItems'];
  delete schema['additionalItems'];
}

function sentence(error: ErrorObject | undefined): string {
  if (error === undefined) return 'the arguments do not fit the tool’s schema';
  const path = error.instancePath === '' ? 'arguments' : `arguments${error.instancePath.replaceAll('/', '.')}`;
  const parameters = error.params as Readonly<Record<string, unknown>>;
  const extra = parameters['unevaluatedProperty'] ?? parameters['additionalProperty'];
  if (typeof extra === 'string') return `the tool’s schema names no \`${shown(extra)}\` in \`${path}\``;
  const missing = parameters['missingProperty'];
  if (typeof missing === 'string') return `\`${path}\` lacks \`${shown(missing)}\`, which the tool’s schema requires`;
  return `\`${path}\` does not fit the tool’s schema: it ${error.message ?? 'is wrong'}`;
}

/** ajv reads plain values; numbers become doubles here, as they do in every server that uses a JSON Schema library. */
function native(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return Number(value.text);
  if (isJsonArray(value)) return value.map(native);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, native(member)]));
}

/**
 * `arguments: schema` and `validate.required_args`: the call against the pinned inputSchema, and nothing that it does not
 * name. Where the schema cannot be used nothing was checked, and that refuses.
 */
import type { ErrorObject } from 'ajv/dist/2020.js';
import { isJsonArray, isJsonObject, type JsonObject } from '../../domain/json.ts';
import type { CallFacts } from '../../domain/policy.ts';
import { shown } from './conditions/operator.ts';
import { type CompiledSchema, compileJsonSchema, plainJson, withoutName } from './json-schema.ts';
import { ReadFault } from './path.ts';

/** By identity: the catalogue keeps one object per pin. */
const compiled = new WeakMap<object, CompiledSchema>();

/** What is wrong with the arguments, as a sentence, or undefined. */
export function checkArguments(call: CallFacts): string | undefined {
  if (!isJsonObject(call.schema)) return unpinned;
  const validate = compiledFor(call.schema);
  if (!('schemaEnv' in validate)) return `the arguments cannot be checked: ${validate.wrong}`;
  let fits: boolean;
  try {
    fits = validate(plainJson(call.arguments));
  } catch (fault) {
    return `the arguments cannot be checked: ${fault instanceof ReadFault ? fault.message : 'the schema failed'}`;
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

function compiledFor(schema: JsonObject): CompiledSchema {
  let made = compiled.get(schema);
  if (made === undefined) {
    made = compileJsonSchema(schema, (plain) => closeSchema(withoutName(plain), 'root') as object);
    compiled.set(schema, made);
  }
  return made;
}

type Schema = Record<string, unknown>;

/**
 * The schema with every object that it describes closed. `root`: the arguments themselves; `value`: a value inside them;
 * `part`: another schema of the same value (a branch of `allOf`, a definition), which the whole closes, not itself.
 */
function closeSchema(schema: unknown, place: 'root' | 'value' | 'part'): unknown {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return schema;
  const made = { ...(schema as Schema) };
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
  else if (additional === true) delete made['additionalProperties'];
  const describes = names || ['$ref', 'allOf', 'anyOf', 'oneOf'].some((key) => made[key] !== undefined);
  if (place === 'root' || (place === 'value' && describes)) {
    // Where no other part can name any, the keyword that is quick to compile says the same.
    if (composing.some((key) => made[key] !== undefined)) made['unevaluatedProperties'] = false;
    else made['additionalProperties'] ??= false;
  }
  return made;
}

/** Keywords under which another schema of the same value may name members. */
const composing = ['$ref', '$dynamicRef', 'allOf', 'anyOf', 'oneOf', 'if', 'dependentSchemas'];

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
  const path = `arguments${error.instancePath.replaceAll('/', '.')}`;
  const parameters = error.params as Readonly<Record<string, unknown>>;
  const extra = parameters['unevaluatedProperty'] ?? parameters['additionalProperty'];
  if (typeof extra === 'string') return `the tool’s schema names no \`${shown(extra)}\` in \`${path}\``;
  const missing = parameters['missingProperty'];
  if (typeof missing === 'string') return `\`${path}\` lacks \`${shown(missing)}\`, which the tool’s schema requires`;
  return `\`${path}\` does not fit the tool’s schema: it ${error.message ?? 'is wrong'}`;
}

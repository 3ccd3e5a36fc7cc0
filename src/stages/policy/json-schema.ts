/**
 * JSON Schema of servers, which are strangers: evaluated by ajv with RE2 for its patterns, bounded in size, without a way
 * out of the schema itself. Formats are annotations, as JSON Schema 2020-12 has it.
 */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { isJsonArray, isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '../../domain/json.ts';
import { shown } from './conditions/operator.ts';
import { ReadFault } from './path.ts';
import { safePattern } from './safe-pattern.ts';

export const subschemasMax = 2_000;
export const schemaDepthMax = 32;

export type CompiledSchema = ValidateFunction | { readonly wrong: string };

/** `shape`: what to make of the plain schema before it is compiled. */
export function compileJsonSchema(schema: JsonObject, shape: (plain: object) => object): CompiledSchema {
  const size = measure(schema, 0);
  if (size === undefined) return { wrong: `its schema is nested more than ${schemaDepthMax} deep` };
  if (size > subschemasMax) return { wrong: `its schema has more than ${subschemasMax} parts` };
  // An instance of its own, so that no server's `$id` can meet another's.
  const ajv = new Ajv2020({
    strict: false,
    validateSchema: false,
    validateFormats: false,
    addUsedSchema: false,
    logger: false,
    // The optimiser's time grows with the square of the schema's size.
    code: { regExp: patternEngine, optimize: false },
  });
  try {
    return ajv.compile(shape(plainJson(schema) as object));
  } catch (fault) {
    const why = fault instanceof Error ? fault.message.split('\n')[0] : undefined;
    return { wrong: `its schema cannot be used: ${shown(why ?? 'unknown fault')}` };
  }
}

const outputs = new WeakMap<object, CompiledSchema>();

/** Whether structured content fits the tool's outputSchema. A schema that cannot be used is fitted by nothing. */
export function fitsSchema(schema: JsonValue, value: JsonValue): boolean {
  if (!isJsonObject(schema)) return false;
  let compiled = outputs.get(schema);
  if (compiled === undefined) {
    compiled = compileJsonSchema(schema, withoutName);
    outputs.set(schema, compiled);
  }
  if (!('schemaEnv' in compiled)) return false;
  try {
    return compiled(plainJson(value));
  } catch (fault) {
    if (fault instanceof ReadFault) return false;
    throw fault;
  }
}

/** A schema's `$id` says nothing here, as the instance is its own; some are no URI at all. */
export function withoutName(schema: object): object {
  const { $id: _id, ...rest } = schema as Record<string, unknown>;
  return rest;
}

/** `code` is what ajv would write into stand-alone code, which is never made here. */
const patternEngine = Object.assign((source: string) => boundedPattern(source), { code: 'boundedPattern' });

function boundedPattern(source: string): { test(text: string): boolean } {
  const pattern = safePattern(source);
  if ('error' in pattern) throw new Error(pattern.error);
  return {
    test(text) {
      const found = pattern.search(text);
      if (found === undefined) throw new ReadFault('a text is too long for the schema’s pattern');
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

/** ajv reads plain values; numbers become doubles here, as they do in every server that uses a JSON Schema library. */
export function plainJson(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return Number(value.text);
  if (isJsonArray(value)) return value.map(plainJson);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plainJson(member)]));
}

/** Reads a settings file, YAML or JSON, against a schema: the value, or every mistake with its line and column. */
import type * as z from 'zod';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { JsonNumber, type JsonValue } from '../domain/json.ts';
import { readJsonDocument } from './json-document.ts';
import { diagnose } from './schema-diagnostics.ts';
import { jsonBytesMax, type ReadResult, type SourceDocument, yamlBytesMax } from './source-document.ts';
import { withWayOut } from './way-out.ts';
import { readYamlDocument } from './yaml-source.ts';

export { strictObject, withHint } from './schema-diagnostics.ts';
export type { SourceDocument } from './source-document.ts';

export type YamlResult<T> =
  | { readonly value: T; readonly document: SourceDocument }
  | { readonly errors: readonly Diagnostic[] };

/**
 * `numbers: 'exact'` hands the schema JsonNumber objects (policies); the default hands it doubles (settings).
 * A file is JSON when its name ends in `.json` or its text starts with `{` and is JSON; otherwise YAML.
 */
export function readYaml<S extends z.ZodType>(
  file: string,
  text: string,
  schema: S,
  options: { readonly numbers?: 'exact' | 'double' } = {},
): YamlResult<z.output<S>> {
  const read = readSource(file, text);
  if ('errors' in read) return { errors: read.errors.map(withWayOut) };
  const value = options.numbers === 'exact' ? read.document.value : withDoubles(read.document.value);
  const parsed = schema.safeParse(value, { reportInput: false });
  if (parsed.success) return { value: parsed.data, document: read.document };
  return { errors: diagnose(read.document, parsed.error.issues).map(withWayOut) };
}

/** The value and its places, before any schema. Size is checked before anything is parsed. */
export function readSource(file: string, text: string): ReadResult {
  // A byte-order mark is what some editors write; it says nothing.
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const bytes = Buffer.byteLength(body);
  const looksJson = /^\s*\{/.test(body);
  const json = file.toLowerCase().endsWith('.json');
  if (bytes > jsonBytesMax) return tooLarge(file, `${bytes} bytes; a file may have ${jsonBytesMax}`, undefined);
  if (json || looksJson) {
    const read = readJsonDocument(file, body);
    if (json || 'document' in read || bytes > yamlBytesMax) return read;
  }
  if (bytes > yamlBytesMax) return tooLarge(file, `${bytes} bytes of YAML; at most ${yamlBytesMax}`, 'use JSON');
  return readYamlDocument(file, body);
}

function tooLarge(file: string, message: string, hint: string | undefined): ReadResult {
  return { errors: [{ file, line: 1, column: 1, message, ...(hint === undefined ? {} : { hint }) }] };
}

function withDoubles(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return Number(value.text);
  if (Array.isArray(value)) return value.map(withDoubles);
  if (typeof value !== 'object' || value === null) return value;
  const object: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, member] of Object.entries(value)) object[key] = withDoubles(member as JsonValue);
  return object;
}

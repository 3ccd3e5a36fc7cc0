/**
 * A schema's mistakes, and what is left of the document without them: the parts that are right are then compiled, so that
 * one look shows every error of a file and not one kind after the other.
 */
import type * as z from 'zod';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { isJsonArray, isJsonObject, JsonNumber, type JsonValue } from '../domain/json.ts';
import { diagnose } from '../platform/schema-diagnostics.ts';
import { errorsMax, type SourceDocument } from '../platform/source-document.ts';
import { firstPart, isOfWhole } from './first-part.ts';

type Path = readonly PropertyKey[];

/** `value` is whole where there are no errors, and undefined where nothing usable is left. */
export function parseAll<S extends z.ZodType>(
  schema: S,
  source: SourceDocument,
): { readonly errors: readonly Diagnostic[]; readonly value: z.output<S> | undefined } {
  for (const valuesMax of firstLooks) {
    const errors = errorsOfFirst(schema, source, valuesMax);
    // Enough is said already, and looking at the rest would cost more than the file.
    if (errors.length >= errorsMax) return { errors, value: undefined };
  }
  const parsed = schema.safeParse(source.value);
  if (parsed.success) return { errors: [], value: parsed.data };
  const errors = diagnose(source, parsed.error.issues);
  if (!isJsonObject(source.value) || errors.length >= errorsMax) return { errors, value: undefined };
  const left = copyOf(source.value) as Record<string, unknown>;
  for (const issue of parsed.error.issues) {
    if (issue.code === 'unrecognized_keys') for (const key of issue.keys) remove(left, [...issue.path, key]);
    else remove(left, issue.path);
  }
  left['version'] ??= '1';
  left['default'] ??= 'deny';
  const again = schema.safeParse(left);
  if (again.success) return { errors, value: again.data };
  // What could not do without the part that was removed: its whole entry goes.
  for (const issue of again.error.issues) remove(left, issue.path.slice(0, 2));
  const last = schema.safeParse(left);
  return { errors, value: last.success ? last.data : undefined };
}

/** Values of a large document that are looked at before the whole is. */
const firstLooks = [4_000, 64_000, 256_000];

function errorsOfFirst(schema: z.ZodType, source: SourceDocument, valuesMax: number): readonly Diagnostic[] {
  const part = firstPart(source.value, valuesMax);
  const issues = part === undefined ? undefined : schema.safeParse(part.value).error?.issues;
  if (part === undefined || issues === undefined) return [];
  return diagnose(
    source,
    issues.filter((issue) => isOfWhole(issue, part)),
  );
}

/** Removes the last named part before the first list, as the places of a list must stay. */
function remove(root: Record<string, unknown>, path: Path): void {
  const list = path.findIndex((part) => typeof part === 'number');
  const named = list < 0 ? path : path.slice(0, list);
  let parent: unknown = root;
  for (const part of named.slice(0, -1)) parent = (parent as Record<PropertyKey, unknown> | undefined)?.[part];
  const last = named.at(-1);
  if (last !== undefined && typeof parent === 'object' && parent !== null) {
    delete (parent as Record<PropertyKey, unknown>)[last];
  }
}

function copyOf(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return value;
  if (isJsonArray(value)) return value.map(copyOf);
  if (!isJsonObject(value)) return value;
  const made = Object.create(null) as Record<string, unknown>;
  for (const [key, member] of Object.entries(value)) made[key] = copyOf(member);
  return made;
}

/**
 * A schema's mistakes, and what is left of the document without them: the parts that are right are then compiled, so that
 * one look shows every error of a file and not one kind after the other.
 */
import type * as z from 'zod';
import type { Diagnostic } from '../domain/diagnostic.ts';
import {
  emptyMembers,
  isJsonArray,
  isJsonObject,
  JsonNumber,
  type JsonObject,
  type JsonValue,
} from '../domain/json.ts';
import { diagnose } from '../platform/schema-diagnostics.ts';
import { errorsMax, type SourceDocument } from '../platform/source-document.ts';
import { firstPart, isOfWhole } from './first-part.ts';

type Path = readonly PropertyKey[];

/** `value` is whole where there are no errors, and undefined where nothing usable is left. */
export function parseAll<S extends z.ZodType>(
  schema: S,
  source: SourceDocument,
): { readonly errors: readonly Diagnostic[]; readonly value: z.output<S> | undefined } {
  const parsed = parsePortions(schema, source.value);
  if (parsed.issues.length === 0) return { errors: [], value: parsed.value };
  const errors = diagnose(source, parsed.issues);
  const nothingLeft = parsed.issues.some(({ code, path }) => code === 'custom' && path.length === 0);
  if (!isJsonObject(source.value) || nothingLeft || errors.length >= errorsMax) return { errors, value: undefined };
  const left = copyOf(source.value) as Record<string, unknown>;
  for (const issue of parsed.issues) {
    if (issue.code === 'unrecognized_keys') for (const key of issue.keys) remove(left, [...issue.path, key]);
    else replace(left, issue.path);
  }
  left['version'] ??= '1';
  left['default'] ??= 'deny';
  // What cannot do without the part that was removed goes too: the item of its list, the list, at last its entry.
  for (const reduce of [standIn, withoutList, (root: Root, path: Path) => remove(root, path.slice(0, 2))]) {
    const again = schema.safeParse(left);
    if (again.success) return { errors, value: again.data };
    for (const issue of again.error.issues) reduce(left, issue.path);
  }
  const last = schema.safeParse(left);
  return { errors, value: last.success ? last.data : undefined };
}

type Root = Record<string, unknown>;

interface Parsed<T> {
  readonly issues: readonly z.core.$ZodIssue[];
  /** Whole where there are no issues. */
  readonly value: T | undefined;
}

/**
 * Portion by portion, so that a document that is wrong throughout costs its first portion: a schema makes every mistake
 * before it tells one. Once there are as many as are said, the rest is not looked at.
 */
function parsePortions<S extends z.ZodType>(schema: S, whole: JsonValue): Parsed<z.output<S>> {
  const issues: z.core.$ZodIssue[] = [];
  let value: z.output<S> | undefined;
  for (const portion of portionsOf(whole)) {
    const parsed = parseOne(schema, portion);
    for (const issue of parsed.issues) issues.push(issue);
    if (mistakesIn(issues) >= errorsMax) break;
    if (value === undefined) value = parsed.value;
    else Object.assign((value as WithTools).tools, (parsed.value as WithTools | undefined)?.tools);
  }
  return { issues, value };
}

type WithTools = { tools: object };

/** The whole with its first tools, then the other tools with what a document must have. */
function* portionsOf(whole: JsonValue): Generator<JsonValue> {
  const tools = isJsonObject(whole) ? whole['tools'] : undefined;
  if (!isJsonObject(whole) || !isJsonObject(tools) || countOf(tools) <= portionValues) {
    yield whole;
    return;
  }
  let head: JsonObject = whole;
  let portion: Record<string, JsonValue> = emptyMembers();
  let size = 0;
  for (const name of Object.keys(tools)) {
    const entry = tools[name] as JsonValue;
    const values = countOf(entry);
    if (size > 0 && size + values > portionValues) {
      yield { ...head, tools: portion };
      head = { version: '1', default: 'deny' };
      portion = emptyMembers();
      size = 0;
    }
    portion[name] = entry;
    size += values;
  }
  yield { ...head, tools: portion };
}

function countOf(value: JsonValue): number {
  if (isJsonArray(value)) return value.reduce((sum: number, element) => sum + countOf(element), 1);
  if (!isJsonObject(value)) return 1;
  let sum = 1;
  for (const name in value) sum += countOf(value[name] as JsonValue);
  return sum;
}

const portionValues = 32_000;
/** Values of a portion that are looked at before all of it is: one entry alone can be as large as a file. */
const firstLooks = [4_000, 64_000, 256_000, Number.POSITIVE_INFINITY];

function parseOne<S extends z.ZodType>(schema: S, portion: JsonValue): Parsed<z.output<S>> {
  let right = 0;
  for (const valuesMax of firstLooks) {
    const parsed = look(schema, portion, valuesMax) ?? fewer(schema, portion, right);
    if (parsed.whole || mistakesIn(parsed.issues) >= errorsMax) return parsed;
    right = valuesMax;
  }
  // The last look is at the whole.
  throw new TypeError('a portion that never ends');
}

type Looked<T> = Parsed<T> & { readonly whole: boolean };

/** Undefined where there are more mistakes than the schema can make. */
function look<S extends z.ZodType>(schema: S, portion: JsonValue, valuesMax: number): Looked<z.output<S>> | undefined {
  const part = firstPart(portion, valuesMax);
  try {
    const parsed = schema.safeParse(part === undefined ? portion : part.value);
    const issues = parsed.error?.issues ?? [];
    if (part !== undefined) {
      return { issues: issues.filter((issue) => isOfWhole(issue, part)), value: undefined, whole: false };
    }
    return { issues, value: parsed.data, whole: true };
  } catch (fault) {
    if (fault instanceof RangeError) return undefined;
    throw fault;
  }
}

/** From where all is `right` on in small steps, until there are as many mistakes as are said. */
function fewer<S extends z.ZodType>(schema: S, portion: JsonValue, right: number): Looked<z.output<S>> {
  let low = right;
  let step = 1_000;
  while (step > 0) {
    const parsed = look(schema, portion, low + step);
    if (parsed === undefined) {
      step >>= 1;
      continue;
    }
    if (parsed.whole || mistakesIn(parsed.issues) >= errorsMax) return parsed;
    low += step;
    step *= 2;
  }
  const message = 'there are more mistakes here than can be told';
  return { issues: [{ code: 'custom', path: [], message, input: undefined }], value: undefined, whole: true };
}

/** Many unknown keys are one issue. */
function mistakesIn(issues: readonly z.core.$ZodIssue[]): number {
  return issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);
}

/** What an item cannot do without gets a value that is right, so that the rest of it can be looked at. */
function replace(root: Root, path: Path): void {
  const last = String(path.at(-1));
  const parent = partAt(root, path.slice(0, -1));
  if (parent !== undefined && Object.hasOwn(needed, last)) parent[last] = needed[last];
  else remove(root, path);
}

const needed: Readonly<Record<string, unknown>> = { max: new JsonNumber('1'), window: 'day' };

/** Removes the part; in a list something else takes its place, as the places of a list must stay. */
function remove(root: Root, path: Path): void {
  const last = path.at(-1);
  if (typeof last === 'number') return standIn(root, path);
  const parent = partAt(root, path.slice(0, -1));
  if (last !== undefined && parent !== undefined) delete parent[last];
}

/** The innermost item of a list that the path leads into becomes one without mistakes. */
function standIn(root: Root, path: Path): void {
  const index = path.findLastIndex((part) => typeof part === 'number');
  const list = partAt(root, path.slice(0, index));
  const item = standIns[String(path.slice(0, index).findLast((part) => typeof part === 'string'))];
  if (index > 0 && Array.isArray(list) && item !== undefined) list[path[index] as number] = item;
}

function withoutList(root: Root, path: Path): void {
  const list = path.findIndex((part) => typeof part === 'number');
  if (list > 0) remove(root, path.slice(0, list));
}

const anyCondition = { path: 'args.x', op: 'exists' };
const anyRule = { conditions: [anyCondition] };
/** By the key of the list. */
const standIns: Readonly<Record<string, unknown>> = {
  require: anyRule,
  deny_if: anyRule,
  conditions: anyCondition,
  any: anyCondition,
  all: anyCondition,
  if: anyCondition,
  limits: needed,
  redact: { pattern: 'emails' },
  strip: 'invisible',
  hide: 'x',
  allow: 'x',
  approvers: 'x',
  rules: {},
};

function partAt(root: Root, path: Path): Record<PropertyKey, unknown> | undefined {
  let part: unknown = root;
  for (const name of path) {
    if (typeof part !== 'object' || part === null) return undefined;
    part = (part as Record<PropertyKey, unknown>)[name];
  }
  return typeof part === 'object' && part !== null ? (part as Record<PropertyKey, unknown>) : undefined;
}

function copyOf(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return value;
  if (isJsonArray(value)) return value.map(copyOf);
  if (!isJsonObject(value)) return value;
  const made = Object.create(null) as Record<string, unknown>;
  for (const [key, member] of Object.entries(value)) made[key] = copyOf(member);
  return made;
}

/** Paths against the schemas of the tools they are read from: unknown arguments, types that cannot fit, defaults that slip by. */
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../domain/json.ts';
import type { ConditionSource, PolicyEntry } from '../../domain/policy-document.ts';
import { suggestion } from '../../platform/did-you-mean.ts';
import { parsePath } from '../../stages/policy/path.ts';
import { jsonType } from '../../stages/policy/values.ts';
import type { KnownTool } from '../known-tools.ts';
import {
  entriesOf,
  type Lint,
  type LintProblem,
  pathsIn,
  rulesOf,
  type TestSource,
  testsIn,
  together,
  toolsOf,
} from './lint.ts';

export const schemaPaths: Lint = {
  name: 'path and schema',
  meaning:
    'a path that the tool’s schema does not have, a value of another type than the path’s, a `deny_if` on an optional argument with a default',
  *find({ document, tools }) {
    for (const placed of entriesOf(document)) {
      for (const { rule } of rulesOf(placed.entry)) yield* ownMembers(rule.conditions);
      yield* ownMembers(placed.entry.approval?.if ?? []);
      const given = requiredPaths(placed.entry);
      const matched = toolsOf(placed, tools)?.filter((tool) => tool.inputSchema !== undefined) ?? [];
      if (matched.length === 0) continue;
      const { entry } = placed;
      for (const { rule, kind } of rulesOf(entry)) {
        for (const test of testsIn(rule.conditions)) yield* testProblems(test, kind, matched, given);
      }
      for (const test of testsIn(entry.approval?.if ?? [])) yield* testProblems(test, 'approval', matched, given);
      for (const limit of entry.limits) {
        const { amount } = limit;
        if (amount === undefined || (typeof amount === 'object' && 'cel' in amount)) continue;
        for (const { path, pointer } of pathsIn(amount, `${limit.pointer}/amount`)) {
          yield* numericPath(path, pointer, matched);
        }
      }
    }
  },
};

/** Of which type a path is whatever the tool. Those of which every value is known are looked at elsewhere. */
const ownTypes: Readonly<Record<string, string>> = {
  'caller.id': 'string',
  'caller.agent': 'string',
  'caller.groups': 'array',
  'caller.groups[*]': 'string',
  'session.id': 'string',
  'session.labels': 'array',
  'session.labels[*]': 'string',
  'session.calls': 'integer',
  'time.date': 'string',
};

function* ownMembers(conditions: readonly ConditionSource[]): Iterable<LintProblem> {
  for (const test of testsIn(conditions)) {
    const { path, pointer } = test;
    if (typeof path !== 'string') continue;
    const type = Object.hasOwn(ownTypes, path) ? ownTypes[path] : undefined;
    const wrong = type === undefined ? undefined : typeMismatch(test, { type });
    if (wrong === undefined) continue;
    const hint = type === 'array' ? { hint: `use \`contains\`, or read \`${path}[*]\`` } : {};
    yield { pointer, message: `\`${path}\` is ${wrong}`, ...hint };
  }
}

/** What a `require` reads directly must be given, or the call is refused. */
function requiredPaths({ require }: PolicyEntry): ReadonlySet<string> {
  const tests = require.flatMap(({ conditions }) => together(conditions));
  const given = tests.filter(({ op, value }) => op !== 'exists' || value !== false);
  return new Set(given.flatMap(({ path }) => (typeof path === 'string' ? [path] : [])));
}

function* testProblems(
  test: TestSource,
  kind: string,
  tools: readonly KnownTool[],
  given: ReadonlySet<string>,
): Iterable<LintProblem> {
  if (typeof test.path !== 'string') {
    for (const { path, pointer } of pathsIn(test.path, `${test.pointer}/path`)) {
      yield* numericPath(path, pointer, tools);
    }
    return;
  }
  yield* unknownPath(test.path, `${test.pointer}/path`, tools);
  for (const tool of tools) {
    const found = lookUp(test.path, tool.inputSchema);
    if (found.kind !== 'schema') continue;
    const wrong = typeMismatch(test, found.schema);
    if (wrong !== undefined) {
      yield { pointer: test.pointer, message: `\`${test.path}\` of \`${tool.name}\` is ${wrong}` };
      return;
    }
    if (
      kind === 'deny_if' &&
      !given.has(test.path) &&
      found.optional &&
      found.schema['default'] !== undefined &&
      test.op !== 'exists'
    ) {
      yield {
        pointer: test.pointer,
        message: `\`${test.path}\` of \`${tool.name}\` may be left out, and the server then takes its default, which this rule does not see`,
        hint: 'add `require` with `exists`, so that it must be given',
      };
      return;
    }
  }
}

function* unknownPath(path: string, pointer: string, tools: readonly KnownTool[]): Iterable<LintProblem> {
  for (const tool of tools) {
    const found = lookUp(path, tool.inputSchema);
    if (found.kind === 'shut') {
      yield { pointer, message: `\`${path}\` reads inside of what is of type ${found.type} in \`${tool.name}\`` };
      return;
    }
    if (found.kind !== 'unknown') continue;
    const hint = suggestion(found.name, found.known);
    yield {
      pointer,
      message: `\`${path}\` is not in the schema of \`${tool.name}\``,
      hint: hint ?? `it has ${found.known.slice(0, 12).join(', ') || 'no arguments'}`,
    };
    return;
  }
}

/** A path that is counted with. */
function* numericPath(path: string, pointer: string, tools: readonly KnownTool[]): Iterable<LintProblem> {
  yield* unknownPath(path, pointer, tools);
  for (const { name, inputSchema } of tools) {
    const found = lookUp(path, inputSchema);
    if (found.kind !== 'schema' || composed(found.schema)) continue;
    const types = typesOf(found.schema);
    if (types.length === 0 || types.some((type) => numeric.includes(type))) continue;
    yield { pointer, message: `\`${path}\` of \`${name}\` is of type ${types.join(' or ')}, which is no number` };
    return;
  }
}

const numeric: readonly string[] = ['number', 'integer', 'string'];

type Found =
  | { readonly kind: 'schema'; readonly schema: JsonObject; readonly optional: boolean }
  | { readonly kind: 'unknown'; readonly name: string; readonly known: readonly string[] }
  /** A step into what has no parts of that kind. */
  | { readonly kind: 'shut'; readonly type: string }
  | { readonly kind: 'open' };

const open: Found = { kind: 'open' };

/** Follows `args.…` through `properties` and `items`; anything composed or open is not judged. */
function lookUp(path: string, schema: JsonValue | undefined): Found {
  const parsed = parsePath(path, false);
  if ('error' in parsed || parsed.root !== 'args' || parsed.steps.length === 0) return open;
  let current = schema;
  let optional = false;
  for (const step of parsed.steps) {
    if (!isJsonObject(current) || composed(current)) return open;
    const types = typesOf(current);
    const inside = step.kind === 'member' ? 'object' : 'array';
    if (types.length > 0 && !types.includes(inside)) return { kind: 'shut', type: types.join(' or ') };
    if (step.kind !== 'member') {
      current = current['items'];
      continue;
    }
    const properties = current['properties'];
    if (!isJsonObject(properties)) return open;
    if (!Object.hasOwn(properties, step.name)) {
      return isJsonObject(current['additionalProperties']) || 'patternProperties' in current
        ? open
        : { kind: 'unknown', name: step.name, known: Object.keys(properties) };
    }
    const required = current['required'];
    optional ||= !(isJsonArray(required) && required.includes(step.name));
    current = properties[step.name];
  }
  return isJsonObject(current) ? { kind: 'schema', schema: current, optional } : open;
}

function composed(schema: JsonObject): boolean {
  return ['$ref', 'allOf', 'anyOf', 'oneOf', 'if', 'not'].some((key) => key in schema);
}

function typesOf(schema: JsonObject): readonly string[] {
  const written = schema['type'];
  return (isJsonArray(written) ? written : [written]).filter((type) => typeof type === 'string');
}

const needs: Readonly<Record<string, readonly string[]>> = {
  lt: numeric,
  lte: numeric,
  gt: numeric,
  gte: numeric,
  contains: ['string', 'array'],
  length_lt: ['string', 'array'],
  length_lte: ['string', 'array'],
  length_gt: ['string', 'array'],
  length_gte: ['string', 'array'],
  starts_with: ['string'],
  ends_with: ['string'],
  regex: ['string'],
  matches_glob: ['string'],
  path_within: ['string'],
  in_cidr: ['string'],
  url_host_in: ['string'],
};

const typeOfValue: Readonly<Record<string, readonly string[]>> = {
  null: ['null'],
  'a boolean': ['boolean'],
  'a string': ['string'],
  'a number': ['number', 'integer'],
  'a list': ['array'],
  'an object': ['object'],
};

function typeMismatch({ op, value }: TestSource, schema: JsonObject): string | undefined {
  const types = typesOf(schema);
  if (types.length === 0 || composed(schema)) return undefined;
  const said = types.join(' or ');
  const wanted = needs[op];
  if (wanted !== undefined) {
    return types.some((type) => wanted.includes(type)) ? undefined : `of type ${said}, which \`${op}\` cannot take`;
  }
  if (value === undefined || value === null || !['eq', 'neq', 'in', 'not_in'].includes(op)) return undefined;
  const values = (op === 'in' || op === 'not_in') && isJsonArray(value) ? value : [value];
  const fits = values.some(
    (v) => v === null || typeOfValue[jsonType(v)]?.some((type) => types.includes(type)) === true,
  );
  return fits ? undefined : `of type ${said}, and \`${op}\` compares it with ${jsonType(values[0] ?? null)}`;
}

/** Conditions that can never hold together, or alone. */
import { JsonNumber, type JsonValue, jsonText } from '../../domain/json.ts';
import { CATEGORIES, SEVERITIES } from '../../domain/policy.ts';
import type { ConditionSource, PolicyEntry } from '../../domain/policy-document.ts';
import { isGlob } from '../../stages/policy/names.ts';
import { comparable, compareWith, equalValues } from '../../stages/policy/values.ts';
import { entriesOf, type Lint, type LintProblem, rulesOf, type TestSource, testsIn, together } from './lint.ts';

export const contradictions: Lint = {
  name: 'condition that can never hold',
  meaning: 'conditions of one rule exclude each other, or a value that the path never has',
  *find({ document }) {
    for (const { entry, name } of entriesOf(document)) {
      for (const { rule, kind } of rulesOf(entry)) {
        const clash = firstClash(rule.conditions) ?? impossibleValue(rule.conditions, name);
        if (clash === undefined) continue;
        const then = kind === 'require' ? 'so every call is refused' : 'so this rule never refuses';
        yield { pointer: clash.pointer, message: `${clash.message}, ${then}` };
      }
      yield* acrossRequires(entry);
      const asks = entry.approval?.if;
      const clash = asks === undefined ? undefined : (firstClash(asks) ?? impossibleValue(asks, name));
      if (clash !== undefined) yield { pointer: clash.pointer, message: `${clash.message}, so this never asks` };
    }
  },
};

/** Every `require` must hold, so that two can exclude each other. */
function* acrossRequires({ require }: PolicyEntry): Iterable<LintProblem> {
  if (require.length < 2 || require.some((rule) => firstClash(rule.conditions) !== undefined)) return;
  const clash = firstClash(require.flatMap((rule) => rule.conditions));
  if (clash !== undefined) yield { pointer: clash.pointer, message: `${clash.message}, so every call is refused` };
}

function firstClash(conditions: readonly ConditionSource[]): LintProblem | undefined {
  const byPath = new Map<string, TestSource[]>();
  for (const later of together(conditions)) {
    const { path, pointer } = later;
    if (typeof path !== 'string' || path.includes('[*]')) continue;
    const before = byPath.get(path) ?? [];
    const earlier = before.find((test) => excludes(test, later));
    if (earlier !== undefined) {
      return { pointer, message: `\`${path}\` cannot be both \`${said(earlier)}\` and \`${said(later)}\`` };
    }
    if (before.length < testsMax) before.push(later);
    byPath.set(path, before);
  }
  return undefined;
}

/** Of one path, what all others are held against. */
const testsMax = 1_000;

function said({ op, value }: TestSource): string {
  return value === undefined ? op : `${op} ${jsonText(value)}`;
}

function excludes(a: TestSource, b: TestSource): boolean {
  return oneWay(a, b) || oneWay(b, a);
}

/** Whether `b` cannot hold where `a` does. Only what is certain. */
function oneWay(a: TestSource, b: TestSource): boolean {
  if (a.op === 'exists') return a.value === false && !(b.op === 'exists' && b.value === false);
  if (a.value === undefined || b.value === undefined) return false;
  if (a.op === 'eq') return !allows(b, a.value);
  if (a.op === 'in' && Array.isArray(a.value)) {
    return (a.value as readonly JsonValue[]).every((value) => !allows(b, value));
  }
  return boundsExclude(a, b);
}

/** Whether the test may hold of the value; true where that is not certain. */
function allows({ op, value }: TestSource, seen: JsonValue): boolean {
  if (value === undefined) return true;
  const list = Array.isArray(value) ? (value as readonly JsonValue[]) : undefined;
  switch (op) {
    case 'eq':
      return equalValues(seen, value);
    case 'neq':
      return !equalValues(seen, value);
    case 'in':
      return list?.some((member) => equalValues(seen, member)) ?? true;
    case 'not_in':
      return !(list?.some((member) => equalValues(seen, member)) ?? false);
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte': {
      const bound = comparable(value);
      const order = bound === undefined ? undefined : compareWith(seen, bound);
      if (order === undefined) return true;
      return op === 'lt' ? order < 0 : op === 'lte' ? order <= 0 : op === 'gt' ? order > 0 : order >= 0;
    }
    default:
      return true;
  }
}

/** A lower bound that is above an upper one. */
function boundsExclude(lower: TestSource, upper: TestSource): boolean {
  if (!['gt', 'gte'].includes(lower.op) || !['lt', 'lte'].includes(upper.op)) return false;
  const bound = upper.value === undefined ? undefined : comparable(upper.value);
  const order = bound === undefined || lower.value === undefined ? undefined : compareWith(lower.value, bound);
  if (order === undefined) return false;
  return order > 0 || (order === 0 && !(lower.op === 'gte' && upper.op === 'lte'));
}

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const closed: Readonly<Record<string, readonly string[]>> = {
  'time.weekday': weekdays,
  'tool.category': CATEGORIES,
  'tool.severity': SEVERITIES,
};

const hours: readonly TestSource[] = [
  { kind: 'test', pointer: '', path: 'time.hour', op: 'gte', value: new JsonNumber('0') },
  { kind: 'test', pointer: '', path: 'time.hour', op: 'lte', value: new JsonNumber('23') },
];

/** What the path can never be: `eq` or `in` with nothing that it has, an hour beyond the day. */
function impossibleValue(conditions: readonly ConditionSource[], name: string | undefined): LintProblem | undefined {
  for (const test of testsIn(conditions)) {
    const { path, op, value, pointer } = test;
    if (path === 'time.hour' && hours.some((bound) => boundsExclude(test, bound) || boundsExclude(bound, test))) {
      return { pointer, message: `\`${path}\` is never \`${said(test)}\``, hint: 'it is 0 to 23' };
    }
    if (typeof path !== 'string' || value === undefined || (op !== 'eq' && op !== 'in')) continue;
    const values = Array.isArray(value) ? (value as readonly JsonValue[]) : [value];
    const known = path === 'tool.name' && name !== undefined && !isGlob(name) ? [name] : closed[path];
    if (known !== undefined && values.every((v) => typeof v !== 'string' || !known.includes(v))) {
      return {
        pointer,
        message: `\`${path}\` is never ${values.map(jsonText).join(' or ')}`,
        hint: `it is ${known.join(', ')}`,
      };
    }
    if (
      path === 'time.hour' &&
      values.every((v) => !(v instanceof JsonNumber) || !/^(?:1?[0-9]|2[0-3])$/.test(v.text))
    ) {
      return { pointer, message: `\`${path}\` is never ${values.map(jsonText).join(' or ')}`, hint: 'it is 0 to 23' };
    }
  }
  return undefined;
}

/** Entries and rules that nothing reaches: hidden tools, entries that deny first, rules that always hold, doubles. */

import { toJson } from '../../domain/json.ts';
import type { PolicyEntry } from '../../domain/policy-document.ts';
import { canonicalText } from '../../platform/canonical.ts';
import { globMatcher, isGlob } from '../../stages/policy/names.ts';
import { entriesOf, type Lint, type LintProblem, levelsOf, type PlacedEntry } from './lint.ts';

export const neverApplies: Lint = {
  name: 'dead or shadowed rule',
  meaning:
    'an entry for a hidden tool, rules beside `action: deny`, a rule after one that always refuses, a rule written twice',
  *find({ document }) {
    const { level: outer } = document;
    for (const placed of entriesOf(document)) {
      const hides = placed.level === outer ? outer.hide : [...placed.level.hide, ...outer.hide];
      yield* hiddenEntry(placed, hides);
      yield* besideDeny(placed.entry);
      yield* afterAlways(placed.entry);
      yield* doubles(placed.entry);
      yield* deniedByGlob(placed);
    }
    for (const { level } of levelsOf(document)) {
      for (const [i, hide] of level.hide.entries()) {
        const first = level.hide.findIndex(
          ({ pattern }) => pattern === hide.pattern || coversName(pattern, hide.pattern),
        );
        if (first === i || first < 0) continue;
        yield {
          pointer: hide.pointer,
          message: `\`${hide.pattern}\` is hidden already by \`${level.hide[first]?.pattern}\``,
        };
      }
    }
  },
};

function coversName(pattern: string, name: string): boolean {
  return isGlob(pattern) && !isGlob(name) && globMatcher(pattern)(name);
}

function* hiddenEntry(
  { name, entry }: PlacedEntry,
  hides: readonly { readonly pattern: string }[],
): Iterable<LintProblem> {
  if (name === undefined) return;
  const hide = hides.find(({ pattern }) => pattern === '*' || pattern === name || coversName(pattern, name));
  if (hide === undefined) return;
  yield {
    pointer: entry.pointer,
    part: 'key',
    message: `\`${name}\` is hidden by \`${hide.pattern}\`, so this entry never applies`,
    hint: 'remove the entry or the hide',
  };
}

function* besideDeny(entry: PolicyEntry): Iterable<LintProblem> {
  if (entry.action !== 'deny') return;
  const beside = [...entry.denyIf, ...entry.require, ...entry.limits][0];
  if (beside === undefined) return;
  yield { pointer: beside.pointer, message: '`action: deny` refuses every call, so this rule never matters' };
}

function* afterAlways(entry: PolicyEntry): Iterable<LintProblem> {
  const always = entry.denyIf.find((rule) => rule.conditions.length === 0);
  if (always === undefined || entry.action === 'deny') return;
  const other = [...entry.denyIf, ...entry.require, ...entry.limits].find((rule) => rule !== always);
  if (other === undefined) return;
  yield { pointer: other.pointer, message: 'an empty `deny_if` refuses every call, so this rule never matters' };
}

function* doubles(entry: PolicyEntry): Iterable<LintProblem> {
  const seen = new Map<string, string>();
  for (const [kind, list] of [
    ['deny_if', entry.denyIf],
    ['require', entry.require],
  ] as const) {
    for (const rule of list) {
      const text = `${kind} ${canonicalText(withoutPointers(toJson(rule.conditions)))}`;
      const first = seen.get(text);
      if (first !== undefined) yield { pointer: rule.pointer, message: `the same conditions as \`${first}\`` };
      else seen.set(text, rule.pointer);
    }
  }
}

function withoutPointers(value: ReturnType<typeof toJson>): ReturnType<typeof toJson> {
  if (Array.isArray(value)) return (value as readonly ReturnType<typeof toJson>[]).map(withoutPointers);
  if (typeof value !== 'object' || value === null || !('kind' in value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'pointer')
      .map(([key, member]) => [key, withoutPointers(member as ReturnType<typeof toJson>)]),
  );
}

function* deniedByGlob({ name, entry, level }: PlacedEntry): Iterable<LintProblem> {
  if (name === undefined || isGlob(name) || entry.action === 'deny') return;
  for (const [glob, other] of level.tools) {
    if (!isGlob(glob) || other.action !== 'deny' || other.shadow || !globMatcher(glob)(name)) continue;
    yield {
      pointer: entry.pointer,
      part: 'key',
      message: `\`${name}\` is refused by \`${glob}\`, whose \`action: deny\` applies to it too`,
      hint: 'everything that applies, applies; narrow the glob',
    };
    return;
  }
}

/** Entries and rules that nothing reaches: hidden tools, entries that deny first, rules that always hold, doubles. */

import type { PolicyEntry, PolicyLevel } from '../../domain/policy-document.ts';
import { globMatcher, isGlob } from '../../stages/policy/names.ts';
import { conditionsText } from '../rule-text.ts';
import { entriesOf, type Lint, type LintProblem, levelsOf, type PlacedEntry } from './lint.ts';

export const neverApplies: Lint = {
  name: 'dead or shadowed rule',
  meaning:
    'an entry for a hidden tool, rules beside `action: deny`, a rule after one that always refuses, a rule written twice',
  *find({ document }) {
    const { level: outer } = document;
    // Once a level: a policy may list ten thousand tools and hide as many.
    const denying = new Map(levelsOf(document).map(({ level }) => [level, denyingGlobs(level)]));
    const hiding = new Map(
      levelsOf(document).map(({ level }) => [level, hidesOf(level === outer ? [outer] : [level, outer])]),
    );
    for (const placed of entriesOf(document)) {
      yield* hiddenEntry(placed, hiding.get(placed.level));
      yield* besideDeny(placed.entry);
      yield* afterAlways(placed.entry);
      yield* doubles(placed.entry);
      yield* deniedByGlob(placed, denying.get(placed.level) ?? []);
    }
    for (const { level } of levelsOf(document)) yield* hiddenTwice(level);
  },
};

interface Hides {
  readonly names: ReadonlySet<string>;
  readonly globs: readonly { readonly pattern: string; readonly matches: (name: string) => boolean }[];
}

function hidesOf(levels: readonly PolicyLevel[]): Hides {
  const patterns = levels.flatMap((level) => level.hide.map(({ pattern }) => pattern));
  return {
    names: new Set(patterns),
    globs: [...new Set(patterns.filter(isGlob))].map((pattern) => ({ pattern, matches: globMatcher(pattern) })),
  };
}

/** The pattern that hides the name, or the same glob. */
function hiderOf(name: string, { names, globs }: Hides): string | undefined {
  if (names.has(name)) return name;
  return globs.find(({ pattern, matches }) => pattern === '*' || (!isGlob(name) && matches(name)))?.pattern;
}

function* hiddenEntry({ name, entry }: PlacedEntry, hides: Hides | undefined): Iterable<LintProblem> {
  const hider = name === undefined || hides === undefined ? undefined : hiderOf(name, hides);
  if (hider === undefined) return;
  yield {
    pointer: entry.pointer,
    part: 'key',
    message: `\`${name}\` is hidden by \`${hider}\`, so this entry never applies`,
    hint: 'remove the entry or the hide',
  };
}

function* hiddenTwice(level: PolicyLevel): Iterable<LintProblem> {
  const before: { names: Set<string>; globs: Hides['globs'][number][] } = { names: new Set(), globs: [] };
  for (const { pattern, pointer } of level.hide) {
    const hider = hiderOf(pattern, before);
    if (hider !== undefined) yield { pointer, message: `\`${pattern}\` is hidden already by \`${hider}\`` };
    before.names.add(pattern);
    if (isGlob(pattern)) before.globs.push({ pattern, matches: globMatcher(pattern) });
  }
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
    if (list.length < 2) continue;
    for (const rule of list) {
      const text = `${kind} ${conditionsText(rule.conditions)}`;
      const first = seen.get(text);
      if (first !== undefined) yield { pointer: rule.pointer, message: `the same conditions as \`${first}\`` };
      else seen.set(text, rule.pointer);
    }
  }
}

interface DenyingGlob {
  readonly glob: string;
  readonly matches: (name: string) => boolean;
}

function denyingGlobs(level: PolicyLevel): DenyingGlob[] {
  return [...level.tools].flatMap(([glob, entry]) =>
    isGlob(glob) && entry.action === 'deny' && !entry.shadow ? [{ glob, matches: globMatcher(glob) }] : [],
  );
}

function* deniedByGlob({ name, entry }: PlacedEntry, denying: readonly DenyingGlob[]): Iterable<LintProblem> {
  if (name === undefined || isGlob(name) || entry.action === 'deny') return;
  const found = denying.find(({ matches }) => matches(name));
  if (found === undefined) return;
  yield {
    pointer: entry.pointer,
    part: 'key',
    message: `\`${name}\` is refused by \`${found.glob}\`, whose \`action: deny\` applies to it too`,
    hint: 'everything that applies, applies; narrow the glob',
  };
}

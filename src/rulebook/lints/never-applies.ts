/** Entries and rules that nothing reaches: hidden tools, entries that deny first, rules that always hold, doubles. */

import type { PolicyEntry, PolicyLevel } from '../../domain/policy-document.ts';
import { globMatcher, isGlob } from '../../stages/policy/names.ts';
import type { KnownTool } from '../known-tools.ts';
import { conditionsText } from '../rule-text.ts';
import { entriesOf, type Lint, type LintProblem, levelsOf, type PlacedEntry, toolsOf } from './lint.ts';

export const neverApplies: Lint = {
  name: 'dead or shadowed rule',
  meaning:
    'an entry for a hidden tool or one that another entry denies, rules beside `action: deny`, a rule after one that always refuses, a rule written twice',
  *find({ document, tools }) {
    const { level: outer } = document;
    // Once a level: a policy may list ten thousand tools and hide as many.
    const denying = new Map(levelsOf(document).map(({ level }) => [level, denyingOf(level, outer)]));
    const hiding = new Map(
      levelsOf(document).map(({ level }) => [level, hidesOf(level === outer ? [outer] : [level, outer])]),
    );
    for (const placed of entriesOf(document)) {
      yield* hiddenEntry(placed, hiding.get(placed.level));
      yield* besideDeny(placed.entry);
      yield* afterAlways(placed.entry);
      yield* doubles(placed.entry);
      yield* deniedElsewhere(placed, denying.get(placed.level), tools);
    }
    for (const { level } of levelsOf(document)) yield* hiddenTwice(level);
  },
};

/** Every name is held against each of them. */
const globsMax = 1_000;

interface Hides {
  readonly names: ReadonlySet<string>;
  readonly globs: readonly { readonly pattern: string; readonly matches: (name: string) => boolean }[];
}

function hidesOf(levels: readonly PolicyLevel[]): Hides {
  const patterns = levels.flatMap((level) => level.hide.map(({ pattern }) => pattern));
  return {
    names: new Set(patterns),
    globs: [...new Set(patterns.filter(isGlob))]
      .slice(0, globsMax)
      .map((pattern) => ({ pattern, matches: globMatcher(pattern) })),
  };
}

/** The pattern that hides the name, or the same glob. */
function hiderOf(name: string, { names, globs }: Hides): string | undefined {
  const written = [name, '*'].find((pattern) => names.has(pattern));
  return written ?? (isGlob(name) ? undefined : globs.find(({ matches }) => matches(name))?.pattern);
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
    if (isGlob(pattern) && before.globs.length < globsMax)
      before.globs.push({ pattern, matches: globMatcher(pattern) });
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

/** What denies besides a tool's own entry. */
interface Denying {
  readonly all: boolean;
  /** Of the outer level, for the entries of a server's block. */
  readonly names: ReadonlySet<string>;
  readonly globs: readonly { readonly glob: string; readonly matches: (name: string) => boolean }[];
  readonly groups: ReadonlySet<string>;
}

function denyingOf(level: PolicyLevel, outer: PolicyLevel): Denying {
  const levels = level === outer ? [outer] : [level, outer];
  const denied = ({ tools }: PolicyLevel): string[] =>
    [...tools].flatMap(([name, entry]) => (denies(entry) ? name : []));
  return {
    all: levels.some(({ allTools }) => allTools !== undefined && denies(allTools)),
    names: new Set(level === outer ? [] : denied(outer)),
    globs: levels
      .flatMap(denied)
      .filter(isGlob)
      .slice(0, globsMax)
      .map((glob) => ({ glob, matches: globMatcher(glob) })),
    groups: new Set(
      levels.flatMap(({ categories }) => [...categories].flatMap(([g, entry]) => (denies(entry) ? g : []))),
    ),
  };
}

function denies(entry: PolicyEntry): boolean {
  return entry.action === 'deny' && !entry.shadow;
}

function* deniedElsewhere(
  placed: PlacedEntry,
  denying: Denying | undefined,
  tools: readonly KnownTool[] | undefined,
): Iterable<LintProblem> {
  const { name, entry } = placed;
  if (name === undefined || entry.action === 'deny' || denying === undefined) return;
  const denier = denierOf(name, denying) ?? denyingGroup(toolsOf(placed, tools) ?? [], denying);
  if (denier === undefined) return;
  const hint = isGlob(denier) ? 'narrow the glob' : 'remove the one or the other';
  yield {
    pointer: entry.pointer,
    part: 'key',
    message: `\`${name}\` is refused by \`${denier}\`, whose \`action: deny\` applies to it too`,
    hint: `everything that applies, applies; ${hint}`,
  };
}

function denierOf(name: string, { all, names, globs }: Denying): string | undefined {
  if (all) return 'all_tools';
  if (isGlob(name)) return undefined;
  return names.has(name) ? name : globs.find(({ matches }) => matches(name))?.glob;
}

/** The category or severity that denies all of these, where theirs are known. */
function denyingGroup(tools: readonly KnownTool[], { groups }: Denying): string | undefined {
  const of = ({ category, severity }: KnownTool): string | undefined =>
    [category, severity].find((group) => group !== undefined && groups.has(group));
  const [first] = tools;
  return first !== undefined && tools.every((tool) => of(tool) !== undefined) ? `categories.${of(first)}` : undefined;
}

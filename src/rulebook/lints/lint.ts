/** What a lint sees, and small ways through a document that several need. */
import type {
  ConditionSource,
  NumericSource,
  PolicyDocument,
  PolicyEntry,
  PolicyLevel,
  PolicyProblem,
  PolicyRule,
} from '../../domain/policy-document.ts';
import { globMatcher } from '../../stages/policy/names.ts';
import type { KnownTool } from '../known-tools.ts';

interface LintInput {
  readonly document: PolicyDocument;
  /** Absent where nothing is known of the servers' tools. */
  readonly tools: readonly KnownTool[] | undefined;
}

export interface Lint {
  /** For the reference page. */
  readonly name: string;
  readonly meaning: string;
  find(input: LintInput): Iterable<LintProblem>;
}

/** `part`: whether the key or the value at the pointer is at fault. */
export interface LintProblem extends PolicyProblem {
  readonly part?: 'key' | 'value';
}

export interface PlacedLevel {
  readonly level: PolicyLevel;
  /** The server that the level is for; absent: all. */
  readonly server: string | undefined;
}

export function levelsOf(document: PolicyDocument): PlacedLevel[] {
  return [
    { level: document.level, server: undefined },
    ...[...document.servers].map(([server, level]) => ({ level, server })),
  ];
}

export interface PlacedEntry extends PlacedLevel {
  readonly entry: PolicyEntry;
  /** The name or glob under `tools`; absent for categories and all_tools. */
  readonly name: string | undefined;
}

export function entriesOf(document: PolicyDocument): PlacedEntry[] {
  return levelsOf(document).flatMap(({ level, server }) => [
    ...[...level.tools].map(([name, entry]) => ({ level, server, entry, name })),
    ...[...level.categories.values()].map((entry) => ({ level, server, entry, name: undefined })),
    ...(level.allTools === undefined ? [] : [{ level, server, entry: level.allTools, name: undefined }]),
  ]);
}

export function rulesOf(entry: PolicyEntry): { readonly rule: PolicyRule; readonly kind: 'deny_if' | 'require' }[] {
  return [
    ...entry.denyIf.map((rule) => ({ rule, kind: 'deny_if' as const })),
    ...entry.require.map((rule) => ({ rule, kind: 'require' as const })),
  ];
}

export type TestSource = ConditionSource & { kind: 'test' };

/** Every single test of the conditions, however deep. */
export function testsIn(conditions: readonly ConditionSource[]): TestSource[] {
  return conditions.flatMap((condition): TestSource[] => {
    switch (condition.kind) {
      case 'test':
        return [condition];
      case 'any':
      case 'all':
        return testsIn(condition.members);
      case 'not':
        return testsIn([condition.member]);
      case 'cel':
        return [];
      default:
        return condition satisfies never;
    }
  });
}

/** The paths that a value is made of: one, or those of a product or sum, with where each is written. */
export function pathsIn(source: NumericSource, pointer: string): { readonly path: string; readonly pointer: string }[] {
  if (typeof source === 'string') return [{ path: source, pointer }];
  if ('product' in source) return source.product.flatMap((part, i) => pathsIn(part, `${pointer}/product/${i}`));
  if ('sum' in source) return source.sum.flatMap((part, i) => pathsIn(part, `${pointer}/sum/${i}`));
  return [];
}

/** Tests that must all hold: the list's own and those of nested `all`. */
export function together(conditions: readonly ConditionSource[]): TestSource[] {
  return conditions.flatMap((condition): TestSource[] => {
    if (condition.kind === 'test') return [condition];
    return condition.kind === 'all' ? together(condition.members) : [];
  });
}

export function expressionsIn(conditions: readonly ConditionSource[]): (ConditionSource & { kind: 'cel' })[] {
  return conditions.flatMap((condition) => {
    if (condition.kind === 'cel') return [condition];
    if (condition.kind === 'any' || condition.kind === 'all') return expressionsIn(condition.members);
    return condition.kind === 'not' ? expressionsIn([condition.member]) : [];
  });
}

/** The known tools that an entry applies to; undefined where no tools are known. */
export function toolsOf(
  { name, server }: PlacedEntry,
  tools: readonly KnownTool[] | undefined,
): KnownTool[] | undefined {
  if (tools === undefined) return undefined;
  const matches = name === undefined ? () => true : globMatcher(name);
  return tools.filter((tool) => (server === undefined || tool.server === server) && matches(tool.name));
}

/** `policy diff`: what two policies say differently, tool by tool. */

import type { Diagnostic } from '../domain/diagnostic.ts';
import type { LimitRule, PolicyDocument, PolicyEntry } from '../domain/policy-document.ts';
import { globMatcher, isGlob } from '../stages/policy/names.ts';
import type { KnownTool } from './known-tools.ts';
import { levelsOf } from './lints/lint.ts';
import type { PolicyText } from './load.ts';
import { loadDocuments } from './load.ts';
import { amountText, approvalText, inspectText, ruleText } from './rule-text.ts';
import { windowWords } from './windows.ts';

type Standing =
  | 'hidden'
  | 'not listed'
  | 'denied'
  | 'asks a person'
  | 'allowed'
  | 'enforced'
  | 'in shadow'
  | 'as the default'
  | 'by rules';

export interface Change {
  /** A tool's name, a glob for all tools under it, `(any other tool)`, `(prompts)`, `(resources)`, or `(the whole policy)` for its mode. */
  readonly tool: string;
  /** Absent: on every server. */
  readonly server?: string;
  readonly before: Standing;
  readonly after: Standing;
  /** Restrictions that only the second has, and that only the first has, as a policy writes them. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export type DiffResult = { readonly changes: readonly Change[] } | { readonly errors: readonly Diagnostic[] };

export function diffPolicies(a: PolicyText, b: PolicyText, tools: readonly KnownTool[] = []): DiffResult {
  const before = readOne(a);
  const after = readOne(b);
  if ('errors' in before || 'errors' in after) {
    return { errors: [...('errors' in before ? before.errors : []), ...('errors' in after ? after.errors : [])] };
  }
  const changes = subjects([before, after], tools).flatMap((subject) => compare(before, after, subject));
  return { changes: [...modeChange(before, after), ...changes, ...shownChanges(before, after)] };
}

function modeChange(a: PolicyDocument, b: PolicyDocument): Change[] {
  if (a.mode === b.mode) return [];
  const said = ({ mode }: PolicyDocument): Standing => (mode === 'shadow' ? 'in shadow' : 'enforced');
  return [{ tool: '(the whole policy)', before: said(a), after: said(b), added: [], removed: [] }];
}

/** Which prompts and resources are shown, of the document and of each server's block. */
function shownChanges(a: PolicyDocument, b: PolicyDocument): Change[] {
  const servers = new Set([undefined, ...a.servers.keys(), ...b.servers.keys()]);
  return [...servers].flatMap((server) =>
    (['prompts', 'resources'] as const).flatMap((kind): Change[] => {
      const [before, after] = [shownBy(a, server, kind), shownBy(b, server, kind)];
      const added = after.filter((rule) => !before.includes(rule));
      const removed = before.filter((rule) => !after.includes(rule));
      if (added.length === 0 && removed.length === 0) return [];
      const said = (rules: readonly string[]): Standing => (rules.length === 0 ? 'as the default' : 'by rules');
      const change = { tool: `(${kind})`, before: said(before), after: said(after), added, removed };
      return [server === undefined ? change : { ...change, server }];
    }),
  );
}

function shownBy(document: PolicyDocument, server: string | undefined, kind: 'prompts' | 'resources'): string[] {
  const level = server === undefined ? document.level : document.servers.get(server);
  const rules = level?.[kind];
  if (rules === undefined) return [];
  const { allow, hide } = rules;
  return [
    ...(allow?.length === 0 ? ['allow: none'] : []),
    ...(allow ?? []).map(({ pattern }) => `allow: ${pattern}`),
    ...hide.map(({ pattern }) => `hide: ${pattern}`),
  ];
}

function readOne(text: PolicyText): PolicyDocument | { readonly errors: readonly Diagnostic[] } {
  const loaded = loadDocuments([text]);
  if ('errors' in loaded) return loaded;
  const [read] = loaded.documents;
  return read?.document ?? { errors: [] };
}

interface Subject {
  readonly tool: string;
  readonly server: string | undefined;
}

const anyOther = '(any other tool)';

/** Every name and glob that either writes, every known tool, and a name that nothing mentions; once per server block. */
function subjects(documents: readonly PolicyDocument[], tools: readonly KnownTool[]): Subject[] {
  const servers = new Set<string | undefined>([undefined, ...documents.flatMap((d) => [...d.servers.keys()])]);
  const names = new Set<string>();
  for (const document of documents) {
    for (const { level } of levelsOf(document)) {
      for (const name of level.tools.keys()) names.add(name);
      for (const { pattern } of level.hide) names.add(pattern);
    }
  }
  const found: Subject[] = [];
  for (const server of servers) {
    for (const name of [...names].toSorted()) found.push({ tool: name, server });
    found.push({ tool: anyOther, server });
  }
  for (const { name, server } of tools) if (!names.has(name)) found.push({ tool: name, server });
  return found;
}

function compare(a: PolicyDocument, b: PolicyDocument, subject: Subject): Change[] {
  const [before, after] = [standing(a, subject), standing(b, subject)];
  const added = after.rules.filter((rule) => !before.rules.includes(rule));
  // What is shut needs no rules; that they are gone says nothing.
  const open = after.standing === 'allowed' || after.standing === 'asks a person';
  const removed = open ? before.rules.filter((rule) => !after.rules.includes(rule)) : [];
  if (before.standing === after.standing && added.length === 0 && removed.length === 0) return [];
  const { tool, server } = subject;
  const change = { tool, before: before.standing, after: after.standing, added, removed };
  if (server === undefined) return [change];
  // A server's own block is worth a line only where it says something else than the rest.
  const general = compare(a, b, { tool, server: undefined })[0];
  return general !== undefined && sameChange(general, change) ? [] : [{ ...change, server }];
}

function sameChange(a: Change, b: Change): boolean {
  return (
    a.before === b.before &&
    a.after === b.after &&
    a.added.join('\n') === b.added.join('\n') &&
    a.removed.join('\n') === b.removed.join('\n')
  );
}

function standing(document: PolicyDocument, { tool, server }: Subject): { standing: Standing; rules: string[] } {
  const block = server === undefined ? undefined : document.servers.get(server);
  const levels = block === undefined ? [document.level] : [block, document.level];
  const covers = (pattern: string): boolean =>
    tool === anyOther
      ? pattern === '*'
      : pattern === tool || (isGlob(pattern) && !isGlob(tool) && globMatcher(pattern)(tool));
  if (levels.some((level) => level.hide.some(({ pattern }) => covers(pattern))))
    return { standing: 'hidden', rules: [] };
  const listing = levels.flatMap((level) =>
    [...level.tools].filter(([name]) => covers(name)).map(([, entry]) => entry),
  );
  const groups = levels.flatMap((level) => [...level.categories.values()]);
  const everywhere = levels.flatMap((level) => (level.allTools === undefined ? [] : [level.allTools]));
  const fallback = levels.find((level) => level.default !== undefined)?.default ?? 'deny';
  if (listing.length === 0 && fallback === 'deny') return { standing: 'not listed', rules: [] };
  const applying = [...listing, ...everywhere];
  const rules = [
    ...applying.flatMap(restrictions),
    ...groups.flatMap((entry) => restrictions(entry).map((r) => `${entry.key}: ${r}`)),
  ];
  if (applying.some((entry) => entry.action === 'deny' && !entry.shadow)) return { standing: 'denied', rules: [] };
  const asks = applying.some((entry) => entry.action === 'require_approval' && !entry.shadow);
  return { standing: asks ? 'asks a person' : 'allowed', rules: rules.toSorted() };
}

/** What an entry restricts, without where it stands. */
function restrictions(entry: PolicyEntry): string[] {
  return [
    // What a rule in shadow would do is not what the tool stands for.
    ...(entry.action === 'deny' && entry.shadow ? ['action: deny'] : []),
    ...(entry.argumentsSchema ? ['arguments: schema'] : []),
    ...entry.denyIf.map((rule) => `deny_if: ${ruleText(rule)}`),
    ...entry.require.map((rule) => `require: ${ruleText(rule)}`),
    ...(entry.approval === undefined ? [] : [`approval: ${approvalText(entry.approval)}`]),
    ...entry.limits.map(limitText),
    ...(entry.inspect === undefined ? [] : [`inspect: ${inspectText(entry.inspect)}`]),
  ].map((text) => (entry.shadow ? `shadow ${text}` : text));
}

function limitText(limit: LimitRule): string {
  const { max, per, amount, counter, onDeny } = limit;
  const named = counter.includes('#') ? '' : ` in \`${counter}\``;
  const said = onDeny === undefined ? '' : `: ${onDeny}`;
  const counted = amount === undefined ? '' : ` of ${amountText(amount)}`;
  return `limit ${max}${counted} in ${windowWords(limit)} per ${per.join(' and ')}${named}${said}`;
}

/** What applies to one tool, worked out once a name: hides, defaults and entries in the order in which they are named. */
import { CATEGORIES, type CallFacts, SEVERITIES, type ToolFacts, type TrailEntry } from '../../domain/policy.ts';
import type {
  CompiledDocument,
  CompiledEntry,
  CompiledLevel,
  CompiledPolicySet,
  DocumentPlan,
  ToolPlan,
} from './compiled.ts';

/** What is known of a tool; undefined where it is not known. */
interface Facts {
  readonly category?: ToolFacts['category'] | undefined;
  readonly severity?: ToolFacts['severity'] | undefined;
  readonly reviewed?: boolean | undefined;
}

export function planFor(policy: CompiledPolicySet, tool: ToolFacts): ToolPlan {
  return planNamed(policy, tool.server, tool.name, tool);
}

/** As {@link planFor}, for the tool of a call. */
export function planOf(policy: CompiledPolicySet, call: CallFacts): ToolPlan {
  return planNamed(policy, call.server, call.tool, call);
}

function planNamed(policy: CompiledPolicySet, server: string, name: string, facts: Facts): ToolPlan {
  const known = policy.plan(server, name);
  if (
    known !== undefined &&
    known.category === facts.category &&
    known.severity === facts.severity &&
    known.reviewed === (facts.reviewed ?? false)
  ) {
    return known;
  }
  const plan = makePlan(policy, server, name, facts);
  policy.keep(server, name, plan);
  return plan;
}

function makePlan(policy: CompiledPolicySet, server: string, name: string, facts: Facts): ToolPlan {
  const trail: TrailEntry[] = [];
  const documents = policy.compiled.map((document) => planDocument(document, server, name, facts, trail));
  const enforced = documents.filter((document) => !document.shadow);
  const entries = documents.flatMap((document) => document.entries);
  return {
    category: facts.category,
    severity: facts.severity,
    reviewed: facts.reviewed ?? false,
    documents,
    trail,
    permitRule: trail.find((entry) => entry.kind === 'listed' || entry.kind === 'default')?.rule ?? '/default',
    shown: enforced.every((document) => document.hidden === undefined && document.unlisted === undefined),
    watched: documents.some((document) => document.shadow) || entries.some((entry) => entry.shadow),
    constant: undefined,
    readsCall: entries.some(readsCall),
    inspects: entries.some((entry) => entry.inspect !== undefined),
  };
}

function readsCall(entry: CompiledEntry): boolean {
  return (
    entry.argumentsRule !== undefined ||
    entry.requiredRule !== undefined ||
    entry.rules.length > 0 ||
    entry.approval !== undefined ||
    entry.limits.length > 0
  );
}

function planDocument(
  document: CompiledDocument,
  server: string,
  name: string,
  facts: Facts,
  trail: TrailEntry[],
): DocumentPlan {
  const block = document.servers.get(server);
  // The server's own entries are the nearer ones and are named first within each kind.
  const levels = block === undefined ? [document.outer] : [block, document.outer];
  const { shadow } = document;
  const mark = shadow ? { shadow } : {};
  const hidden = levels.map((level) => hiddenBy(level, name)).find((rule) => rule !== undefined);
  if (hidden !== undefined) trail.push({ rule: hidden, kind: 'hide', outcome: 'holds', ...mark });

  const named = levels.flatMap((level) => [...exactEntries(level, name)]);
  const globbed = levels.flatMap((level) => level.globs.filter((glob) => glob.matches(name)).map((g) => g.entry));
  const known = facts.category !== undefined && facts.severity !== undefined;
  const grouped = levels.flatMap((level) => categoryEntries(level, facts));
  const permitting = known && facts.reviewed === true ? grouped.filter((entry) => entry.allowWritten) : [];
  const listing = [...named, ...globbed, ...permitting];
  for (const entry of listing) {
    trail.push({
      rule: entry.rule,
      kind: 'listed',
      outcome: 'holds',
      ...(shadow || entry.shadow ? { shadow: true } : {}),
    });
  }
  const fallback = levels.map((level) => level.default).find((d) => d !== undefined);
  let unlisted: string | undefined;
  if (listing.length === 0) {
    // A document always has a default; were it missing, refusal is the resting state.
    const rule = fallback?.rule ?? '/default';
    const allowed = fallback?.allow === true;
    if (!allowed) unlisted = rule;
    trail.push({
      rule,
      kind: 'default',
      outcome: allowed ? 'holds' : 'fails',
      read: allowed ? 'allow' : 'deny',
      ...mark,
    });
  }
  const everywhere = levels.flatMap((level) => (level.allTools === undefined ? [] : [level.allTools]));
  return { shadow, hidden, unlisted, entries: [...named, ...globbed, ...grouped, ...everywhere] };
}

function hiddenBy(level: CompiledLevel, name: string): string | undefined {
  const exact = level.hideExact.get(name) ?? Number.POSITIVE_INFINITY;
  const glob = level.hideGlobs.find((candidate) => candidate.matches(name))?.index ?? Number.POSITIVE_INFINITY;
  return level.hides[Math.min(exact, glob)]?.rule;
}

function exactEntries(level: CompiledLevel, name: string): CompiledEntry[] {
  const entry = level.exact.get(name);
  return entry === undefined ? [] : [entry];
}

/** A tool of which either is unknown gets the restrictions of every entry. */
function categoryEntries(level: CompiledLevel, { category, severity }: Facts): CompiledEntry[] {
  const names =
    category === undefined || severity === undefined ? [...CATEGORIES, ...SEVERITIES] : [category, severity];
  return names.flatMap((name) => level.categories.get(name) ?? []);
}

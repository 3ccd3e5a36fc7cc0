/** The inside of a `PolicySet`: documents as tables that `plan.ts` reads once a tool and `decide.ts` runs once a call. */
import type {
  Category,
  Decision,
  PolicyDocumentInfo,
  PolicySet,
  Severity,
  ToolFacts,
  TrailEntry,
} from '../../domain/policy.ts';
import type { InspectRule } from '../../domain/policy-document.ts';
import type { Expression } from './conditions/context.ts';
import type { Condition } from './evaluation.ts';
import type { CompiledLimit } from './limit-demand.ts';
import type { Matcher } from './names.ts';

export interface CompiledRule {
  readonly rule: string;
  readonly kind: 'deny_if' | 'require';
  readonly conditions: readonly Condition[];
  readonly onDeny: string | undefined;
  /** What a refusal says where nothing was written, and what would pass. */
  readonly reason: string;
  readonly remedy: string | undefined;
}

interface CompiledApproval {
  readonly rule: string;
  /** Absent: always. */
  readonly if: readonly Condition[] | undefined;
  readonly approvers: readonly string[];
  readonly quorum: number;
  readonly expiresMs: number;
  readonly validForMs: number;
  readonly holdMs: number;
}

export interface CompiledEntry {
  readonly rule: string;
  readonly shadow: boolean;
  readonly timezone: string;
  readonly deny: boolean;
  /** A category permits only where it wrote `action: allow`. */
  readonly allowWritten: boolean;
  readonly reason: string | undefined;
  readonly argumentsRule: string | undefined;
  readonly requiredRule: string | undefined;
  readonly rules: readonly CompiledRule[];
  readonly approval: CompiledApproval | undefined;
  readonly limits: readonly CompiledLimit[];
  /** Expressions whose types are checked against the schema of the tool that is called. */
  readonly expressions: readonly { readonly rule: string; readonly expression: Expression }[];
  readonly inspect: CompiledInspect | undefined;
}

export interface CompiledInspect {
  readonly rule: string;
  readonly source: InspectRule;
  readonly denyIf: readonly CompiledRule[];
}

export interface CompiledPattern {
  readonly rule: string;
  readonly pattern: string;
  readonly matches: Matcher;
}

export interface CompiledNameRules {
  readonly allow: readonly CompiledPattern[] | undefined;
  readonly hide: readonly CompiledPattern[];
}

export interface CompiledLevel {
  readonly default: { readonly allow: boolean; readonly rule: string } | undefined;
  readonly hides: readonly CompiledPattern[];
  /** Index of the first hide that writes the name. */
  readonly hideExact: ReadonlyMap<string, number>;
  readonly hideGlobs: readonly { readonly matches: Matcher; readonly index: number }[];
  readonly exact: ReadonlyMap<string, CompiledEntry>;
  /** Sorted by pattern. */
  readonly globs: readonly { readonly matches: Matcher; readonly entry: CompiledEntry }[];
  readonly categories: ReadonlyMap<Category | Severity, CompiledEntry>;
  readonly allTools: CompiledEntry | undefined;
  readonly prompts: CompiledNameRules | undefined;
  readonly resources: CompiledNameRules | undefined;
}

export interface CompiledDocument {
  readonly shadow: boolean;
  readonly outer: CompiledLevel;
  readonly servers: ReadonlyMap<string, CompiledLevel>;
}

/** What applies to one tool; `plan.ts` makes it. */
export interface ToolPlan {
  readonly category: ToolFacts['category'];
  readonly severity: ToolFacts['severity'];
  readonly reviewed: boolean;
  readonly documents: readonly DocumentPlan[];
  /** Hides, listings and defaults: the same for every call. */
  readonly trail: readonly TrailEntry[];
  /** The rule named where nothing refuses: the entry that lists the tool, or the default. */
  readonly permitRule: string;
  /** Whether the tool is shown in a list: neither hidden nor left to `default: deny` by an enforced document. */
  readonly shown: boolean;
  /** Whether rules in shadow take part. */
  readonly watched: boolean;
  /** Where no rule reads the call: the decision, made when first asked for. */
  constant: Decision | undefined;
  readonly readsCall: boolean;
  /** Whether anything is asked to be done with the reply. */
  readonly inspects: boolean;
}

export interface DocumentPlan {
  readonly shadow: boolean;
  readonly hidden: string | undefined;
  /** The rule that refuses a tool which nothing lists. */
  readonly unlisted: string | undefined;
  readonly entries: readonly CompiledEntry[];
}

/** Plans kept of a server; a caller that asks for ever new names starts the cache afresh instead of growing it. */
const plansMax = 20_000;
/** Longer names are nobody's tools; their plans are made each time. */
const plannedNameLengthMax = 256;

export class CompiledPolicySet implements PolicySet {
  readonly hash: string;
  readonly documents: readonly PolicyDocumentInfo[];
  readonly compiled: readonly CompiledDocument[];
  readonly #plans = new Map<string, Map<string, ToolPlan>>();

  constructor(hash: string, documents: readonly PolicyDocumentInfo[], compiled: readonly CompiledDocument[]) {
    this.hash = hash;
    this.documents = documents;
    this.compiled = compiled;
  }

  /** The plan made for this name, whatever it knew of the tool; the caller checks that. */
  plan(server: string, tool: string): ToolPlan | undefined {
    return this.#plans.get(server)?.get(tool);
  }

  keep(server: string, tool: string, plan: ToolPlan): void {
    if (tool.length > plannedNameLengthMax) return;
    let plans = this.#plans.get(server);
    if (plans === undefined) this.#plans.set(server, (plans = new Map<string, ToolPlan>()));
    if (plans.size >= plansMax) plans.clear();
    plans.set(tool, plan);
  }
}

/** Every limit that the policy has, whatever it applies to. */
export function policyLimits(policy: PolicySet): readonly CompiledLimit[] {
  return entriesOf(compiledSet(policy)).flatMap(({ limits }) => limits);
}

export function entriesOf(policy: CompiledPolicySet): readonly CompiledEntry[] {
  const levels = policy.compiled.flatMap(({ outer, servers }) => [outer, ...servers.values()]);
  return levels.flatMap(({ exact, globs, categories, allTools }) => [
    ...exact.values(),
    ...globs.map(({ entry }) => entry),
    ...categories.values(),
    ...(allTools ? [allTools] : []),
  ]);
}

export function compiledSet(policy: PolicySet): CompiledPolicySet {
  if (policy instanceof CompiledPolicySet) return policy;
  throw new TypeError('a policy set that the rulebook did not make');
}

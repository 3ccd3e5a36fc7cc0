/**
 * A policy document in the one form that every dialect is read into: plain data, each part with the JSON Pointer of the
 * place that wrote it. `rulebook` makes it, `stages/policy/compile.ts` turns it into something that decides.
 */
import type { JsonNumber, JsonValue } from './json.ts';
import type { Category, LimitWindow, Scope, Severity } from './policy.ts';

export interface PolicyDocument {
  /** As messages to the operator name it. */
  readonly file: string;
  /** As rules name it where a grant has several documents, agents being told; absent: `file`. */
  readonly name?: string;
  /** As `per: policy` counts it; absent: `file`. */
  readonly path?: string;
  readonly hash: string;
  readonly mode: 'enforce' | 'shadow';
  readonly timezone: string;
  readonly level: PolicyLevel;
  readonly servers: ReadonlyMap<string, PolicyLevel>;
}

/** The document's own entries, or those of one `servers.<id>` block. */
export interface PolicyLevel {
  readonly pointer: string;
  readonly default?: 'allow' | 'deny';
  readonly timezone?: string;
  readonly hide: readonly NamePattern[];
  readonly allTools?: PolicyEntry;
  readonly categories: ReadonlyMap<Category | Severity, PolicyEntry>;
  readonly tools: ReadonlyMap<string, PolicyEntry>;
  readonly prompts?: NameRules;
  readonly resources?: NameRules;
}

export interface NamePattern {
  readonly pattern: string;
  readonly pointer: string;
}

/** `allow` absent: as `default`. */
export interface NameRules {
  readonly allow?: readonly NamePattern[];
  readonly hide: readonly NamePattern[];
}

export interface PolicyEntry {
  readonly pointer: string;
  /** Stable name of the entry, for counters without a name of their own. */
  readonly key: string;
  readonly action: 'allow' | 'deny' | 'require_approval';
  /** Whether `action` was written: a category permits only where it says so. */
  readonly actionWritten: boolean;
  readonly reason?: string;
  readonly shadow: boolean;
  readonly argumentsSchema: boolean;
  readonly denyIf: readonly PolicyRule[];
  readonly require: readonly PolicyRule[];
  readonly approval?: ApprovalRule;
  readonly limits: readonly LimitRule[];
  readonly inspect?: InspectRule;
  /** Arguments the older dialect's `validate.required_args` asks for: read from the schema when the call is judged. */
  readonly requiredArguments?: string;
}

export interface PolicyRule {
  readonly pointer: string;
  readonly conditions: readonly ConditionSource[];
  readonly onDeny?: string;
}

export type ConditionSource =
  | {
      readonly kind: 'test';
      readonly pointer: string;
      readonly path: NumericSource;
      readonly op: string;
      readonly value: JsonValue | undefined;
    }
  | { readonly kind: 'any' | 'all'; readonly pointer: string; readonly members: readonly ConditionSource[] }
  | { readonly kind: 'not'; readonly pointer: string; readonly member: ConditionSource }
  | { readonly kind: 'cel'; readonly pointer: string; readonly text: string };

/** A path, a number, or an exact product or sum of such. */
export type NumericSource =
  | string
  | JsonNumber
  | { readonly product: readonly NumericSource[] }
  | { readonly sum: readonly NumericSource[] };

export interface ApprovalRule {
  readonly pointer: string;
  /** Absent: always. */
  readonly if?: readonly ConditionSource[];
  readonly approvers: readonly string[];
  readonly quorum: number;
  readonly expiresMs: number;
  readonly validForMs: number;
  readonly holdMs: number;
}

export interface LimitRule {
  readonly pointer: string;
  readonly counter: string;
  readonly per: readonly Scope[];
  readonly max: string;
  readonly window: LimitWindow;
  readonly windowText: string;
  /** Absent: 1. */
  readonly amount?: NumericSource | { readonly cel: string };
  readonly onDeny?: string;
}

export interface InspectRule {
  readonly pointer: string;
  readonly redact: readonly RedactRule[];
  readonly strip: readonly ('invisible' | 'terminal')[];
  readonly maxBytes?: number;
  readonly denyIf: readonly PolicyRule[];
}

export type RedactRule =
  | { readonly pointer: string; readonly path: string }
  | { readonly pointer: string; readonly pattern: 'secrets' | 'cards' | 'emails' }
  | { readonly pointer: string; readonly regex: string };

/** Something in a document that cannot be compiled: the rulebook turns the pointer into a line and a column. */
export interface PolicyProblem {
  readonly pointer: string;
  readonly message: string;
  readonly hint?: string;
}

/**
 * What the policy stage takes and gives. The rulebook makes a `PolicySet` of files, `stages/policy/decide.ts` turns it
 * and the facts of one call into a `Decision`; limits, approvals, audit and listing act on that.
 */
import type { JsonObject, JsonValue } from './json.ts';

export const CATEGORIES = ['financial', 'destructive', 'execute', 'write', 'read'] as const;
export type Category = (typeof CATEGORIES)[number];
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];
export const SCOPES = ['session', 'grant', 'caller', 'agent', 'server', 'tool', 'policy'] as const;
export type Scope = (typeof SCOPES)[number];

/** The compiled, immutable policy of one grant. Made by `rulebook/load.ts` only; its inside belongs to the policy stage. */
export interface PolicySet {
  /** `sha256:` and 64 hex digits over the documents as compiled; comments and the order of keys do not count. */
  readonly hash: string;
  readonly documents: readonly PolicyDocumentInfo[];
}

export interface PolicyDocumentInfo {
  readonly file: string;
  readonly hash: string;
  readonly mode: 'enforce' | 'shadow';
}

/** A tool as the catalogue knows it. `reviewed`: a person accepted the definition that is in use. */
export interface ToolFacts {
  readonly server: string;
  readonly name: string;
  readonly category?: Category;
  readonly severity?: Severity;
  readonly reviewed?: boolean;
}

export interface CallFacts {
  readonly server: string;
  /** The server's own name of the tool, without an endpoint's prefix. */
  readonly tool: string;
  readonly arguments: JsonObject;
  readonly caller: { readonly id: string; readonly agent?: string; readonly groups?: readonly string[] };
  /** The id of the grant; where absent the caller's id stands for it. */
  readonly grant?: string;
  readonly session: {
    readonly id: string;
    readonly labels?: readonly string[];
    /** Calls permitted in this session so far. */
    readonly calls?: number;
  };
  readonly category?: Category;
  readonly severity?: Severity;
  readonly reviewed?: boolean;
  /** Epoch milliseconds. */
  readonly now: number;
  /** The pinned inputSchema. Keep it one object per pin: what is compiled from it is cached by identity. */
  readonly schema?: JsonValue;
  /** The rules (as in `AskDemand.rule`) for which a person approved this exact call. */
  readonly approvals?: readonly string[];
}

export type Verdict = 'permit' | 'refuse' | 'ask' | 'hidden';

export interface Decision {
  readonly verdict: Verdict;
  /** JSON Pointer of the rule that decided (`file#pointer` where a grant has several documents), or `(no policy)`. A permit names the entry that lists the tool, or `/default`. */
  readonly rule: string;
  /** A sentence without final full stop; it never holds an argument's value. */
  readonly reason: string;
  /** What would pass, where that can be said: a sentence without final full stop. */
  readonly remedy?: string;
  /** Every rule looked at. Holds argument values: what keeps it must seal or drop them. */
  readonly trail: readonly TrailEntry[];
  /** What the limit engine must reserve, all or none, before the call is sent. Empty where the verdict is refuse or hidden. */
  readonly limits: readonly LimitDemand[];
  /** Every approval that is asked for; each must be satisfied. Empty unless the verdict is `ask`. */
  readonly asks: readonly AskDemand[];
  /** What would have been decided, had shadow rules counted. Present where that differs, or where all documents are in shadow. */
  readonly shadow?: { readonly verdict: Verdict; readonly rule: string; readonly reason: string };
}

export type Outcome = 'holds' | 'fails' | 'missing' | 'error';

export interface TrailEntry {
  /** JSON Pointer of what was looked at. */
  readonly rule: string;
  readonly kind:
    | 'hide'
    | 'listed'
    | 'default'
    | 'action'
    | 'arguments'
    | 'condition'
    | 'deny_if'
    | 'require'
    | 'approval'
    | 'limit';
  readonly outcome: Outcome;
  /** The path, expression or counter that was read. */
  readonly read?: string;
  readonly op?: string;
  /** What the value was compared with. */
  readonly expected?: JsonValue;
  /** The value seen; absent where there was none. */
  readonly seen?: JsonValue;
  /** Why it is an error, or what else is worth saying. */
  readonly note?: string;
  readonly shadow?: boolean;
}

export type LimitWindow =
  | { readonly kind: 'sliding'; readonly ms: number }
  | { readonly kind: 'calendar'; readonly unit: CalendarUnit; readonly timezone: string };
export type CalendarUnit = 'minute' | 'hour' | 'day' | 'week' | 'month';

/**
 * One limit applied to one call. Equal `counter` and `scope` (and `shadow`) are one log: the call enters it once, with
 * its largest amount, and each demand checks its own window on it.
 */
export interface LimitDemand {
  readonly rule: string;
  /** Stable across reloads and changes of `max`: the written name, or the entry's key and the item's hash. */
  readonly counter: string;
  /** `kind=value`, in a fixed order of kinds; `kind=(none)` where the call has no such value. */
  readonly scope: readonly string[];
  /** Exact plain decimal ≥ 0 with at most 18 fraction digits. */
  readonly max: string;
  readonly window: LimitWindow;
  /** As the policy writes the window: `60s`, `day`. For messages. */
  readonly windowText: string;
  /** Exact plain decimal ≥ 0 with at most 18 fraction digits. */
  readonly amount: string;
  readonly onDeny?: string;
  /** Counts in a bucket of its own and refuses nothing. */
  readonly shadow: boolean;
}

export interface AskDemand {
  readonly rule: string;
  readonly reason: string;
  /** Names or `group:x`; empty: any approver. */
  readonly approvers: readonly string[];
  readonly quorum: number;
  readonly expiresMs: number;
  readonly validForMs: number;
  readonly holdMs: number;
}

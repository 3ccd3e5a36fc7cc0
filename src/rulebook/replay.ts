/**
 * `policy replay`: recorded calls decided again by another policy, in recorded order, with fresh counters and the recorded
 * outcomes. A call that reads an argument of which the record kept no value is undecidable, never the same.
 *
 * What is compared is what was enforced with what would be: a rule in shadow flips nothing. Where only that differs which
 * rules in shadow say, the call is listed apart, so that a rule can be tried on recorded calls before it counts.
 */
import type { JsonObject, JsonValue } from '../domain/json.ts';
import type { CallFacts, Category, PolicySet, Severity, TrailEntry, Verdict } from '../domain/policy.ts';
import { decide } from '../stages/policy/decide.ts';
import { NotKept, notKept } from '../stages/policy/path.ts';
import { type CounterReset, Counters, judgeDecision } from './judge.ts';

export interface RecordedCall {
  /** The record's number or id, for the report. */
  readonly record: string;
  /** Epoch milliseconds of the decision. */
  readonly at: number;
  readonly server: string;
  readonly tool: string;
  readonly caller: CallFacts['caller'];
  readonly grant?: string;
  readonly session: { readonly id: string; readonly labels?: readonly string[] };
  readonly category?: Category;
  readonly severity?: Severity;
  readonly reviewed?: boolean;
  readonly schema?: JsonValue;
  /** The values that were kept, by argument. */
  readonly arguments: JsonObject;
  /** Arguments that were given and of which no value was kept; `all`: not even the names are known. */
  readonly dropped?: readonly string[] | 'all';
  readonly verdict: Verdict;
  readonly rule: string;
  /** What rules in shadow would have said, where the record holds it. */
  readonly wouldBe?: { readonly verdict: Verdict; readonly rule: string };
  /** Counters that were emptied by hand since the call before it. */
  readonly resets?: readonly CounterReset[];
  /** What became of a permitted call. */
  readonly outcome?: 'done' | 'failed' | 'unknown' | 'not-sent';
}

export interface Flip {
  readonly record: string;
  readonly at: number;
  readonly server: string;
  readonly tool: string;
  readonly caller: string;
  readonly was: { readonly verdict: Verdict; readonly rule: string };
  readonly now: { readonly verdict: Verdict; readonly rule: string; readonly reason: string };
}

export interface Undecidable {
  readonly record: string;
  readonly tool: string;
  /** The rule that reads what was not kept. */
  readonly rule: string;
  /** The path it reads. */
  readonly read: string;
}

export interface ReplayResult {
  readonly calls: number;
  readonly same: number;
  readonly flips: readonly Flip[];
  readonly undecidable: readonly Undecidable[];
  /** Of the calls that are the same: those of which rules in shadow say something else, `was` and `now`. */
  readonly shadow: readonly Flip[];
  /** Flips, undecidable calls and those in shadow beyond the bound of the lists. */
  readonly unlisted: number;
}

/** Rows of a report; counts go on. */
const rowsMax = 10_000;

export async function replayCalls(
  policy: PolicySet,
  calls: AsyncIterable<RecordedCall> | Iterable<RecordedCall>,
): Promise<ReplayResult> {
  const replay = new Replay(policy);
  for await (const call of calls) replay.take(call);
  return replay.result();
}

export class Replay {
  readonly #policy: PolicySet;
  readonly #counters: Counters;
  readonly #permitted = new Map<string, number>();
  readonly #flips: Flip[] = [];
  readonly #undecidable: Undecidable[] = [];
  readonly #shadow: Flip[] = [];
  #calls = 0;
  #same = 0;
  #unlisted = 0;

  constructor(policy: PolicySet) {
    this.#policy = policy;
    this.#counters = new Counters(policy);
  }

  take(recorded: RecordedCall): void {
    this.#calls++;
    for (const reset of recorded.resets ?? []) this.#counters.reset(reset);
    const call = factsOf(recorded, this.#permitted.get(recorded.session.id) ?? 0);
    const decision = decide(this.#policy, call);
    const pinned = recorded.schema !== undefined;
    const enforced = decision.trail.filter(({ shadow }) => shadow !== true);
    const unread = firstUnread(enforced, pinned);
    if (unread !== undefined && !certainRefusal(enforced)) {
      const { record, tool } = recorded;
      this.#note(this.#undecidable, { record, tool, rule: unread.rule, read: unread.read ?? '' });
      return;
    }
    // The record's own outcome: a call that surely did not happen gave its quota back.
    const happened = recorded.outcome !== 'not-sent';
    const { verdict, rule, reason, wouldBe } = judgeDecision(decision, call, this.#counters, happened);
    if (verdict === 'permit' && happened) {
      this.#permitted.set(recorded.session.id, (this.#permitted.get(recorded.session.id) ?? 0) + 1);
    }
    const now = { verdict, rule, reason };
    if (verdict !== recorded.verdict) {
      this.#note(this.#flips, flipOf(recorded, recorded, now));
      return;
    }
    this.#same++;
    // A rule in shadow that reads what was not kept says nothing that could be held against the record.
    if (firstUnread(decision.trail, pinned) === undefined) this.#watch(recorded, wouldBe ?? now);
  }

  #watch(recorded: RecordedCall, now: Flip['now']): void {
    const was = recorded.wouldBe ?? recorded;
    if (was.verdict !== now.verdict) this.#note(this.#shadow, flipOf(recorded, was, now));
  }

  result(): ReplayResult {
    return {
      calls: this.#calls,
      same: this.#same,
      flips: this.#flips,
      undecidable: this.#undecidable,
      shadow: this.#shadow,
      unlisted: this.#unlisted,
    };
  }

  #note<Row>(rows: Row[], row: Row): void {
    if (rows.length < rowsMax) rows.push(row);
    else this.#unlisted++;
  }
}

function flipOf(
  { record, at, server, tool, caller }: RecordedCall,
  was: Flip['was'],
  { verdict, rule, reason }: Flip['now'],
): Flip {
  const { verdict: before, rule: by } = was;
  return {
    record,
    at,
    server,
    tool,
    caller: caller.id,
    was: { verdict: before, rule: by },
    now: { verdict, rule, reason },
  };
}

function factsOf(recorded: RecordedCall, calls: number): CallFacts {
  const { server, tool, caller, grant, session, category, severity, reviewed, schema, at, dropped } = recorded;
  return {
    server,
    tool,
    arguments: dropped === undefined ? recorded.arguments : withDropped(recorded.arguments, dropped),
    caller: callerOf(caller),
    session: { ...session, calls },
    now: at,
    ...(grant === undefined ? {} : { grant }),
    ...(category === undefined ? {} : { category }),
    ...(severity === undefined ? {} : { severity }),
    ...(reviewed === undefined ? {} : { reviewed }),
    ...(schema === undefined ? {} : { schema }),
  };
}

/** Where not even the names are known, nothing can be asked of the arguments. */
const unreadable: JsonObject = new Proxy(Object.create(null) as JsonObject, {
  getOwnPropertyDescriptor: notRead,
  ownKeys: notRead,
  has: notRead,
  get: notRead,
});

function notRead(): never {
  throw new NotKept(false);
}

/** Present, so that `exists` of another argument is answered, and unreadable. */
function withDropped(kept: JsonObject, dropped: readonly string[] | 'all'): JsonObject {
  if (dropped === 'all') return unreadable;
  const made = Object.create(null) as Record<string, JsonValue>;
  Object.assign(made, kept);
  for (const name of dropped) {
    Object.defineProperty(made, name, {
      enumerable: true,
      get(): never {
        throw new NotKept(true);
      },
    });
  }
  return made;
}

/** `pinned`: whether the record says which schema was pinned; without it arguments cannot be held against one. */
function firstUnread(trail: readonly TrailEntry[], pinned: boolean): TrailEntry | undefined {
  return trail.find(({ kind, note }) => note?.includes(notKept) === true || (kind === 'arguments' && !pinned));
}

/** Groups that the record does not hold are not none. */
function callerOf({ id, agent, groups }: RecordedCall['caller']): CallFacts['caller'] {
  if (groups !== undefined) return { id, groups, ...(agent === undefined ? {} : { agent }) };
  return {
    id,
    ...(agent === undefined ? {} : { agent }),
    get groups(): never {
      throw new NotKept(false);
    },
  };
}

/** Whether something that was fully read refuses, whatever the rest would have said. */
function certainRefusal(trail: readonly TrailEntry[]): boolean {
  return trail.some(({ kind, outcome }) => {
    switch (kind) {
      case 'hide':
      case 'action':
      case 'deny_if':
        return outcome === 'holds';
      case 'default':
        return outcome === 'fails';
      case 'require':
        return outcome === 'fails' || outcome === 'missing';
      case 'listed':
      case 'arguments':
      case 'condition':
      case 'approval':
      case 'limit':
        return false;
      default:
        return kind satisfies never;
    }
  });
}

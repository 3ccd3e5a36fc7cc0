/**
 * One call against a policy and counters in memory, by the gateway's own deciding and counting code: what `explain`,
 * `test` and `replay` stand on. What rules in shadow would have said is the answer here, marked as such.
 */
import { decimalText, parseDecimal } from '../domain/decimal.ts';
import { JsonNumber } from '../domain/json.ts';
import type { CallFacts, Decision, LimitDemand, PolicySet, TrailEntry, Verdict } from '../domain/policy.ts';
import { LimitBook } from '../stages/limits/book.ts';
import { scaled } from '../stages/limits/demand.ts';
import { toDemand } from '../stages/limits/to-demand.ts';
import { decide } from '../stages/policy/decide.ts';

export interface Judged {
  readonly verdict: Verdict;
  readonly rule: string;
  readonly reason: string;
  readonly trail: readonly TrailEntry[];
  /** The verdict was not enforced: the rule only watches. */
  readonly shadow?: true;
}

/** What is used already: `counter` is a counter's name, or the rule's pointer where it has none. */
export interface CounterState {
  readonly counter: string;
  readonly per?: readonly string[];
  readonly used: string;
}

export class Counters {
  readonly #book = new LimitBook();
  readonly #given: CounterState[];
  #entry = 0;

  constructor(given: readonly CounterState[] = []) {
    this.#given = [...given];
  }

  /** The first limit that refuses, and what is seen on the way. */
  check(demands: readonly LimitDemand[], now: number, trail: TrailEntry[]): LimitDemand | undefined {
    let first: LimitDemand | undefined;
    for (const demand of demands) {
      this.#begin(demand, now);
      const counted = toDemand(demand);
      // The book answers for what is enforced; here a shadow limit answers too, from its own bucket.
      const asked = { ...counted, shadow: false };
      const exceeded = this.#book.firstExceeded([asked], now);
      const used = this.#book.used(asked.bucket, asked.window, now);
      const amount = parseDecimal(demand.amount);
      trail.push({
        rule: demand.rule,
        kind: 'limit',
        outcome: exceeded === undefined ? 'holds' : 'fails',
        read: `${demand.counter} ${demand.scope.join(' ')}`,
        op: 'lte',
        expected: new JsonNumber(demand.max),
        seen: new JsonNumber(scaledText(used)),
        note: `counts ${amount === undefined ? demand.amount : decimalText(amount)} in any ${demand.windowText}`,
        ...(demand.shadow ? { shadow: true } : {}),
      });
      if (exceeded !== undefined) first ??= demand;
    }
    return first;
  }

  take(demands: readonly LimitDemand[], now: number): void {
    this.#book.take(demands.map(toDemand), now, ++this.#entry);
  }

  /** What a state file says was used counts as taken just now. */
  #begin(demand: LimitDemand, now: number): void {
    for (let i = this.#given.length - 1; i >= 0; i--) {
      const given = this.#given[i];
      if (given === undefined || !isFor(given, demand)) continue;
      this.#given.splice(i, 1);
      const amount = scaled(given.used) ?? 0n;
      this.#book.restore({ bucket: toDemand(demand).bucket, at: now, amount, entry: ++this.#entry });
    }
  }
}

function isFor({ counter, per }: CounterState, demand: LimitDemand): boolean {
  if (counter !== demand.counter && counter !== demand.rule) return false;
  if (per === undefined) return true;
  const kinds = demand.scope.map((scope) => scope.slice(0, scope.indexOf('=')));
  // A rate limit counts each tool apart without saying so.
  return per.every((kind) => kinds.includes(kind)) && kinds.every((kind) => per.includes(kind) || kind === 'tool');
}

function scaledText(value: bigint): string {
  return decimalText({ digits: value, scale: 18 });
}

/** Decides, checks the limits, and takes what a permitted call takes. */
export function judgeCall(policy: PolicySet, call: CallFacts, counters: Counters): Judged {
  return judgeDecision(decide(policy, call), call, counters);
}

/** `happened`: whether a permitted call keeps what it takes. */
export function judgeDecision(decision: Decision, call: CallFacts, counters: Counters, happened = true): Judged {
  const { verdict, rule, reason, shadow } = decision;
  const trail = [...decision.trail];
  if (verdict !== 'permit') return { verdict, rule, reason, trail };
  if (shadow !== undefined && shadow.verdict !== 'permit') return { ...shadow, trail, shadow: true };
  const reached = counters.check(decision.limits, call.now, trail);
  const enforced = decision.limits.filter((limit) => !limit.shadow);
  const refusing = reached === undefined || !reached.shadow ? reached : counters.check(enforced, call.now, []);
  if (refusing !== undefined) {
    return { verdict: 'refuse', rule: refusing.rule, reason: reasonOf(refusing), trail };
  }
  if (reached === undefined) {
    if (happened) counters.take(decision.limits, call.now);
    return { verdict, rule, reason, trail, ...(shadow === undefined ? {} : { shadow: true }) };
  }
  // Refused by a limit that only watches: the call goes on and takes what is enforced.
  if (happened) counters.take(enforced, call.now);
  return { verdict: 'refuse', rule: reached.rule, reason: reasonOf(reached), trail, shadow: true };
}

function reasonOf(limit: LimitDemand): string {
  return limit.onDeny ?? `the limit of ${limit.max} in any ${limit.windowText} is reached`;
}

/**
 * One call against a policy and counters in memory, by the gateway's own deciding and counting code: what `explain`,
 * `test` and `replay` stand on.
 */
import { decimalText } from '../domain/decimal.ts';
import { JsonNumber } from '../domain/json.ts';
import type { CallFacts, Decision, LimitDemand, PolicySet, TrailEntry, Verdict } from '../domain/policy.ts';
import { LimitBook } from '../stages/limits/book.ts';
import { logsOf } from '../stages/limits/bucket.ts';
import { type Demand, levelled, scaled } from '../stages/limits/demand.ts';
import { keptDemand, longestMs, toDemand } from '../stages/limits/to-demand.ts';
import { policyLimits } from '../stages/policy/compiled.ts';
import { decide } from '../stages/policy/decide.ts';
import { windowWords } from './windows.ts';

export interface Judged {
  readonly verdict: Verdict;
  readonly rule: string;
  readonly reason: string;
  readonly trail: readonly TrailEntry[];
  /** The verdict was not enforced: the rule only watches. */
  readonly shadow?: true;
}

/** As the gateway decides and records it: what is enforced, and where that differs what rules in shadow would have said. */
export interface Counted extends Omit<Judged, 'shadow'> {
  readonly wouldBe: Decision['shadow'];
}

/** What is used already: `counter` is a counter's name, or the rule's pointer where it has none. */
export interface CounterState {
  readonly counter: string;
  readonly per?: readonly string[];
  readonly used: string;
}

/** Calls between two looks at what has left its window. */
const pruneEvery = 256;

export class Counters {
  readonly #book = new LimitBook();
  readonly #given: CounterState[];
  /** How far back the longest window of each counter looks, in milliseconds. */
  readonly #keepMs = new Map<string, number>();
  #entry = 0;
  #latest = 0;

  constructor(policy: PolicySet, given: readonly CounterState[] = []) {
    this.#given = [...given];
    for (const { counter, window } of policyLimits(policy)) {
      this.#keepMs.set(counter, Math.max(this.#keepMs.get(counter) ?? 0, longestMs(window)));
    }
  }

  /** The limits that would be exceeded, in order; what is seen goes on the trail. Limits in shadow answer too. */
  exceeded(demands: readonly LimitDemand[], at: number, trail: TrailEntry[]): LimitDemand[] {
    const now = this.#later(at);
    for (const demand of demands) this.#begin(demand, now);
    const asked = levelled(demands.map((demand) => ({ ...toDemand(demand), shadow: false })));
    return demands.filter((demand, i) => {
      const one = asked[i] as Demand;
      const exceeded = this.#book.firstExceeded([one], now) !== undefined;
      trail.push({
        rule: demand.rule,
        kind: 'limit',
        outcome: exceeded ? 'fails' : 'holds',
        read: `${demand.counter} ${demand.scope.join(' ')}`,
        op: 'lte',
        expected: new JsonNumber(demand.max),
        seen: new JsonNumber(scaledText(this.#book.used(one.bucket, one.window, now))),
        note: `counts ${scaledText(one.amount)} in ${windowWords(demand)}`,
        ...(demand.shadow ? { shadow: true } : {}),
      });
      return exceeded;
    });
  }

  take(demands: readonly LimitDemand[], at: number): void {
    const now = this.#later(at);
    const counted = demands.map((demand) => keptDemand(demand, this.#keepMs.get(demand.counter) ?? 0));
    this.#book.take(counted, now, ++this.#entry);
    if (this.#entry % pruneEvery === 0) for (const { bucket, keepMs } of counted) this.#book.prune(bucket, now, keepMs);
  }

  /** As `limits reset`: the logs of a counter, of all who are counted or of those with these values (`grant=desk`). */
  reset(counter: string, scope: readonly string[]): void {
    for (const bucket of this.#book.bucketNames().filter(logsOf(counter, scope))) this.#book.reset(bucket);
  }

  /** A clock that steps back does not open a window again. */
  #later(at: number): number {
    this.#latest = Math.max(this.#latest, at);
    return this.#latest;
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

/**
 * Decides, checks the limits, and takes what a permitted call takes. Where the call goes on, what rules in shadow would
 * have said is the answer, marked as such.
 */
export function judgeCall(policy: PolicySet, call: CallFacts, counters: Counters): Judged {
  const { wouldBe, ...enforced } = judgeDecision(decide(policy, call), call, counters);
  if (enforced.verdict !== 'permit' || wouldBe === undefined) return enforced;
  return { ...wouldBe, trail: enforced.trail, shadow: true };
}

/** `happened`: whether a permitted call keeps what it takes. */
export function judgeDecision(decision: Decision, call: CallFacts, counters: Counters, happened = true): Counted {
  const { verdict, rule, reason, shadow, limits } = decision;
  const trail = [...decision.trail];
  if (verdict !== 'permit') return { verdict, rule, reason, trail, wouldBe: shadow };
  const exceeded = counters.exceeded(limits, call.now, trail);
  const refusing = exceeded.find((limit) => !limit.shadow);
  if (refusing !== undefined) {
    const wouldBe = shadow?.verdict === 'hidden' ? shadow : undefined;
    return { verdict: 'refuse', ...refusedBy(refusing), trail, wouldBe };
  }
  // The call goes on, and takes nothing from the buckets of limits in shadow where they would have refused it.
  const [watching] = exceeded;
  if (happened) counters.take(watching === undefined ? limits : limits.filter((limit) => !limit.shadow), call.now);
  const wouldBe = watching === undefined ? shadow : { verdict: 'refuse' as const, ...refusedBy(watching) };
  return { verdict, rule, reason, trail, wouldBe };
}

function refusedBy(limit: LimitDemand): { readonly rule: string; readonly reason: string } {
  const reason = limit.onDeny ?? `the limit of ${limit.max} in ${windowWords(limit)} is reached`;
  return { rule: limit.rule, reason };
}

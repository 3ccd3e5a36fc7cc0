import { JsonNumber } from '../../domain/json.ts';
import type { LimitReached } from '../../domain/refusal.ts';
import type { Exceeded, Watched } from './book.ts';
import { decimalText } from './demand.ts';

/** What a client is told of a limit that is reached. `window` as the policy writes it, `60s` for 60; `now` in epoch milliseconds. */
export function limitReached(exceeded: Exceeded, window: string, now: number): LimitReached | undefined {
  const { demand, resetsAt } = exceeded;
  // No waiting helps where the call alone is above the limit: there is no time to name.
  if (resetsAt === undefined) return undefined;
  return {
    max: new JsonNumber(decimalText(demand.max)),
    window: SECONDS.test(window) ? new JsonNumber(window.slice(0, -1)) : window,
    resetsAt: new Date(resetsAt).toISOString(),
    retryAfter: Math.max(1, Math.ceil((resetsAt - now) / 1000)),
  };
}

export function limitSentence({ demand, used }: Watched, target: string): string {
  if (demand.onDeny !== undefined) return demand.onDeny;
  const max = decimalText(demand.max);
  if (demand.amount > demand.max) {
    return `\`${target}\` asks for ${decimalText(demand.amount)}, the limit at ${demand.rule} is ${max}: this call alone is above it`;
  }
  return `the limit at ${demand.rule} is reached: ${decimalText(used)} of ${max} used`;
}

/** A number of JSON and its unit. */
const SECONDS = /^(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?s$/;

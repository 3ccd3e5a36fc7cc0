/** Limits as one would count them by hand: a list of everything, added up anew for each question. */
import type { Taken } from '../../src/stages/limits/book.ts';
import type { Demand, Window } from '../../src/stages/limits/demand.ts';
import { toDemand } from '../../src/stages/limits/to-demand.ts';

export class SlowBook {
  #entries: Taken[] = [];

  /** Index of the first limit that refuses, what is used of it, and when the call would fit. */
  refusal(
    demands: readonly Demand[],
    now: number,
  ): { index: number; used: bigint; resetsAt: number | undefined } | undefined {
    return this.#above(demands, now, false);
  }

  /** Index of the first limit in shadow that would have refused, and what is used of it. */
  watched(demands: readonly Demand[], now: number): { index: number; used: bigint } | undefined {
    return this.#above(demands, now, true);
  }

  #above(
    demands: readonly Demand[],
    now: number,
    shadow: boolean,
  ): { index: number; used: bigint; resetsAt: number | undefined } | undefined {
    for (const [index, demand] of demands.entries()) {
      if (demand.shadow !== shadow) continue;
      const amount = this.#entering(demands, demand.bucket);
      const used = this.used(demand.bucket, demand.window, now);
      if (used + amount <= demand.max) continue;
      return { index, used, resetsAt: this.#fitsAt(demand, amount, now) };
    }
    return undefined;
  }

  take(demands: readonly Demand[], at: number, entry: number): void {
    for (const bucket of new Set(demands.map((demand) => demand.bucket))) {
      this.#entries.push({ bucket, at, amount: this.#entering(demands, bucket), entry });
    }
  }

  giveBack(entry: number): void {
    this.#entries = this.#entries.filter((one) => one.entry !== entry);
  }

  used(bucket: string, window: Window, now: number): bigint {
    return this.#entries
      .filter((one) => one.bucket === bucket && isInside(one.at, window, now))
      .reduce((sum, { amount }) => sum + amount, 0n);
  }

  #entering(demands: readonly Demand[], bucket: string): bigint {
    return demands
      .filter((one) => one.bucket === bucket)
      .reduce((most, { amount }) => (amount > most ? amount : most), 0n);
  }

  #fitsAt({ bucket, window, max }: Demand, amount: bigint, now: number): number | undefined {
    if (amount > max) return undefined;
    if (window.kind === 'calendar') return window.spanOf(now).to;
    const moments = this.#entries.filter((one) => one.bucket === bucket).map(({ at }) => at + window.ms);
    return moments.toSorted((a, b) => a - b).find((at) => at > now && this.used(bucket, window, at) + amount <= max);
  }
}

function isInside(at: number, window: Window, now: number): boolean {
  if (window.kind === 'sliding') return at > now - window.ms && at <= now;
  const { from, to } = window.spanOf(now);
  return at >= from && at < to;
}

/** A demand with what a test cares about. `window`: milliseconds, or a calendar unit and a zone. */
export function demand(
  counter: string,
  max: string,
  window: number | ['minute' | 'hour' | 'day' | 'week' | 'month', string],
  more: { amount?: string; scope?: string; shadow?: boolean; keepMs?: number } = {},
): Demand {
  const made = toDemand({
    rule: `/${counter}`,
    counter,
    scope: [`grant=${more.scope ?? 'desk'}`],
    max,
    window:
      typeof window === 'number'
        ? { kind: 'sliding', ms: window }
        : { kind: 'calendar', unit: window[0], timezone: window[1] },
    windowText: '',
    amount: more.amount ?? '1',
    shadow: more.shadow ?? false,
  });
  return { ...made, keepMs: Math.max(made.keepMs, more.keepMs ?? 0) };
}

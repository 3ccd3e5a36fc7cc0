import type { LimitInForce } from '../rulebook/limit-rules.ts';
import { LimitBook, type Taken } from '../stages/limits/book.ts';
import { type Bucket, isOfCounter, parseBucket } from '../stages/limits/bucket.ts';
import { decimalText } from '../stages/limits/demand.ts';
import { windowOf } from '../stages/limits/to-demand.ts';

/** One limit as it stands for one scope, or a log that no limit names. */
export type LimitInUse = Bucket & {
  /** Exact decimals. */
  readonly used: string;
  readonly max: string | undefined;
  /** As the policy writes it. */
  readonly window: string | undefined;
  /** Epoch milliseconds: the end of a calendar window, or when the oldest entry leaves a sliding one. */
  readonly resetsAt: number | undefined;
  /** File and JSON Pointer of the limit. */
  readonly rule: string | undefined;
};

/** Every log that holds something, beside each limit that looks at it. `now`: the store's time, epoch milliseconds. */
export function limitsInUse(
  entries: readonly Taken[],
  limits: readonly LimitInForce[],
  now: number,
): readonly LimitInUse[] {
  const book = new LimitBook();
  for (const entry of entries) book.restore(entry);
  return book
    .bucketNames()
    .toSorted()
    .flatMap((name) => {
      const bucket = parseBucket(name);
      if (bucket === undefined) return [];
      const looking = limits.filter((limit) => looksAt(limit, name, bucket));
      if (looking.length > 0) return unique(looking).map((limit) => standing(book, name, bucket, limit, now));
      const used = book.entriesOf(name).reduce((sum, { amount }) => sum + amount, 0n);
      return [
        { ...bucket, used: decimalText(used), max: undefined, window: undefined, resetsAt: undefined, rule: undefined },
      ];
    });
}

function standing(book: LimitBook, name: string, bucket: Bucket, limit: LimitInForce, now: number): LimitInUse {
  const window = windowOf(limit.window);
  const from = window.kind === 'calendar' ? window.spanOf(now).from : now - window.ms + 1;
  const oldest = book.entriesOf(name).find(({ at }) => at >= from);
  const resetsAt =
    window.kind === 'calendar' ? window.spanOf(now).to : oldest === undefined ? undefined : oldest.at + window.ms;
  const { max, windowText, file, pointer } = limit;
  return {
    ...bucket,
    used: decimalText(book.used(name, window, now)),
    max,
    window: windowText,
    resetsAt,
    rule: `${file}#${pointer}`,
  };
}

function looksAt({ counter, per, shadow }: LimitInForce, name: string, bucket: Bucket): boolean {
  if (shadow !== bucket.shadow || !isOfCounter(name, counter)) return false;
  const kinds = bucket.scope.map((value) => value.slice(0, value.indexOf('=')));
  return kinds.length === per.length && per.every((kind) => kinds.includes(kind));
}

/** A policy of several grants is read once for each. */
function unique(limits: readonly LimitInForce[]): readonly LimitInForce[] {
  return [...new Map(limits.map((limit) => [`${limit.file}#${limit.pointer}`, limit])).values()];
}

/** Things that need a person: an error line, a metric, and `degraded` on /readyz for as long as they stand. */
export class Alarms {
  readonly #standing = new Map<string, { readonly alarm: Alarm; readonly isSaid: boolean }>();
  /** When each sentence of an alarm was said last. */
  readonly #said = new Map<string, Map<string, number>>();
  readonly #raised: Heard;
  readonly #ended: Heard;
  readonly #now: () => number;

  /** `now`: milliseconds since some moment. */
  constructor(options: { raised: Heard; ended: Heard; now: () => number }) {
    this.#raised = options.raised;
    this.#ended = options.ended;
    this.#now = options.now;
  }

  /** `server`: the one it is about, where it is about one. Each has its own. True where it is to be said. */
  raise(kind: AlarmKind, sentence: string, server?: string): boolean {
    const key = keyOf(kind, server);
    const alarm = { kind, sentence, server };
    const isSaid = this.#isToBeSaid(key, alarm);
    this.#standing.set(key, { alarm, isSaid: isSaid || this.#standing.get(key)?.isSaid === true });
    this.#raised(alarm, isSaid);
    return isSaid;
  }

  clear(kind: AlarmKind, server?: string): void {
    const key = keyOf(kind, server);
    const known = this.#standing.get(key);
    if (known === undefined) return;
    this.#standing.delete(key);
    this.#ended(known.alarm, known.isSaid);
  }

  /** As {@link clear}, where what it is about is another from now on: the same sentence would be news. */
  forget(kind: AlarmKind, server: string): void {
    this.clear(kind, server);
    this.#said.delete(keyOf(kind, server));
  }

  #isToBeSaid(key: string, { kind, sentence }: Alarm): boolean {
    const now = this.#now();
    const repeatMs = OF_CALLS.has(kind) ? REPEAT_MS_OF_CALLS : REPEAT_MS;
    const said = this.#said.get(key) ?? new Map<string, number>();
    this.#said.set(key, said);
    for (const [one, at] of said) if (now - at >= repeatMs) said.delete(one);
    if (said.has(sentence) || said.size >= SENTENCES_MAX) return false;
    said.set(sentence, now);
    return true;
  }

  /** What stands now, the longest first. */
  get standing(): readonly Alarm[] {
    return [...this.#standing.values()].map(({ alarm }) => alarm);
  }
}

export type AlarmKind = 'config' | 'policy' | 'audit' | 'limits' | 'clock' | 'disk' | 'upstream' | 'schema' | 'traces';

export type Alarm = { readonly kind: AlarmKind; readonly sentence: string; readonly server: string | undefined };

/** `isSaid`: whether it is worth a line. What every call complains of is, now and then, and so is what comes and goes. */
type Heard = (alarm: Alarm, isSaid: boolean) => void;

function keyOf(kind: AlarmKind, server: string | undefined): string {
  return server === undefined ? kind : `${kind} ${server}`;
}

/** A store that is down is met by every call, and one tool that always fails makes its server come and go. */
const OF_CALLS: ReadonlySet<AlarmKind> = new Set(['audit', 'limits', 'upstream']);
const REPEAT_MS_OF_CALLS = 60_000;
const REPEAT_MS = 1_000;
const SENTENCES_MAX = 8;

/** Things that need a person: an error line, a metric, and `degraded` on /readyz for as long as they stand. */
export class Alarms {
  readonly #standing = new Map<string, { readonly alarm: Alarm; readonly saidAt: number }>();
  readonly #raised: (alarm: Alarm) => void;
  readonly #ended: (alarm: Alarm) => void;
  readonly #now: () => number;

  /** `raised` hears of what every call complains of once a second. `now`: milliseconds since some moment. */
  constructor(options: { raised: (alarm: Alarm) => void; ended: (alarm: Alarm) => void; now: () => number }) {
    this.#raised = options.raised;
    this.#ended = options.ended;
    this.#now = options.now;
  }

  /** `server`: the one it is about, where it is about one. Each has its own. */
  raise(kind: AlarmKind, sentence: string, server?: string): void {
    const key = keyOf(kind, server);
    const before = this.#standing.get(key);
    const now = this.#now();
    const isSaid = before?.alarm.sentence === sentence && now - before.saidAt < REPEAT_MS;
    const alarm = { kind, sentence, server };
    this.#standing.set(key, { alarm, saidAt: isSaid ? before.saidAt : now });
    if (!isSaid) this.#raised(alarm);
  }

  clear(kind: AlarmKind, server?: string): void {
    const key = keyOf(kind, server);
    const known = this.#standing.get(key);
    if (known === undefined) return;
    this.#standing.delete(key);
    this.#ended(known.alarm);
  }

  /** What stands now, the longest first. */
  get standing(): readonly Alarm[] {
    return [...this.#standing.values()].map(({ alarm }) => alarm);
  }
}

export type AlarmKind = 'config' | 'policy' | 'audit' | 'limits' | 'clock' | 'disk' | 'upstream' | 'schema' | 'traces';

export type Alarm = { readonly kind: AlarmKind; readonly sentence: string; readonly server: string | undefined };

function keyOf(kind: AlarmKind, server: string | undefined): string {
  return server === undefined ? kind : `${kind} ${server}`;
}

/** A store that is down is met by every call. */
const REPEAT_MS = 1_000;

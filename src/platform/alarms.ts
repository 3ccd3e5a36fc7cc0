/** Things that need a person: an error line, a metric, and `degraded` on /readyz for as long as they stand. */
export class Alarms {
  readonly #standing = new Map<string, Alarm>();
  readonly #raised: (alarm: Alarm) => void;
  readonly #ended: (alarm: Alarm) => void;

  constructor(options: { raised: (alarm: Alarm) => void; ended: (alarm: Alarm) => void }) {
    this.#raised = options.raised;
    this.#ended = options.ended;
  }

  /** `server`: the one it is about, where it is about one. Each has its own. */
  raise(kind: AlarmKind, sentence: string, server?: string): void {
    const alarm = { kind, sentence, server };
    this.#standing.set(keyOf(kind, server), alarm);
    this.#raised(alarm);
  }

  clear(kind: AlarmKind, server?: string): void {
    const key = keyOf(kind, server);
    const alarm = this.#standing.get(key);
    if (alarm === undefined) return;
    this.#standing.delete(key);
    this.#ended(alarm);
  }

  /** What stands now, the longest first. */
  get standing(): readonly Alarm[] {
    return [...this.#standing.values()];
  }
}

export type AlarmKind = 'config' | 'policy' | 'audit' | 'limits' | 'clock' | 'disk' | 'upstream';

export type Alarm = { readonly kind: AlarmKind; readonly sentence: string; readonly server: string | undefined };

function keyOf(kind: AlarmKind, server: string | undefined): string {
  return server === undefined ? kind : `${kind} ${server}`;
}

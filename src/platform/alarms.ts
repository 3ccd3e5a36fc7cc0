/** Things that need a person: an error line, a metric, and `degraded` on /readyz for as long as they stand. */
export class Alarms {
  readonly #standing = new Map<string, string>();
  readonly #changed: (kind: AlarmKind, sentence: string | undefined) => void;

  /** `changed` hears of every alarm raised, and of its end with no sentence. */
  constructor(changed: (kind: AlarmKind, sentence: string | undefined) => void) {
    this.#changed = changed;
  }

  raise(kind: AlarmKind, sentence: string): void {
    this.#standing.set(kind, sentence);
    this.#changed(kind, sentence);
  }

  clear(kind: AlarmKind): void {
    if (this.#standing.delete(kind)) this.#changed(kind, undefined);
  }

  /** Sentences of what stands now, by kind. */
  get standing(): ReadonlyMap<string, string> {
    return this.#standing;
  }
}

export type AlarmKind = 'config' | 'policy' | 'audit' | 'limits' | 'clock' | 'disk' | 'upstream';

/**
 * Takes texts out of other texts that repeat them: all of them in one pass, for a result may have thousands of values to
 * redact and as many strings to search. Where two overlap, what either covers goes.
 */
export class Repeated {
  readonly #texts: ReadonlySet<string>;
  /** The lengths, longest first, of the texts that begin so. */
  readonly #lengths = new Map<string, number[]>();
  #work = 0;

  /** Texts shorter than `repeatedLengthMin` are left out: they stand elsewhere by chance. */
  constructor(texts: readonly string[]) {
    const long = texts.filter((text) => text.length >= repeatedLengthMin);
    this.#texts = new Set(long);
    const lengths = new Map<string, Set<number>>();
    for (const text of this.#texts) {
      const beginning = text.slice(0, repeatedLengthMin);
      const known = lengths.get(beginning);
      if (known === undefined) lengths.set(beginning, new Set([text.length]));
      else known.add(text.length);
    }
    for (const [beginning, known] of lengths) {
      this.#lengths.set(
        beginning,
        [...known].sort((a, b) => b - a),
      );
    }
  }

  /** The text with each replaced; undefined where looking for them costs too much. */
  replaceIn(text: string, replacement: string): string | undefined {
    if (this.#texts.size === 0) return text;
    let left = '';
    let done = 0;
    let start = 0;
    let end = 0;
    for (let i = 0; i + repeatedLengthMin <= text.length; i++) {
      const length = this.#longestAt(text, i);
      if (this.#work > workMax) return undefined;
      if (length === 0) continue;
      if (i >= end) {
        if (end > 0) left += text.slice(done, start) + replacement;
        done = end;
        start = i;
      }
      end = Math.max(end, i + length);
    }
    return end === 0 ? text : left + text.slice(done, start) + replacement + text.slice(end);
  }

  #longestAt(text: string, at: number): number {
    for (const length of this.#lengths.get(text.slice(at, at + repeatedLengthMin)) ?? NONE) {
      if (at + length > text.length) continue;
      this.#work += length;
      if (this.#texts.has(text.slice(at, at + length))) return length;
    }
    return 0;
  }
}

const NONE: readonly number[] = [];
export const repeatedLengthMin = 4;
/** Characters compared; about a second. */
const workMax = 200_000_000;

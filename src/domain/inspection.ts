/** What a policy asks to be done with a reply. The policy stage makes it, the inspect stage does it. */
import type { JsonObject } from './json.ts';

export interface InspectRules {
  /** JSON Pointer of the entry's `inspect`. */
  readonly rule: string;
  /** Only watches: nothing is changed or withheld. */
  readonly shadow: boolean;
  readonly maxBytes: number | undefined;
  readonly strip: readonly ('invisible' | 'terminal')[];
  readonly redact: readonly Redaction[];
  /** Why the result must be withheld, as a sentence, or undefined. Never throws. */
  denies(result: JsonObject): string | undefined;
}

export type Redaction =
  | { readonly kind: 'path'; readonly rule: string; readonly steps: readonly ResultStep[] }
  | { readonly kind: 'pattern'; readonly rule: string; readonly pattern: 'secrets' | 'cards' | 'emails' }
  | {
      readonly kind: 'regex';
      readonly rule: string;
      /** Steps of the program: a search costs so many times the characters. */
      readonly size: number;
      /** The text with matches replaced; undefined where the search would cost too much. */
      replaceAll(text: string, replacement: string): string | undefined;
    };

/** A step from a result to a part of it. */
export type ResultStep =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'every' };

/**
 * `regex`: an unanchored search in RE2 syntax without flags. The engine is linear, and both the size of the program and
 * program × text are bounded, so that no pattern and no text can hold a decision up.
 */
import { RE2JS } from 're2js';
import type { JsonValue } from '../../../domain/json.ts';
import { jsonType } from '../values.ts';
import { type Operator, shown } from './operator.ts';

export const programSizeMax = 2_000;
export const searchCostMax = 20_000_000;

export interface SafePattern {
  readonly source: string;
  /** Whether the text holds a match; undefined where the search would cost too much. */
  search(text: string): boolean | undefined;
  /** The text with every match replaced; undefined where that would cost too much. */
  replaceAll(text: string, replacement: string): string | undefined;
}

const patternLengthMax = 10_000;

export function safePattern(source: string): SafePattern | { readonly error: string } {
  if (source.length > patternLengthMax) return { error: `the pattern has more than ${patternLengthMax} characters` };
  let compiled: RE2JS;
  let size: number;
  try {
    compiled = RE2JS.compile(source);
    size = compiled.programSize();
  } catch (fault) {
    const why = fault instanceof Error ? fault.message.replace(/^error parsing regexp: /, '') : 'it cannot be compiled';
    return { error: `not a pattern in RE2 syntax: ${shown(why)}` };
  }
  if (size > programSizeMax) return { error: `the pattern compiles to ${size} steps; at most ${programSizeMax}` };
  return {
    source,
    search: (text) => (size * text.length > searchCostMax ? undefined : compiled.test(text)),
    replaceAll: (text, replacement) =>
      size * text.length > searchCostMax ? undefined : compiled.matcher(text).replaceAll(replacement),
  };
}

export const regex: Operator = {
  names: ['regex'],
  reference: {
    operand: 'a pattern in RE2 syntax',
    takes: 'a string',
    meaning:
      'a match is found anywhere in the string; anchor with `^` and `$`; no flags, no look-around, no back-references',
  },
  compile(op, operand) {
    if (typeof operand !== 'string' || operand === '') return { error: `\`${op}\` needs a pattern as \`value\`` };
    const pattern = safePattern(operand);
    if ('error' in pattern) {
      return { error: pattern.error, hint: 'RE2 has no look-around and no back-references; see the policy reference' };
    }
    return {
      holds: `matches ${shown(operand)}`,
      test(seen: JsonValue): boolean | string {
        if (typeof seen !== 'string') return `is ${jsonType(seen)}, and \`${op}\` needs a string`;
        return pattern.search(seen) ?? 'is too long for this pattern';
      },
    };
  },
};

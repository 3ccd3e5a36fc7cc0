import type { Diagnostic } from '../domain/diagnostic.ts';

/**
 * What to do about it, where whoever found the mistake does not know better: every error names a way out, and these are
 * the same wherever the mistake is made.
 */
export function withWayOut(error: Diagnostic): Diagnostic {
  if (error.hint !== undefined || error.message.includes('; ')) return error;
  const known = WAYS.find(([sentence]) => sentence.test(error.message));
  return { ...error, hint: known?.[1] ?? 'correct it there, or take it out' };
}

const WAYS: readonly (readonly [sentence: RegExp, way: string])[] = [
  [/ is written twice$/, 'keep one of the two'],
  [/^the file is empty$/, 'begin it with version: "1"'],
  [/^no policy file is named$/, 'name one'],
  [/^expected a mapping .*, found/, 'write its keys below it, or {} for none'],
  [/^expected a list, found/, 'write it in brackets: [ … ]'],
  [/^expected text, found (?:a number|true or false)/, 'put it in quotes'],
  [/^expected text, found/, 'write one text'],
  [/^expected a number, found/, 'write it without quotes'],
  [/^expected a key in double quotes$/, 'put the key in double quotes'],
  [/^expected .*, found/, 'write one of these'],
  [/^must be one of /, 'write one of these'],
  [/^`default` is missing$/, 'write default: deny'],
  [/^`version` is missing$/, 'write version: "1"'],
  [/^`[^`]+` is missing$/, 'add it'],
  [/must be more than 0$/, 'write a length of time, for example 60 or 1h'],
  [/^only `result\.` paths can be redacted$/, 'begin the path with result.'],
  [/ must be 1 to 100$/, 'write a number in between'],
  [/ is negative$/, 'write 0 or more'],
  [/ is longer than 55 s$/, 'write at most 55s'],
  [/ is longer than 366 days$/, 'write at most 366d'],
  [/ has more than 18 fraction digits$/, 'round it'],
  [/^unsigned numbers /, 'leave out the u'],
  [/^the pattern matches empty text$/, 'let it match at least one character'],
  [/^the key `__proto__` is not allowed$/, 'take it out'],
  [/^the expression gives /, 'compare what it gives with something'],
  [/^the expression does not fit its types/, 'args, tool, caller, session and time are known, in inspect also result'],
  [/^not a pattern in RE2 syntax/, 'close what is open; lookaround and backreferences are not known'],
  [/^not a CEL expression/, "write one as in args.mode == 'fast' && has(args.tag)"],
  [/^a server id has /, 'rename it here and in sallyport.yaml'],
  [/^`timezone` without `align: calendar`/, 'add align: calendar, or take it out'],
  [/^`result\.` can be read in `inspect` only$/, 'move the condition to inspect.deny_if'],
  [/^`matches` needs a pattern/, 'write the pattern in quotes in the expression'],
  [/ reads a fact, which is not supported yet$/, 'take the condition out'],
];

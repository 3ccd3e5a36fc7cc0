/** Texts that are JSON: what stands in them is what a client reads, however it is escaped. */
import { jsonText } from '../../domain/json.ts';
import { readJsonText } from '../../platform/read-json.ts';
import { mapStrings } from './map-strings.ts';

/** What {@link mapStrings} does with strings, numbers and members by their name. */
export interface Looks {
  readonly change: (text: string) => string;
  readonly hides?: ((number: string) => boolean) | undefined;
  readonly named?: ((name: string, text: string) => string | undefined) | undefined;
}

const quotedLengthMax = 1024 * 1024;

/** A text that is JSON, written again where a string or number in it says more than it may, however it is escaped. */
export function insideJson(text: string, looks: Looks): string {
  // Without escapes the text shows all that the JSON in it does; a number is then put into quotes where that is cheap.
  const tells = text.includes('\\') || (looks.hides !== undefined && text.length <= quotedLengthMax);
  if (!tells || !/^\s*[[{"]/.test(text)) return text;
  const read = readJsonText(text);
  if (read.kind !== 'value') return text;
  const { change, hides, named } = looks;
  const left = mapStrings(read.value, (inner) => change(insideJson(inner, looks)), hides, named);
  return left === read.value ? text : jsonText(left);
}

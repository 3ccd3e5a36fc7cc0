import { JsonNumber } from '../../domain/json.ts';
import type { MessageId } from '../../domain/message.ts';

/**
 * Whose answer a line is of which only the first and last bytes were kept (as latin1). Undefined where it is none, or
 * they do not say so: what is named further in are ids of other things.
 */
export function idOfLongAnswer(head: string, tail: string): MessageId | undefined {
  let id: MessageId | undefined;
  for (const { key, valueAt } of ownKeys(head)) {
    if (key === 'method') return undefined;
    value.lastIndex = valueAt;
    if (key === 'id') id = readId(value.exec(head)?.[1]);
  }
  return id ?? readId(atTheEnd.exec(tail)?.[1]);
}

/** The keys of the message itself, as far as it can be seen, and where their values begin. */
function* ownKeys(head: string): Generator<{ key: string; valueAt: number }> {
  let depth = 0;
  token.lastIndex = 0;
  for (let found = token.exec(head); found !== null; found = token.exec(head)) {
    const [text, isKey] = found;
    if (text === '{' || text === '[') depth++;
    else if (text === '}' || text === ']') depth--;
    else if (depth === 1 && isKey !== undefined)
      yield { key: text.slice(1, text.indexOf('"', 1)), valueAt: token.lastIndex };
  }
}

function readId(text: string | undefined): MessageId | undefined {
  if (text === undefined) return undefined;
  if (!text.startsWith('"')) return new JsonNumber(text);
  try {
    return JSON.parse(Buffer.from(text, 'latin1').toString('utf8')) as string;
  } catch {
    return undefined;
  }
}

/** A string, with the colon after it where it is a key; a bracket; a string that is cut off, to the end. */
const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]|"[^]*/g;
const value = /\s*("(?:[^"\\]|\\.){0,256}"|-?[0-9]{1,256})\s*[,}]/y;
/** The last brace is the message's own. */
const atTheEnd = /,\s*"id"\s*:\s*("(?:[^"\\]|\\.){0,256}"|-?[0-9]{1,256})\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/;

import type { Era, MessageId } from '../../domain/message.ts';
import { classify } from './server-messages.ts';

/**
 * Whose answers stand within a line that is no message: behind a prompt or half a line, or several on one. They are not
 * taken for answers, for any text that a server prints could hold one; but whoever waits need not do so for long.
 */
export function answersWithin(line: string, era: Era): readonly MessageId[] {
  if (line.length > LOOKED_LENGTH_MAX) return [];
  const ids: MessageId[] = [];
  let done = 0;
  let looked = 0;
  for (const { index } of line.matchAll(begins)) {
    if (index < done) continue;
    if (++looked > LOOKED_MAX) break;
    const end = endOfObject(line, index);
    if (end === undefined) continue;
    const message = classify(line.slice(index, end), era);
    if (message.kind !== 'response') continue;
    ids.push(message.id);
    done = end;
  }
  return ids;
}

/** Where the object that begins here ends; undefined where it does not. */
function endOfObject(text: string, start: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (inString && character === '\\') at++;
    else if (character === '"') inString = !inString;
    else if (inString) continue;
    else if (character === '{') depth++;
    else if (character === '}' && --depth === 0) return at + 1;
  }
  return undefined;
}

const begins = /\{\s*"(?:jsonrpc|id|result|error)"\s*:/g;
/** Each is read to its end, and what holds an answer that somebody waits for is not long. */
const LOOKED_LENGTH_MAX = 1024 * 1024;
const LOOKED_MAX = 8;

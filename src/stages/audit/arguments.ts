import type { JsonObject, JsonValue } from '../../domain/json.ts';
import { jsonText } from '../../domain/json.ts';
import { canonicalText } from '../../platform/canonical.ts';
import { hmacSha256 } from '../../platform/hmac.ts';

/**
 * How a call's arguments stand in the trail, as JSON text. `digest`: the keys, and a keyed digest of each value and of
 * the whole, so that equal values can be recognised and none can be guessed from the file. `full`: as they are.
 */
export function argumentsRecorder(mode: 'digest' | 'full', key: Buffer): (args: JsonObject) => string {
  if (mode === 'full') return (args) => `{"full":${jsonText(args)}}`;
  const digest = hmacSha256(key.toString('hex'));
  return (args) => {
    const names = Object.keys(args);
    if (names.length === 0) return '{}';
    if (names.length > KEYS_MAX || lengthOf(names) > KEYS_LENGTH_MAX)
      return `{"digest":"${digest(canonicalText(args))}","count":${names.length}}`;
    const members: { readonly name: string; readonly text: string }[] = [];
    let keys = '';
    for (const name of names) {
      const text = canonicalText(args[name] as JsonValue);
      const quoted = JSON.stringify(name);
      members.push({ name, text: `${quoted}:${text}` });
      keys += `${keys === '' ? '' : ','}${quoted}:"${digest(text)}"`;
    }
    // The whole, from the parts that were just made canonical.
    members.sort((a, b) => (a.name < b.name ? -1 : 1));
    let whole = '';
    for (const { text } of members) whole += whole === '' ? text : `,${text}`;
    return `{"digest":"${digest(`{${whole}}`)}","keys":{${keys}}}`;
  };
}

function lengthOf(names: readonly string[]): number {
  let length = 0;
  for (const name of names) length += name.length;
  return length;
}

/** Beyond this many keys, or keys this long together, only the whole is digested: a record must stay small whatever a client sends. */
const KEYS_MAX = 64;
const KEYS_LENGTH_MAX = 4_096;

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
    if (names.length > KEYS_MAX) return `{"digest":"${digest(canonicalText(args))}","count":${names.length}}`;
    const texts = names.map((name) => canonicalText(args[name] as JsonValue));
    const keys = names.map((name, i) => `${JSON.stringify(name)}:"${digest(texts[i] as string)}"`);
    // The whole, from the parts that were just made canonical.
    const order = names
      .map((name, i) => ({ name, text: texts[i] as string }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const whole = `{${order.map(({ name, text }) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
    return `{"digest":"${digest(whole)}","keys":{${keys.join(',')}}}`;
  };
}

/** Beyond this many keys only the whole is digested: a record must stay small whatever a client sends. */
const KEYS_MAX = 64;

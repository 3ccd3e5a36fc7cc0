/**
 * What a server sends while a call runs (progress, log messages, questions) → what of it goes on. A secret is none the
 * less one for coming before the answer, so patterns and `strip` apply; paths and conditions read results only.
 */
import type { InspectRules } from '../../domain/inspection.ts';
import { isJsonObject, type JsonObject, jsonText } from '../../domain/json.ts';
import { readJsonText } from '../../platform/read-json.ts';
import { sentDepthMax } from './inspect-reply.ts';
import { inspectResult, withoutPaths } from './inspect-result.ts';

/** `text`: a notification or request, one line. The same text where nothing changes; undefined where it must not go on. */
export function inspectMessage(rules: readonly InspectRules[], text: string): string | undefined {
  // What only watches withholds nothing, be it that a message cannot be judged.
  if (rules.every((one) => one.shadow)) return text;
  const read = readJsonText(text, sentDepthMax);
  if (read.kind === 'malformed' || !isJsonObject(read.value)) return undefined;
  const message = read.value;
  const params = message['params'] ?? {};
  if (!isJsonObject(params)) return undefined;
  const inspected = inspectResult(rules.map(withoutPaths), params);
  if (inspected.kind === 'withheld') return undefined;
  if (inspected.result === params && Object.keys(message).every((key) => MEMBERS.has(key))) return text;
  const { jsonrpc = '2.0', id, method = '' } = message;
  const sent = { ...inspected.result, ...namesOf(params) };
  return jsonText({ jsonrpc, ...(id === undefined ? {} : { id }), method, params: sent });
}

/** By these the client finds what a message is about; they are its own. */
function namesOf(params: JsonObject): JsonObject {
  const { progressToken, requestId } = params;
  return {
    ...(progressToken === undefined ? {} : { progressToken }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

const MEMBERS: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params']);

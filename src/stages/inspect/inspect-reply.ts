/** A server's answer as it came off the wire → the answer that goes on: the same bytes where no rule changes anything. */
import type { InspectRules } from '../../domain/inspection.ts';
import { isJsonObject, type JsonObject, jsonText } from '../../domain/json.ts';
import type { Reply } from '../../domain/reply.ts';
import { readJsonText } from '../../platform/read-json.ts';
import { type InspectSetting, inspectResult, withoutPaths } from './inspect-result.ts';

/** Nesting of what a server sends; deeper than what clients may send, as results are documents. */
export const sentDepthMax = 256;

/** What is withheld says why; what cannot be read where there are rules cannot be judged, and is withheld too. */
export function inspectReply(rules: readonly InspectRules[], reply: Reply, setting: InspectSetting = {}): Reply {
  // What only watches withholds nothing, be it that a result cannot be judged.
  if (reply.kind !== 'replied' || rules.every((one) => one.shadow)) return reply;
  const read = readJsonText(reply.text, sentDepthMax);
  const message = read.kind === 'value' && isJsonObject(read.value) ? read.value : undefined;
  if (message === undefined)
    return { kind: 'withheld', why: 'the result cannot be read in one way only, so it cannot be judged' };
  const { result, error } = message;
  if (isJsonObject(result)) return changed(reply, message, 'result', result, inspectResult(rules, result, setting));
  // An error can hold a secret as well as a result can; there is no result for conditions and paths to read.
  if (isJsonObject(error))
    return changed(reply, message, 'error', error, inspectResult(rules.map(withoutPaths), error));
  return { kind: 'withheld', why: 'the result is no object, so it cannot be judged' };
}

function changed(
  reply: Reply & { kind: 'replied' },
  message: JsonObject,
  member: 'result' | 'error',
  before: JsonObject,
  inspected: ReturnType<typeof inspectResult>,
): Reply {
  if (inspected.kind === 'withheld') return { kind: 'withheld', why: inspected.reason };
  if (inspected.result === before && Object.keys(message).every((key) => key === member || ENVELOPE.has(key)))
    return reply;
  // Whatever else stands beside the answer was not judged.
  const { jsonrpc = '2.0', id = null } = message;
  return { ...reply, text: jsonText({ jsonrpc, id, [member]: inspected.result }) };
}

const ENVELOPE: ReadonlySet<string> = new Set(['jsonrpc', 'id']);

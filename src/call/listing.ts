import { isJsonArray, isJsonObject, JsonNumber, type JsonObject, type JsonValue, jsonText } from '../domain/json.ts';
import { idText, type MessageId } from '../domain/message.ts';
import type { PolicySet } from '../domain/policy.ts';
import type { Session } from '../domain/session.ts';
import { showsPrompt, showsResource, showsTool } from '../stages/policy/listing.ts';
import type { ToolList } from '../stages/upstream/tool-list.ts';
import { wrapCursor } from './cursor.ts';

/** The lists a client sees, by the same policy that decides calls. They depend on the caller's credential only. */

const PAGE_SIZE = 500;
/** How long a client may keep a filtered list: a change of policy is felt within it, with or without list_changed. */
const TTL_MS_MAX = 60_000;

/** The answer to `tools/list`, cut from the complete list. Undefined where the cursor is not one of ours. */
export function toolsAnswer(
  id: MessageId,
  list: ToolList,
  cursor: JsonValue | undefined,
  session: Session,
  policy: PolicySet | undefined,
): string | undefined {
  const offset = offsetOf(cursor);
  if (offset === undefined) return undefined;
  const shown = list.tools.filter((tool) => isShown(tool, session, policy));
  const page = shown.slice(offset, offset + PAGE_SIZE);
  const next = offset + PAGE_SIZE < shown.length ? { nextCursor: `sallyport:${offset + PAGE_SIZE}` } : {};
  const result = marked({ ...list.extras, tools: page, ...next }, session);
  return `{"jsonrpc":"2.0","id":${idText(id)},"result":${jsonText(result)}}`;
}

function isShown(tool: JsonObject, session: Session, policy: PolicySet | undefined): boolean {
  const name = tool['name'];
  if (policy === undefined || typeof name !== 'string') return false;
  return showsTool(policy, { server: session.server, name });
}

function offsetOf(cursor: JsonValue | undefined): number | undefined {
  if (cursor === undefined) return 0;
  const match = typeof cursor === 'string' ? /^sallyport:([0-9]{1,9})$/.exec(cursor) : null;
  return match === null ? undefined : Number(match[1]);
}

const ITEMS: Readonly<Record<string, readonly [key: string, name: string]>> = {
  'prompts/list': ['prompts', 'name'],
  'resources/list': ['resources', 'uri'],
  'resources/templates/list': ['resourceTemplates', 'uriTemplate'],
};

/** A page of prompts, resources or templates as the server gave it, without what the policy does not show. */
export function filteredPage(
  method: string,
  result: JsonObject,
  session: Session,
  policy: PolicySet | undefined,
): JsonObject {
  const [key, nameKey] = ITEMS[method] ?? ['', ''];
  const items = result[key];
  const shown = (isJsonArray(items) ? items : []).filter((item) => {
    const name = isJsonObject(item) ? item[nameKey] : undefined;
    if (policy === undefined || typeof name !== 'string') return false;
    return method === 'prompts/list'
      ? showsPrompt(policy, session.server, name)
      : showsResource(policy, session.server, name);
  });
  const next = result['nextCursor'];
  const cursor = typeof next === 'string' ? { nextCursor: wrapCursor(next) } : {};
  return marked({ ...result, [key]: shown, ...cursor }, session);
}

/** Filtered lists are the caller's own: never shared, and not kept for longer than a policy change may take. */
export function marked(result: JsonObject, session: Session): JsonObject {
  if (session.era === 'legacy') return result;
  const ttl = result['ttlMs'];
  const ttlMs = ttl instanceof JsonNumber ? Math.max(0, Math.min(Number(ttl.text), TTL_MS_MAX)) : 0;
  return {
    resultType: 'complete',
    ...result,
    ttlMs: new JsonNumber(String(Math.floor(ttlMs))),
    cacheScope: 'private',
  };
}

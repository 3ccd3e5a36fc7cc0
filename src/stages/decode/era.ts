import { declaredToServer } from '../../domain/capabilities.ts';
import { type Fault, fault } from '../../domain/fault.ts';
import { isJsonObject } from '../../domain/json.ts';
import type { Era, Message } from '../../domain/message.ts';
import type { Received } from '../../domain/received.ts';
import { LEGACY_HTTP, META_CAPABILITIES, META_PREFIX, META_VERSION, MODERN } from '../../domain/revisions.ts';
import { decodeMirrored } from './mirrored-headers.ts';

export type InEra = {
  readonly kind: 'in-era';
  readonly era: Era;
  readonly message: Message;
  /** What the client declares in the message that its server does not hear of. */
  readonly unheard?: readonly string[];
};

/**
 * Which era a message belongs to, by its body first, and whether it says so consistently (2026-07-28 basic/versioning
 * and SEP-2243). Methods are held against the closed table of the era: what it does not name is not forwarded.
 */
export function inEra(message: Message, received: Received): InEra | Fault {
  const id = message.kind === 'notification' ? null : message.id;
  const { protocolVersion } = received.headers;
  const params = message.kind === 'response' ? undefined : message.params;
  const meta = params?.['_meta'];
  const claimed = isJsonObject(meta) ? meta[META_VERSION] : undefined;
  const headerIsModern = protocolVersion !== undefined && protocolVersion >= MODERN;
  if (claimed === undefined && !headerIsModern) return inLegacy(message, received);
  if (message.kind === 'response') return fault(400, -32600, 'a client of this revision sends no responses', id);
  if (claimed === undefined) {
    if (message.kind === 'notification') return modernNotification(message);
    return fault(400, -32602, `\`_meta\` lacks ${META_VERSION}`, id);
  }
  if (typeof claimed !== 'string') return fault(400, -32602, `${META_VERSION} is no string`, id);
  if (received.transport === 'http' && protocolVersion === undefined) {
    return mismatch('the header MCP-Protocol-Version is missing', message);
  }
  if (protocolVersion !== undefined && protocolVersion !== claimed) {
    return mismatch('MCP-Protocol-Version and the body name different revisions', message);
  }
  if (claimed !== MODERN) {
    const data = `{"supported":["${MODERN}"],"requested":${JSON.stringify(claimed)}}`;
    return fault(400, -32022, `the revision ${claimed} is not supported in a stateless request`, id, data);
  }
  if (message.kind === 'notification') return modernNotification(message);
  const offered = isJsonObject(meta) ? meta[META_CAPABILITIES] : undefined;
  if (!isJsonObject(meta) || !isJsonObject(offered)) {
    return fault(400, -32602, `\`_meta\` lacks ${META_CAPABILITIES}`, id);
  }
  if (!MODERN_REQUESTS.has(message.method)) return unknownMethod(message.method, 404, id);
  const wrong = received.transport === 'http' ? wrongHeader(message, received) : undefined;
  if (wrong !== undefined) return mismatch(wrong, message);
  // With those of its client's capabilities that a server may hear of.
  const declared = declaredToServer(offered);
  if (declared === offered) return { kind: 'in-era', era: 'modern', message };
  const heard = { ...params, _meta: { ...meta, [META_CAPABILITIES]: declared } };
  const unheard = Object.keys(offered).filter((capability) => !(capability in declared));
  return { kind: 'in-era', era: 'modern', message: { ...message, params: heard }, unheard };
}

function modernNotification(message: Message & { kind: 'notification' }): InEra | Fault {
  // The header duties of notifications are not defined.
  return MODERN_NOTIFICATIONS.has(message.method)
    ? { kind: 'in-era', era: 'modern', message }
    : unknownMethod(message.method, 404, null);
}

function inLegacy(message: Message, received: Received): InEra | Fault {
  const { protocolVersion } = received.headers;
  const id = message.kind === 'notification' ? null : message.id;
  if (protocolVersion !== undefined && !(LEGACY_HTTP as readonly string[]).includes(protocolVersion)) {
    // `initialize` may carry the revision it asks for; that one is negotiated.
    if (message.kind !== 'request' || message.method !== 'initialize') {
      const data = `{"supported":${JSON.stringify([...LEGACY_HTTP, MODERN])},"requested":${JSON.stringify(protocolVersion)}}`;
      return fault(400, -32022, `the revision ${protocolVersion} is not supported`, id, data);
    }
  }
  if (message.kind === 'response') return { kind: 'in-era', era: 'legacy', message };
  const table = message.kind === 'request' ? LEGACY_REQUESTS : LEGACY_NOTIFICATIONS;
  if (!table.has(message.method)) return unknownMethod(message.method, message.kind === 'request' ? 200 : 400, id);
  return { kind: 'in-era', era: 'legacy', message: withoutModernFields(message) };
}

/** From a legacy client these would forge an envelope or an answer at a modern server. */
function withoutModernFields<M extends Message & { kind: 'request' | 'notification' }>(message: M): M {
  const { params } = message;
  if (params === undefined) return message;
  const meta = params['_meta'];
  const forged = isJsonObject(meta) && Object.keys(meta).some((key) => key.startsWith(META_PREFIX));
  if (!forged && !('inputResponses' in params) && !('requestState' in params)) return message;
  const kept = Object.entries(params).filter(([key]) => key !== 'inputResponses' && key !== 'requestState');
  const cleaned = kept.map(([key, value]) => {
    if (key !== '_meta' || !isJsonObject(value)) return [key, value] as const;
    return [key, Object.fromEntries(Object.entries(value).filter(([name]) => !name.startsWith(META_PREFIX)))] as const;
  });
  return { ...message, params: Object.fromEntries(cleaned) };
}

function wrongHeader(message: Message & { kind: 'request' }, received: Received): string | undefined {
  const { method, name } = received.headers;
  if (method === undefined) return 'the header Mcp-Method is missing';
  if (method !== message.method) return 'Mcp-Method and the body name different methods';
  const key = NAMED_BY[message.method];
  if (key === undefined) return undefined;
  if (name === undefined) return 'the header Mcp-Name is missing';
  const decoded = decodeMirrored(name);
  if (decoded === undefined) return 'Mcp-Name is encoded in a way that cannot be read';
  return decoded === message.params?.[key] ? undefined : 'Mcp-Name and the body name different things';
}

const NAMED_BY: Readonly<Record<string, string>> = Object.assign(Object.create(null) as Record<string, string>, {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
});

function mismatch(why: string, message: Message): Fault {
  return fault(400, -32020, why, message.kind === 'notification' ? null : message.id);
}

function unknownMethod(method: string, status: number, id: Fault['id']): Fault {
  return fault(status, -32601, `Method not found: ${method}`, id);
}

const MODERN_REQUESTS = new Set([
  'server/discover',
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'completion/complete',
  'subscriptions/listen',
]);
const MODERN_NOTIFICATIONS = new Set(['notifications/cancelled']);
const LEGACY_REQUESTS = new Set([
  'initialize',
  'ping',
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'logging/setLevel',
]);
const LEGACY_NOTIFICATIONS = new Set([
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
]);

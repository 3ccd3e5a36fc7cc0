import { isJsonObject, JsonNumber } from '../../domain/json.ts';
import { type Era, idText, type MessageId } from '../../domain/message.ts';
import { META_SUBSCRIPTION } from '../../domain/revisions.ts';
import { readJsonText } from '../../platform/read-json.ts';

/** A line or event from a server, told apart. Anything the tables do not name is refused, never forwarded. */
export type FromServer =
  | {
      readonly kind: 'response';
      readonly id: MessageId;
      readonly isError: boolean;
      readonly errorCode: number | undefined;
    }
  | {
      readonly kind: 'notification';
      readonly method: string;
      readonly progressToken: MessageId | undefined;
      /** The request for a standing stream that it belongs to. */
      readonly subscription: MessageId | undefined;
    }
  | { readonly kind: 'request'; readonly method: string; readonly id: MessageId }
  /** Text that is not one message. */
  | { readonly kind: 'no-message'; readonly why: string }
  /** `id`: of a request, which must be told that nobody will answer it. */
  | { readonly kind: 'refused'; readonly why: string; readonly id?: MessageId | undefined };

export function classify(text: string, era: Era): FromServer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'no-message', why: 'not JSON' };
  }
  if (!isRecord(value)) return { kind: 'no-message', why: 'not one JSON-RPC message' };
  const id = idOf(value, text);
  const method = value['method'];
  if (typeof method === 'string') {
    if ('result' in value || 'error' in value) return { kind: 'refused', why: 'a request and a response in one', id };
    if (value['id'] === undefined) return notification(method, value, era);
    if (id === undefined) return { kind: 'refused', why: 'a request without a usable id' };
    return request(method, id, era);
  }
  if (id === undefined) return { kind: 'refused', why: 'a response without a usable id' };
  const { result, error } = value;
  if ((result === undefined) === (error === undefined)) return { kind: 'refused', why: 'neither result nor error' };
  const errorCode = isRecord(error) && typeof error['code'] === 'number' ? error['code'] : undefined;
  const isError = error !== undefined || (isRecord(result) && result['isError'] === true);
  return { kind: 'response', id, isError, errorCode };
}

/** The HTTP status of an answer that came without one, over stdio: in the stateless revision errors of the protocol have theirs. */
export function statusOf(errorCode: number | undefined, era: Era): number {
  if (era === 'legacy') return 200;
  switch (errorCode) {
    case -32700:
    case -32600:
    case -32020:
    case -32021:
    case -32022:
      return 400;
    case -32601:
      return 404;
    default:
      return 200;
  }
}

/** The answer a server gets to a request of its own that {@link classify} refused. */
export function refusalTo(id: MessageId, why: string): string {
  return `{"jsonrpc":"2.0","id":${idText(id)},"error":{"code":-32601,"message":${JSON.stringify(why)}}}`;
}

const LEGACY_NOTIFICATIONS = new Set([
  'notifications/message',
  'notifications/progress',
  'notifications/cancelled',
  'notifications/resources/updated',
  'notifications/resources/list_changed',
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/elicitation/complete',
]);
const MODERN_NOTIFICATIONS = new Set([
  'notifications/message',
  'notifications/progress',
  'notifications/cancelled',
  'notifications/resources/updated',
  'notifications/resources/list_changed',
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/subscriptions/acknowledged',
]);
/** `sampling/createMessage` is not here: policy cannot allow it yet. `ping` is answered by the connection. */
const LEGACY_REQUESTS = new Set(['ping', 'roots/list', 'elicitation/create']);

function notification(method: string, value: Record<string, unknown>, era: Era): FromServer {
  const known = era === 'legacy' ? LEGACY_NOTIFICATIONS : MODERN_NOTIFICATIONS;
  if (!known.has(method)) return { kind: 'refused', why: `the notification \`${method}\` is not relayed` };
  const params = value['params'];
  const token = method === 'notifications/progress' && isRecord(params) ? readId(params['progressToken']) : undefined;
  const meta = era === 'modern' && isRecord(params) ? params['_meta'] : undefined;
  const subscription = isRecord(meta) ? readId(meta[META_SUBSCRIPTION]) : undefined;
  return { kind: 'notification', method, progressToken: token, subscription };
}

function request(method: string, id: MessageId, era: Era): FromServer {
  if (era === 'modern' || !LEGACY_REQUESTS.has(method)) {
    return { kind: 'refused', why: `the request \`${method}\` is not relayed`, id };
  }
  return { kind: 'request', method, id };
}

/** The message's id. JSON.parse rounds integers beyond 2^53, and the client must answer under the server's own. */
function idOf(value: Record<string, unknown>, text: string): MessageId | undefined {
  const id = value['id'];
  if (typeof id !== 'number' || Number.isSafeInteger(id)) return readId(id);
  const read = readJsonText(text, DEPTH_MAX);
  const exact = read.kind === 'value' && isJsonObject(read.value) ? read.value['id'] : undefined;
  return exact instanceof JsonNumber && /^-?[0-9]{1,256}$/.test(exact.text) ? exact : undefined;
}

function readId(value: unknown): MessageId | undefined {
  if (typeof value === 'string') return value;
  return Number.isInteger(value) ? new JsonNumber(String(value)) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const DEPTH_MAX = 512;

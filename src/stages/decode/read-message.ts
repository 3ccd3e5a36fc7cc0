import { isJsonArray, isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '../../domain/json.ts';
import type { Message, MessageId } from '../../domain/message.ts';
import { readJson } from '../../platform/read-json.ts';

export type MessageRead =
  | { readonly kind: 'message'; readonly message: Message }
  /** `code` is JSON-RPC's: -32700 for what is no JSON, -32600 and -32602 for what is no message. */
  | { readonly kind: 'malformed'; readonly code: number; readonly why: string; readonly id: MessageId | null };

/**
 * One JSON-RPC message from bytes. Refused besides what the strict reader refuses: batches, envelope keys that differ
 * from the real ones only in case, `result` or `error` beside `method`, keys that JSON-RPC does not know, `params`
 * that is no object, and ids other than an integer or a string of at most 256 bytes.
 */
export function readMessage(bytes: Uint8Array): MessageRead {
  const read = readJson(bytes);
  if (read.kind === 'malformed') return malformed(-32700, `not JSON that can be read in one way only: ${read.why}`);
  return messageOf(read.value);
}

/** The id of a request; undefined for what is none. What cannot be read is none: it is refused as such. */
export function requestIdIn(bytes: Uint8Array): MessageId | undefined {
  const read = readMessage(bytes);
  return read.kind === 'message' && read.message.kind === 'request' ? read.message.id : undefined;
}

const ENVELOPE = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error']);

export function messageOf(value: JsonValue): MessageRead {
  if (isJsonArray(value)) return malformed(-32600, 'batches are not accepted; send one message at a time');
  if (!isJsonObject(value)) return malformed(-32600, 'a JSON-RPC message is an object');
  const id = readId(value['id']);
  for (const key in value) {
    if (!ENVELOPE.has(key)) return malformed(-32600, `the key ${JSON.stringify(key)} is not part of JSON-RPC`, id);
  }
  if (value['jsonrpc'] !== '2.0') return malformed(-32600, '`jsonrpc` is not "2.0"', id);
  if ('id' in value && id === null) {
    return malformed(-32600, '`id` is neither an integer nor a string of at most 256 bytes');
  }
  if ('method' in value) return requestOf(value, id);
  return responseOf(value, id);
}

function requestOf(value: JsonObject, id: MessageId | null): MessageRead {
  const method = value['method'];
  const params = value['params'];
  if ('result' in value || 'error' in value) return malformed(-32600, '`result` or `error` stands beside `method`', id);
  if (typeof method !== 'string') return malformed(-32600, '`method` is no string', id);
  if (params !== undefined && !isJsonObject(params)) return malformed(-32602, '`params` is no object', id);
  const fault = params === undefined ? undefined : faultOfParams(method, params);
  if (fault !== undefined) return malformed(-32602, fault, id);
  if (id === null) {
    if (NEEDS_ID.has(method)) return malformed(-32600, `\`${method}\` needs an id`);
    return { kind: 'message', message: { kind: 'notification', method, params } };
  }
  return { kind: 'message', message: { kind: 'request', id, method, params } };
}

function responseOf(value: JsonObject, id: MessageId | null): MessageRead {
  const { result, error } = value as { result?: JsonValue; error?: JsonValue };
  if ('params' in value || (result === undefined) === (error === undefined)) {
    return malformed(-32600, 'neither a request nor a response', id);
  }
  if (id === null) return malformed(-32600, 'a response needs an id');
  const body = result === undefined ? { error: error as JsonValue } : { result };
  return { kind: 'message', message: { kind: 'response', id, body } };
}

const NEEDS_ID = new Set(['tools/call', 'prompts/get', 'resources/read', 'initialize', 'tools/list']);

/** Keys that decide something, by how a reader without regard to case would find them. */
const PARAMS_KEYS = byFold([
  'name',
  'arguments',
  '_meta',
  'uri',
  'ref',
  'argument',
  'cursor',
  'inputResponses',
  'requestState',
  'task',
  'protocolVersion',
  'capabilities',
  'clientInfo',
  'notifications',
  'level',
  'requestId',
  'progressToken',
]);
/** Of `params.notifications`, by which a standing stream says what it is to hear. */
const FILTER_KEYS = byFold(['toolsListChanged', 'promptsListChanged', 'resourcesListChanged', 'resourceSubscriptions']);

function faultOfParams(method: string, params: JsonObject): string | undefined {
  const filter = params['notifications'];
  const variant = variantIn(params, PARAMS_KEYS) ?? (isJsonObject(filter) ? variantIn(filter, FILTER_KEYS) : undefined);
  if (variant !== undefined) return `the key ${JSON.stringify(variant)} differs from a known one only in case`;
  const meta = params['_meta'];
  if (meta !== undefined && !isJsonObject(meta)) return '`_meta` is no object';
  if (method === 'tools/call' || method === 'prompts/get') {
    if (typeof params['name'] !== 'string') return '`params.name` is no string';
    const args = params['arguments'];
    if (args !== undefined && !isJsonObject(args)) return '`params.arguments` is no object';
  }
  if (method === 'resources/read' && typeof params['uri'] !== 'string') return '`params.uri` is no string';
  return undefined;
}

/** A key that such a reader takes for a known one, and that is not it. */
function variantIn(object: JsonObject, known: ReadonlyMap<string, string>): string | undefined {
  for (const key in object) if ((known.get(fold(key)) ?? key) !== key) return key;
  return undefined;
}

function byFold(keys: readonly string[]): ReadonlyMap<string, string> {
  return new Map(keys.map((key) => [fold(key), key]));
}

/** Go's encoding/json also matches the long s and the Kelvin sign; both directions of case are needed to see them. */
function fold(key: string): string {
  return key.toUpperCase().toLowerCase();
}

const INTEGER = /^-?[0-9]+$/;

function readId(value: JsonValue | undefined): MessageId | null {
  if (typeof value === 'string') return Buffer.byteLength(value) <= 256 ? value : null;
  if (value instanceof JsonNumber) return INTEGER.test(value.text) && value.text.length <= 256 ? value : null;
  return null;
}

function malformed(code: number, why: string, id: MessageId | null = null): MessageRead {
  return { kind: 'malformed', code, why, id };
}

import type { JsonNumber, JsonObject, JsonValue } from './json.ts';

/** A JSON-RPC id as the client wrote it: a string of at most 256 bytes, or an integer by its text. */
export type MessageId = string | JsonNumber;

export type Era = 'legacy' | 'modern';

/** One JSON-RPC message from a client, read once and frozen. What is forwarded is written from these values. */
export type Message = RequestMessage | NotificationMessage | ResponseMessage;

export type RequestMessage = {
  readonly kind: 'request';
  readonly id: MessageId;
  readonly method: string;
  readonly params: JsonObject | undefined;
};

export type NotificationMessage = {
  readonly kind: 'notification';
  readonly method: string;
  readonly params: JsonObject | undefined;
};

/** The client's answer to a request of the server; only legacy clients send these. */
export type ResponseMessage = {
  readonly kind: 'response';
  readonly id: MessageId;
  readonly body: { readonly result: JsonValue } | { readonly error: JsonValue };
};

/** One text per id value: `1` and `"1"` are two ids. */
export function idKey(id: MessageId): string {
  return typeof id === 'string' ? `s${id}` : `n${id.text}`;
}

/** Whether two ids are one value, as {@link idKey} tells them apart. */
export function isSameId(a: MessageId, b: MessageId): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a.text === b.text;
}

export function idText(id: MessageId): string {
  return typeof id === 'string' ? JSON.stringify(id) : id.text;
}

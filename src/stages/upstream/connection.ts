import { isJsonObject, type JsonObject, jsonText } from '../../domain/json.ts';
import { type Era, idText, type MessageId } from '../../domain/message.ts';
import type { Reply } from '../../domain/reply.ts';
import { META_SUBSCRIPTION } from '../../domain/revisions.ts';
import { readJsonText } from '../../platform/read-json.ts';

/**
 * A way to one server for one legacy session, or for the modern callers of one grant. It sends, and says truthfully
 * what became of what it sent. It never repeats a request that may have reached the server.
 */
export type Connection = {
  readonly era: Era;
  readonly revision: string;
  /** Never rejects. `notice` hears what the server sends about the request before the request's own `onMessage` does. */
  send(request: Outgoing, notice: Standing): Promise<Reply>;
  /** A notification or an answer to the server's own request, on its way to the server. Faults are logged: nobody waits. */
  tell(text: string): void;
  /** Cancels the request in flight that was sent under this handle. */
  cancel(handle: object, why: string): void;
  /** Ends it; calls in flight become `unknown`. */
  close(): Promise<void>;
};

export type Outgoing = {
  readonly id: MessageId;
  /** What `cancel` names it by: ids of different clients may be equal. */
  readonly handle: object;
  /** A stream meant to stand open: neither silence nor time ends it. */
  readonly standing?: boolean;
  readonly method: string;
  /** The request after its id, one line: `"method":…,"params":…}`. The connection puts the id before it. */
  readonly rest: string;
  readonly params: JsonObject | undefined;
  /** Headers beside those of every request: `Mcp-Name`, `Mcp-Param-*`. Modern HTTP only. */
  readonly headers?: readonly (readonly [string, string])[];
  /** What the server sends about this request before its answer. */
  readonly onMessage: (message: ServerMessage) => void;
  /**
   * What may go on of a message that could be about this request; undefined where nothing may. Absent where nothing is
   * looked for in what comes back to it.
   */
  readonly shown?: (text: string) => string | undefined;
};

/** A notification or request of the server that passed the table of its era; `text` is one line of JSON. */
export type ServerMessage = {
  readonly method: string;
  readonly text: string;
  /** Present on requests of the server. */
  readonly id: MessageId | undefined;
};

/**
 * What of a message may go on that could be about any of these requests. Undefined where one of them withholds it: it is
 * then told of, and answered where it is a question, as a message of that request.
 */
export function shownBeside(requests: readonly Outgoing[], message: ServerMessage): ServerMessage | undefined {
  let { text } = message;
  for (const request of requests) {
    const shown = request.shown === undefined ? text : request.shown(text);
    if (shown === undefined) {
      request.onMessage(message);
      return undefined;
    }
    text = shown;
  }
  return { ...message, text };
}

/** Where messages go that belong to no request in flight: the session's standing stream. */
export type Standing = (message: ServerMessage) => void;

/** The request after its id, as a connection sends it. */
export function restOf(method: string, params: JsonObject | undefined): string {
  const tail = params === undefined ? '' : `,"params":${jsonText(params)}`;
  return `"method":${JSON.stringify(method)}${tail}}`;
}

/** Writes the request with the id it has on this hop. */
export function requestText(idText: string, rest: string): string {
  return `{"jsonrpc":"2.0","id":${idText},${rest}`;
}

/**
 * Whether every JSON reader gives this id back as it was written. Others (`-0`, integers beyond 2^53) travel under an
 * id of ours and get their own back in the answer.
 */
export function survivesDoubles(id: MessageId): boolean {
  if (typeof id === 'string') return true;
  const value = Number(id.text);
  return Number.isSafeInteger(value) && String(value) === id.text;
}

/** A response under another id. The rest of it keeps every number's text. */
export function withId(text: string, id: MessageId): string {
  const read = readJsonText(text, RESPONSE_DEPTH_MAX);
  if (read.kind === 'malformed' || !isJsonObject(read.value)) {
    return `{"jsonrpc":"2.0","id":${idText(id)},"error":{"code":-32603,"message":"the server's answer cannot be read in one way only"}}`;
  }
  const members = Object.entries(read.value).filter(([key]) => key !== 'jsonrpc' && key !== 'id');
  const rest = members.map(([key, value]) => `${JSON.stringify(key)}:${jsonText(value)}`).join(',');
  return `{"jsonrpc":"2.0","id":${idText(id)},${rest}}`;
}

/** A message of a standing stream under the id its client knows the stream by. */
export function withSubscription(text: string, id: MessageId): string {
  const read = readJsonText(text, RESPONSE_DEPTH_MAX);
  const params = read.kind === 'value' && isJsonObject(read.value) ? read.value['params'] : undefined;
  const meta = isJsonObject(params) ? params['_meta'] : undefined;
  if (read.kind !== 'value' || !isJsonObject(read.value) || !isJsonObject(params) || !isJsonObject(meta)) return text;
  if (!(META_SUBSCRIPTION in meta)) return text;
  return jsonText({ ...read.value, params: { ...params, _meta: { ...meta, [META_SUBSCRIPTION]: id } } });
}

const RESPONSE_DEPTH_MAX = 512;

/** One line, so that it fits a stdio pipe and an SSE event: in JSON, line breaks stand only between tokens. */
export function oneLine(text: string): string {
  return /[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, ' ').trim() : text;
}

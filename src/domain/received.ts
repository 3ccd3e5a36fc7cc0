/** One message as it arrived: bytes nobody has read yet, and what the transport knows about them. */
export type Received = {
  readonly transport: 'http' | 'stdio';
  readonly bytes: Uint8Array;
  /** Headers that mirror or name something; all undefined over stdio. Optional white space is stripped. */
  readonly headers: ReceivedHeaders;
  /**
   * Sends a message of the server on the stream of this request, before its answer. False where the client will not
   * read it: it takes no stream, is gone, or has left too much unread.
   */
  readonly emit: (text: string) => boolean;
  /** Set when the client said that it no longer wants the answer. Looked at last before a call is sent. */
  cancelled: boolean;
  /** `performance.now()` when all its bytes had come. */
  readonly receivedAt: number;
  /** Milliseconds the server took, once a call of this message has been sent. */
  serverMs: number;
  /** Whether closing the request's stream cancels it: so it is in the stateless revision, and in no other. */
  goneMeansCancelled: boolean;
  /** Whether the answer brings headers of its own, so that no stream may begin before it: that of `initialize`. */
  headersToCome: boolean;
  /** Capabilities that the client declares and its server does not hear of. Stateless revision only. */
  unheard: readonly string[];
  /** The way it was sent, once it has been: where cancelling it must be said. Not a closure, see bench/README.md. */
  sentBy: { cancel(handle: Received, why: string): void } | undefined;
};

/** A message whose bytes have just come, and of which nothing more is known. */
export function justReceived(message: Pick<Received, 'transport' | 'bytes' | 'headers' | 'emit'>): Received {
  return {
    transport: message.transport,
    bytes: message.bytes,
    headers: message.headers,
    emit: message.emit,
    cancelled: false,
    receivedAt: performance.now(),
    serverMs: 0,
    goneMeansCancelled: false,
    headersToCome: false,
    unheard: [],
    sentBy: undefined,
  };
}

export type ReceivedHeaders = {
  readonly sessionId: string | undefined;
  readonly protocolVersion: string | undefined;
  readonly method: string | undefined;
  readonly name: string | undefined;
  /** W3C Trace Context, where it is well formed; passed on. */
  readonly traceparent: string | undefined;
  /** `Mcp-Param-*` by their lower-case name. */
  readonly params: readonly (readonly [name: string, value: string])[];
};

export const NO_HEADERS: ReceivedHeaders = {
  sessionId: undefined,
  protocolVersion: undefined,
  method: undefined,
  name: undefined,
  traceparent: undefined,
  params: [],
};

/** What goes back to the client for one message. */
export type Answer =
  | { readonly kind: 'answer'; readonly status: number; readonly text: string; readonly sessionId?: string }
  /** Nothing to say: a notification or a response was taken. */
  | { readonly kind: 'accepted' }
  /** No answer is owed any more: the client cancelled. */
  | { readonly kind: 'silent' };

import type { ServerMessage } from '../stages/upstream/connection.ts';

/** False where it was not written: the client does not read. */
type Emit = (text: string) => boolean;

type Open = { readonly emit: Emit; readonly close: () => void };

/**
 * Streams a client keeps open for what belongs to no request: the GET stream of a legacy session, the pipe of a stdio
 * client. A few messages wait for a stream that is not open yet, or no longer; the oldest are dropped.
 */
export class Standing {
  readonly #open = new Map<string, Open>();
  readonly #waiting = new Map<string, string[]>();
  readonly #waitingBytesMax: number;

  /** Half of what a stream may hold unread, so that a new stream takes all that waited for it. */
  constructor(unreadBytesMax: number) {
    this.#waitingBytesMax = unreadBytesMax / 2;
  }

  /** Returns what closes it again. One stream per session: a newer one takes over. */
  attach(session: string, emit: Emit, close: () => void): () => void {
    const open = { emit, close };
    this.#open.get(session)?.close();
    this.#open.set(session, open);
    for (const text of this.#waiting.get(session) ?? []) emit(text);
    this.#waiting.delete(session);
    return () => {
      if (this.#open.get(session) === open) this.#open.delete(session);
    };
  }

  /** False where a request of the server found no stream: it must then be refused, for nobody will answer it. */
  deliver(session: string, message: Pick<ServerMessage, 'text' | 'id'>): boolean {
    const open = this.#open.get(session);
    if (open?.emit(message.text) === true) return true;
    if (message.id !== undefined) return false;
    const waiting = this.#waiting.get(session) ?? [];
    waiting.push(message.text);
    while (waiting.length > 1 && (waiting.length > WAITING_MAX || bytesOf(waiting) > this.#waitingBytesMax))
      waiting.shift();
    this.#waiting.set(session, waiting);
    return true;
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** The session is over: its stream ends. */
  forget(session: string): void {
    const open = this.#open.get(session);
    this.#open.delete(session);
    open?.close();
    this.#waiting.delete(session);
  }
}

function bytesOf(texts: readonly string[]): number {
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0);
}

const WAITING_MAX = 64;

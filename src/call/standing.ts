import type { ServerMessage } from '../stages/upstream/connection.ts';

type Emit = (text: string) => void;
type Open = { readonly emit: Emit; readonly close: () => void };

/**
 * Streams a client keeps open for what belongs to no request: the GET stream of a legacy session, the pipe of a stdio
 * client. A few messages wait for a stream that is not open yet; the oldest are dropped.
 */
export class Standing {
  readonly #open = new Map<string, Open>();
  readonly #waiting = new Map<string, string[]>();

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
    if (open !== undefined) {
      open.emit(message.text);
      return true;
    }
    if (message.id !== undefined) return false;
    const waiting = this.#waiting.get(session) ?? [];
    if (waiting.length >= WAITING_MAX) waiting.shift();
    waiting.push(message.text);
    this.#waiting.set(session, waiting);
    return true;
  }

  isOpen(session: string): boolean {
    return this.#open.has(session);
  }

  /** The session is over: its stream ends. */
  forget(session: string): void {
    const open = this.#open.get(session);
    this.#open.delete(session);
    open?.close();
    this.#waiting.delete(session);
  }
}

const WAITING_MAX = 64;

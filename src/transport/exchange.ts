import type { IncomingMessage, ServerResponse } from 'node:http';
import { cancelReceived, giveUpOn } from '../call/gate.ts';
import type { Answer, Received } from '../domain/received.ts';

/** One POST and its answer: JSON as long as nothing else was said before it, a stream from the first message on. */
export class Exchange {
  received: Received | undefined;
  readonly #response: ServerResponse;
  readonly #acceptsStream: boolean;
  readonly #unreadBytesMax: number;
  #began = performance.now();
  #streaming = false;
  #done = false;

  /** `unreadBytesMax`: with more than that unread, messages before the answer are left out. */
  constructor(request: IncomingMessage, response: ServerResponse, unreadBytesMax: number) {
    this.#response = response;
    this.#unreadBytesMax = unreadBytesMax;
    this.#acceptsStream = accepts(request, 'text/event-stream');
    response.on('close', () => {
      if (this.#done) return;
      this.#done = true;
      const { received } = this;
      if (received?.goneMeansCancelled === true) cancelReceived(received);
    });
  }

  /** Ends it where the request has not come to its end yet: that is no call, and nothing to wait for. */
  endUnread(): void {
    if (this.received === undefined) this.#response.destroy();
  }

  giveUp(): void {
    if (this.received !== undefined) giveUpOn(this.received);
  }

  emit(text: string): boolean {
    if (this.#done || !this.#acceptsStream || this.#response.writableLength > this.#unreadBytesMax) return false;
    this.#stream();
    writeEvent(this.#response, text);
    return true;
  }

  answer(answer: Answer): void {
    if (this.#done) return;
    this.#done = true;
    const response = this.#response;
    switch (answer.kind) {
      case 'answer':
        if (this.#streaming) {
          writeEvent(response, answer.text);
          response.end();
          return;
        }
        return endJson(response, answer.status, answer.text, answer.sessionId);
      case 'accepted':
        response.writeHead(202).end();
        return;
      case 'silent':
        response.end();
        return;
      default:
        answer satisfies never;
        response.destroy();
    }
  }

  beat(now: number): void {
    if (this.#done || !this.#acceptsStream || now - this.#began < QUIET_MS) return;
    if (this.received === undefined || this.received.headersToCome) return;
    this.#began = now;
    this.#stream();
    this.#response.write(': still running\n\n');
  }

  #stream(): void {
    if (this.#streaming) return;
    this.#streaming = true;
    beginStream(this.#response);
  }
}

export function accepts(request: IncomingMessage, type: string): boolean {
  const header = request.headers.accept;
  return header?.includes(type) === true || header?.includes('*/*') === true;
}

export function endJson(response: ServerResponse, status: number, body: string, sessionId?: string): void {
  const headers = ['content-type', 'application/json', 'content-length', String(Buffer.byteLength(body))];
  if (sessionId !== undefined) headers.push('mcp-session-id', sessionId);
  response.writeHead(status, headers);
  // A string leaves together with the headers in one write.
  response.end(body, 'utf8');
}

export function beginStream(response: ServerResponse): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
}

export function writeEvent(response: ServerResponse, text: string): void {
  response.write(`event: message\ndata: ${text}\n\n`);
}

/** A client that waits longer than this gets a sign of life. */
const QUIET_MS = 15_000;

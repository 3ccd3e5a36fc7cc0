import type { Readable, Writable } from 'node:stream';
import { type Channel, type Gate, giveUpOn, LAST_WORDS_MS } from '../call/gate.ts';
import type { Caller } from '../domain/caller.ts';
import { faultText } from '../domain/fault.ts';
import type { MessageId } from '../domain/message.ts';
import { justReceived, NO_HEADERS, type Received } from '../domain/received.ts';
import { Bag } from '../platform/bag.ts';
import { LineReader } from '../platform/line-reader.ts';
import { pipeLine } from '../platform/pipe-line.ts';
import { requestIdIn } from '../stages/decode/read-message.ts';

export type StdioServerOptions = {
  readonly gate: Gate;
  readonly caller: Caller;
  readonly server: string;
  /** Names the process as a session. */
  readonly processId: string;
  readonly lineBytesMax: number;
  readonly callsMax: number;
  /** How much the client may leave unread before messages other than answers are left out. */
  readonly unreadBytesMax: number;
  readonly input: Readable;
  readonly output: Writable;
  readonly noteTurnedAway: (why: 'malformed' | 'busy', detail: string) => void;
  readonly noteDefect: (fault: unknown) => void;
};

/** A client on our own pipes: one line is one message, one process is one session. */
export class StdioServer {
  readonly #options: StdioServerOptions;
  readonly #channel: Channel & { kind: 'stdio' };
  readonly #running = new Bag<Received>();
  #corked = false;
  #attached = false;
  #ended = Promise.withResolvers<void>();

  constructor(options: StdioServerOptions) {
    this.#options = options;
    this.#channel = { kind: 'stdio', processId: options.processId, live: undefined };
    const lines = new LineReader({
      bytesMax: options.lineBytesMax,
      onLine: (line) => void this.#onLine(line),
      onLongLine: () => this.#refuse(-32600, `the line is longer than ${options.lineBytesMax} bytes`),
    });
    options.input.on('data', (chunk: Buffer) => lines.push(chunk));
    options.input.on('end', () => {
      lines.end();
      this.#ended.resolve();
    });
    options.input.on('error', () => this.#ended.resolve());
    options.output.on('error', () => this.#ended.resolve());
  }

  /** Resolves when the client has closed its end. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get inFlight(): number {
    return this.#running.size;
  }

  /** Resolves when running calls are answered; what runs longer than `graceMs` is given up, and answered so. Standing streams end at once. */
  async finish(graceMs: number): Promise<void> {
    this.#options.gate.relay.endListens('the gateway is stopping');
    const until = performance.now() + graceMs;
    while (this.#running.size > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
    for (const received of this.#running.all()) giveUpOn(received);
    const end = until + LAST_WORDS_MS;
    while (this.#running.size > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  async #onLine(bytes: Buffer): Promise<void> {
    const { gate, caller, server, callsMax } = this.#options;
    if (this.#running.size - gate.relay.listening >= callsMax) {
      // A cancellation would make room, and an answer may be what they wait for.
      const id = requestIdIn(bytes);
      if (id !== undefined) return this.#refuse(-32600, 'too many requests are running', id);
    }
    const received = justReceived({
      transport: 'stdio',
      bytes,
      headers: NO_HEADERS,
      emit: (text) => this.#emit(text),
    });
    this.#running.add(received);
    try {
      const answer = await gate.handle(received, caller, server, this.#channel);
      if (answer.kind === 'answer') this.#write(answer.text);
      this.#attach();
    } catch (fault) {
      this.#options.noteDefect(fault);
      this.#refuse(-32603, 'internal error');
    } finally {
      this.#running.remove(received);
    }
  }

  /** The pipe is the standing stream, from the moment there is a session. */
  #attach(): void {
    const { live } = this.#channel;
    if (this.#attached || live === undefined) return;
    this.#attached = true;
    this.#options.gate.attach(
      live,
      (text) => this.#emit(text),
      () => {},
    );
  }

  #refuse(code: number, why: string, id: MessageId | null = null): void {
    this.#options.noteTurnedAway(id === null ? 'malformed' : 'busy', why);
    this.#write(faultText({ code, message: why, id }));
  }

  #emit(text: string): boolean {
    const { output, unreadBytesMax } = this.#options;
    if (!output.writable || output.writableLength > unreadBytesMax) return false;
    this.#write(text);
    return true;
  }

  #write(text: string): void {
    const { output } = this.#options;
    if (!output.writable) return;
    if (!this.#corked) {
      // Answers of one turn of the event loop leave in one system call.
      this.#corked = true;
      output.cork();
      process.nextTick(() => {
        this.#corked = false;
        output.uncork();
      });
    }
    output.write(pipeLine(text));
  }
}

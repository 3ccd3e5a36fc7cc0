import { createParser } from 'eventsource-parser';
import { type Dispatcher, Pool } from 'undici';
import { type Era, idKey, idText, type MessageId } from '../../domain/message.ts';
import type { Reply } from '../../domain/reply.ts';
import { Bag } from '../../platform/bag.ts';
import {
  type Connection,
  type Outgoing,
  oneLine,
  requestText,
  type Standing,
  survivesDoubles,
  withId,
} from './connection.ts';
import { classify } from './server-messages.ts';
import type { UpstreamLog } from './upstream-log.ts';

export type HttpEndpointOptions = {
  readonly url: URL;
  /** The operator's headers for this server, secrets among them; never logged. */
  readonly headers: readonly (readonly [string, string])[];
  readonly silenceMsMax: number;
  readonly totalMsMax: number;
  readonly responseBytesMax: number;
};

/** One HTTP server: its connection pool, shared by all sessions. */
export class HttpEndpoint {
  readonly options: HttpEndpointOptions;
  readonly path: string;
  readonly #pool: Pool;

  constructor(options: HttpEndpointOptions) {
    this.options = options;
    this.path = options.url.pathname + options.url.search;
    this.#pool = new Pool(options.url.origin, {
      connections: 256,
      pipelining: 1,
      headersTimeout: options.silenceMsMax,
      bodyTimeout: options.silenceMsMax,
      connect: { timeout: Math.min(10_000, options.silenceMsMax) },
      maxHeaderSize: 16 * 1024,
    });
  }

  exchange(request: ExchangeRequest): Exchange {
    const exchange = new Exchange(request, this.options);
    this.#pool.dispatch(
      {
        path: this.path,
        method: request.method,
        headers: request.headers,
        body: request.body === undefined ? null : Buffer.from(request.body),
        ...(request.standing === true ? { bodyTimeout: 0 } : {}),
      },
      exchange,
    );
    return exchange;
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

type ExchangeRequest = {
  /** The JSON-RPC id it was sent under, for a cancellation. */
  readonly wireId?: MessageId;
  readonly method: 'POST' | 'GET' | 'DELETE';
  /** Flat: name, value, name, value. */
  readonly headers: string[];
  readonly body?: string;
  /** One event of a streamed reply; true when it was the answer and the rest is of no interest. */
  readonly onEvent: (data: string) => boolean;
  /** Streams that stand open are not ended by the total time. */
  readonly standing?: boolean;
};

export type Exchanged =
  | { readonly kind: 'ended'; readonly status: number; readonly body: string | undefined }
  | { readonly kind: 'answered' }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'not-sent'; readonly why: string }
  | { readonly kind: 'lost'; readonly why: string };

/** One request and its response. `done` never rejects. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly done: Promise<Exchanged>;
  readonly #request: ExchangeRequest;
  readonly #options: HttpEndpointOptions;
  #resolve: (exchanged: Exchanged) => void = () => {};
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #status = 0;
  #sessionId: string | undefined;
  #isGateway = false;
  #aborted = false;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #events: ReturnType<typeof createParser> | undefined;
  #decoder: InstanceType<typeof TextDecoder> | undefined;
  #total: NodeJS.Timeout | undefined;

  constructor(request: ExchangeRequest, options: HttpEndpointOptions) {
    this.#request = request;
    this.#options = options;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** `Mcp-Session-Id` of the response. */
  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  get wireId(): MessageId {
    return this.#request.wireId ?? '';
  }

  get status(): number {
    return this.#status;
  }

  /** Whether the other end says that it is a Sallyport gateway. */
  get isGateway(): boolean {
    return this.#isGateway;
  }

  get wasAborted(): boolean {
    return this.#aborted;
  }

  abort(why: string): void {
    this.#aborted = true;
    const started = this.#controller !== undefined;
    this.#settle(started ? { kind: 'lost', why } : { kind: 'not-sent', why });
    this.#controller?.abort(new Error(why));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#settled) controller.abort(new Error('nobody waits for it any more'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#status = status;
    this.#isGateway = headers[GATEWAY_HEADER] !== undefined;
    const session = headers['mcp-session-id'];
    if (typeof session === 'string') this.#sessionId = session;
    const type = headers['content-type'];
    if (typeof type !== 'string' || !type.startsWith('text/event-stream')) return;
    this.#decoder = new TextDecoder();
    this.#events = createParser({ onEvent: (event) => this.#onEvent(event.data) });
    if (this.#request.standing === true) return;
    // Silence is the pool's clock; a stream that never falls silent still ends.
    this.#total = setTimeout(
      () => this.abort(`no answer within ${this.#options.totalMsMax / 1000} s`),
      this.#options.totalMsMax,
    );
    this.#total.unref();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#events !== undefined) {
      this.#bytes += chunk.length;
      if (this.#bytes > this.#options.responseBytesMax) return this.#tooLarge(controller);
      this.#events.feed(this.#decoder?.decode(chunk, { stream: true }) ?? '');
      return;
    }
    this.#bytes += chunk.length;
    if (this.#bytes > this.#options.responseBytesMax) return this.#tooLarge(controller);
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#events !== undefined) return this.#settle({ kind: 'lost', why: 'the stream ended without an answer' });
    const [only] = this.#chunks;
    const body = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
    this.#settle({ kind: 'ended', status: this.#status, body: body.length === 0 ? undefined : body.toString('utf8') });
  }

  onResponseError(_controller: Dispatcher.DispatchController, fault: Error): void {
    // undici hands the request over when it begins to write it: before that, nothing has left.
    const started = this.#controller !== undefined;
    const why = reasonOf(fault);
    this.#settle(started ? { kind: 'lost', why } : { kind: 'not-sent', why });
  }

  /** A method, not a closure made with each exchange: those kept every exchange alive until the next full collection. */
  #settle(exchanged: Exchanged): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#total);
    this.#resolve(exchanged);
  }

  #onEvent(data: string): void {
    if (this.#settled || data === '') return;
    this.#bytes = 0;
    if (this.#request.onEvent(data)) this.#settle({ kind: 'answered' });
  }

  #tooLarge(controller: Dispatcher.DispatchController): void {
    this.#settle({ kind: 'too-large' });
    controller.abort(new Error('the response is too large'));
  }
}

function reasonOf(fault: Error): string {
  const { code } = fault as NodeJS.ErrnoException;
  switch (code) {
    case 'ECONNREFUSED':
      return 'the connection was refused';
    case 'ENOTFOUND':
      return 'its host name is not known';
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return 'the server was silent for too long';
    case 'UND_ERR_CONNECT_TIMEOUT':
      return 'no connection could be made in time';
    default:
      return code === undefined ? fault.message : `the connection broke (${code})`;
  }
}

export type HttpConnectionOptions = {
  readonly endpoint: HttpEndpoint;
  readonly era: Era;
  readonly revision: string;
  readonly sessionId: string | undefined;
  readonly standing: Standing;
  readonly log: UpstreamLog;
  /** Opens the upstream session anew, where the server has forgotten it. Undefined where it cannot be done. */
  readonly reopen?: () => Promise<string | undefined>;
};

/** One session at an HTTP server, or (modern) the stateless use of it. */
export class HttpConnection implements Connection {
  readonly era: Era;
  readonly revision: string;
  readonly #options: HttpConnectionOptions;
  readonly #running = new Bag<{ readonly handle: object; readonly exchange: Exchange }>();
  readonly #asked = new Set<string>();
  #sessionId: string | undefined;
  #headers: string[] = [];
  #stream: Exchange | undefined;
  #streamRetry: NodeJS.Timeout | undefined;
  #closed = false;
  #next = 0;

  constructor(options: HttpConnectionOptions) {
    this.era = options.era;
    this.revision = options.revision;
    this.#options = options;
    this.#useSession(options.sessionId);
  }

  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  get inFlight(): number {
    return this.#running.size;
  }

  async send(outgoing: Outgoing): Promise<Reply> {
    const wireId: MessageId = survivesDoubles(outgoing.id) ? outgoing.id : `sallyport:${++this.#next}`;
    const sessionUsed = this.#sessionId;
    const reply = await this.#sendOnce(outgoing, wireId);
    if (reply.kind !== 'failed' || reply.status !== 404 || sessionUsed === undefined) return reply;
    // The server has forgotten the session and said so before running anything: open it again, send once more.
    const reopened = this.#sessionId !== sessionUsed ? this.#sessionId : await this.#options.reopen?.();
    if (reopened === undefined) return { kind: 'not-sent', why: 'the server ended the session and opens no new one' };
    this.#useSession(reopened);
    return this.#sendOnce(outgoing, wireId);
  }

  async #sendOnce(outgoing: Outgoing, wireId: MessageId): Promise<Reply> {
    let answer: Reply | undefined;
    const exchange = this.#options.endpoint.exchange({
      method: 'POST',
      wireId,
      headers: this.#headersFor(outgoing),
      body: requestText(idText(wireId), outgoing.rest),
      onEvent: (data) => {
        answer = this.#onEvent(data, outgoing, wireId);
        return answer !== undefined;
      },
      standing: outgoing.standing ?? false,
    });
    const running = { handle: outgoing.handle, exchange };
    this.#running.add(running);
    const exchanged = await exchange.done;
    this.#running.remove(running);
    switch (exchanged.kind) {
      case 'answered':
        return answer ?? { kind: 'unknown', why: 'the answer was lost' };
      case 'ended':
        return this.#replyOf(exchanged.status, exchanged.body, outgoing.id, wireId);
      case 'too-large':
        return {
          kind: 'withheld',
          why: `the answer is larger than ${this.#options.endpoint.options.responseBytesMax} bytes`,
        };
      case 'not-sent':
        return { kind: 'not-sent', why: exchanged.why };
      case 'lost':
        return { kind: 'unknown', why: exchanged.why };
      default:
        exchanged satisfies never;
        return { kind: 'unknown', why: 'the exchange ended in a way nobody foresaw' };
    }
  }

  tell(text: string): void {
    const exchange = this.#options.endpoint.exchange({
      method: 'POST',
      headers: this.#headers,
      body: text,
      onEvent: () => false,
    });
    void exchange.done.then((exchanged) => {
      if (exchanged.kind === 'not-sent' || exchanged.kind === 'lost')
        this.#options.log.dropped(`to the server: ${exchanged.why}`);
    });
  }

  wasAsked(id: MessageId): boolean {
    return this.#asked.delete(idKey(id));
  }

  cancel(handle: object, why: string): void {
    const exchange = this.#running.find((running) => running.handle === handle)?.exchange;
    if (exchange === undefined) return;
    if (this.era === 'legacy') {
      const id = exchange.wireId;
      const params = `{"requestId":${idText(id)},"reason":${JSON.stringify(why)}}`;
      this.tell(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":${params}}`);
    }
    exchange.abort(why);
  }

  /** Opens the session's standing stream, where the server offers one, and keeps it open. */
  listen(): void {
    if (this.era !== 'legacy' || this.#stream !== undefined || this.#closed) return;
    const stream = this.#options.endpoint.exchange({
      method: 'GET',
      headers: [...this.#headers, 'accept', 'text/event-stream'],
      onEvent: (data) => {
        this.#fromServer(oneLine(data), this.#options.standing);
        return false;
      },
      standing: true,
    });
    this.#stream = stream;
    void stream.done.then((exchanged) => {
      this.#stream = undefined;
      // 405 and other refusals mean that there is none; a stream that broke is opened again.
      const offered = exchanged.kind === 'lost' && stream.status === 200;
      if (!offered || this.#closed) return;
      this.#streamRetry = setTimeout(() => this.listen(), STREAM_RETRY_MS);
      this.#streamRetry.unref();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#streamRetry);
    this.#stream?.abort('the session is closed');
    for (const { exchange } of this.#running.all()) exchange.abort('the session is closed');
    if (this.#sessionId === undefined) return;
    const goodbye = this.#options.endpoint.exchange({ method: 'DELETE', headers: this.#headers, onEvent: () => false });
    const timer = setTimeout(() => goodbye.abort('no answer to the end of the session'), GOODBYE_MS);
    await goodbye.done;
    clearTimeout(timer);
  }

  #useSession(sessionId: string | undefined): void {
    this.#sessionId = sessionId;
    const headers = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream'];
    headers.push('mcp-protocol-version', this.revision);
    if (sessionId !== undefined) headers.push('mcp-session-id', sessionId);
    for (const [name, value] of this.#options.endpoint.options.headers) headers.push(name, value);
    this.#headers = headers;
  }

  #headersFor(outgoing: Outgoing): string[] {
    const more = outgoing.headers;
    if (this.era === 'legacy')
      return more === undefined || more.length === 0 ? this.#headers : [...this.#headers, ...more.flat()];
    const headers = [...this.#headers, 'mcp-method', outgoing.method];
    for (const [name, value] of more ?? []) headers.push(name, value);
    return headers;
  }

  #onEvent(data: string, outgoing: Outgoing, wireId: MessageId): Reply | undefined {
    const text = oneLine(data);
    const message = this.#fromServer(text, outgoing.onMessage);
    if (message.kind !== 'response') return undefined;
    if (idKey(message.id) !== idKey(wireId)) {
      this.#options.log.dropped('an answer to another request');
      return undefined;
    }
    return this.#replied(text, 200, message.isError, outgoing.id, wireId);
  }

  #fromServer(text: string, to: Standing): ReturnType<typeof classify> {
    const message = classify(text, this.era);
    switch (message.kind) {
      case 'response':
        break;
      case 'notification':
        to({ method: message.method, text, id: undefined });
        break;
      case 'request':
        if (message.method === 'ping') this.tell(`{"jsonrpc":"2.0","id":${idText(message.id)},"result":{}}`);
        else {
          this.#asked.add(idKey(message.id));
          to({ method: message.method, text, id: message.id });
        }
        break;
      case 'refused':
        this.#options.log.dropped(message.why);
        this.#refuseRequest(text, message.why);
        break;
      default:
        message satisfies never;
    }
    return message;
  }

  #refuseRequest(text: string, why: string): void {
    if (this.era === 'modern') return;
    const match = /"id"\s*:\s*("(?:[^"\\]|\\.){0,256}"|-?[0-9]{1,20})\s*[,}]/.exec(text);
    if (match === null || !/"method"\s*:/.test(text)) return;
    this.tell(`{"jsonrpc":"2.0","id":${match[1]},"error":{"code":-32601,"message":${JSON.stringify(why)}}}`);
  }

  #replyOf(status: number, body: string | undefined, id: MessageId, wireId: MessageId): Reply {
    if (body !== undefined) {
      const text = oneLine(body);
      const message = classify(text, this.era);
      const isAnswer = message.kind === 'response' && idKey(message.id) === idKey(wireId);
      // A legacy 404 is the session's end, whatever its body says.
      const isSessionEnd = status === 404 && this.era === 'legacy' && this.#sessionId !== undefined;
      if (isAnswer && status < 500 && !isSessionEnd) return this.#replied(text, status, message.isError, id, wireId);
    }
    if (status >= 400 && status < 500)
      return { kind: 'failed', status, why: `the server refused the request with HTTP ${status}` };
    if (status >= 500) return { kind: 'unknown', why: `the server failed with HTTP ${status}` };
    return { kind: 'unknown', why: `the server's answer (HTTP ${status}) is no JSON-RPC response to this request` };
  }

  #replied(text: string, status: number, isError: boolean, id: MessageId, wireId: MessageId): Reply {
    return { kind: 'replied', text: id === wireId ? text : withId(text, id), isError, status };
  }
}

/** Sent with every refusal at the door, so that `stdio --url` can tell a gateway from a bare server. */
export const GATEWAY_HEADER = 'sallyport-gateway';

const STREAM_RETRY_MS = 1_000;
const GOODBYE_MS = 2_000;

import { createParser } from 'eventsource-parser';
import { type Dispatcher, Pool } from 'undici';
import { type Pace, SHARE_ASKED, SHARE_UNASKED } from '../../platform/pace.ts';
import { Pieces } from '../../platform/pieces.ts';

export type HttpEndpointOptions = {
  readonly url: URL;
  /** The operator's headers for this server, secrets among them; never logged. */
  readonly headers: readonly (readonly [string, string])[];
  readonly silenceMsMax: number;
  readonly totalMsMax: number;
  readonly responseBytesMax: number;
  readonly pace: Pace;
};

/** One HTTP server: its connections, shared by all sessions. Streams that stand open have their own, or calls would wait for them to end. */
export class HttpEndpoint {
  readonly options: HttpEndpointOptions;
  readonly path: string;
  readonly #pool: Pool;
  readonly #standing: Pool;

  constructor(options: HttpEndpointOptions) {
    this.options = options;
    this.path = options.url.pathname + options.url.search;
    this.#pool = poolOf(options, CONNECTIONS_MAX);
    this.#standing = poolOf(options, STANDING_MAX);
  }

  exchange(request: ExchangeRequest): Exchange {
    const exchange = new Exchange(request, this.options);
    const pool = request.standing === true ? this.#standing : this.#pool;
    pool.dispatch(
      {
        path: this.path,
        method: request.method,
        headers: headersOf(request),
        body: bodyOf(request.body),
        ...(request.standing === true ? { bodyTimeout: 0 } : {}),
      },
      exchange,
    );
    return exchange;
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.destroy(), this.#standing.destroy()]);
  }
}

function poolOf(options: HttpEndpointOptions, connections: number): Pool {
  return new Pool(options.url.origin, {
    connections,
    pipelining: 1,
    headersTimeout: options.silenceMsMax,
    bodyTimeout: options.silenceMsMax,
    connect: { timeout: Math.min(10_000, options.silenceMsMax) },
    maxHeaderSize: 16 * 1024,
  });
}

export type ExchangeRequest = {
  readonly method: 'POST' | 'GET' | 'DELETE';
  /** Flat: name, value, name, value. */
  readonly headers: string[];
  readonly body?: string | Buffer;
  /** One event of a streamed reply; true when it was the answer and the rest is of no interest. */
  onEvent(data: string): boolean;
  /** Streams that stand open are not ended by the total time. */
  readonly standing?: boolean;
  /** Where the stream ended that this takes up again. */
  readonly from?: Resumption | undefined;
  /** When the call began whose stream that is, `performance.now()`: the total time runs from there. */
  readonly began?: number;
};

/** Where a stream can be taken up again that ended without its answer, and how long the server wants to be left alone. */
export type Resumption = { readonly lastEventId: string; readonly afterMs: number };

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
  readonly #resolve: (exchanged: Exchanged) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #status = 0;
  #sessionId: string | undefined;
  #isGateway = false;
  #aborted = false;
  readonly #body = new Pieces();
  #bytes = 0;
  #events: ReturnType<typeof createParser> | undefined;
  #lastEventId: string | undefined;
  #retryMs: number;
  #resumption: Resumption | undefined;
  #decoder: InstanceType<typeof TextDecoder> | undefined;
  #total: NodeJS.Timeout | undefined;

  constructor(request: ExchangeRequest, options: HttpEndpointOptions) {
    this.#request = request;
    this.#options = options;
    this.#lastEventId = request.from?.lastEventId;
    this.#retryMs = request.from?.afterMs ?? RETRY_MS;
    const { promise, resolve } = Promise.withResolvers<Exchanged>();
    this.done = promise;
    this.#resolve = resolve;
  }

  /** `Mcp-Session-Id` of the response. */
  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  get status(): number {
    return this.#status;
  }

  /** Whether the other end says that it is a Sallyport gateway. */
  get isGateway(): boolean {
    return this.#isGateway;
  }

  /** Once a stream is lost whose events have ids. Silence is no end: what was silent for too long is not listened to again. */
  get resumption(): Resumption | undefined {
    return this.#resumption;
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
    if (this.#settled) return controller.abort(new Error('nobody waits for it any more'));
    // Silence is the pool's clock; what never falls silent still ends.
    const { standing, began } = this.#request;
    if (standing === true) return;
    const left = this.#options.totalMsMax - (began === undefined ? 0 : performance.now() - began);
    this.#total = setTimeout(endInAll, left, this).unref();
  }

  endInAll(): void {
    this.abort(`no answer within ${this.#options.totalMsMax / 1000} s`);
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
    if (typeof type !== 'string' || !/^text\/event-stream *(?:;|$)/i.test(type)) return;
    this.#decoder = new TextDecoder();
    this.#events = createParser({
      onEvent: ({ id, data }) => this.#onEvent(id, data),
      onRetry: (ms) => {
        this.#retryMs = ms;
      },
    });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#events !== undefined) {
      this.#bytes += chunk.length;
      if (this.#bytes > this.#options.responseBytesMax) return this.#tooLarge(controller);
      const began = performance.now();
      this.#events.feed(this.#decoder?.decode(chunk, { stream: true }) ?? '');
      if (!this.#settled) this.#pace(controller, { bytes: chunk.length, ms: performance.now() - began });
      return;
    }
    this.#bytes += chunk.length;
    if (this.#bytes > this.#options.responseBytesMax) return this.#tooLarge(controller);
    this.#body.push(chunk);
  }

  onResponseEnd(): void {
    clearTimeout(this.#total);
    if (this.#events !== undefined) return this.#streamLost('the stream ended without an answer');
    const body = this.#body.take();
    this.#settle({ kind: 'ended', status: this.#status, body: body.length === 0 ? undefined : body.toString('utf8') });
  }

  onResponseError(_controller: Dispatcher.DispatchController, fault: Error): void {
    clearTimeout(this.#total);
    // undici hands the request over when it begins to write it: before that, nothing has left.
    const started = this.#controller !== undefined;
    const why = reasonOf(fault);
    const wasSilent = (fault as NodeJS.ErrnoException).code === 'UND_ERR_BODY_TIMEOUT';
    if (this.#events !== undefined && !wasSilent) return this.#streamLost(why);
    this.#settle(started ? { kind: 'lost', why } : { kind: 'not-sent', why });
  }

  #streamLost(why: string): void {
    if (!this.#settled && this.#lastEventId !== undefined)
      this.#resumption = { lastEventId: this.#lastEventId, afterMs: this.#retryMs };
    this.#settle({ kind: 'lost', why });
  }

  /** A method, not a closure made with each exchange: those kept every exchange alive until the next full collection. */
  #settle(exchanged: Exchanged): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#total);
    this.#resolve(exchanged);
  }

  /** What comes before an answer may have no end, nor has a stream that stands open: both are read at a pace. */
  #pace(controller: Dispatcher.DispatchController, piece: { bytes: number; ms: number }): void {
    const share = this.#request.standing === true ? SHARE_UNASKED : SHARE_ASKED;
    const restMs = this.#options.pace.restAfter(piece, share);
    if (restMs === 0) return;
    controller.pause();
    setTimeout(() => controller.resume(), restMs).unref();
  }

  #onEvent(id: string | undefined, data: string): void {
    // What cannot stand in a header cannot be sent back either; an older one would bring again what was heard.
    if (id !== undefined) this.#lastEventId = /^[\x21-\x7e]{1,1024}$/.test(id) ? id : undefined;
    if (this.#settled || data === '') return;
    this.#bytes = 0;
    if (!this.#request.onEvent(data)) return;
    this.#settle({ kind: 'answered' });
    // A server that leaves the stream open after its answer would keep the connection for itself.
    this.#total = setTimeout(() => this.#controller?.abort(new Error('the answer is there')), LINGER_MS);
    this.#total.unref();
  }

  #tooLarge(controller: Dispatcher.DispatchController): void {
    this.#settle({ kind: 'too-large' });
    controller.abort(new Error('the response is too large'));
  }
}

function headersOf({ headers, from }: ExchangeRequest): string[] {
  return from === undefined ? headers : [...headers, 'last-event-id', from.lastEventId];
}

/** Not a closure for each, see bench/README.md. */
function endInAll(exchange: Exchange): void {
  exchange.endInAll();
}

function bodyOf(body: string | Buffer | undefined): Buffer | null {
  if (body === undefined) return null;
  return typeof body === 'string' ? Buffer.from(body) : body;
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
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return 'it does not speak TLS at this port';
    case 'CERT_HAS_EXPIRED':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `its certificate is not trusted (${code})`;
    default:
      return code === undefined ? fault.message : `the connection broke (${code})`;
  }
}

/** As many as calls may run at once: none waits for another's connection. */
const CONNECTIONS_MAX = 1_000;
/** One for each session that may be held. */
const STANDING_MAX = 10_000;
/** How long after its end a stream is taken up again where the server does not say. */
const RETRY_MS = 1_000;
/** How long a stream may stay open after its answer. */
const LINGER_MS = 1_000;

/** Sent with every refusal at the door, so that `stdio --url` can tell a gateway from a bare server. */
export const GATEWAY_HEADER = 'sallyport-gateway';

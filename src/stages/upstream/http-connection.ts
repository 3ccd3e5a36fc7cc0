import { type Era, idKey, idText, type MessageId } from '../../domain/message.ts';
import type { Reply } from '../../domain/reply.ts';
import { Bag } from '../../platform/bag.ts';
import { Asked } from './asked.ts';
import {
  type Connection,
  type Outgoing,
  oneLine,
  requestText,
  type Standing,
  shownBeside,
  survivesDoubles,
  withId,
  withSubscription,
} from './connection.ts';
import type { Exchange, Exchanged, ExchangeRequest, HttpEndpoint, Resumption } from './http-exchange.ts';
import { classify, refusalTo } from './server-messages.ts';
import type { UpstreamLog } from './upstream-log.ts';

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
  readonly #running = new Bag<Running>();
  readonly #asked: Asked;
  #sessionId: string | undefined;
  #headers: string[] = [];
  #stream: Exchange | undefined;
  #streamRetry: NodeJS.Timeout | undefined;
  /** Whether the server has had a standing stream for this session. */
  #streamOffered = false;
  #streamRetryMs = STREAM_RETRY_MS;
  /** Where the standing stream ended: the next one goes on from there. */
  #streamAt: Resumption | undefined;
  #reopening: Promise<string | undefined> | undefined;
  #closed = false;
  /** Notifications and answers on their way to the server. */
  #telling = 0;
  #next = 0;

  constructor(options: HttpConnectionOptions) {
    this.era = options.era;
    this.revision = options.revision;
    this.#options = options;
    this.#asked = new Asked(() => options.log.dropped('answers to the oldest question: too many are open'));
    this.#useSession(options.sessionId);
  }

  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  get inFlight(): number {
    return this.#running.size;
  }

  async send(outgoing: Outgoing, notice: Standing): Promise<Reply> {
    const wireId: MessageId = survivesDoubles(outgoing.id) ? outgoing.id : `sallyport:${++this.#next}`;
    const sessionUsed = this.#sessionId;
    const reply = await this.#run(outgoing, wireId, notice);
    if (reply.kind !== 'failed' || reply.status !== 404 || sessionUsed === undefined) return reply;
    // The server has forgotten the session and ran nothing: open it again, send once more.
    const reopened = this.#sessionId !== sessionUsed ? this.#sessionId : await this.#reopen();
    if (reopened === undefined) return { kind: 'not-sent', why: 'the server ended the session and opens no new one' };
    return this.#run(outgoing, wireId, notice);
  }

  /** Once for all requests that met the end of the session together. */
  #reopen(): Promise<string | undefined> {
    this.#reopening ??= this.#reopenOnce().finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async #reopenOnce(): Promise<string | undefined> {
    const reopened = await this.#options.reopen?.();
    if (reopened === undefined) return undefined;
    this.#useSession(reopened);
    if (this.#streamOffered) this.listen();
    return reopened;
  }

  async #run(outgoing: Outgoing, wireId: MessageId, notice: Standing): Promise<Reply> {
    const request = new CallRequest(this, this.#headersFor(outgoing), outgoing, wireId, notice);
    const running = new Running(request, this.#options.endpoint.exchange(request));
    this.#running.add(running);
    const exchanged = await running.exchange.done;
    const at = exchanged.kind === 'lost' && this.era === 'legacy' ? running.exchange.resumption : undefined;
    return this.#end(running, at === undefined ? exchanged : await this.#listenOn(running, exchanged, at));
  }

  /**
   * A server may end the stream of a request before its answer and give the rest to who asks for it later. The request is
   * listened to further and never sent again: what cannot be taken up stays lost.
   */
  async #listenOn(running: Running, lost: Exchanged, from: Resumption): Promise<Exchanged> {
    const { endpoint } = this.#options;
    const { silenceMsMax, totalMsMax } = endpoint.options;
    let at = from;
    let exchanged = lost;
    let inVain = 0;
    while (inVain < RESUMES_MAX && at.afterMs <= silenceMsMax) {
      await running.pause(Math.max(at.afterMs, RESUME_MS_MIN));
      if (running.givenUp !== undefined) return { kind: 'lost', why: running.givenUp };
      if (performance.now() - running.began > totalMsMax) return lost;
      running.exchange = endpoint.exchange({
        method: 'GET',
        headers: this.#headers,
        from: at,
        began: running.began,
        onEvent: (data) => running.request.onEvent(data),
      });
      exchanged = await running.exchange.done;
      if (exchanged.kind === 'ended')
        return { kind: 'lost', why: `its stream is not taken up: HTTP ${exchanged.status}` };
      const next = running.exchange.resumption;
      // Where the server cannot be reached for a moment, it is tried again; one that goes on, until the call has had its time.
      inVain = next === undefined || next.lastEventId === at.lastEventId ? inVain + 1 : 0;
      if (exchanged.kind === 'not-sent') continue;
      if (exchanged.kind !== 'lost' || next === undefined) return exchanged;
      at = next;
    }
    return exchanged.kind === 'not-sent' ? lost : exchanged;
  }

  #end(running: Running, exchanged: Exchanged): Reply {
    this.#running.remove(running);
    const { request } = running;
    const { log } = this.#options;
    if (exchanged.kind === 'ended' && exchanged.status >= 500) log.down(failing(exchanged.status), []);
    else if (exchanged.kind === 'answered' || exchanged.kind === 'ended') log.up();
    switch (exchanged.kind) {
      case 'answered':
        return request.answer ?? { kind: 'unknown', why: 'the answer was lost' };
      case 'ended':
        return this.#replyOf(exchanged.status, exchanged.body, request.outgoing.id, request.wireId);
      case 'too-large':
        return {
          kind: 'withheld',
          why: `the answer is larger than ${this.#options.endpoint.options.responseBytesMax} bytes`,
        };
      case 'not-sent':
        if (!running.exchange.wasAborted) log.down(`${exchanged.why}; ${START_IT}`, []);
        return { kind: 'not-sent', why: exchanged.why };
      case 'lost':
        return { kind: 'unknown', why: exchanged.why };
      default:
        exchanged satisfies never;
        return { kind: 'unknown', why: 'the exchange ended in a way nobody foresaw' };
    }
  }

  /** Each takes a connection until the server has taken it: a server that asks without end is not answered without end. */
  tell(text: string): void {
    if (this.#telling >= TELLING_MAX) {
      return this.#options.log.dropped('to the server: it has yet to take what it was told before');
    }
    void this.told(text);
  }

  /** As {@link tell}; resolves when the server has taken it, or cannot. */
  async told(text: string): Promise<void> {
    const exchange = this.#options.endpoint.exchange({
      method: 'POST',
      headers: this.#headers,
      body: text,
      onEvent: () => false,
    });
    this.#telling++;
    const exchanged = await exchange.done;
    this.#telling--;
    if (exchanged.kind === 'not-sent' || exchanged.kind === 'lost')
      this.#options.log.dropped(`to the server: ${exchanged.why}`);
  }

  wasAsked(id: MessageId): boolean {
    return this.#asked.take(id);
  }

  cancel(handle: object, why: string): void {
    const running = this.#running.find(({ request }) => request.outgoing.handle === handle);
    if (running === undefined) return;
    if (this.era === 'legacy') {
      const params = `{"requestId":${idText(running.request.wireId)},"reason":${JSON.stringify(why)}}`;
      // Not more than there are requests.
      void this.told(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":${params}}`);
    }
    running.abort(why);
  }

  /** Ends the streams that stand open, for a connection that is to be closed when its calls are done. */
  endStanding(why: string): void {
    this.#closed = true;
    clearTimeout(this.#streamRetry);
    this.#stream?.abort(why);
    for (const running of this.#running.all()) if (running.request.standing) running.abort(why);
  }

  /** Opens the session's standing stream, where the server offers one, and keeps it open. */
  listen(): void {
    if (this.era !== 'legacy' || this.#stream !== undefined || this.#closed) return;
    const at = this.#streamAt;
    const stream = this.#options.endpoint.exchange({
      method: 'GET',
      headers: this.#headers,
      from: at,
      onEvent: (data) => {
        this.#fromServer(oneLine(data), this.#toStanding);
        return false;
      },
      standing: true,
    });
    this.#stream = stream;
    void stream.done.then((exchanged) => {
      this.#stream = undefined;
      if (stream.status === 200) {
        this.#streamOffered = true;
        this.#streamRetryMs = STREAM_RETRY_MS;
      }
      if (!this.#streamOffered || this.#closed) return;
      this.#streamAt = exchanged.kind === 'ended' ? undefined : (stream.resumption ?? at);
      // 405 and other refusals mean that there is none, or none that goes on from there; a stream that broke is opened
      // again, when the server is back.
      if (exchanged.kind === 'ended') return at === undefined ? undefined : this.listen();
      const afterMs = Math.min(this.#streamAt?.afterMs ?? 0, STREAM_RETRY_ASKED_MS_MAX);
      this.#streamRetry = setTimeout(() => this.listen(), Math.max(this.#streamRetryMs, afterMs));
      this.#streamRetry.unref();
      this.#streamRetryMs = Math.min(this.#streamRetryMs * 2, STREAM_RETRY_MS_MAX);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#streamRetry);
    this.#stream?.abort('the session is closed');
    for (const running of this.#running.all()) running.abort('the session is closed');
    if (this.#sessionId === undefined) return;
    const goodbye = this.#options.endpoint.exchange({ method: 'DELETE', headers: this.#headers, onEvent: () => false });
    const timer = setTimeout(() => goodbye.abort('no answer to the end of the session'), GOODBYE_MS);
    await goodbye.done;
    clearTimeout(timer);
  }

  #useSession(sessionId: string | undefined): void {
    this.#sessionId = sessionId;
    this.#streamAt = undefined;
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

  /** What came on the stream of a request: its answer, or undefined where it is not that. */
  onRequestEvent(data: string, { outgoing, wireId, notice }: CallRequest): Reply | undefined {
    const text = oneLine(data);
    const message = this.#fromServer(text, (from) => {
      notice(from);
      outgoing.onMessage(outgoing.id === wireId ? from : { ...from, text: withSubscription(from.text, outgoing.id) });
    });
    if (message.kind !== 'response') return undefined;
    if (idKey(message.id) !== idKey(wireId)) {
      this.#options.log.dropped('an answer to another request');
      return undefined;
    }
    return this.#replied(text, 200, message.isError, outgoing.id, wireId);
  }

  /** Much of what a call makes a server say comes here, and does not say so. */
  readonly #toStanding: Standing = (message) => {
    const shown = shownBeside(
      this.#running.all().map(({ request }) => request.outgoing),
      message,
    );
    if (shown !== undefined) this.#options.standing(shown);
  };

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
          this.#asked.add(message.id);
          to({ method: message.method, text, id: message.id });
        }
        break;
      case 'no-message':
        this.#options.log.dropped(message.why);
        break;
      case 'refused':
        this.#options.log.dropped(message.why);
        if (message.id !== undefined && this.era === 'legacy') this.tell(refusalTo(message.id, message.why));
        break;
      default:
        message satisfies never;
    }
    return message;
  }

  #replyOf(status: number, body: string | undefined, id: MessageId, wireId: MessageId): Reply {
    if (body !== undefined) {
      const text = oneLine(body);
      const message = classify(text, this.era);
      const isAnswer = message.kind === 'response' && idKey(message.id) === idKey(wireId);
      // A legacy 404 is the session's end. One that answers this very request tells what became of it, and the session
      // goes on: sent once more, what ran would run twice. Only the error that many give to a session they forgot is none.
      const isSessionEnd = isAnswer && status === 404 && message.errorCode === SESSION_NOT_FOUND;
      // The server turns the gateway away: a client would take that status for the gateway's own about its token.
      const isAboutUs = status === 401 || status === 403;
      if (isAnswer && status < 500 && !isSessionEnd && !isAboutUs) {
        // To a client of these revisions a 404 is the end of its own session.
        const shown = status === 404 && this.era === 'legacy' ? 200 : status;
        return this.#replied(text, shown, message.isError, id, wireId);
      }
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

/** One request of a client on its way. A class, not closures made for each: see bench/README.md. */
class CallRequest implements ExchangeRequest {
  readonly method = 'POST';
  readonly headers: string[];
  readonly body: string;
  readonly standing: boolean;
  readonly outgoing: Outgoing;
  /** The JSON-RPC id on this hop. */
  readonly wireId: MessageId;
  readonly notice: Standing;
  /** Once it came on a stream. */
  answer: Reply | undefined;
  readonly #connection: HttpConnection;

  constructor(connection: HttpConnection, headers: string[], outgoing: Outgoing, wireId: MessageId, notice: Standing) {
    this.#connection = connection;
    this.headers = headers;
    this.body = requestText(idText(wireId), outgoing.rest);
    this.standing = outgoing.standing ?? false;
    this.outgoing = outgoing;
    this.wireId = wireId;
    this.notice = notice;
  }

  onEvent(data: string): boolean {
    this.answer = this.#connection.onRequestEvent(data, this);
    return this.answer !== undefined;
  }
}

/** A request of a client until it is answered or given up. */
class Running {
  readonly request: CallRequest;
  readonly began = performance.now();
  /** The one that runs, or ran last: a stream that is taken up again has several. */
  exchange: Exchange;
  /** Why nobody waits for it any more. */
  givenUp: string | undefined;
  #wake: (() => void) | undefined;

  constructor(request: CallRequest, exchange: Exchange) {
    this.request = request;
    this.exchange = exchange;
  }

  abort(why: string): void {
    this.givenUp = why;
    this.exchange.abort(why);
    this.#wake?.();
  }

  /** Ends early when it is aborted. */
  async pause(ms: number): Promise<void> {
    if (this.givenUp !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }
}

/** What the operator reads of a server that cannot answer. */
export function failing(status: number): string {
  return `it answers HTTP ${status}; its own log says why`;
}

/** What the operator does about a server that cannot be reached. */
export const START_IT = 'start it, or correct its URL';
/** What servers answer, under the request's own id or none, whose session they do not know. No standard says so; the SDKs do. */
const SESSION_NOT_FOUND = -32001;
const TELLING_MAX = 256;
const STREAM_RETRY_MS = 1_000;
const STREAM_RETRY_MS_MAX = 30_000;
/** The longest that a server can ask for. */
const STREAM_RETRY_ASKED_MS_MAX = 3_600_000;
/** How often in a row a stream is taken up that brings nothing new. */
const RESUMES_MAX = 3;
const RESUME_MS_MIN = 50;
const GOODBYE_MS = 2_000;

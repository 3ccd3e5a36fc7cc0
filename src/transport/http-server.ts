import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Channel, type Gate, LAST_WORDS_MS } from '../call/gate.ts';
import type { Caller } from '../domain/caller.ts';
import { faultText } from '../domain/fault.ts';
import { justReceived, type ReceivedHeaders } from '../domain/received.ts';
import { MODERN } from '../domain/revisions.ts';
import { readTraceparent } from '../domain/traceparent.ts';
import { Bag } from '../platform/bag.ts';
import { Pieces } from '../platform/pieces.ts';
import { Unavailable } from '../platform/unavailable.ts';
import { requestIdIn } from '../stages/decode/read-message.ts';
import { GATEWAY_HEADER } from '../stages/upstream/http-exchange.ts';
import { crossOrigin } from './cross-origin.ts';
import { accepts, beginStream, Exchange, endJson, writeEvent } from './exchange.ts';
import { originGuard } from './origin-guard.ts';

export type HttpServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  readonly bodyBytesMax: number;
  readonly headerBytesMax: number;
  /** How long a connection may be without a request, and a request without all of its body. */
  readonly idleMsMax: number;
  readonly callsMax: number;
  /** How much a client may leave unread of a stream before messages are no longer written to it. */
  readonly unreadBytesMax: number;
  readonly gate: Gate;
  readonly identify: (authorization: string | undefined) => Caller | undefined;
  readonly noteTurnedAway: (
    why: 'token' | 'host' | 'origin' | 'malformed' | 'busy' | 'route' | 'unread',
    detail: string,
  ) => void;
  readonly noteDefect: (fault: unknown) => void;
};

/** Streamable HTTP for clients: bytes in, `Received` to the gate, `Answer` as JSON or as the last event of a stream. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  readonly #guard: ReturnType<typeof originGuard>;
  readonly #crossOrigin: ReturnType<typeof crossOrigin>;
  readonly #exchanges = new Bag<Exchange>();
  /** How many of those are asides: read though as many calls run as may, for a cancellation would make room. */
  #asides = 0;
  readonly #streams = new Set<ServerResponse>();
  /** Answers their clients have not read to the end yet. */
  readonly #unsent = new Set<ServerResponse>();
  readonly #heartbeat: NodeJS.Timeout;
  #closing = false;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#guard = originGuard({ listenHost: options.host, hosts: options.hosts, origins: options.origins });
    this.#crossOrigin = crossOrigin(options.origins);
    this.#server = createServer(
      {
        maxHeaderSize: options.headerBytesMax,
        keepAliveTimeout: options.idleMsMax,
        requestTimeout: options.idleMsMax,
        headersTimeout: Math.min(HEADERS_MS_MAX, options.idleMsMax),
        // How often Node looks for those that are over their time.
        connectionsCheckingInterval: Math.min(30_000, options.idleMsMax),
      },
      (request, response) => {
        try {
          this.#serve(request, response);
        } catch (fault) {
          this.#failed(response, fault);
        }
      },
    );
    this.#server.on('clientError', (fault: NodeJS.ErrnoException, socket) => {
      if (socket.writable) socket.end(`HTTP/1.1 ${statusOf(fault)}\r\nConnection: close\r\n\r\n`);
    });
    this.#heartbeat = setInterval(() => this.#beat(), BEAT_MS);
    this.#heartbeat.unref();
  }

  /** @throws Unavailable where the port is taken or may not be used. */
  async listen(): Promise<number> {
    const { host, port } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(port, host, resolve);
    try {
      await promise;
    } catch (fault) {
      throw cannotListen(host, port, fault as NodeJS.ErrnoException, '`listen:`, --listen or SALLYPORT_LISTEN');
    }
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  get inFlight(): number {
    return this.#exchanges.size;
  }

  /**
   * Stops taking requests and closes what is idle; resolves when running calls are answered and the answers have been
   * read. What runs longer than `graceMs` is given up, and its client is told so.
   */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    clearInterval(this.#heartbeat);
    for (const stream of this.#streams) stream.end();
    this.#options.gate.relay.endListens('the gateway is stopping');
    for (const exchange of this.#exchanges.all()) exchange.endUnread();
    const until = performance.now() + graceMs;
    // To Node a connection is idle once its answer is handed over, read or not: closing cuts it.
    while (this.#unsent.size > 0 && performance.now() < until) await aMoment();
    this.#server.close();
    while (this.#exchanges.size + this.#unsent.size > 0 && performance.now() < until) await aMoment();
    for (const exchange of this.#exchanges.all()) exchange.giveUp();
    while (this.#exchanges.size + this.#unsent.size > 0 && performance.now() < until + LAST_WORDS_MS) await aMoment();
    this.#server.closeAllConnections();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { headers } = request;
    const twice = sentTwice(request);
    if (twice !== undefined) {
      return this.#turnAway(request, response, 400, 'malformed', `the header \`${twice}\` is sent more than once`);
    }
    const foreign = this.#guard(headers);
    if (foreign !== undefined) {
      const name = foreign === 'host' ? headers.host : headers.origin;
      return this.#turnAway(request, response, 403, foreign, `the ${foreign} \`${name ?? ''}\` is not let in`);
    }
    if (headers.origin !== undefined && this.#crossOrigin(request, response)) return;
    const caller = this.#options.identify(headers.authorization);
    if (caller === undefined) {
      response.setHeader('www-authenticate', 'Bearer realm="sallyport"');
      return this.#turnAway(request, response, 401, 'token', 'a bearer token of a grant is needed');
    }
    const route = routeOf(request.url ?? '', caller);
    if (route.kind === 'no-route') return this.#turnAway(request, response, 404, 'route', route.why);
    switch (request.method) {
      case 'POST':
        void this.#post(request, response, caller, route.server);
        return;
      case 'GET':
        return this.#openStream(request, response, caller, route.server);
      case 'DELETE':
        void this.#endSession(request, response, caller, route.server);
        return;
      default:
        response.setHeader('allow', 'POST, GET, DELETE');
        return this.#turnAway(request, response, 405, 'route', `${request.method ?? ''} is not served here`);
    }
  }

  async #post(request: IncomingMessage, response: ServerResponse, caller: Caller, server: string): Promise<void> {
    const type = request.headers['content-type'];
    if (type === undefined || !isJsonType(type)) {
      return this.#turnAway(request, response, 415, 'malformed', 'the content type must be application/json');
    }
    if (request.headers['content-encoding'] !== undefined || isEncoded(request.headers['transfer-encoding'])) {
      return this.#turnAway(request, response, 415, 'malformed', 'an encoding of the body is not accepted');
    }
    if (this.#closing) {
      response.setHeader('retry-after', '1');
      return this.#turnAway(request, response, 503, 'busy', STOPPING);
    }
    const { gate, callsMax } = this.#options;
    const isAside = this.#exchanges.size - this.#asides - gate.relay.listening >= callsMax;
    if (isAside && this.#asides >= ASIDES_MAX) return this.#tooMany(request, response);
    const exchange = new Exchange(request, response, this.#options.unreadBytesMax);
    this.#exchanges.add(exchange);
    if (isAside) this.#asides++;
    try {
      const { bodyBytesMax } = this.#options;
      const bytes = isAside ? await readAside(request, bodyBytesMax) : await readBody(request, bodyBytesMax);
      if (bytes === 'no-aside') return this.#tooMany(request, response);
      if (bytes === 'too-large') {
        const why = `the body is larger than ${bodyBytesMax} bytes`;
        return this.#turnAway(request, response, 413, 'malformed', why);
      }
      if (bytes === 'gone') return;
      const received = justReceived({
        transport: 'http',
        bytes,
        headers: receivedHeaders(request),
        emit: (text) => exchange.emit(text),
      });
      exchange.received = received;
      exchange.answer(await gate.handle(received, caller, server, HTTP));
      if (response.writableLength > 0) this.#linger(response);
    } catch (fault) {
      this.#failed(response, fault);
    } finally {
      this.#exchanges.remove(exchange);
      if (isAside) this.#asides--;
    }
  }

  #tooMany(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('retry-after', '1');
    this.#turnAway(request, response, 429, 'busy', 'too many requests are running');
  }

  #linger(response: ServerResponse): void {
    this.#unsent.add(response);
    response.once('close', () => this.#unsent.delete(response));
  }

  #openStream(request: IncomingMessage, response: ServerResponse, caller: Caller, server: string): void {
    if (request.headers['mcp-session-id'] !== undefined && !accepts(request, 'text/event-stream')) {
      return this.#turnAway(request, response, 406, 'route', 'the client must accept text/event-stream');
    }
    const live = this.#namedSession(request, response, caller, server);
    if (live === undefined) return;
    if (this.#closing) return this.#turnAway(request, response, 503, 'busy', STOPPING);
    if (this.#options.gate.relay.isFull)
      return this.#turnAway(request, response, 503, 'busy', 'too many streams are open');
    beginStream(response);
    const detach = this.#options.gate.attach(
      live,
      (text) => this.#toStream(response, text),
      () => response.end(),
    );
    this.#streams.add(response);
    response.on('close', () => {
      this.#streams.delete(response);
      detach();
    });
  }

  /** A client that does not read its stream loses it: what comes next waits, as for one that has not opened it yet. */
  #toStream(response: ServerResponse, text: string): boolean {
    if (response.destroyed) return false;
    const unread = response.writableLength;
    if (unread <= this.#options.unreadBytesMax) {
      writeEvent(response, text);
      return true;
    }
    this.#options.noteTurnedAway('unread', `the stream of a session is closed with ${unread} bytes of it unread`);
    response.destroy();
    return false;
  }

  async #endSession(request: IncomingMessage, response: ServerResponse, caller: Caller, server: string): Promise<void> {
    const live = this.#namedSession(request, response, caller, server);
    if (live === undefined) return;
    try {
      await this.#options.gate.endSession(live);
      response.writeHead(204).end();
    } catch (fault) {
      this.#failed(response, fault);
    }
  }

  /** The session a GET or DELETE is about. Undefined where it is turned away: the stateless revision knows neither. */
  #namedSession(
    request: IncomingMessage,
    response: ServerResponse,
    caller: Caller,
    server: string,
  ): ReturnType<Gate['findSession']> {
    const sessionId = text(request.headers['mcp-session-id']);
    const revision = text(request.headers['mcp-protocol-version']);
    if (sessionId === undefined || (revision !== undefined && revision >= MODERN)) {
      response.setHeader('allow', 'POST');
      const why = sessionId === undefined ? 'no session is named' : `the revision ${revision} has no sessions`;
      this.#turnAway(request, response, 405, 'route', why);
      return undefined;
    }
    const live = this.#options.gate.findSession(sessionId, caller, server);
    if (live === undefined) {
      this.#turnAway(request, response, 404, 'route', 'Session not found');
      return undefined;
    }
    if (revision !== undefined && revision !== live.session.revision) {
      const why = `this session speaks ${live.session.revision}, not ${revision}`;
      this.#turnAway(request, response, 400, 'malformed', why);
      return undefined;
    }
    return live;
  }

  /** A mistake of ours: the client learns that there was one and nothing of it. */
  #failed(response: ServerResponse, fault: unknown): void {
    this.#options.noteDefect(fault);
    if (response.headersSent) response.destroy();
    else endJson(response, 500, faultText({ code: -32603, message: 'internal error', id: null }));
  }

  #turnAway(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    why: Parameters<HttpServerOptions['noteTurnedAway']>[0],
    detail: string,
  ): void {
    // What follows a `?` may be a secret somebody put there.
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    this.#options.noteTurnedAway(why, `${request.method ?? ''} ${path.slice(0, 100)}: ${detail}`);
    response.setHeader(GATEWAY_HEADER, '1');
    const code = status === 404 ? -32001 : -32600;
    endJson(response, status, faultText({ code, message: detail, id: null }));
    // What is still coming of the body is not read.
    if (!request.complete) request.resume();
  }

  /** Keeps streams open through proxies, and gives a client that waits long a sign of life. */
  #beat(): void {
    const now = performance.now();
    for (const exchange of this.#exchanges.all()) exchange.beat(now);
    for (const stream of this.#streams) stream.write(': still here\n\n');
  }
}

function aMoment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}

type Route = { readonly kind: 'server'; readonly server: string } | { readonly kind: 'no-route'; readonly why: string };

/** `/mcp/<server>`, or `/mcp` for a grant with exactly one server. Unknown and ungranted ids are the same answer. */
function routeOf(url: string, caller: Caller): Route {
  const path = url.split('?', 1)[0] ?? '';
  const [only] = caller.servers;
  if (path === '/mcp' || path === '/mcp/') {
    if (caller.servers.length === 1 && only !== undefined) return { kind: 'server', server: only };
    return { kind: 'no-route', why: `this grant has ${caller.servers.length} servers; use /mcp/<server>` };
  }
  const id = path.startsWith('/mcp/') ? path.slice('/mcp/'.length) : undefined;
  if (id !== undefined && caller.servers.includes(id)) return { kind: 'server', server: id };
  return { kind: 'no-route', why: 'there is no such endpoint; use /mcp/<server>' };
}

/**
 * A header that decides something and came more than once: Node keeps the first of some, a server or proxy beside us
 * may take the last. Undefined where there is none.
 */
function sentTwice(request: IncomingMessage): string | undefined {
  const { rawHeaders } = request;
  let names = 0;
  for (const _ in request.headers) names++;
  // Each name came once.
  if (names * 2 === rawHeaders.length) return undefined;
  const seen = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    if (seen.has(name) && (SINGULAR.has(name) || name.startsWith('mcp-'))) return name;
    seen.add(name);
  }
  return undefined;
}

const SINGULAR = new Set(['host', 'authorization', 'content-type', 'content-encoding', 'origin']);

function receivedHeaders(request: IncomingMessage): ReceivedHeaders {
  const { headers } = request;
  const params: (readonly [string, string])[] = [];
  const protocolVersion = text(headers['mcp-protocol-version']);
  // Only the stateless revision knows them.
  if (protocolVersion !== undefined && protocolVersion >= MODERN) {
    for (const name in headers) {
      if (!name.startsWith('mcp-param-')) continue;
      const value = headers[name];
      if (typeof value === 'string') params.push([name, value]);
    }
  }
  return {
    sessionId: text(headers['mcp-session-id']),
    protocolVersion,
    method: text(headers['mcp-method']),
    name: text(headers['mcp-name']),
    traceparent: readTraceparent(headers['traceparent']) === undefined ? undefined : text(headers['traceparent']),
    params,
  };
}

function text(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

/** The whole body, or why there is none. What is too large is read to its end, so that the client hears why. */
function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | 'too-large' | 'gone'> {
  return new Promise((resolve) => {
    let pieces = new Pieces();
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) pieces.push(chunk);
      else if (pieces.bytes > 0) pieces = new Pieces();
      if (bytes > DISCARDED_BYTES_MAX) request.destroy();
    });
    let ended = false;
    request.on('end', () => {
      ended = true;
      resolve(bytes > bytesMax ? 'too-large' : pieces.take());
    });
    // Every request closes, after its end too; a fault is followed by it.
    request.on('error', () => {});
    request.on('close', () => {
      if (!ended) resolve('gone');
    });
  });
}

/**
 * A body that is not a request: a notification, or an answer to a question of the server. Only that tells a cancellation
 * from a call, so it is read, if it is short and comes soon.
 */
async function readAside(request: IncomingMessage, bytesMax: number): Promise<Buffer | 'no-aside' | 'gone'> {
  if (Number(request.headers['content-length']) > ASIDE_BYTES_MAX) return 'no-aside';
  const late = Promise.withResolvers<'no-aside'>();
  const timer = setTimeout(() => late.resolve('no-aside'), ASIDE_MS_MAX);
  const bytes = await Promise.race([readBody(request, Math.min(bytesMax, ASIDE_BYTES_MAX)), late.promise]);
  clearTimeout(timer);
  if (bytes === 'too-large') return 'no-aside';
  return typeof bytes !== 'string' && requestIdIn(bytes) !== undefined ? 'no-aside' : bytes;
}

/** What a request gets that Node could not read to the end of its headers, or in time. */
function statusOf(fault: NodeJS.ErrnoException): string {
  switch (fault.code) {
    case 'HPE_HEADER_OVERFLOW':
      return '431 Request Header Fields Too Large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return '408 Request Timeout';
    default:
      return '400 Bad Request';
  }
}

const DISCARDED_BYTES_MAX = 256 * 1024 * 1024;

/** application/json, with charset utf-8 or none. */
function isJsonType(header: string): boolean {
  return /^application\/json(?:\s*;\s*charset\s*=\s*"?utf-8"?)?\s*;?\s*$/i.test(header);
}

/** Node takes any codings before `chunked` for nothing; a proxy beside us may not. */
function isEncoded(transfer: string | undefined): boolean {
  return transfer !== undefined && transfer.trim().toLowerCase() !== 'chunked';
}

export function cannotListen(host: string, port: number, fault: NodeJS.ErrnoException, setting: string): Unavailable {
  const [why, remedy] = reasonOf(fault);
  return new Unavailable(`cannot listen on ${host}:${port}: ${why}`, `${remedy} with ${setting}`);
}

function reasonOf(fault: NodeJS.ErrnoException): readonly [why: string, remedy: string] {
  switch (fault.code) {
    case 'EADDRINUSE':
      return ['the port is in use', 'stop what uses it, or name another'];
    case 'EACCES':
      return ['this user may not use the port', 'name one above 1023'];
    case 'EADDRNOTAVAIL':
      return ['this machine has no such address', 'name one of its own'];
    case 'ENOTFOUND':
      return ['the name has no address', 'name another'];
    default:
      return [fault.message, 'name another'];
  }
}

const HTTP: Channel = { kind: 'http' };
const STOPPING = 'the gateway is stopping; try again when it runs';
const HEADERS_MS_MAX = 60_000;
/** How many asides may be read at once, how long each may be, and how long in coming. */
const ASIDES_MAX = 64;
const ASIDE_BYTES_MAX = 64 * 1024;
const ASIDE_MS_MAX = 5_000;
const BEAT_MS = 5_000;

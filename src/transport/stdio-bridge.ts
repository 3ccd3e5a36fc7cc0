import type { Readable, Writable } from 'node:stream';
import { isJsonArray, isJsonObject, JsonNumber, type JsonObject, jsonText } from '../domain/json.ts';
import { META_VERSION } from '../domain/revisions.ts';
import { LineReader } from '../platform/line-reader.ts';
import { Pace } from '../platform/pace.ts';
import { pipeLine } from '../platform/pipe-line.ts';
import { readJson, readJsonText } from '../platform/read-json.ts';
import { encodeMirrored, makeMirrors } from '../stages/decode/mirrored-headers.ts';
import { oneLine, withId } from '../stages/upstream/connection.ts';
import { type Exchange, HttpEndpoint } from '../stages/upstream/http-exchange.ts';
import { mirroredHeaders } from '../stages/upstream/tool-list.ts';
import { type Lost, lostCall } from './lost-call.ts';

/**
 * A stdio client on one side, a Sallyport endpoint on the other. It decides nothing: lines become requests as they
 * are, answers become lines. What HTTP wants besides (session, revision, mirrored headers) is added from the message.
 */
export class StdioBridge {
  readonly #endpoint: HttpEndpoint;
  readonly #output: Writable;
  readonly #log: (line: string) => void;
  readonly #ended = Promise.withResolvers<void>();
  readonly #running = new Map<string, Exchange>();
  /** Streams of the stateless revision that stand open. */
  readonly #listening = new Set<Exchange>();
  /** Definitions seen in lists, for the headers their arguments are mirrored in. */
  readonly #tools = new Map<string, JsonObject>();
  #session: string | undefined;
  #revision: string | undefined;
  #stream: Exchange | undefined;
  #opening: Promise<void> | undefined;
  #pending = 0;

  constructor(options: {
    url: URL;
    token: string | undefined;
    input: Readable;
    output: Writable;
    lineBytesMax: number;
    log: (line: string) => void;
  }) {
    const { token } = options;
    this.#output = options.output;
    this.#log = options.log;
    this.#endpoint = new HttpEndpoint({
      url: options.url,
      headers: token === undefined ? [] : [['authorization', `Bearer ${token}`]],
      // The gateway keeps the clocks; this end only notices that it is gone.
      silenceMsMax: 660_000,
      totalMsMax: 660_000,
      responseBytesMax: 64 * 1024 * 1024,
      pace: new Pace(() => {}),
    });
    const lines = new LineReader({
      bytesMax: options.lineBytesMax,
      onLine: (line) => void this.#onLine(line),
      onLongLine: () => this.#write(errorLine(null, -32600, `the line is longer than ${options.lineBytesMax} bytes`)),
    });
    options.input.on('data', (chunk: Buffer) => lines.push(chunk));
    options.input.on('end', () => {
      lines.end();
      this.#ended.resolve();
    });
    options.output.on('error', () => this.#ended.resolve());
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async close(graceMs: number): Promise<void> {
    for (const listening of this.#listening) listening.abort('the client has gone');
    const until = performance.now() + graceMs;
    while (this.#pending > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
    this.#stream?.abort('the client has gone');
    if (this.#session !== undefined) {
      await this.#endpoint.exchange({ method: 'DELETE', headers: this.#headers(), onEvent: () => false }).done;
    }
    await this.#endpoint.close();
  }

  async #onLine(line: Buffer): Promise<void> {
    const read = readJson(line);
    // What cannot be read is still the gateway's to refuse; only a cancellation needs to be understood here.
    const message = read.kind === 'value' && isJsonObject(read.value) ? read.value : {};
    const { id, method } = message;
    const modern = revisionOf(message);
    // It need not say its revision; without a session it can be about a stateless request only.
    const isStateless = modern !== undefined || (this.#session === undefined && this.#opening === undefined);
    if (method === 'notifications/cancelled' && isStateless) return this.#cancel(message);
    this.#pending++;
    try {
      // Lines that came with `initialize` need the session its answer names.
      if (modern === undefined && this.#opening !== undefined) await this.#opening;
      const exchanging = this.#exchange(line, message, modern, typeof method === 'string' && id !== undefined);
      if (method === 'initialize') this.#opening = exchanging;
      await exchanging;
    } finally {
      this.#pending--;
    }
  }

  async #exchange(line: Buffer, message: JsonObject, modern: string | undefined, isRequest: boolean): Promise<void> {
    const key = JSON.stringify(message['id'] ?? null);
    const standing = message['method'] === 'subscriptions/listen';
    const exchange = this.#endpoint.exchange({
      method: 'POST',
      headers: [
        'content-type',
        'application/json',
        'accept',
        'application/json, text/event-stream',
        ...(modern === undefined ? this.#headers() : [...this.#plainHeaders(), ...this.#mirrored(message, modern)]),
      ],
      body: line,
      standing,
      onEvent: (data) => {
        const text = oneLine(data);
        this.#write(text);
        return this.#isAnswer(text, message);
      },
    });
    if (isRequest) this.#running.set(key, exchange);
    if (standing) this.#listening.add(exchange);
    const exchanged = await exchange.done;
    this.#running.delete(key);
    this.#listening.delete(exchange);
    switch (exchanged.kind) {
      case 'answered':
        break;
      case 'ended':
        this.#answered(exchanged.status, exchanged.body, message, exchange.sessionId, isRequest);
        break;
      case 'not-sent':
      case 'lost':
        if (isRequest && !exchange.wasAborted) {
          const outcome = exchanged.kind === 'lost' ? 'unknown' : 'not-sent';
          this.#lost(message, outcome, exchanged.why, `unavailable: the gateway: ${exchanged.why}`);
        } else this.#log(`not delivered: ${exchanged.why}`);
        break;
      case 'too-large':
        if (isRequest) this.#lost(message, 'withheld', 'it is too large', 'the answer is too large');
        break;
      default:
        exchanged satisfies never;
    }
    if (message['method'] === 'notifications/initialized' && modern === undefined) this.#listen();
  }

  /** An answer that is no stream. Every request gets one under its own id, whatever stood between us and the gateway. */
  #answered(
    status: number,
    body: string | undefined,
    message: JsonObject,
    sessionId: string | undefined,
    isRequest: boolean,
  ): void {
    const text = body === undefined ? '' : oneLine(body);
    if (!text.trimStart().startsWith('{')) {
      const why = `the gateway answered HTTP ${status} and no JSON-RPC message`;
      // Below 500 whoever answered turned it away.
      if (isRequest && status >= 400 && status < 500) this.#write(errorLine(message, -32603, why));
      else if (isRequest) this.#lost(message, 'unknown', why, why);
      else if (status >= 400) this.#log(`not delivered: the gateway answered HTTP ${status}`);
      return;
    }
    this.#learn(text, message, sessionId);
    const { id } = message;
    // The door turns requests away before it knows their ids.
    const read = readJsonText(text, 512);
    const isForNobody = read.kind === 'value' && isJsonObject(read.value) && read.value['id'] === null;
    if (isRequest && isForNobody && (typeof id === 'string' || id instanceof JsonNumber))
      return this.#write(withId(text, id));
    const { method } = message;
    if (!isRequest && typeof method === 'string' && method.startsWith('notifications/')) {
      // A notification has nobody to answer to; a request that lost its id hears what is wrong.
      if (status >= 400) this.#log(`not delivered: ${text}`);
      return;
    }
    if (isRequest || status >= 400) this.#write(text);
  }

  /** The answer to a request that got none; `otherwise` for those that are no calls. */
  #lost(message: JsonObject, outcome: Lost['outcome'], why: string, otherwise: string): void {
    const isModern = revisionOf(message) !== undefined;
    this.#write(lostCall(message, { outcome, why, isModern }) ?? errorLine(message, -32603, otherwise));
  }

  #plainHeaders(): string[] {
    return this.#endpoint.options.headers.flat();
  }

  #headers(): string[] {
    const headers = this.#plainHeaders();
    if (this.#session !== undefined) headers.push('mcp-session-id', this.#session);
    if (this.#revision !== undefined) headers.push('mcp-protocol-version', this.#revision);
    return headers;
  }

  #mirrored(message: JsonObject, revision: string): string[] {
    const { method } = message;
    const params = isJsonObject(message['params']) ? message['params'] : {};
    if (typeof method !== 'string') return [];
    const headers = ['mcp-protocol-version', revision, 'mcp-method', method];
    const name = method === 'resources/read' ? params['uri'] : params['name'];
    if (typeof name !== 'string' || !NAMED.has(method)) return headers;
    headers.push('mcp-name', encodeMirrored(name));
    const tool = method === 'tools/call' ? this.#tools.get(name) : undefined;
    const args = params['arguments'];
    if (tool === undefined || !isJsonObject(args)) return headers;
    for (const [header, value] of makeMirrors(mirroredHeaders(tool), args)) headers.push(header, value);
    return headers;
  }

  /** What the answers say about the session and the tools. */
  #learn(text: string, request: JsonObject, sessionId: string | undefined): void {
    if (request['method'] !== 'initialize' && request['method'] !== 'tools/list') return;
    const read = readJsonText(text, 256);
    const answer = read.kind === 'value' && isJsonObject(read.value) ? read.value['result'] : undefined;
    if (!isJsonObject(answer)) return;
    if (request['method'] === 'initialize') {
      this.#session = sessionId;
      const version = answer['protocolVersion'];
      if (typeof version === 'string') this.#revision = version;
      return;
    }
    const { tools } = answer;
    for (const tool of isJsonArray(tools) ? tools : []) {
      if (isJsonObject(tool) && typeof tool['name'] === 'string') this.#tools.set(tool['name'], tool);
    }
  }

  #isAnswer(text: string, request: JsonObject): boolean {
    const read = readJsonText(text, 512);
    if (read.kind !== 'value' || !isJsonObject(read.value)) return false;
    const isAnswer = !('method' in read.value) && JSON.stringify(read.value['id']) === JSON.stringify(request['id']);
    if (isAnswer) this.#learn(text, request, undefined);
    return isAnswer;
  }

  /** In the stateless revision a request over HTTP is cancelled by closing it. */
  #cancel(message: JsonObject): void {
    const params = message['params'];
    const id = isJsonObject(params) ? params['requestId'] : undefined;
    this.#running.get(JSON.stringify(id ?? null))?.abort('the client cancelled it');
  }

  #listen(): void {
    if (this.#stream !== undefined || this.#session === undefined) return;
    const stream = this.#endpoint.exchange({
      method: 'GET',
      headers: [...this.#headers(), 'accept', 'text/event-stream'],
      onEvent: (data) => {
        this.#write(oneLine(data));
        return false;
      },
      standing: true,
    });
    this.#stream = stream;
    void stream.done.then((exchanged) => {
      this.#stream = undefined;
      // A gateway that is restarted is found again; one that refuses has no stream for us.
      if ((exchanged.kind !== 'lost' && exchanged.kind !== 'not-sent') || stream.wasAborted) return;
      setTimeout(() => this.#listen(), 1_000).unref();
    });
  }

  #write(text: string): void {
    if (this.#output.writable) this.#output.write(pipeLine(text));
  }
}

/** Whether an endpoint is a gateway: it says so when it is asked without a token. */
export async function isSallyport(url: URL): Promise<'yes' | 'no' | { readonly unreachable: string }> {
  const endpoint = new HttpEndpoint({
    url,
    headers: [],
    silenceMsMax: 10_000,
    totalMsMax: 10_000,
    responseBytesMax: 65_536,
    pace: new Pace(() => {}),
  });
  const exchange = endpoint.exchange({ method: 'DELETE', headers: [], onEvent: () => false });
  const exchanged = await exchange.done;
  await endpoint.close();
  if (exchanged.kind === 'not-sent' || exchanged.kind === 'lost') return { unreachable: exchanged.why };
  return exchange.isGateway ? 'yes' : 'no';
}

/** The revision a message claims for itself; undefined for messages of a legacy session. */
function revisionOf(message: JsonObject): string | undefined {
  const params = message['params'];
  const meta = isJsonObject(params) ? params['_meta'] : undefined;
  const version = isJsonObject(meta) ? meta[META_VERSION] : undefined;
  return typeof version === 'string' ? version : undefined;
}

function errorLine(message: JsonObject | null, code: number, why: string): string {
  return `{"jsonrpc":"2.0","id":${jsonText(message?.['id'] ?? null)},"error":${JSON.stringify({ code, message: why })}}`;
}

const NAMED = new Set(['tools/call', 'prompts/get', 'resources/read']);

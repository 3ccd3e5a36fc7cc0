import { isJsonObject, jsonText, toJson } from '../../domain/json.ts';
import type { Era, MessageId } from '../../domain/message.ts';
import type { Reply } from '../../domain/reply.ts';
import { META_CAPABILITIES, META_CLIENT, META_VERSION } from '../../domain/revisions.ts';
import type { ChildConnection } from './child-connection.ts';
import type { Outgoing, ServerMessage, Standing } from './connection.ts';
import { HttpConnection } from './http-connection.ts';
import { isOffered, type Offer } from './offers.ts';
import { fetchToolList, type NoToolList, type ToolList } from './tool-list.ts';

/** How a link gets its connection, and gets it again after it was lost. */
export type Opener = (standing: Standing) => Promise<Opened | NotOpened>;

export type Opened = {
  readonly kind: 'opened';
  readonly connection: ChildConnection | HttpConnection;
  /** The server's answer to `initialize`, for the client that asked for it. */
  readonly initializeReply: Reply | undefined;
};
export type NotOpened = {
  readonly kind: 'not-opened';
  readonly why: string;
  /** The server's own answer, where it gave one. */
  readonly reply?: Reply;
  /** What the server speaks, where the reason is the revision. */
  readonly supported?: readonly string[];
};

/**
 * A session's way to its server, outliving the connections under it: opened when first needed, opened again with
 * back-off after it was lost. It also keeps the server's complete tool list for the session.
 */
export class Link {
  readonly kind = 'link';
  readonly era: Era;
  readonly grant: string;
  readonly #open: Opener;
  readonly #standing: Standing;
  readonly #options: LinkOptions;
  #connection: ChildConnection | HttpConnection | undefined;
  #opening: Promise<Opened | NotOpened> | undefined;
  #backOffMs = 0;
  #retryAt = 0;
  #lastFault = '';
  #closed = false;
  readonly #over = Promise.withResolvers<void>();
  #list: { readonly list: ToolList; readonly at: number } | undefined;
  #listing: Promise<ToolList | NoToolList> | undefined;
  #listStale = false;
  #ownIds = 0;
  #usedAt = performance.now();

  constructor(era: Era, open: Opener, options: LinkOptions) {
    this.era = era;
    this.grant = options.grant;
    this.#open = open;
    this.#options = options;
    this.#standing = (message) => {
      this.#notice(message);
      options.standing(message);
    };
  }

  get inFlight(): number {
    return this.#connection?.inFlight ?? 0;
  }

  /** `performance.now()` of the last request. */
  get usedAt(): number {
    return this.#usedAt;
  }

  /** Whether it has a connection that nobody is using. */
  get isIdle(): boolean {
    return this.#connection !== undefined && this.#connection.inFlight === 0 && this.#opening === undefined;
  }

  /** Ends the connection under it; the next request opens another at once. */
  async suspend(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#listStale = true;
    await connection?.close();
  }

  /** Opens the connection where there is none. */
  async ensure(): Promise<Opened | NotOpened> {
    const connection = this.#connection;
    if (connection !== undefined) return { kind: 'opened', connection, initializeReply: undefined };
    if (this.#closed) return { kind: 'not-opened', why: 'the session is closed' };
    if (performance.now() < this.#retryAt) return { kind: 'not-opened', why: this.#lastFault };
    this.#opening ??= this.#openOnce().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #openOnce(): Promise<Opened | NotOpened> {
    const opened = await this.#open(this.#standing).catch(
      (fault: unknown): NotOpened => ({ kind: 'not-opened', why: String(fault) }),
    );
    if (opened.kind === 'not-opened') {
      if (opened.supported === undefined) this.#failed(opened.why);
      return opened;
    }
    this.#usedAt = performance.now();
    if (this.#closed) {
      await opened.connection.close();
      return { kind: 'not-opened', why: 'the session is closed' };
    }
    this.#connection = opened.connection;
    return opened;
  }

  /** The connection under it is gone: the next use opens another, but not at once again and again. */
  lost(connection: ChildConnection | HttpConnection, why: string): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#listStale = true;
    this.#failed(why);
  }

  #failed(why: string): void {
    this.#lastFault = why;
    this.#backOffMs = Math.min(BACK_OFF_MS_MAX, this.#backOffMs === 0 ? BACK_OFF_MS_MIN : this.#backOffMs * 2);
    this.#retryAt = performance.now() + this.#backOffMs;
  }

  send(outgoing: Outgoing): Promise<Reply> {
    this.#usedAt = performance.now();
    const connection = this.#connection;
    if (connection === undefined || this.#backOffMs > 0) return this.#openAndSend(outgoing);
    return connection.send(outgoing, this.#notice);
  }

  /** The first request of a connection, or after trouble: an answer ends the back-off. */
  async #openAndSend(outgoing: Outgoing): Promise<Reply> {
    const opened = await this.ensure();
    if (opened.kind === 'not-opened') return { kind: 'not-sent', why: opened.why };
    const reply = await opened.connection.send(outgoing, this.#notice);
    if (reply.kind === 'replied') this.#backOffMs = 0;
    return reply;
  }

  tell(text: string): void {
    this.#connection?.tell(text);
  }

  /** Passes a client's answer on, if the server asked for it. */
  answer(id: MessageId, text: string): boolean {
    if (this.#connection?.wasAsked(id) !== true) return false;
    this.#connection.tell(text);
    return true;
  }

  cancel(handle: object, why: string): void {
    this.#connection?.cancel(handle, why);
  }

  /** The complete list: kept, fetched where there is none, it is older than 5 minutes, or the server said it changed. */
  tools(): ToolList | Promise<ToolList | NoToolList> {
    const known = this.#list;
    const fresh = known !== undefined && !this.#listStale && performance.now() - known.at < LIST_MS_MAX;
    return fresh ? known.list : this.refreshTools();
  }

  async refreshTools(): Promise<ToolList | NoToolList> {
    this.#listing ??= this.#fetchTools().finally(() => {
      this.#listing = undefined;
    });
    return this.#listing;
  }

  async #fetchTools(): Promise<ToolList | NoToolList> {
    this.#listStale = false;
    const list = await fetchToolList((cursor) => this.request('tools/list', cursor === undefined ? {} : { cursor }), {
      forHttp: this.era === 'modern' && this.#options.isHttp,
      onProblem: this.#options.onProblem,
    });
    if (list.kind === 'tools') {
      this.#list = { list, at: performance.now() };
      this.#options.onList(list);
    } else this.#listStale = true;
    return list;
  }

  /** Whether the server lists this prompt, resource or template now. */
  offers(offer: Offer): Promise<boolean> {
    return isOffered(offer, (method, cursor) => this.request(method, cursor === undefined ? {} : { cursor }));
  }

  /** The session's standing stream at the server, where there is one. */
  listen(): void {
    const connection = this.#connection;
    if (connection instanceof HttpConnection) connection.listen();
  }

  /** A request of our own. */
  async request(method: string, params: Record<string, unknown>): Promise<Reply> {
    const meta = this.era === 'modern' ? { _meta: { ...OWN_META } } : {};
    const json = toJson({ ...params, ...meta });
    return this.send({
      id: `sallyport:${method}:${++this.#ownIds}`,
      handle: {},
      method,
      params: isJsonObject(json) ? json : undefined,
      rest: `"method":${JSON.stringify(method)},"params":${jsonText(json)}}`,
      onMessage: () => {},
    });
  }

  /** Ends it when the calls that run have their answers, for as long as a call may take. */
  async retire(): Promise<void> {
    this.#connection?.endStanding('the server is no longer served here');
    const until = performance.now() + this.#options.totalMsMax;
    while (this.inFlight > 0 && !this.#closed && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, RETIRE_LOOK_MS).unref());
    }
    await this.close();
  }

  /** Resolves when it is closed for good. */
  get closed(): Promise<void> {
    return this.#over.promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#over.resolve();
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
  }

  readonly #notice = (message: ServerMessage): void => {
    if (message.method === 'notifications/tools/list_changed') this.#listStale = true;
  };
}

export type LinkOptions = {
  readonly grant: string;
  readonly standing: Standing;
  readonly isHttp: boolean;
  /** How long a call may take. */
  readonly totalMsMax: number;
  readonly onProblem: (why: string) => void;
  readonly onList: (list: ToolList) => void;
};

/** What the gateway says of itself in requests of its own. */
export const OWN_META: Readonly<Record<string, unknown>> = {
  [META_VERSION]: '2026-07-28',
  [META_CAPABILITIES]: {},
  [META_CLIENT]: { name: 'sallyport', version: '0.1.0' },
};

const LIST_MS_MAX = 5 * 60_000;
const RETIRE_LOOK_MS = 50;
const BACK_OFF_MS_MIN = 250;
const BACK_OFF_MS_MAX = 30_000;

import type { JsonObject } from '../../domain/json.ts';
import type { Reply } from '../../domain/reply.ts';
import { MODERN } from '../../domain/revisions.ts';
import { Pace } from '../../platform/pace.ts';
import type { ChildCommand } from './child.ts';
import { Children } from './children.ts';
import type { Standing } from './connection.ts';
import { EraProbe, type Way } from './era-probe.ts';
import { HttpConnection } from './http-connection.ts';
import { HttpEndpoint } from './http-exchange.ts';
import { INITIALIZED, initializeChild, initializeHttp } from './initialize.ts';
import { Link, type LinkOptions, type NotOpened, type Opened } from './link.ts';
import { resultOf } from './tool-list.ts';
import type { UpstreamLog } from './upstream-log.ts';

export type ServerOptions = {
  readonly id: string;
  readonly transport:
    | { readonly kind: 'child'; readonly command: ChildCommand }
    | { readonly kind: 'http'; readonly url: URL; readonly headers: readonly (readonly [string, string])[] };
  readonly silenceMsMax: number;
  readonly totalMsMax: number;
  readonly responseBytesMax: number;
  /** Of a server over stdio, how many of its processes may run at once. */
  readonly childrenMax: number;
  readonly log: UpstreamLog;
};

/** One upstream server: opens links to it, each in the era its callers speak. */
export class UpstreamServer {
  readonly id: string;
  readonly #options: ServerOptions;
  readonly #way: Way;
  readonly #probe: EraProbe;
  readonly #links = new Set<Link>();
  readonly #modern = new Map<string, Link>();
  /** Why it is down; undefined where it is not. */
  #down: string | undefined;

  constructor(options: ServerOptions) {
    this.id = options.id;
    const { transport, silenceMsMax, totalMsMax, responseBytesMax, childrenMax } = options;
    const log = this.#changesOf(options.log);
    this.#options = { ...options, log };
    const bounds = { silenceMsMax, totalMsMax, responseBytesMax, pace: new Pace(log.paced) };
    this.#way =
      transport.kind === 'http'
        ? { kind: 'http', endpoint: new HttpEndpoint({ url: transport.url, headers: transport.headers, ...bounds }) }
        : { kind: 'child', children: new Children({ command: transport.command, log, childrenMax, ...bounds }) };
    this.#probe = new EraProbe({ way: this.#way, silenceMsMax, log });
  }

  /** Hears of every failure and every answer, and passes on what is a failure, or the first answer after one. */
  #changesOf(log: UpstreamLog): UpstreamLog {
    return {
      ...log,
      up: () => {
        if (this.#down === undefined) return;
        this.#down = undefined;
        log.up();
      },
      down: (why, lastWords) => {
        this.#down = why;
        log.down(why, lastWords);
      },
    };
  }

  /** Whether the last thing heard of it was a failure. */
  get isDown(): boolean {
    return this.#down !== undefined;
  }

  get isHttp(): boolean {
    return this.#options.transport.kind === 'http';
  }

  get #linkOptions(): Pick<LinkOptions, 'isHttp' | 'totalMsMax' | 'onProblem' | 'onList'> {
    const { totalMsMax, log } = this.#options;
    return { isHttp: this.isHttp, totalMsMax, onProblem: log.dropped, onList: log.listed };
  }

  get children(): number {
    return this.#way.kind === 'child' ? this.#way.children.size : 0;
  }

  /**
   * A link for one legacy session. `params` are those of the client's `initialize`, to be repeated whenever the
   * connection has to be opened again.
   */
  legacyLink(options: {
    readonly grant: string;
    readonly params: JsonObject;
    readonly upstreamSession: string | undefined;
    /** Whether the client opened this session before: the server is then told `initialized` by us. */
    readonly restored: boolean;
    readonly standing: Standing;
    /** The upstream's own session id, whenever it is a new one. */
    readonly onSession: (id: string | undefined) => void;
  }): Link {
    const { params, onSession } = options;
    // After a restart of ours an HTTP server may still know the session; where it does not, the first request says so.
    let reusable = options.upstreamSession;
    let again = options.restored;
    const link: Link = new Link(
      'legacy',
      async (standing) => {
        const way = this.#way;
        const reused = reusable;
        reusable = undefined;
        if (way.kind === 'http' && reused !== undefined) {
          const connection = this.#legacyHttp(way.endpoint, params, reused, standing, onSession);
          return { kind: 'opened', connection, initializeReply: undefined };
        }
        const opened =
          way.kind === 'child'
            ? await this.#openChild(way.children, link, params, standing, again)
            : await this.#openHttp(way.endpoint, params, standing, onSession, again);
        if (opened.kind === 'opened') again = true;
        return opened;
      },
      { ...this.#linkOptions, grant: options.grant, standing: options.standing },
    );
    this.#links.add(link);
    return link;
  }

  /** The link of a grant's modern callers, or why there is none. */
  modernLink(grant: string, standing: Standing): Link | Promise<Link | NotOpened> {
    return this.#modern.get(grant) ?? this.#openModernLink(grant, standing);
  }

  async #openModernLink(grant: string, standing: Standing): Promise<Link | NotOpened> {
    const probed = await this.#probe.modern();
    if (probed.kind === 'not-opened') return probed;
    // Another caller may have been first while this one waited for the probe.
    const known = this.#modern.get(grant);
    if (known !== undefined) return known;
    const link = new Link('modern', async (toStanding) => this.#openModern(link, toStanding), {
      ...this.#linkOptions,
      grant,
      standing,
    });
    this.#modern.set(grant, link);
    this.#links.add(link);
    return link;
  }

  /** Ends children that have had no call for ten minutes; their sessions start them again on demand. */
  async endIdle(): Promise<void> {
    if (this.isHttp) return;
    await this.#probe.endSpare();
    const before = performance.now() - IDLE_MS_MAX;
    await Promise.all(
      [...this.#links].filter((link) => link.isIdle && link.usedAt < before).map((link) => link.suspend()),
    );
  }

  /** At the bound the grant's longest idle child makes room. */
  async #makeRoom(children: Children, grant: string): Promise<void> {
    const until = performance.now() + ROOM_MS_MAX;
    while (children.isFull && performance.now() < until) {
      const idlest = this.#idlest(grant);
      if (idlest !== undefined) await idlest.suspend();
      else await new Promise((resolve) => setTimeout(resolve, ROOM_LOOK_MS).unref());
    }
  }

  #idlest(grant: string): Link | undefined {
    let idlest: Link | undefined;
    for (const link of this.#links) {
      if (link.grant === grant && link.isIdle && (idlest === undefined || link.usedAt < idlest.usedAt)) idlest = link;
    }
    return idlest;
  }

  async release(link: Link): Promise<void> {
    this.#links.delete(link);
    await link.close();
  }

  /** As {@link release}, when the calls that run on it are answered. */
  async retireLink(link: Link): Promise<void> {
    await link.retire();
    this.#links.delete(link);
  }

  /** Ends everything as the calls on it are answered; {@link close} does not wait. */
  async retire(): Promise<void> {
    await Promise.all([...this.#links].map((link) => link.retire()));
    await this.close();
  }

  /** Ends every connection and child. */
  async close(): Promise<void> {
    await Promise.all([...this.#links].map((link) => link.close()));
    await (this.#way.kind === 'child' ? this.#way.children : this.#way.endpoint).close();
  }

  killChildren(): void {
    if (this.#way.kind === 'child') this.#way.children.kill();
  }

  async #openChild(
    children: Children,
    link: Link,
    params: JsonObject,
    standing: Standing,
    again: boolean,
  ): Promise<Opened | NotOpened> {
    await this.#makeRoom(children, link.grant);
    const child = children.start('legacy', params['protocolVersion'] as string, { standing, link });
    if (child === undefined) return children.noRoom;
    const reply = await initializeChild(child, params);
    const result = resultOf(reply);
    if (typeof result === 'string') {
      await child.close();
      return this.#legacyRefused(reply, result);
    }
    if (again) child.tell(INITIALIZED);
    this.#options.log.up();
    return { kind: 'opened', connection: child, initializeReply: reply };
  }

  async #openHttp(
    endpoint: HttpEndpoint,
    params: JsonObject,
    standing: Standing,
    remember: (id: string | undefined) => void,
    again: boolean,
  ): Promise<Opened | NotOpened> {
    const { reply, sessionId, revision } = await initializeHttp(endpoint, params, this.#options.log);
    const result = resultOf(reply);
    if (typeof result === 'string') return this.#legacyRefused(reply, result);
    remember(sessionId);
    const connection = this.#legacyHttp(
      endpoint,
      { ...params, protocolVersion: revision },
      sessionId,
      standing,
      remember,
    );
    if (again) await connection.told(INITIALIZED);
    return { kind: 'opened', connection, initializeReply: reply };
  }

  #legacyHttp(
    endpoint: HttpEndpoint,
    params: JsonObject,
    sessionId: string | undefined,
    standing: Standing,
    remember: (id: string | undefined) => void,
  ): HttpConnection {
    const revision = params['protocolVersion'] as string;
    const plain = { endpoint, era: 'legacy', revision, standing, log: this.#options.log } as const;
    const reopen = async () => {
      const opened = await initializeHttp(endpoint, params, this.#options.log);
      if (typeof resultOf(opened.reply) === 'string' || opened.sessionId === undefined) return undefined;
      remember(opened.sessionId);
      // Before the call that is sent again, which would come first on another connection.
      await new HttpConnection({ ...plain, sessionId: opened.sessionId }).told(INITIALIZED);
      return opened.sessionId;
    };
    return new HttpConnection({ ...plain, sessionId, reopen });
  }

  /** A server that refuses `initialize` may speak the other era only; then the client is told what it speaks. */
  async #legacyRefused(reply: Reply, why: string): Promise<NotOpened> {
    const answered = reply.kind === 'replied' || reply.kind === 'failed';
    if (!answered) return { kind: 'not-opened', why, reply };
    this.#probe.isUp();
    const probed = await this.#probe.modern();
    if (probed.kind === 'not-opened') return { kind: 'not-opened', why, reply };
    return { kind: 'not-opened', why: 'the server speaks the stateless revision only', supported: [MODERN], reply };
  }

  async #openModern(link: Link, standing: Standing): Promise<Opened | NotOpened> {
    const way = this.#way;
    if (way.kind === 'http') {
      const plain = { endpoint: way.endpoint, era: 'modern', revision: MODERN, sessionId: undefined } as const;
      const connection = new HttpConnection({ ...plain, standing, log: this.#options.log });
      return { kind: 'opened', connection, initializeReply: undefined };
    }
    const spare = this.#probe.takeSpare(standing, link);
    if (spare !== undefined) return { kind: 'opened', connection: spare, initializeReply: undefined };
    await this.#makeRoom(way.children, link.grant);
    const child = way.children.start('modern', MODERN, { standing, link });
    if (child === undefined) return way.children.noRoom;
    return { kind: 'opened', connection: child, initializeReply: undefined };
  }
}

/** How long a session waits for a child of another to fall idle. */
const ROOM_MS_MAX = 5_000;
const ROOM_LOOK_MS = 20;
const IDLE_MS_MAX = 600_000;

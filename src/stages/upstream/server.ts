import { isJsonArray, type JsonObject, jsonText } from '../../domain/json.ts';
import type { Reply } from '../../domain/reply.ts';
import { LEGACY_HTTP, LEGACY_STDIO, MODERN } from '../../domain/revisions.ts';
import type { ChildCommand } from './child.ts';
import { ChildConnection } from './child-connection.ts';
import type { Standing } from './connection.ts';
import { failing, HttpConnection, START_IT } from './http-connection.ts';
import { HttpEndpoint } from './http-exchange.ts';
import { Link, type LinkOptions, type NotOpened, type Opened, OWN_META } from './link.ts';
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
  readonly log: UpstreamLog;
};

/** What a server says while nobody is there to hear it. */
const unheard: Standing = () => {};
const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}';
const CHILDREN_MAX = 16;
const IDLE_MS_MAX = 600_000;
const PROBE_MS_MAX = 5_000;
/** What a server said while it was in trouble, or before it was renewed, must not count for good. */
const ERA_MS_MAX = 300_000;
const BACK_OFF_MS_MIN = 250;
const BACK_OFF_MS_MAX = 30_000;

/** One upstream server: opens links to it, and knows which eras it speaks. */
export class UpstreamServer {
  readonly id: string;
  readonly #options: ServerOptions;
  /** Why it is down; undefined where it is not. */
  #down: string | undefined;
  readonly #endpoint: HttpEndpoint | undefined;
  readonly #children = new Set<ChildConnection>();
  /** Those that are gone, and of which something may still run. */
  readonly #leaving = new Set<ChildConnection>();
  readonly #links = new Set<Link>();
  readonly #modern = new Map<string, Link>();
  #probe: Promise<ModernProbe> | undefined;
  /** A probe that found nobody, or another era, and until when that is taken as the answer. */
  #unanswered: { readonly fault: NotOpened; readonly backOffMs: number; readonly until: number } | undefined;
  /** The child that answered the probe, until somebody uses it. */
  #spare: { readonly child: ChildConnection; readonly owner: ChildOwner } | undefined;

  constructor(options: ServerOptions) {
    this.id = options.id;
    this.#options = { ...options, log: this.#changesOf(options.log) };
    const { transport } = options;
    this.#endpoint =
      transport.kind === 'http'
        ? new HttpEndpoint({
            url: transport.url,
            headers: transport.headers,
            silenceMsMax: options.silenceMsMax,
            totalMsMax: options.totalMsMax,
            responseBytesMax: options.responseBytesMax,
          })
        : undefined;
  }

  /** Hears of every failure and every answer, and passes on what is a change. */
  #changesOf(log: UpstreamLog): UpstreamLog {
    return {
      ...log,
      up: () => {
        if (this.#down === undefined) return;
        this.#down = undefined;
        log.up();
      },
      down: (why, lastWords) => {
        // A process that ends is news each time: its last words may be others.
        if (this.#down === why && this.isHttp) return;
        this.#down = why;
        log.down(why, lastWords);
      },
    };
  }

  get isHttp(): boolean {
    return this.#endpoint !== undefined;
  }

  get #linkOptions(): Pick<LinkOptions, 'isHttp' | 'totalMsMax' | 'onProblem' | 'onUp'> {
    const { totalMsMax, log } = this.#options;
    return { isHttp: this.isHttp, totalMsMax, onProblem: log.dropped, onUp: log.up };
  }

  get children(): number {
    return this.#children.size;
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
        const endpoint = this.#endpoint;
        const reused = reusable;
        reusable = undefined;
        if (endpoint !== undefined && reused !== undefined) {
          const connection = this.#legacyHttp(endpoint, params, reused, standing, onSession);
          return { kind: 'opened', connection, initializeReply: undefined };
        }
        const opened =
          endpoint === undefined
            ? await this.#openChild(link, params, standing, again)
            : await this.#openHttp(endpoint, params, standing, onSession, again);
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
    const probe = await this.#probed();
    if (probe.kind === 'not-opened') return probe;
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

  /** Whether it speaks the stateless revision: for good where it does, for a while where it seems not to. */
  async #probed(): Promise<ModernProbe> {
    const unanswered = this.#unanswered;
    if (unanswered !== undefined && performance.now() < unanswered.until) return unanswered.fault;
    const probing = (this.#probe ??= this.#probeModern());
    const probe = await probing;
    if (probe.kind === 'speaks') this.#unanswered = undefined;
    else if (this.#probe === probing) this.#noAnswer(probe);
    return probe;
  }

  #noAnswer(fault: NotOpened): void {
    this.#probe = undefined;
    const isOfAnotherEra = fault.supported !== undefined;
    const before = this.#unanswered?.backOffMs ?? BACK_OFF_MS_MIN / 2;
    const backOffMs = isOfAnotherEra ? BACK_OFF_MS_MIN / 2 : Math.min(BACK_OFF_MS_MAX, before * 2);
    this.#unanswered = {
      fault,
      backOffMs,
      until: performance.now() + (isOfAnotherEra ? ERA_MS_MAX : backOffMs),
    };
  }

  /** Ends children that have had no call for ten minutes; their sessions start them again on demand. */
  async endIdle(): Promise<void> {
    if (this.isHttp) return;
    const spare = this.#spare;
    this.#spare = undefined;
    await spare?.child.close();
    const before = performance.now() - IDLE_MS_MAX;
    await Promise.all(
      [...this.#links].filter((link) => link.isIdle && link.usedAt < before).map((link) => link.suspend()),
    );
  }

  /** At the bound the grant's longest idle child makes room. */
  async #makeRoom(grant: string): Promise<void> {
    if (this.#children.size < CHILDREN_MAX) return;
    let idlest: Link | undefined;
    for (const link of this.#links) {
      if (link.grant === grant && link.isIdle && (idlest === undefined || link.usedAt < idlest.usedAt)) idlest = link;
    }
    await idlest?.suspend();
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
    await Promise.all([...this.#children].map((child) => child.close()));
    await Promise.all([...this.#leaving].map((child) => child.over));
    await this.#endpoint?.close();
  }

  killChildren(): void {
    for (const child of [...this.#children, ...this.#leaving]) child.kill();
  }

  async #openChild(link: Link, params: JsonObject, standing: Standing, again: boolean): Promise<Opened | NotOpened> {
    await this.#makeRoom(link.grant);
    const child = this.#startChild('legacy', params['protocolVersion'] as string, false, { standing, link });
    if (child === undefined) return { kind: 'not-opened', why: `${CHILDREN_MAX} children busy` };
    const reply = await child.send(
      {
        id: 'sallyport:initialize',
        handle: {},
        method: 'initialize',
        params,
        rest: `"method":"initialize","params":${jsonText(params)}}`,
        onMessage: unheard,
      },
      unheard,
    );
    const result = resultOf(reply);
    if (typeof result === 'string') {
      await child.close();
      return this.#legacyRefused(reply, result);
    }
    if (again) child.tell(INITIALIZED);
    this.#options.log.up();
    return { kind: 'opened', connection: child, initializeReply: reply };
  }

  #startChild(
    era: 'legacy' | 'modern',
    revision: string,
    shared: boolean,
    owner: ChildOwner,
  ): ChildConnection | undefined {
    const { transport, log } = this.#options;
    if (transport.kind !== 'child' || this.#children.size >= CHILDREN_MAX) return undefined;
    const child: ChildConnection = new ChildConnection({
      command: transport.command,
      era,
      revision,
      shared,
      standing: (message) => owner.standing(message),
      onGone: (why, deliberate) => {
        this.#children.delete(child);
        this.#leaving.add(child);
        void child.over.then(() => this.#leaving.delete(child));
        if (owner.link === undefined || deliberate) return;
        owner.link.lost(child, why);
        log.down(why, child.lastWords);
      },
      log,
      silenceMsMax: this.#options.silenceMsMax,
      totalMsMax: this.#options.totalMsMax,
      responseBytesMax: this.#options.responseBytesMax,
    });
    this.#children.add(child);
    return child;
  }

  async #openHttp(
    endpoint: HttpEndpoint,
    params: JsonObject,
    standing: Standing,
    remember: (id: string | undefined) => void,
    again: boolean,
  ): Promise<Opened | NotOpened> {
    const { reply, sessionId, revision } = await this.#initializeHttp(endpoint, params);
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
      const opened = await this.#initializeHttp(endpoint, params);
      if (typeof resultOf(opened.reply) === 'string' || opened.sessionId === undefined) return undefined;
      remember(opened.sessionId);
      // Before the call that is sent again, which would come first on another connection.
      await new HttpConnection({ ...plain, sessionId: opened.sessionId }).told(INITIALIZED);
      return opened.sessionId;
    };
    return new HttpConnection({ ...plain, sessionId, reopen });
  }

  async #initializeHttp(
    endpoint: HttpEndpoint,
    params: JsonObject,
  ): Promise<{ reply: Reply; sessionId: string | undefined; revision: string }> {
    const asked = params['protocolVersion'] as string;
    let answered: string | undefined;
    const exchange = endpoint.exchange({
      method: 'POST',
      headers: [
        'content-type',
        'application/json',
        'accept',
        'application/json, text/event-stream',
        ...endpoint.options.headers.flat(),
      ],
      body: `{"jsonrpc":"2.0","id":"sallyport:initialize","method":"initialize","params":${jsonText(params)}}`,
      onEvent: (data) => {
        answered = data;
        return true;
      },
    });
    const exchanged = await exchange.done;
    const reply = initializeReply(exchanged, answered);
    const result = resultOf(reply);
    const { log } = this.#options;
    if (exchanged.kind === 'ended' && exchanged.status >= 500) log.down(failing(exchanged.status), []);
    else if (reply.kind === 'not-sent' || reply.kind === 'unknown') log.down(`${reply.why}; ${START_IT}`, []);
    else if (typeof result !== 'string') log.up();
    const negotiated = typeof result === 'string' ? undefined : result['protocolVersion'];
    return { reply, sessionId: exchange.sessionId, revision: typeof negotiated === 'string' ? negotiated : asked };
  }

  /** A server that refuses `initialize` may speak the other era only; then the client is told what it speaks. */
  async #legacyRefused(reply: Reply, why: string): Promise<NotOpened> {
    const answered = reply.kind === 'replied' || reply.kind === 'failed';
    if (!answered) return { kind: 'not-opened', why, reply };
    const probe = await this.#probed();
    if (probe.kind === 'speaks')
      return { kind: 'not-opened', why: 'the server speaks the stateless revision only', supported: [MODERN], reply };
    return { kind: 'not-opened', why, reply };
  }

  async #openModern(link: Link, standing: Standing): Promise<Opened | NotOpened> {
    const endpoint = this.#endpoint;
    if (endpoint === undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      if (spare !== undefined && !spare.child.isGone) {
        Object.assign(spare.owner, { standing, link });
        return { kind: 'opened', connection: spare.child, initializeReply: undefined };
      }
      await this.#makeRoom(link.grant);
      const child = this.#startChild('modern', MODERN, true, { standing, link });
      if (child === undefined) return { kind: 'not-opened', why: `${CHILDREN_MAX} children busy` };
      return { kind: 'opened', connection: child, initializeReply: undefined };
    }
    const connection = new HttpConnection({
      endpoint,
      era: 'modern',
      revision: MODERN,
      sessionId: undefined,
      standing,
      log: this.#options.log,
    });
    return { kind: 'opened', connection, initializeReply: undefined };
  }

  /**
   * Whether it speaks the stateless revision. A child that gives no answer may be a legacy server that exits on, or
   * ignores, what it does not know, one that takes long to start, or one that cannot run: `initialize` tells which.
   */
  async #probeModern(): Promise<ModernProbe> {
    const { probe, reply } = await this.#discover(PROBE_MS_MAX);
    if (this.isHttp || reply?.kind !== 'unknown') return probe;
    const asked = await this.#askLegacy();
    if (asked === undefined) return { kind: 'not-opened', why: `${CHILDREN_MAX} children busy` };
    const result = resultOf(asked);
    // It runs and is warm: one that speaks both answers now.
    if (typeof result !== 'string') return (await this.#discover(PROBE_MS_MAX)).probe;
    if (asked.kind !== 'replied') return { kind: 'not-opened', why: result };
    return (await this.#discover(this.#options.silenceMsMax)).probe;
  }

  /** What a child of its own answers to `initialize`; undefined where there is no room for one. */
  async #askLegacy(): Promise<Reply | undefined> {
    const revision = LEGACY_STDIO.at(-1) as string;
    const child = this.#startChild('legacy', revision, false, { standing: unheard, link: undefined });
    if (child === undefined) return undefined;
    const reply = await child.send(
      {
        id: 'sallyport:initialize',
        handle: {},
        method: 'initialize',
        params: undefined,
        rest: `"method":"initialize","params":{"protocolVersion":"${revision}","capabilities":{},"clientInfo":{"name":"sallyport","version":"0.1.0"}}}`,
        onMessage: unheard,
      },
      unheard,
    );
    if (reply.kind !== 'replied') this.#options.log.down(reply.why, child.lastWords);
    await child.close();
    return reply;
  }

  /** Asks `server/discover` once, a child in a process of its own. */
  async #discover(msMax: number): Promise<{ readonly probe: ModernProbe; readonly reply: Reply | undefined }> {
    const owner: ChildOwner = { standing: unheard, link: undefined };
    const endpoint = this.#endpoint;
    const connection =
      endpoint === undefined
        ? this.#startChild('modern', MODERN, true, owner)
        : new HttpConnection({
            endpoint,
            era: 'modern',
            revision: MODERN,
            sessionId: undefined,
            standing: unheard,
            log: this.#options.log,
          });
    if (connection === undefined)
      return { probe: { kind: 'not-opened', why: `${CHILDREN_MAX} children busy` }, reply: undefined };
    const handle = {};
    const timer = setTimeout(() => connection.cancel(handle, 'no answer to server/discover'), msMax);
    const reply = await connection.send(
      {
        id: 'sallyport:discover',
        handle,
        method: 'server/discover',
        params: undefined,
        rest: `"method":"server/discover","params":{"_meta":${JSON.stringify(OWN_META)}}}`,
        onMessage: unheard,
      },
      unheard,
    );
    clearTimeout(timer);
    const result = resultOf(reply);
    if (connection instanceof ChildConnection) {
      // A child that answered serves the first modern caller; one that did not is of no use.
      if (typeof result === 'string') void connection.close();
      else this.#spare = { child: connection, owner };
    }
    return { probe: this.#eraIn(reply), reply };
  }

  /** What an answer to `server/discover` says. */
  #eraIn(reply: Reply): ModernProbe {
    const endpoint = this.#endpoint;
    const result = resultOf(reply);
    if (typeof result === 'string') {
      const isDown = reply.kind === 'not-sent' || (reply.kind === 'unknown' && endpoint !== undefined);
      if (isDown || (reply.kind === 'failed' && SAYS_NOTHING.has(reply.status)))
        return { kind: 'not-opened', why: result };
      const supported: readonly string[] = endpoint === undefined ? LEGACY_STDIO : LEGACY_HTTP;
      return {
        kind: 'not-opened',
        why: `the server does not speak ${MODERN}`,
        supported: supportedOf(reply) ?? supported,
      };
    }
    const versions = result['supportedVersions'];
    if (isJsonArray(versions) && !versions.includes(MODERN)) {
      return {
        kind: 'not-opened',
        why: `the server does not speak ${MODERN}`,
        supported: versions.filter((version) => typeof version === 'string'),
      };
    }
    return { kind: 'speaks' };
  }
}

/** Answers to any request of anybody: not let in, too late, too many. */
const SAYS_NOTHING = new Set([401, 403, 408, 429]);

/** Whom a child serves; the one that answered the probe gets its owner later. */
type ChildOwner = { standing: Standing; link: Link | undefined };

type ModernProbe = { readonly kind: 'speaks' } | NotOpened;

/** The revisions an error -32022 names. */
function supportedOf(reply: Reply): readonly string[] | undefined {
  if (reply.kind !== 'replied') return undefined;
  const message = JSON.parse(reply.text) as { error?: { data?: { supported?: unknown } } };
  const supported = message.error?.data?.supported;
  return Array.isArray(supported) ? supported.filter((version) => typeof version === 'string') : undefined;
}

function initializeReply(exchanged: Awaited<HttpEndpointExchange['done']>, answered: string | undefined): Reply {
  switch (exchanged.kind) {
    case 'answered':
      return { kind: 'replied', text: answered ?? '', isError: false, status: 200 };
    case 'ended':
      if (exchanged.body?.trimStart().startsWith('{') === true) {
        return { kind: 'replied', text: exchanged.body, isError: exchanged.status >= 400, status: exchanged.status };
      }
      if (exchanged.status >= 400 && exchanged.status < 500) {
        return { kind: 'failed', status: exchanged.status, why: `the server refused with HTTP ${exchanged.status}` };
      }
      return { kind: 'unknown', why: `the server answered HTTP ${exchanged.status}` };
    case 'too-large':
      return { kind: 'unknown', why: 'the answer to initialize is too large' };
    case 'not-sent':
      return { kind: 'not-sent', why: exchanged.why };
    case 'lost':
      return { kind: 'unknown', why: exchanged.why };
    default:
      exchanged satisfies never;
      return { kind: 'unknown', why: 'the exchange ended in a way nobody foresaw' };
  }
}

type HttpEndpointExchange = ReturnType<HttpEndpoint['exchange']>;

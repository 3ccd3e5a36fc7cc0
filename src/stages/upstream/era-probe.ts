import { isJsonArray } from '../../domain/json.ts';
import type { Reply } from '../../domain/reply.ts';
import { LEGACY_HTTP, LEGACY_STDIO, MODERN } from '../../domain/revisions.ts';
import type { ChildConnection } from './child-connection.ts';
import type { ChildOwner, Children } from './children.ts';
import type { Connection, Standing } from './connection.ts';
import { HttpConnection } from './http-connection.ts';
import type { HttpEndpoint } from './http-exchange.ts';
import { initializeChild, unheard } from './initialize.ts';
import { type Link, type NotOpened, OWN_META } from './link.ts';
import { resultOf } from './tool-list.ts';
import type { UpstreamLog } from './upstream-log.ts';

export type EraProbeOptions = {
  readonly way: Way;
  readonly silenceMsMax: number;
  readonly log: UpstreamLog;
};
/** How a server is reached. */
export type Way =
  | { readonly kind: 'http'; readonly endpoint: HttpEndpoint }
  | { readonly kind: 'child'; readonly children: Children };

export type Probed = { readonly kind: 'speaks' } | NotOpened;

/** Whether a server speaks the stateless revision: for good where it does, for a while where it seems not to. */
export class EraProbe {
  readonly #options: EraProbeOptions;
  #asking: Promise<Probed> | undefined;
  /** That nobody answered, or one of another era, and until when that is taken as the answer. */
  #refused: { readonly fault: NotOpened; readonly backOffMs: number; readonly until: number } | undefined;
  /** The child that answered, until somebody uses it. */
  #spare: { readonly child: ChildConnection; readonly owner: ChildOwner } | undefined;

  constructor(options: EraProbeOptions) {
    this.#options = options;
  }

  async modern(): Promise<Probed> {
    const refused = this.#refused;
    if (refused !== undefined && performance.now() < refused.until) return refused.fault;
    const asking = (this.#asking ??= this.#ask());
    const probed = await asking;
    if (probed.kind === 'speaks') this.#refused = undefined;
    else if (this.#asking === asking) this.#askLater(probed);
    return probed;
  }

  /** It has said something: where it gave no answer before, it is worth asking at once. */
  isUp(): void {
    if (this.#refused?.fault.supported === undefined) this.#refused = undefined;
  }

  /** The child that answered, which serves the first modern caller from now on. */
  takeSpare(standing: Standing, link: Link): ChildConnection | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare === undefined || spare.child.isGone) return undefined;
    Object.assign(spare.owner, { standing, link });
    return spare.child;
  }

  async endSpare(): Promise<void> {
    const spare = this.#spare;
    this.#spare = undefined;
    await spare?.child.close();
  }

  #askLater(fault: NotOpened): void {
    this.#asking = undefined;
    const isOfAnotherEra = fault.supported !== undefined;
    const before = this.#refused?.backOffMs ?? BACK_OFF_MS_MIN / 2;
    const backOffMs = isOfAnotherEra ? BACK_OFF_MS_MIN / 2 : Math.min(BACK_OFF_MS_MAX, before * 2);
    this.#refused = { fault, backOffMs, until: performance.now() + (isOfAnotherEra ? ERA_MS_MAX : backOffMs) };
  }

  #ask(): Promise<Probed> {
    const { way } = this.#options;
    return way.kind === 'http' ? this.#askHttp(way.endpoint) : this.#askChild(way.children);
  }

  async #askHttp(endpoint: HttpEndpoint): Promise<Probed> {
    const { log } = this.#options;
    const plain = { endpoint, era: 'modern', revision: MODERN, sessionId: undefined } as const;
    const reply = await discover(new HttpConnection({ ...plain, standing: unheard, log }), PROBE_MS_MAX);
    // Over HTTP there is a connection or none; silence says nothing of an era.
    if (reply.kind === 'unknown') return { kind: 'not-opened', why: reply.why };
    return probedIn(reply, LEGACY_HTTP);
  }

  /**
   * A child that gives no answer may be a legacy server that exits on, or ignores, what it does not know, one that takes
   * long to start, or one that cannot run: `initialize` tells which.
   */
  async #askChild(children: Children): Promise<Probed> {
    const reply = await this.#discoverChild(children, PROBE_MS_MAX);
    if (reply === undefined) return children.noRoom;
    if (reply.kind !== 'unknown') return probedIn(reply, LEGACY_STDIO);
    const legacy = await this.#initializeChild(children);
    if (legacy === undefined) return children.noRoom;
    const result = resultOf(legacy);
    if (typeof result === 'string' && legacy.kind !== 'replied') return { kind: 'not-opened', why: result };
    // It runs and is warm: one that speaks both answers now.
    const again = await this.#discoverChild(
      children,
      typeof result === 'string' ? this.#options.silenceMsMax : PROBE_MS_MAX,
    );
    return again === undefined ? children.noRoom : probedIn(again, LEGACY_STDIO);
  }

  /** Asks a child of its own; undefined where there is no room for one. */
  async #discoverChild(children: Children, msMax: number): Promise<Reply | undefined> {
    const owner: ChildOwner = { standing: unheard, link: undefined };
    const child = children.start('modern', MODERN, owner);
    if (child === undefined) return undefined;
    const reply = await discover(child, msMax);
    // A child that answered serves the first modern caller; one that did not is of no use.
    if (typeof resultOf(reply) === 'string') void child.close();
    else this.#spare = { child, owner };
    return reply;
  }

  /** What a child of its own answers to `initialize`; undefined where there is no room for one. */
  async #initializeChild(children: Children): Promise<Reply | undefined> {
    const revision = LEGACY_STDIO.at(-1) as string;
    const child = children.start('legacy', revision, { standing: unheard, link: undefined });
    if (child === undefined) return undefined;
    const params = { protocolVersion: revision, capabilities: {}, clientInfo: OWN_CLIENT };
    const reply = await initializeChild(child, params);
    if (reply.kind !== 'replied') this.#options.log.down(reply.why, child.lastWords);
    await child.close();
    return reply;
  }
}

/** Asks `server/discover` once. */
async function discover(connection: Connection, msMax: number): Promise<Reply> {
  const handle = {};
  const timer = setTimeout(() => connection.cancel(handle, 'no answer to server/discover'), msMax);
  const method = 'server/discover';
  const rest = `"method":"${method}","params":{"_meta":${JSON.stringify(OWN_META)}}}`;
  const request = { id: 'sallyport:discover', handle, method, params: undefined, rest, onMessage: unheard };
  const reply = await connection.send(request, unheard);
  clearTimeout(timer);
  return reply;
}

/** What an answer to `server/discover` says. `legacy`: what a server speaks that does not know the question. */
function probedIn(reply: Reply, legacy: readonly string[]): Probed {
  const result = resultOf(reply);
  if (typeof result === 'string') {
    const saysNothing = reply.kind === 'not-sent' || (reply.kind === 'failed' && SAYS_NOTHING.has(reply.status));
    if (saysNothing) return { kind: 'not-opened', why: result };
    const supported = supportedOf(reply) ?? legacy;
    // It refused the question, for whatever reason, and named the revision it was asked in.
    return supported.includes(MODERN) ? { kind: 'speaks' } : doesNotSpeak(supported);
  }
  const versions = result['supportedVersions'];
  if (!isJsonArray(versions) || versions.includes(MODERN)) return { kind: 'speaks' };
  return doesNotSpeak(versions.filter((version) => typeof version === 'string'));
}

function doesNotSpeak(supported: readonly string[]): NotOpened {
  return { kind: 'not-opened', why: `the server does not speak ${MODERN}`, supported };
}

/** The revisions an error -32022 names. */
function supportedOf(reply: Reply): readonly string[] | undefined {
  if (reply.kind !== 'replied') return undefined;
  const message = JSON.parse(reply.text) as { error?: { data?: { supported?: unknown } } };
  const supported = message.error?.data?.supported;
  return Array.isArray(supported) ? supported.filter((version) => typeof version === 'string') : undefined;
}

/** The gateway as a client of its own. */
const OWN_CLIENT = { name: 'sallyport', version: '0.1.0' };
/** Answers to any request of anybody: not let in, too late, too many. */
const SAYS_NOTHING = new Set([401, 403, 408, 429]);
const PROBE_MS_MAX = 5_000;
/** What a server said while it was in trouble, or before it was renewed, must not count for good. */
const ERA_MS_MAX = 300_000;
const BACK_OFF_MS_MIN = 250;
const BACK_OFF_MS_MAX = 30_000;

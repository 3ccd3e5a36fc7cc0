import { isJsonArray } from '../../domain/json.ts';
import type { Reply } from '../../domain/reply.ts';
import { LEGACY_HTTP, LEGACY_STDIO, MODERN } from '../../domain/revisions.ts';
import type { ChildConnection } from './child-connection.ts';
import { type ChildOwner, type Children, noRoom } from './children.ts';
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

/** Whether a server speaks the stateless revision: asked once, and again after a pause where it gave no answer. */
export class EraProbe {
  readonly #options: EraProbeOptions;
  #asking: Promise<Probed> | undefined;
  /** That nobody answered, and until when that is taken as the answer. */
  #unanswered: { readonly fault: NotOpened; readonly backOffMs: number; readonly until: number } | undefined;
  /** The child that answered, until somebody uses it. */
  #spare: { readonly child: ChildConnection; readonly owner: ChildOwner } | undefined;

  constructor(options: EraProbeOptions) {
    this.#options = options;
  }

  async modern(): Promise<Probed> {
    const unanswered = this.#unanswered;
    if (unanswered !== undefined && performance.now() < unanswered.until) return unanswered.fault;
    const asking = (this.#asking ??= this.#ask());
    const probed = await asking;
    if (probed.kind === 'speaks') this.#unanswered = undefined;
    // Being down is no evidence of an era; only an answer is kept.
    else if (probed.supported === undefined && this.#asking === asking) this.#noAnswer(probed);
    return probed;
  }

  /** It has said something: whether it answers now is worth asking at once. */
  isUp(): void {
    this.#unanswered = undefined;
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

  #noAnswer(fault: NotOpened): void {
    this.#asking = undefined;
    const backOffMs = Math.min(BACK_OFF_MS_MAX, (this.#unanswered?.backOffMs ?? BACK_OFF_MS_MIN / 2) * 2);
    this.#unanswered = { fault, backOffMs, until: performance.now() + backOffMs };
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
    if (reply === undefined) return noRoom;
    if (reply.kind !== 'unknown') return probedIn(reply, LEGACY_STDIO);
    const legacy = await this.#initializeChild(children);
    if (legacy === undefined) return noRoom;
    const result = resultOf(legacy);
    if (typeof result !== 'string') return probedIn(reply, LEGACY_STDIO);
    if (legacy.kind !== 'replied') return { kind: 'not-opened', why: result };
    const patient = await this.#discoverChild(children, this.#options.silenceMsMax);
    return patient === undefined ? noRoom : probedIn(patient, LEGACY_STDIO);
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
    const isDown = reply.kind === 'not-sent';
    const wantsToken = reply.kind === 'failed' && (reply.status === 401 || reply.status === 403);
    if (isDown || wantsToken) return { kind: 'not-opened', why: result };
    return doesNotSpeak(supportedOf(reply) ?? legacy);
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
const PROBE_MS_MAX = 5_000;
const BACK_OFF_MS_MIN = 250;
const BACK_OFF_MS_MAX = 30_000;

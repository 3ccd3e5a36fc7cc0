import type { Caller } from '../domain/caller.ts';
import { fault } from '../domain/fault.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, jsonText } from '../domain/json.ts';
import { idText, type MessageId, type RequestMessage } from '../domain/message.ts';
import type { PolicySet } from '../domain/policy.ts';
import type { Answer, Received } from '../domain/received.ts';
import { META_SUBSCRIPTION, MODERN } from '../domain/revisions.ts';
import type { Session } from '../domain/session.ts';
import { showsPrompt, showsResource } from '../stages/policy/listing.ts';
import { restOf, type ServerMessage } from '../stages/upstream/connection.ts';
import type { Offer } from '../stages/upstream/offers.ts';
import { resultOf } from '../stages/upstream/tool-list.ts';
import { saysAbsent } from './absent.ts';
import { type ChangingList, listsAsked, withChangingLists } from './changing-lists.ts';
import { unwrapCursor } from './cursor.ts';
import { filteredPage, marked } from './listing.ts';
import type { Standing } from './standing.ts';
import { noPrompt, noResource, notGiven, notHeard, notOpened, turnAway, unavailable } from './turned-away.ts';
import type { Upstreams } from './upstreams.ts';

/** The requests that are relayed and are no calls: what they name must be shown, what comes back is cut by the policy. */
export class Relay {
  readonly #upstreams: Upstreams;
  readonly #policyOf: (caller: Caller) => PolicySet | undefined;
  readonly #standing: Standing;
  readonly #streamsMax: number;
  readonly #listens = new Set<Listening>();

  constructor(parts: {
    readonly upstreams: Upstreams;
    readonly policyOf: (caller: Caller) => PolicySet | undefined;
    readonly standing: Standing;
    readonly streamsMax: number;
  }) {
    this.#upstreams = parts.upstreams;
    this.#policyOf = parts.policyOf;
    this.#standing = parts.standing;
    this.#streamsMax = parts.streamsMax;
  }

  async listOthers(message: RequestMessage, session: Session, received: Received): Promise<Answer> {
    const policy = this.#policyOf(session.caller);
    const change = (result: JsonObject) => filteredPage(message.method, result, session, policy);
    const wrapped = message.params?.['cursor'];
    if (wrapped === undefined) return this.send(message, session, received, { change });
    const cursor = unwrapCursor(wrapped);
    if (cursor === undefined) return turnAway(notGiven(message.id));
    return this.send({ ...message, params: { ...message.params, cursor } }, session, received, { change });
  }

  async complete(message: RequestMessage, session: Session, received: Received): Promise<Answer> {
    const ref = message.params?.['ref'];
    const policy = this.#policyOf(session.caller);
    const { type, name, uri } = (isJsonObject(ref) ? ref : {}) as {
      type?: JsonValue;
      name?: JsonValue;
      uri?: JsonValue;
    };
    // What is judged must be what the server looks at: a reference that names two things could be either, and a key in
    // another case could be read for one of these.
    const plain = isJsonObject(ref) && Object.keys(ref).every((key) => REF_KEYS.has(key));
    if (plain && type === 'ref/prompt' && typeof name === 'string' && uri === undefined) {
      if (policy === undefined || !showsPrompt(policy, session.server, name)) return noPrompt(name, message.id);
      return this.send(message, session, received, { about: { kind: 'prompts', name } });
    }
    if (plain && type === 'ref/resource' && typeof uri === 'string' && name === undefined) {
      return this.#aboutResource(uri, message, session, received);
    }
    return turnAway(fault(200, -32602, '`ref` must name one prompt or one resource, as its type says', message.id));
  }

  async subscribe(message: RequestMessage, session: Session, received: Received): Promise<Answer> {
    const uri = message.params?.['uri'];
    if (typeof uri !== 'string') return turnAway(fault(200, -32602, '`params.uri` is no string', message.id));
    return this.#aboutResource(uri, message, session, received);
  }

  #aboutResource(uri: string, message: RequestMessage, session: Session, received: Received): Answer | Promise<Answer> {
    const policy = this.#policyOf(session.caller);
    if (policy === undefined || !showsResource(policy, session.server, uri))
      return noResource(session, uri, message.id);
    return this.send(message, session, received, { about: { kind: 'resources', name: uri } });
  }

  async discover(message: RequestMessage, session: Session, received: Received): Promise<Answer> {
    const change = (result: JsonObject) => {
      const capabilities = result['capabilities'];
      const offered = isJsonObject(capabilities) ? capabilities : {};
      const kept = Object.fromEntries(
        Object.entries(offered).filter(([key]) => key !== 'extensions' && key !== 'tasks'),
      );
      return marked({ ...result, supportedVersions: [MODERN], capabilities: withChangingLists(kept) }, session);
    };
    return this.send(message, session, received, { change });
  }

  /** How many standing streams of the stateless revision are open. They are requests, and no calls. */
  get listening(): number {
    return this.#listens.size;
  }

  /** Whether as many streams stand open as may, those of sessions and of the stateless revision together. */
  get isFull(): boolean {
    return this.#listens.size + this.#standing.size >= this.#streamsMax;
  }

  /** A standing stream of a modern caller: what the server says on it passes the policy of that moment. */
  async listen(message: RequestMessage, session: Session, received: Received): Promise<Answer> {
    if (this.isFull) return turnAway(fault(503, -32603, 'unavailable: too many streams are open', message.id));
    const filter = message.params?.['notifications'];
    const listening: Listening = { session, id: message.id, lists: listsAsked(filter), received };
    this.#listens.add(listening);
    try {
      return await this.send(this.#shownIn(message, session), session, received, { standing: true });
    } finally {
      this.#listens.delete(listening);
    }
  }

  /** The request for a standing stream without the resources its caller is not shown: the server is not asked for them. */
  #shownIn(message: RequestMessage, session: Session): RequestMessage {
    const asked = message.params?.['notifications'];
    const uris = isJsonObject(asked) ? asked['resourceSubscriptions'] : undefined;
    if (!isJsonObject(asked) || uris === undefined) return message;
    const policy = this.#policyOf(session.caller);
    const isShown = (uri: JsonValue) =>
      typeof uri === 'string' && policy !== undefined && showsResource(policy, session.server, uri);
    const shown = isJsonArray(uris) ? uris.filter(isShown) : [];
    const notifications = { ...asked, resourceSubscriptions: shown };
    return { ...message, params: { ...message.params, notifications } };
  }

  async send(
    message: RequestMessage,
    session: Session,
    received: Received,
    { change, about, standing = false }: Relayed = {},
  ): Promise<Answer> {
    const link = await this.#upstreams.linkOf(session);
    if (link.kind === 'not-opened') return turnAway(notOpened(link, session.server, message.id, session.revision));
    if (received.cancelled) return unavailable(session, 'it was cancelled before it was sent', message.id);
    received.sentBy = link;
    const reply = await link.send({
      id: message.id,
      handle: received,
      standing,
      method: message.method,
      params: message.params,
      rest: restOf(message.method, message.params),
      onMessage: (from) => {
        if (this.fromServer(from, session, received.emit)) return;
        if (from.id !== undefined) link.answer(from.id, notHeard(from.id));
        // What a standing stream leaves out is never said again; its client is told to listen anew.
        else if (standing) link.cancel(received, UNREAD);
      },
    });
    if (reply.kind !== 'replied') return unavailable(session, reply.why, message.id);
    if (about !== undefined) {
      const { server } = session;
      const isAbsent = await saysAbsent(reply, about, { link, policy: this.#policyOf(session.caller), server });
      if (isAbsent) return noneSuch(about, session, message.id);
    }
    if (change === undefined) return { kind: 'answer', status: reply.status, text: reply.text };
    const result = resultOf(reply);
    if (typeof result === 'string') return { kind: 'answer', status: reply.status, text: reply.text };
    const text = `{"jsonrpc":"2.0","id":${idText(message.id)},"result":${jsonText(change(result))}}`;
    return { kind: 'answer', status: reply.status, text };
  }

  /** A message of the server on its way to the client; false where it is not read there. */
  fromServer(message: ServerMessage, session: Session, emit: (text: string) => boolean): boolean {
    if (message.method === 'notifications/resources/updated' && !this.#mayHear(message, session)) return true;
    // A changed list of tools is fetched anew when it is next needed; the link has taken note of it.
    return emit(message.text);
  }

  /** Tells the standing streams of these callers that their lists may be others now. */
  listsChanged(isAffected: (caller: Caller) => boolean): void {
    for (const { session, id, lists, received } of this.#listens) {
      if (!isAffected(session.caller)) continue;
      for (const list of lists) {
        const params = `{"_meta":{"${META_SUBSCRIPTION}":${idText(id)}}}`;
        const text = `{"jsonrpc":"2.0","method":"notifications/${list}/list_changed","params":${params}}`;
        if (!received.emit(text)) received.sentBy?.cancel(received, UNREAD);
      }
    }
  }

  /** Ends the standing streams of these callers; they are told why, and open them anew where that helps. */
  endListens(why: string, isEnded: (caller: Caller, server: string) => boolean = () => true): void {
    for (const { session, received } of this.#listens) {
      if (!isEnded(session.caller, session.server)) continue;
      // One that is still on its way to the server does not get there.
      received.cancelled = true;
      received.sentBy?.cancel(received, why);
    }
  }

  #mayHear(message: ServerMessage, session: Session): boolean {
    const policy = this.#policyOf(session.caller);
    const { params } = JSON.parse(message.text) as { params?: { uri?: unknown } };
    return policy !== undefined && typeof params?.uri === 'string' && showsResource(policy, session.server, params.uri);
  }
}

type Relayed = {
  /** What the client reads of the result. */
  readonly change?: (result: JsonObject) => JsonObject;
  /** What the request names. */
  readonly about?: Offer;
  /** Whether it opens a standing stream. */
  readonly standing?: boolean;
};

function noneSuch({ kind, name }: Offer, session: Session, id: MessageId): Answer {
  return kind === 'prompts' ? noPrompt(name, id) : noResource(session, name, id);
}

type Listening = {
  readonly session: Session;
  readonly id: MessageId;
  readonly lists: readonly ChangingList[];
  readonly received: Received;
};

const UNREAD = 'the client does not read its stream';
const REF_KEYS = new Set(['type', 'name', 'title', 'uri']);

import type { CallMethod, DecodedCall } from '../domain/call.ts';
import type { Caller } from '../domain/caller.ts';
import { type Fault, fault } from '../domain/fault.ts';
import { isJsonObject, JsonNumber, type JsonObject, type JsonValue, jsonText } from '../domain/json.ts';
import {
  idText,
  isSameId,
  type Message,
  type MessageId,
  type NotificationMessage,
  type RequestMessage,
} from '../domain/message.ts';
import type { PolicySet } from '../domain/policy.ts';
import type { Answer, Received } from '../domain/received.ts';
import type { Reply } from '../domain/reply.ts';
import { LEGACY_STDIO, MODERN } from '../domain/revisions.ts';
import type { Session } from '../domain/session.ts';
import { Bag } from '../platform/bag.ts';
import { inEra } from '../stages/decode/era.ts';
import { readMessage } from '../stages/decode/read-message.ts';
import type { Live, SessionTable } from '../stages/session/session-table.ts';
import type { NotOpened } from '../stages/upstream/link.ts';
import { resultOf } from '../stages/upstream/tool-list.ts';
import { listsIn } from './changing-lists.ts';
import { paramsForServer, resultForClient, revisionFor } from './initialize.ts';
import { toolsAnswer } from './listing.ts';
import { handleCall } from './pipeline.ts';
import { Relay } from './relay.ts';
import type { Stages } from './stages.ts';
import type { Standing } from './standing.ts';
import { notGiven, notOpened, turnAway, unavailable } from './turned-away.ts';
import type { Upstreams } from './upstreams.ts';

/** Where a message came in: an HTTP request names its session by a header, a stdio client is one session. */
export type Channel =
  | { readonly kind: 'http' }
  | { readonly kind: 'stdio'; readonly processId: string; live: Live | undefined; opening?: Promise<void> | undefined };

export type GateParts = {
  readonly stages: Stages;
  readonly sessions: SessionTable;
  readonly upstreams: Upstreams;
  readonly standing: Standing;
  readonly policyOf: (caller: Caller) => PolicySet | undefined;
  /** Of the stateless revision, how many may stand open at once. */
  readonly streamsMax: number;
  /** Undecodable and unusable messages: counted and logged, not recorded. */
  readonly noteMalformed: (why: string) => void;
};

/**
 * Everything a client may say, told apart. Calls go down the pipeline; lists are cut by the policy; the closed set of
 * other methods is relayed; anything else is refused.
 */
export class Gate {
  readonly #parts: GateParts;
  /** Requests that run, for cancellation by id: legacy sessions and stdio. */
  readonly #running = new Bag<Running>();
  readonly relay: Relay;

  constructor(parts: GateParts) {
    this.#parts = parts;
    this.relay = new Relay(parts);
  }

  handle(received: Received, caller: Caller, server: string, channel: Channel): Answer | Promise<Answer> {
    const read = readMessage(received.bytes);
    if (read.kind === 'malformed') {
      this.#parts.noteMalformed(read.why);
      return turnAway(fault(400, read.code, read.why, read.id));
    }
    const decoded = inEra(read.message, received);
    if (decoded.kind === 'fault') {
      this.#parts.noteMalformed(decoded.message);
      // A notification over a pipe has nobody to answer to.
      if (read.message.kind === 'notification' && channel.kind === 'stdio') return { kind: 'silent' };
      return turnAway(decoded);
    }
    const { message, era } = decoded;
    if (era === 'modern') {
      received.goneMeansCancelled = true;
      if (decoded.unheard !== undefined) received.unheard = decoded.unheard;
      return this.#serve(message, modernSession(caller, server, channel), received, undefined);
    }
    // Over a pipe a cancellation need not say its revision: it may be about a stateless request of this process.
    const cancelled = channel.kind === 'stdio' ? cancelledId(message) : undefined;
    if (cancelled !== undefined && this.#cancel(cancelled, modernSession(caller, server, channel)))
      return { kind: 'accepted' };
    if (channel.kind === 'stdio' && channel.opening !== undefined) {
      // Lines that came with `initialize` wait for its answer, in their order.
      return channel.opening.then(() => this.handle(received, caller, server, channel));
    }
    if (message.kind === 'request' && message.method === 'initialize') {
      received.headersToCome = true;
      const answer = this.#initialize(message, received, caller, server, channel);
      if (channel.kind === 'stdio') channel.opening = this.#untilOpened(answer, channel);
      return answer;
    }
    // Before the handshake a client may ask whether anybody is there, and nothing else.
    if (
      channel.kind === 'stdio' &&
      channel.live === undefined &&
      message.kind === 'request' &&
      message.method === 'ping'
    )
      return pong(message.id);
    const live = this.#resume(message, received, caller, server, channel);
    if ('kind' in live && live.kind === 'fault') {
      return message.kind === 'notification' && channel.kind === 'stdio' ? { kind: 'silent' } : turnAway(live);
    }
    return this.#serve(message, (live as Live).session, received, live as Live);
  }

  /** A legacy HTTP session for its GET stream or its end; undefined where there is none for this caller. */
  findSession(id: string, caller: Caller, server: string): Live | undefined {
    return this.#parts.sessions.find(id, caller, server, readParams);
  }

  attach(live: Live, emit: (text: string) => boolean, close: () => void): () => void {
    live.busy++;
    const detach = this.#parts.standing.attach(live.session.id, emit, close);
    return () => {
      live.busy--;
      detach();
    };
  }

  async endSession(live: Live): Promise<void> {
    this.#parts.sessions.end(live);
    await this.#parts.upstreams.close(live.session);
  }

  /** Policy or catalogue changed for these callers: their lists may differ now. */
  listsChanged(isAffected: (caller: Caller) => boolean): void {
    for (const live of this.#parts.sessions.values()) {
      if (!isAffected(live.session.caller)) continue;
      for (const list of live.lists) {
        const text = `{"jsonrpc":"2.0","method":"notifications/${list}/list_changed"}`;
        this.#parts.standing.deliver(live.session.id, { text, id: undefined });
      }
    }
    this.relay.listsChanged(isAffected);
  }

  #resume(message: Message, received: Received, caller: Caller, server: string, channel: Channel): Live | Fault {
    const id = message.kind === 'notification' ? null : message.id;
    if (channel.kind === 'stdio') {
      return channel.live ?? fault(400, -32600, 'the session has not been initialized; send `initialize` first', id);
    }
    const { sessionId, protocolVersion } = received.headers;
    if (sessionId === undefined)
      return fault(400, -32600, 'the header Mcp-Session-Id is missing; send `initialize` first', id);
    const live = this.findSession(sessionId, caller, server);
    if (live === undefined) return fault(404, -32001, 'Session not found; send `initialize` again', id);
    if (protocolVersion !== undefined && protocolVersion !== live.session.revision) {
      return fault(400, -32600, `this session speaks ${live.session.revision}, not ${protocolVersion}`, id);
    }
    return live;
  }

  async #untilOpened(answer: Promise<Answer>, channel: Channel & { kind: 'stdio' }): Promise<void> {
    // A fault in it is its own caller's to report.
    await answer.catch(() => {});
    channel.opening = undefined;
  }

  async #initialize(
    message: RequestMessage,
    received: Received,
    caller: Caller,
    server: string,
    channel: Channel,
  ): Promise<Answer> {
    const { id } = message;
    if (channel.kind === 'stdio' && channel.live !== undefined) {
      return turnAway(fault(400, -32600, 'the session is initialized already', id));
    }
    if (received.bytes.length > INITIALIZE_BYTES_MAX)
      return turnAway(fault(400, -32600, `\`initialize\` is larger than ${INITIALIZE_BYTES_MAX} bytes`, id));
    const asked = message.params ?? {};
    const revision = revisionFor(asked['protocolVersion'], received.transport);
    const params = paramsForServer(asked, revision);
    const opening = this.#parts.sessions.open({ caller, server, revision, initialize: params });
    const { live } = opening;
    const opened = await this.#parts.upstreams.open(live);
    const result = opened.kind === 'not-opened' ? opened : initialized(opened.initializeReply);
    if ('kind' in result && result.kind === 'not-opened') {
      this.#parts.sessions.end(live);
      await this.#parts.upstreams.close(live.session);
      return turnAway(notOpened(result as NotOpened, server, id, asked['protocolVersion']));
    }
    const shown = resultForClient(result as JsonObject, revision, received.transport);
    // Some have tools and do not say so.
    live.lists = [...new Set(['tools' as const, ...listsIn(shown['capabilities'])])];
    const negotiated = shown['protocolVersion'];
    if (typeof negotiated === 'string' && negotiated !== revision) this.#parts.sessions.renegotiated(live, negotiated);
    const text = `{"jsonrpc":"2.0","id":${idText(id)},"result":${jsonText(shown)}}`;
    if (channel.kind === 'stdio') {
      channel.live = live;
      return { kind: 'answer', status: 200, text };
    }
    try {
      this.#parts.sessions.keep(live, jsonText(params));
    } catch (thrown) {
      await this.endSession(live);
      return turnAway(fault(200, -32603, `unavailable: the session cannot be kept: ${(thrown as Error).message}`, id));
    }
    return { kind: 'answer', status: 200, text, sessionId: opening.id };
  }

  /** What is served returns its promise as it is: every further one costs each call its share. */
  #serve(message: Message, session: Session, received: Received, live: Live | undefined): Answer | Promise<Answer> {
    switch (message.kind) {
      case 'request':
        return this.#request(message, session, received, live);
      case 'notification':
        return this.#notification(message, session);
      case 'response':
        return this.#response(message, session);
      default:
        message satisfies never;
        return turnAway(fault(400, -32600, 'the message is of no known kind', null));
    }
  }

  async #request(
    message: RequestMessage,
    session: Session,
    received: Received,
    live: Live | undefined,
  ): Promise<Answer> {
    // Ids are the client's own only within a session; stateless callers share a credential.
    const tracked = live !== undefined || received.transport === 'stdio';
    if (tracked && this.#runningUnder(message.id, session) !== undefined) {
      const refused = fault(400, -32600, 'a request with this id is still running', message.id);
      const call = callIn(message, session, received);
      // Of a call there is a record, whatever it was refused for.
      return call === undefined
        ? turnAway(refused)
        : this.#parts.stages.recordOutcome(call, refused, refused, received);
    }
    const running: Running = { sessionId: session.id, id: message.id, received };
    if (tracked) this.#running.add(running);
    if (live !== undefined) live.busy++;
    try {
      const answer = await this.#dispatch(message, session, received);
      return received.cancelled && received.transport === 'stdio' ? { kind: 'silent' } : answer;
    } finally {
      if (tracked) this.#running.remove(running);
      if (live !== undefined) live.busy--;
    }
  }

  #runningUnder(id: MessageId, session: Session): Running | undefined {
    return this.#running.find((one) => one.sessionId === session.id && isSameId(one.id, id));
  }

  #dispatch(message: RequestMessage, session: Session, received: Received): Answer | Promise<Answer> {
    const { method, id } = message;
    switch (method) {
      case 'tools/call':
      case 'prompts/get':
      case 'resources/read':
        return this.#call(message, session, received);
      case 'ping':
        return pong(id);
      case 'tools/list':
        return this.#listTools(message, session);
      case 'prompts/list':
      case 'resources/list':
      case 'resources/templates/list':
        return this.relay.listOthers(message, session, received);
      case 'completion/complete':
        return this.relay.complete(message, session, received);
      case 'resources/subscribe':
      case 'resources/unsubscribe':
        return this.relay.subscribe(message, session, received);
      case 'logging/setLevel':
        return this.relay.send(message, session, received);
      case 'server/discover':
        return this.relay.discover(message, session, received);
      case 'subscriptions/listen':
        return this.relay.listen(message, session, received);
      default:
        return turnAway(fault(session.era === 'modern' ? 404 : 200, -32601, `Method not found: ${method}`, id));
    }
  }

  #call(message: RequestMessage, session: Session, received: Received): Answer | Promise<Answer> {
    const call = callIn(message, session, received);
    if (call !== undefined) return handleCall(call, received, this.#parts.stages);
    // A stateless request has `params`, and its names were looked at when it was read.
    return turnAway(fault(200, -32602, `\`${message.method}\` names nothing`, message.id));
  }

  async #listTools(message: RequestMessage, session: Session): Promise<Answer> {
    const link = await this.#parts.upstreams.linkOf(session);
    if (link.kind === 'not-opened') return turnAway(notOpened(link, session.server, message.id, session.revision));
    const cursor = message.params?.['cursor'];
    const list = await (cursor === undefined ? link.refreshTools() : link.tools());
    if (list.kind === 'no-list') return unavailable(session, list.why, message.id);
    const text = toolsAnswer(message.id, list, cursor, session, this.#parts.policyOf(session.caller));
    if (text === undefined) return turnAway(notGiven(message.id));
    return { kind: 'answer', status: 200, text };
  }

  async #notification(message: NotificationMessage, session: Session): Promise<Answer> {
    const cancelled = cancelledId(message);
    if (cancelled !== undefined) {
      this.#cancel(cancelled, session);
      return { kind: 'accepted' };
    }
    const link = await this.#parts.upstreams.linkOf(session);
    if (link.kind === 'not-opened') return { kind: 'accepted' };
    const params = message.params === undefined ? '' : `,"params":${jsonText(message.params)}`;
    link.tell(`{"jsonrpc":"2.0","method":${JSON.stringify(message.method)}${params}}`);
    if (message.method === 'notifications/initialized') link.listen();
    return { kind: 'accepted' };
  }

  /** Whether there is such a request. */
  #cancel(requestId: JsonValue | undefined, session: Session): boolean {
    if (typeof requestId !== 'string' && !(requestId instanceof JsonNumber)) return false;
    const running = this.#runningUnder(requestId, session);
    if (running !== undefined) cancelReceived(running.received);
    return running !== undefined;
  }

  async #response(message: Message & { kind: 'response' }, session: Session): Promise<Answer> {
    const [[key, value] = ['error', null]] = Object.entries(message.body) as [string, JsonValue][];
    const text = `{"jsonrpc":"2.0","id":${idText(message.id)},"${key}":${jsonText(value)}}`;
    if (await this.#parts.upstreams.answer(session, message.id, text)) return { kind: 'accepted' };
    return turnAway(fault(400, -32600, 'a response to a request nobody made', message.id));
  }
}

/** The id in it; undefined where it is another message. */
function cancelledId(message: Message): JsonValue | undefined {
  const isCancellation = message.kind === 'notification' && message.method === 'notifications/cancelled';
  return isCancellation ? (message.params?.['requestId'] ?? null) : undefined;
}

/** The call a request makes; undefined where it makes none, or does not say of what. */
function callIn(
  { id, method, params }: RequestMessage,
  session: Session,
  { receivedAt, unheard, headers: { traceparent } }: Received,
): DecodedCall | undefined {
  if (params === undefined || !isCallMethod(method)) return undefined;
  const target = params[method === 'resources/read' ? 'uri' : 'name'];
  const args = params['arguments'];
  if (typeof target !== 'string') return undefined;
  return {
    kind: 'call',
    id,
    method,
    session,
    target,
    arguments: isJsonObject(args) ? args : NO_ARGUMENTS,
    params,
    receivedAt,
    traceparent,
    unheard,
    paramHeaders: [],
  };
}

function isCallMethod(method: string): method is CallMethod {
  return method === 'tools/call' || method === 'prompts/get' || method === 'resources/read';
}

function pong(id: MessageId): Answer {
  return { kind: 'answer', status: 200, text: `{"jsonrpc":"2.0","id":${idText(id)},"result":{}}` };
}

type Running = { readonly sessionId: string; readonly id: MessageId; readonly received: Received };

/** The client no longer wants an answer: nothing is sent that has not left; what has left is cancelled. */
export function cancelReceived(received: Received): void {
  received.cancelled = true;
  received.sentBy?.cancel(received, 'the client cancelled it');
}

/** The time of a call is over: its client is told that nobody knows what became of it. One that has not left yet is not told. */
export function giveUpOn(received: Received): void {
  received.sentBy?.cancel(received, 'the gateway was stopped');
}

/** How long answers may take that are given when the time of their calls is over. */
export const LAST_WORDS_MS = 1_000;

/** For the stateless revision the credential is the session; over stdio the process is. */
function modernSession(caller: Caller, server: string, channel: Channel): Session {
  const id = channel.kind === 'stdio' ? channel.processId : `${caller.id}@${server}`;
  return { kind: 'session', id, caller, server, era: 'modern', revision: MODERN, initialize: undefined };
}

function readParams(text: string): JsonObject | undefined {
  const read = readMessage(Buffer.from(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":${text}}`));
  return read.kind === 'message' && read.message.kind === 'request' ? read.message.params : undefined;
}

function initialized(reply: Reply | undefined): JsonObject | NotOpened {
  if (reply === undefined) return { kind: 'not-opened', why: 'the server gave no answer to initialize' };
  const result = resultOf(reply);
  if (typeof result === 'string') return { kind: 'not-opened', why: result };
  const version = result['protocolVersion'];
  // A client is to leave a server that names a revision it does not know.
  if (typeof version === 'string' && !(LEGACY_STDIO as readonly string[]).includes(version))
    return {
      kind: 'not-opened',
      why: `the server wants to speak the revision ${version.slice(0, 40)}, which no session has`,
    };
  return result;
}

/** It is kept with its session, in memory and on the disk, for as long as that lives. */
const INITIALIZE_BYTES_MAX = 256 * 1024;
const NO_ARGUMENTS: JsonObject = Object.freeze(Object.create(null) as JsonObject);

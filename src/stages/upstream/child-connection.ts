import { isJsonObject, JsonNumber, type JsonObject, type JsonValue, jsonText } from '../../domain/json.ts';
import { type Era, idKey, idText, type MessageId } from '../../domain/message.ts';
import type { Reply } from '../../domain/reply.ts';
import { META_LOG } from '../../domain/revisions.ts';
import type { Pace } from '../../platform/pace.ts';
import { answersWithin } from './answers-within.ts';
import { Asked } from './asked.ts';
import { Child, type ChildCommand } from './child.ts';
import {
  type Connection,
  type Outgoing,
  oneLine,
  requestText,
  type ServerMessage,
  type Standing,
  shownBeside,
  survivesDoubles,
  withId,
  withSubscription,
} from './connection.ts';
import { type Deadlines, InFlight } from './in-flight.ts';
import { idOfLongAnswer } from './long-answer.ts';
import { classify, type FromServer, refusalTo, statusOf } from './server-messages.ts';
import type { UpstreamLog } from './upstream-log.ts';

export type ChildConnectionOptions = {
  readonly command: ChildCommand;
  readonly era: Era;
  readonly revision: string;
  /** Whether callers share this child, so that ids and progress tokens must be made distinct. */
  readonly shared: boolean;
  readonly standing: Standing;
  /** `deliberate`: it was ended from here. */
  readonly onGone: (why: string, deliberate: boolean) => void;
  readonly log: UpstreamLog;
  readonly silenceMsMax: number;
  readonly totalMsMax: number;
  readonly responseBytesMax: number;
  readonly pace: Pace;
};

/** A connection over the pipes of a child process. It lives as long as the child. */
export class ChildConnection implements Connection {
  readonly era: Era;
  readonly revision: string;
  readonly #options: ChildConnectionOptions;
  readonly #child: Child;
  readonly #inFlight: InFlight<Waiting>;
  /** Requests of the server that await the client's answer. */
  readonly #asked: Asked;
  #next = 0;
  #gone: string | undefined;
  #ending = false;

  constructor(options: ChildConnectionOptions) {
    this.era = options.era;
    this.revision = options.revision;
    this.#options = options;
    this.#asked = new Asked(() => options.log.dropped('answers to the oldest question: too many are open'));
    this.#inFlight = new InFlight<Waiting>({
      silenceMsMax: options.silenceMsMax,
      totalMsMax: options.totalMsMax,
      expire: (waiting, why) => {
        this.#sayCancelled(waiting.wireId, why);
        waiting.resolve({ kind: 'unknown', why });
      },
    });
    this.#child = new Child(options.command, {
      onLine: (line) => this.#onLine(line),
      onLongLine: (head, tail) => this.#onLongLine(head, tail),
      onGone: (why) => this.#onGone(why),
      log: options.log.childSaid,
      lineBytesMax: options.responseBytesMax,
      pace: options.pace,
      isAsked: () => this.#isAsked,
    });
  }

  get isGone(): boolean {
    return this.#gone !== undefined;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get lastWords(): readonly string[] {
    return this.#child.lastWords;
  }

  send(outgoing: Outgoing, notice: Standing): Promise<Reply> {
    const { id } = outgoing;
    const renamed = this.#options.shared || !survivesDoubles(id);
    const wireId: MessageId = renamed ? `sallyport:${++this.#next}` : id;
    const key = idKey(wireId);
    if (this.#inFlight.has(key)) {
      return Promise.resolve({ kind: 'not-sent', why: 'a request with this id is still running' });
    }
    const token = progressTokenOf(outgoing.params);
    const shareToken = this.#options.shared && token !== undefined;
    const rest = shareToken ? restWithToken(outgoing, wireId as string) : outgoing.rest;
    if (!this.#isAsked) this.#child.readOn();
    return new Promise((resolve) => {
      if (!this.#child.write(requestText(idText(wireId), rest))) {
        resolve({ kind: 'not-sent', why: this.#gone ?? 'the server does not read its input' });
        return;
      }
      this.#inFlight.add({
        key,
        outgoing,
        notice,
        wireId,
        renamed,
        token: token === undefined ? undefined : idKey(shareToken ? wireId : token),
        tokenSent: shareToken ? token : undefined,
        resolve,
        standing: outgoing.standing ?? false,
        since: 0,
        heardAt: 0,
      });
    });
  }

  tell(text: string): void {
    this.#child.write(text);
  }

  /** Whether the server asked for this; only then is a client's response passed on. */
  wasAsked(id: MessageId): boolean {
    return this.#asked.take(id);
  }

  cancel(handle: object, why: string): void {
    const waiting = this.#inFlight.find((one) => one.outgoing.handle === handle);
    if (waiting === undefined) return;
    this.#inFlight.take(waiting.key);
    this.#sayCancelled(waiting.wireId, why);
    waiting.resolve({ kind: 'unknown', why });
  }

  async close(): Promise<void> {
    this.#ending = true;
    await this.#child.end();
  }

  /** Ends the requests that stand open, for a connection that is to be closed when its calls are done. */
  endStanding(why: string): void {
    for (const waiting of this.#inFlight.all()) {
      if (!waiting.standing || this.#inFlight.take(waiting.key) === undefined) continue;
      this.#sayCancelled(waiting.wireId, why);
      waiting.resolve({ kind: 'unknown', why });
    }
  }

  /** Resolves when its process is gone and nothing is left of what that started. */
  get over(): Promise<void> {
    return this.#child.over;
  }

  kill(): void {
    this.#child.kill();
  }

  #sayCancelled(wireId: MessageId, why: string): void {
    const params = `{"requestId":${idText(wireId)},"reason":${JSON.stringify(why)}}`;
    this.#child.write(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":${params}}`);
  }

  get #isAsked(): boolean {
    return this.#inFlight.find(({ standing }) => !standing) !== undefined;
  }

  /** True where it is an answer somebody waited for. */
  #onLine(raw: string): boolean {
    const line = oneLine(raw);
    const message = classify(line, this.era);
    if (message.kind === 'response') return this.#onResponse(line, message);
    this.#onMessage(line, message);
    return false;
  }

  #onResponse(line: string, { id, isError, errorCode }: FromServer & { kind: 'response' }): boolean {
    const waiting = this.#inFlight.take(idKey(id));
    if (waiting === undefined) {
      this.#options.log.dropped('an answer nobody waits for');
      return false;
    }
    // Another child of the server may have died; one that answers is what counts.
    this.#options.log.up();
    const text = waiting.renamed ? withId(line, waiting.outgoing.id) : line;
    waiting.resolve({ kind: 'replied', text, isError, status: statusOf(errorCode, this.era) });
    return true;
  }

  #onMessage(line: string, message: Exclude<FromServer, { kind: 'response' }>): void {
    switch (message.kind) {
      case 'request':
        if (message.method === 'ping') {
          this.#child.write(`{"jsonrpc":"2.0","id":${idText(message.id)},"result":{}}`);
          return;
        }
        this.#asked.add(message.id);
        this.#toOwner(undefined, { method: message.method, text: line, id: message.id });
        return;
      case 'notification':
        if (message.subscription !== undefined) return this.#toSubscriber(message.subscription, message.method, line);
        this.#toOwner(message.progressToken, { method: message.method, text: line, id: undefined });
        return;
      case 'no-message':
        return this.#onText(line, message.why);
      case 'refused':
        this.#options.log.dropped(message.why);
        if (message.id !== undefined) this.#child.write(refusalTo(message.id, message.why));
        return;
      default:
        message satisfies never;
    }
  }

  /**
   * A line is one message, and nothing within one is taken for an answer. What was one may still come by itself, as from
   * a server that shows what it sends; where it does not, it is over, and whoever waits hears why.
   */
  #onText(line: string, why: string): void {
    const ids = this.#isAsked ? answersWithin(line, this.era) : [];
    const lost = ids.flatMap((id) => this.#inFlight.find((one) => one.key === idKey(id)) ?? []);
    for (const waiting of lost) this.#inFlight.doubt(waiting, LOST_IN_TEXT);
    this.#options.log.dropped(lost.length === 0 ? why : LOST_IN_TEXT);
  }

  #toSubscriber(subscription: MessageId, method: string, line: string): void {
    const key = idKey(subscription);
    const waiting = this.#inFlight.find((one) => one.key === key);
    if (waiting === undefined) return this.#options.log.dropped('a message of a stream nobody has open');
    const { outgoing, renamed } = waiting;
    const message = { method, text: line, id: undefined };
    waiting.notice(message);
    outgoing.onMessage({ ...message, text: renamed ? withSubscription(line, outgoing.id) : line });
  }

  /** To the request it belongs to, else to one that runs, else the session's standing stream. */
  #toOwner(token: MessageId | undefined, message: { method: string; text: string; id: MessageId | undefined }): void {
    if (token !== undefined) {
      const key = idKey(token);
      const waiting = this.#inFlight.find((one) => one.token === key);
      if (waiting !== undefined) {
        this.#inFlight.heard(waiting);
        const text = waiting.tokenSent === undefined ? message.text : progressFor(message.text, waiting.tokenSent);
        waiting.notice(message);
        waiting.outgoing.onMessage({ ...message, text });
        return;
      }
    }
    if (this.#options.shared) return this.#toSharer(message);
    const running = this.#inFlight.all();
    const last = running.at(-1);
    if (last === undefined || STANDING_ONLY.has(message.method)) return this.#options.standing(message);
    this.#inFlight.heard(last);
    last.notice(message);
    toOneOf(running, last, message);
  }

  /** A log message names no request: it is for the one that asked for such, if only one runs that did. */
  #toSharer(message: { method: string; text: string; id: MessageId | undefined }): void {
    const running = this.#inFlight.all();
    const asking = running.filter(({ outgoing }) => asksForLog(outgoing.params));
    const [only] = asking;
    if (message.method !== 'notifications/message' || only === undefined) return this.#options.standing(message);
    if (asking.length > 1) return this.#options.log.dropped('a log message that could belong to several requests');
    this.#inFlight.heard(only);
    toOneOf(running, only, message);
  }

  #onLongLine(head: string, tail: string): void {
    const why = `the answer is larger than ${this.#options.responseBytesMax} bytes`;
    const id = idOfLongAnswer(head, tail);
    const waiting = id === undefined ? undefined : this.#inFlight.take(idKey(id));
    if (waiting === undefined) this.#options.log.dropped(why);
    else waiting.resolve({ kind: 'withheld', why });
  }

  #onGone(why: string): void {
    this.#gone = why;
    for (const waiting of this.#inFlight.drain())
      waiting.resolve({ kind: 'unknown', why: `the server is gone: ${why}` });
    this.#options.onGone(why, this.#ending);
  }
}

type Waiting = Deadlines & {
  readonly outgoing: Outgoing;
  readonly notice: Standing;
  readonly wireId: MessageId;
  readonly renamed: boolean;
  /** Key of the progress token as the server knows it. */
  readonly token: string | undefined;
  /** The client's own token, where the server was given another. */
  readonly tokenSent: MessageId | undefined;
  readonly resolve: (reply: Reply) => void;
};

/** Whose it is the server does not say: what any of those running may not hear of it goes to none. */
function toOneOf(running: readonly Waiting[], { outgoing }: Waiting, message: ServerMessage): void {
  const others = running.map((one) => one.outgoing).filter((other) => other !== outgoing);
  const shown = shownBeside(others, message);
  if (shown !== undefined) outgoing.onMessage(shown);
}

const LOST_IN_TEXT = 'the answer stands among other text on its line; a line must be one message';

/** These tell the session something; they belong to no call even while one runs. */
const STANDING_ONLY = new Set([
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
  'notifications/resources/updated',
]);

function asksForLog(params: JsonObject | undefined): boolean {
  const meta = params?.['_meta'];
  return isJsonObject(meta) && META_LOG in meta;
}

function progressTokenOf(params: JsonObject | undefined): MessageId | undefined {
  const meta = params?.['_meta'];
  const token = isJsonObject(meta) ? meta['progressToken'] : undefined;
  return typeof token === 'string' || token instanceof JsonNumber ? token : undefined;
}

function restWithToken(outgoing: Outgoing, token: string): string {
  const params = outgoing.params as JsonObject;
  const meta = params['_meta'] as JsonObject;
  const changed = { ...params, _meta: { ...meta, progressToken: token } };
  return `"method":${JSON.stringify(outgoing.method)},"params":${jsonText(changed)}}`;
}

function progressFor(text: string, token: MessageId): string {
  const message = JSON.parse(text) as { params: Record<string, JsonValue> };
  const members = Object.entries(message.params).map(([key, value]) =>
    key === 'progressToken' ? `"progressToken":${idText(token)}` : `${JSON.stringify(key)}:${JSON.stringify(value)}`,
  );
  return `{"jsonrpc":"2.0","method":"notifications/progress","params":{${members.join(',')}}}`;
}

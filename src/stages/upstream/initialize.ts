/** `initialize`, as a connection sends it for the client, and what comes of it. */
import { isJsonObject, type JsonObject } from '../../domain/json.ts';
import type { Reply } from '../../domain/reply.ts';
import { readJsonText } from '../../platform/read-json.ts';
import type { ChildConnection } from './child-connection.ts';
import { restOf, type Standing } from './connection.ts';
import { failing, START_IT } from './http-connection.ts';
import type { Exchanged, HttpEndpoint } from './http-exchange.ts';
import { classify } from './server-messages.ts';
import { resultOf } from './tool-list.ts';
import type { UpstreamLog } from './upstream-log.ts';

export const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}';
const ID = 'sallyport:initialize';
/** What a server says while nobody is there to hear it. */
export const unheard: Standing = () => {};

export function initializeChild(child: ChildConnection, params: JsonObject): Promise<Reply> {
  const rest = restOf('initialize', params);
  return child.send({ id: ID, handle: {}, method: 'initialize', params, rest, onMessage: unheard }, unheard);
}

/** `log` hears whether it is up. `revision`: what the server chose, or what was asked for where it did not say. */
export async function initializeHttp(
  endpoint: HttpEndpoint,
  params: JsonObject,
  log: UpstreamLog,
): Promise<{ reply: Reply; sessionId: string | undefined; revision: string }> {
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
    body: `{"jsonrpc":"2.0","id":"${ID}",${restOf('initialize', params)}`,
    onEvent: (data) => {
      // Some say something of their start first; nobody is there to hear it yet.
      if (!answersInitialize(data)) return false;
      answered = data;
      return true;
    },
  });
  const exchanged = await exchange.done;
  const reply = replyIn(exchanged, answered);
  const result = resultOf(reply);
  if (exchanged.kind === 'ended' && exchanged.status >= 500) log.down(failing(exchanged.status), []);
  else if (reply.kind === 'not-sent' || reply.kind === 'unknown') log.down(`${reply.why}; ${START_IT}`, []);
  else if (typeof result !== 'string') log.up();
  const negotiated = typeof result === 'string' ? undefined : result['protocolVersion'];
  const revision = typeof negotiated === 'string' ? negotiated : (params['protocolVersion'] as string);
  return { reply, sessionId: exchange.sessionId, revision };
}

function replyIn(exchanged: Exchanged, answered: string | undefined): Reply {
  switch (exchanged.kind) {
    case 'answered':
      return { kind: 'replied', text: answered ?? '', isError: false, status: 200 };
    case 'ended':
      if (exchanged.body !== undefined && answersInitialize(exchanged.body)) {
        return { kind: 'replied', text: exchanged.body, isError: exchanged.status >= 400, status: exchanged.status };
      }
      if (exchanged.status >= 400 && exchanged.status < 500) {
        return { kind: 'failed', status: exchanged.status, why: `the server refused with HTTP ${exchanged.status}` };
      }
      return { kind: 'unknown', why: `the server gave HTTP ${exchanged.status} and no answer to initialize` };
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

/** Whether it is the answer to our `initialize`, or an error of somebody who could not read the request's id. */
function answersInitialize(text: string): boolean {
  const message = classify(text, 'legacy');
  if (message.kind === 'response') return message.id === ID;
  return message.kind === 'refused' && message.id === undefined && isNamelessError(text);
}

function isNamelessError(text: string): boolean {
  const read = readJsonText(text);
  const message = read.kind === 'value' && isJsonObject(read.value) ? read.value : {};
  return isJsonObject(message['error']) && (message['id'] ?? null) === null;
}

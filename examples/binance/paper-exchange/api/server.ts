/** The HTTP side: reads requests with bounds, hands them on, writes replies, plays faults and guards the control plane. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal, refuse } from '../engine/refusal.ts';
import { control } from './control.ts';
import { dispatch, type Reply, refusalReply } from './dispatch.ts';
import type { Fault } from './faults.ts';
import { toJson } from './json.ts';
import { Params } from './params.ts';
import type { Exchange } from './route.ts';
import type { Request } from './security.ts';

const BODY_BYTES_MAX = 1_048_576;
/** A snapshot to restore may be large. */
const CONTROL_BODY_BYTES_MAX = 256 * 1_048_576;
const REQUEST_MS_MAX = 60_000;

export function createHttpServer(exchange: Exchange, log: (line: string) => void): Server {
  return createServer({ requestTimeout: REQUEST_MS_MAX, keepAliveTimeout: 65_000 }, (incoming, response) => {
    serve(exchange, incoming, response).catch((error: unknown) => {
      if (incoming.destroyed && !response.headersSent && response.destroyed) return;
      const { method, path } = toRequest(incoming, '');
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log(`paper exchange: ${method} ${path} failed: ${why}`);
      send(response, refusalReply(refuse(-1000, 500)));
    });
  });
}

async function serve(exchange: Exchange, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const isControl = (incoming.url ?? '').startsWith('/paper/');
  const body = await readBody(incoming, isControl ? CONTROL_BODY_BYTES_MAX : BODY_BYTES_MAX);
  const request = toRequest(incoming, body ?? '');
  const fault = isControl || body === null ? null : exchange.faults.take(request.method, request.path);
  if (body === null) send(response, refusalReply(refuse(-1101, 413), { Connection: 'close' }));
  else if (isControl) send(response, answerControl(exchange, incoming, request));
  else if (fault === null) send(response, dispatch(exchange, request));
  else await playFault(exchange, fault, request, response);
}

async function playFault(exchange: Exchange, fault: Fault, request: Request, response: ServerResponse): Promise<void> {
  const { kind, ms, status, body, retryAfterS } = fault;
  const early = kind === 'drop' || (kind !== 'cut' && fault.apply === 'first') ? dispatch(exchange, request) : null;
  if (kind === 'drop' || kind === 'cut') {
    response.destroy();
  } else if (kind === 'delay') {
    await sleep(ms);
    send(response, early ?? dispatch(exchange, request));
  } else {
    send(response, { status, body, headers: retryAfterS === null ? {} : { 'Retry-After': String(retryAfterS) } });
  }
}

/** The control plane answers only calls from this machine that a browser page or an API client could not have made. */
function answerControl(exchange: Exchange, incoming: IncomingMessage, { method, path, query, body }: Request): Reply {
  const refused = whyNotControl(incoming);
  if (refused !== null) return refusalReply(new Refusal(-1002, refused, 403));
  try {
    const answer = control(exchange, { method, path, params: Params.fromJson(query, body) });
    return { status: 200, headers: {}, body: toJson(answer) };
  } catch (error) {
    if (error instanceof Refusal) return refusalReply(error);
    throw error;
  }
}

const LOOPBACK = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|::ffff:127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/;
const LOOPBACK_HOST = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/i;

function whyNotControl(incoming: IncomingMessage): string | null {
  if (!LOOPBACK.test(incoming.socket.remoteAddress ?? ''))
    return 'the control plane answers this machine only; call it from there';
  if (!LOOPBACK_HOST.test(incoming.headers.host ?? ''))
    return 'the control plane answers to a loopback name only; use http://127.0.0.1';
  if (incoming.headers.origin !== undefined) return 'the control plane does not answer web pages';
  if (incoming.headers['x-mbx-apikey'] !== undefined)
    return 'the control plane does not obey API keys; leave the X-MBX-APIKEY header out';
  return null;
}

function toRequest(incoming: IncomingMessage, body: string): Request {
  const { url = '/', method = 'GET' } = incoming;
  const [path = '', ...rest] = url.split('?');
  const key = incoming.headers['x-mbx-apikey'];
  const ip = incoming.socket.remoteAddress ?? '';
  return { method, path, query: rest.join('?'), body, key: typeof key === 'string' ? key : undefined, ip };
}

/** The body as text, or null when it is longer than allowed. */
async function readBody(incoming: IncomingMessage, bytesMax: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Read on without keeping, so that the refusal can still be heard.
    if (bytes <= bytesMax) chunks.push(chunk);
  }
  return bytes > bytesMax ? null : Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, reply: Reply): void {
  if (response.destroyed || response.headersSent) return;
  const type = { 'Content-Type': 'application/json;charset=UTF-8' };
  response.writeHead(reply.status, { ...type, ...reply.headers, 'Content-Length': Buffer.byteLength(reply.body) });
  response.end(reply.body);
}

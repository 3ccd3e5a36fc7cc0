/** The HTTP side: reads requests with bounds, hands them to the dispatcher, writes replies, and plays faults. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dispatch, type Exchange, type Reply, type Request } from './dispatch.ts';
import { toJson } from './json.ts';

const BODY_BYTES_MAX = 1_048_576;
const REQUEST_MS_MAX = 30_000;

export function createHttpServer(exchange: Exchange, log: (line: string) => void): Server {
  const server = createServer({ requestTimeout: REQUEST_MS_MAX, keepAliveTimeout: 65_000 }, (incoming, response) => {
    serve(exchange, incoming, response).catch((error: unknown) => {
      log(
        `paper exchange: ${incoming.method ?? ''} ${(incoming.url ?? '').split('?')[0] ?? ''} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
      send(response, {
        status: 500,
        headers: {},
        body: toJson({ code: -1000, msg: 'An unknown error occurred while processing the request.' }),
      });
    });
  });
  return server;
}

async function serve(exchange: Exchange, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(incoming);
  if (body === null) {
    send(response, {
      status: 413,
      headers: { Connection: 'close' },
      body: toJson({ code: -1101, msg: `Too much data sent: at most ${BODY_BYTES_MAX} bytes.` }),
    });
    return;
  }
  send(response, dispatch(exchange, toRequest(incoming, body)));
}

function toRequest(incoming: IncomingMessage, body: string): Request {
  const url = incoming.url ?? '/';
  const at = url.indexOf('?');
  const key = incoming.headers['x-mbx-apikey'];
  return {
    method: incoming.method ?? 'GET',
    path: at < 0 ? url : url.slice(0, at),
    query: at < 0 ? '' : url.slice(at + 1),
    body,
    key: typeof key === 'string' ? key : undefined,
    ip: incoming.socket.remoteAddress ?? '',
  };
}

/** The body as text, or null when it is longer than allowed. */
export async function readBody(incoming: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function send(response: ServerResponse, reply: Reply): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(reply.status, {
    'Content-Type': 'application/json;charset=UTF-8',
    ...reply.headers,
    'Content-Length': Buffer.byteLength(reply.body),
  });
  response.end(reply.body);
}

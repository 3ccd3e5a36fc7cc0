/**
 * A server that passes the official conformance suite, on the official SDK: over HTTP in one era or both on one URL, or
 * over stdio in one.
 *
 *   node server.ts --http legacy|modern|both
 *   node server.ts --stdio legacy|modern
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import {
  createMcpHandler,
  type EventStore,
  isLegacyRequest,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { conformantServer } from './offers.ts';

const { values } = parseArgs({ options: { http: { type: 'string' }, stdio: { type: 'string' } } });
if (values.http !== undefined) await serveHttp(values.http);
else if (values.stdio === 'modern') serveStdio(() => conformantServer(), { legacy: 'reject' });
else await conformantServer().connect(new StdioServerTransport());

async function serveHttp(era: string): Promise<void> {
  // A child has no use for it, and there are many.
  const { localhostHostValidation, localhostOriginValidation, toNodeHandler } = await import(
    '@modelcontextprotocol/node'
  );
  const modern = createMcpHandler(() => conformantServer(modern.notify), { legacy: 'reject' });
  const fetch = async (request: Request): Promise<Response> => {
    const legacy = era === 'legacy' || (era === 'both' && (await isLegacyRequest(request)));
    return legacy ? answerLegacy(request) : modern.fetch(request);
  };
  const handle = toNodeHandler({ fetch });
  const [hostIsLocal, originIsLocal] = [localhostHostValidation(), localhostOriginValidation()];
  const server = createServer((request, response) => {
    if (hostIsLocal(request, response) && originIsLocal(request, response)) void handle(request as never, response);
  });
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}/mcp` })}\n`);
  });
}

const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();

async function answerLegacy(request: Request): Promise<Response> {
  const id = request.headers.get('mcp-session-id');
  if (id !== null) return sessions.get(id)?.handleRequest(request) ?? new Response('no such session', { status: 404 });
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (session) => void sessions.set(session, transport),
    onsessionclosed: (session) => void sessions.delete(session),
    eventStore: remember(),
    retryInterval: 50,
  });
  await conformantServer().connect(transport);
  return transport.handleRequest(request);
}

/** What streams said, so that one that was closed can be taken up again. */
function remember(): EventStore {
  const events: { stream: string; message: Parameters<EventStore['storeEvent']>[1] }[] = [];
  return {
    storeEvent: async (stream, message) => String(events.push({ stream, message }) - 1),
    replayEventsAfter: async (last, { send }) => {
      const stream = events[Number(last)]?.stream ?? '';
      for (const [id, event] of events.entries())
        if (id > Number(last) && event.stream === stream) await send(String(id), event.message);
      return stream;
    },
  };
}

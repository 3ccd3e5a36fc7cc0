/** The WebSocket side of the user-data stream. */

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Exchange } from './route.ts';

const CONNECTIONS_MAX = 1_000;
const PING_MS = 180_000;
const PAYLOAD_BYTES_MAX = 4_096;

/** The listen key a WebSocket path names: /ws/KEY, /pm/ws/KEY, /private/ws?listenKey=KEY, /stream?streams=KEY. */
export function listenKeyIn(url: string): string | null {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const [, inPath] = /^\/(?:pm\/)?(?:private\/)?(?:pm\/)?ws\/([0-9A-Za-z]{1,128})$/.exec(pathname) ?? [];
  if (inPath !== undefined) return inPath;
  if (/^\/(?:pm\/)?(?:private\/)?(?:pm\/)?(?:ws|stream)$/.test(pathname))
    return searchParams.get('listenKey') ?? searchParams.get('streams');
  return null;
}

/** Serves the stream on an HTTP server; returns a function that closes all connections. */
export function attachStream(server: Server, exchange: Exchange): () => void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: PAYLOAD_BYTES_MAX });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    exchange.sessions.expire(exchange.clock.now());
    const listenKey = listenKeyIn(request.url ?? '/');
    const session = listenKey === null ? null : exchange.sessions.find(listenKey);
    if (session === null || sockets.clients.size >= CONNECTIONS_MAX) {
      const status = session === null ? '404 Not Found' : '503 Service Unavailable';
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (connection) => {
      session.sockets.add(connection);
      connection.on('close', () => session.sockets.delete(connection));
      // A broken connection closes by itself; without a listener its error would end the process.
      connection.on('error', () => connection.terminate());
    });
  });
  const pings = setInterval(() => {
    for (const connection of sockets.clients) connection.ping();
  }, PING_MS);
  pings.unref();
  return () => {
    clearInterval(pings);
    for (const connection of sockets.clients) connection.terminate();
    sockets.close();
  };
}

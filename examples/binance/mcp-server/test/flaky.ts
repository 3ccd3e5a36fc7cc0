/** A loopback proxy in front of the paper exchange that loses answers, answers in its stead, and counts what came by. */
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

type Act =
  /** The exchange gets the request and acts; its answer never arrives. */
  | { readonly kind: 'drop-after' }
  /** The connection breaks and the exchange never hears of it. */
  | { readonly kind: 'drop-before' }
  /** This answer instead of the exchange's. `applied`: the exchange acts first. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly headers?: Record<string, string>;
      readonly applied?: boolean;
    };

interface Rule {
  readonly method: string;
  readonly path: string;
  readonly act: Act;
  /** How often; default once. */
  readonly times?: number;
  /** Further rules that begin to hold when this one is met. */
  readonly afterwards?: readonly Rule[];
}

export interface Flaky {
  readonly url: string;
  next(...rules: readonly Rule[]): void;
  clear(): void;
  /** Requests since the last `forget`, as `METHOD /path`. */
  seen(): readonly string[];
  forget(): void;
  close(): Promise<void>;
}

export async function openFlaky(target: string): Promise<Flaky> {
  let rules: { rule: Rule; left: number }[] = [];
  let seen: string[] = [];
  const add = (more: readonly Rule[]): void => {
    rules.push(...more.map((rule) => ({ rule, left: rule.times ?? 1 })));
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', target).pathname;
    seen.push(`${request.method} ${path}`);
    const body = await read(request);
    const found = rules.find((each) => each.left > 0 && each.rule.method === request.method && each.rule.path === path);
    if (found !== undefined) {
      found.left -= 1;
      add(found.rule.afterwards ?? []);
    }
    const act = found?.rule.act;
    switch (act?.kind) {
      case 'drop-before':
        request.socket.destroy();
        return;
      case 'drop-after':
        await forward(target, request, body);
        request.socket.destroy();
        return;
      case 'answer':
        if (act.applied === true) await forward(target, request, body);
        response.writeHead(act.status, { 'content-type': 'application/json', ...act.headers });
        response.end(act.body);
        return;
      case undefined:
        break;
    }
    const reply = await forward(target, request, body);
    response.writeHead(reply.status, reply.headers);
    response.end(reply.body);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: (...more) => add(more),
    clear: () => {
      rules = [];
    },
    seen: () => seen,
    forget: () => {
      seen = [];
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

interface Reply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

function forward(target: string, request: IncomingMessage, body: Buffer): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { host: _host, connection: _connection, ...headers } = request.headers;
    const out = send(new URL(request.url ?? '/', target), { method: request.method, headers }, (reply) => {
      read(reply).then((bytes) => {
        const { 'transfer-encoding': _chunked, connection: _kept, ...rest } = reply.headers;
        resolve({ status: reply.statusCode ?? 502, headers: rest, body: bytes });
      }, reject);
    });
    out.once('error', reject);
    out.end(body);
  });
}

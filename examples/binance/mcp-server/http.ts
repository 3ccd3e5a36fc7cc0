/**
 * MCP over streamable HTTP on loopback. A bearer token is always required; it decides whose account is used.
 * Host and Origin are checked on every request, so that no web page reaches the desk through the browser.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { endWithLauncher } from '../launcher.ts';
import { makeServer } from './server.ts';
import type { Settings } from './settings.ts';
import { openVenue } from './venue.ts';

export interface HttpOptions {
  readonly port: number;
  readonly log: (line: string) => void;
}

export interface HttpServing {
  /** The MCP endpoint. */
  readonly url: string;
  close(): Promise<void>;
}

const requestBytesMax = 1024 * 1024;
const host = '127.0.0.1';

/** Starts serving and arranges that a signal ends it. @throws Error when the port is taken */
export async function serveOnHttp(settings: Settings, options: HttpOptions): Promise<void> {
  const made =
    settings.tokens === undefined && settings.token === undefined ? randomBytes(32).toString('hex') : undefined;
  let serving: HttpServing;
  try {
    serving = await openHttp(made === undefined ? settings : { ...settings, token: made }, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    options.log(`--http: port ${options.port} is taken; choose another, or 0 for a free one`);
    process.exitCode = 69;
    return;
  }
  options.log(`${settings.mode} mode on ${serving.url}`);
  if (made !== undefined) options.log(`bearer token for this run: ${made} (set BINANCE_MCP_TOKEN to choose your own)`);
  const end = (): void => {
    serving
      .close()
      .catch((error: unknown) => options.log(`closing: ${error instanceof Error ? error.message : 'unknown error'}`))
      .finally(() => process.exit(0));
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  endWithLauncher('binance', end);
}

/** @param settings `tokens`, or the one `token`, say who may call */
export async function openHttp(settings: Settings, options: HttpOptions): Promise<HttpServing> {
  const venue = openVenue(settings, options.log);
  const callers = callersOf(settings);
  const hostAllowed = localhostHostValidation();
  const originAllowed = localhostOriginValidation();

  const handler = createMcpHandler(
    (context) => {
      const token = context.authInfo?.token;
      // Cannot happen behind `serve` below; without a caller there is no account, never the operator's own.
      if (token === undefined) throw new Error('a request without a caller');
      const identity = settings.tokens === undefined ? undefined : token;
      return makeServer({
        settings,
        urls: () => venue.urls(),
        account: () => venue.account(identity),
        warm: () => venue.warm(),
        log: options.log,
      });
    },
    { onerror: (error) => options.log(error.message), maxRequestBodySize: requestBytesMax },
  );
  const serveMcp = toNodeHandler(handler, {
    onerror: (error) => options.log(error.message),
    maxRequestBodySize: requestBytesMax,
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headersDistinct['host']?.length !== 1) {
      say(response, 400, { error: 'invalid_request', error_description: 'send one Host header' });
      return;
    }
    if (!hostAllowed(request, response) || !originAllowed(request, response)) return;
    if (new URL(request.url ?? '/', 'http://localhost').pathname !== '/mcp') {
      say(response, 404, { error: 'not_found', error_description: 'the MCP endpoint is /mcp' });
      return;
    }
    const token = callers(request.headers.authorization);
    if (token === undefined) {
      response.setHeader('WWW-Authenticate', 'Bearer error="invalid_token"');
      say(response, 401, { error: 'invalid_token', error_description: 'send Authorization: Bearer <token>' });
      return;
    }
    const auth = { token, clientId: 'bearer', scopes: [] };
    // The adapter's type leaves no room for `undefined` where node's own has it.
    await serveMcp(Object.assign(request, { auth }) as Parameters<typeof serveMcp>[0], response);
  }

  const http = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      options.log(`request failed: ${error instanceof Error ? error.message : 'unknown error'}`);
      if (response.headersSent) response.destroy();
      else say(response, 500, { error: 'server_error' });
    });
  });
  http.headersTimeout = 10_000;
  http.requestTimeout = 30_000;
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(options.port, host, () => resolve());
  });
  venue.warm();
  return {
    url: `http://${host}:${(http.address() as AddressInfo).port}/mcp`,
    close: async () => {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      await handler.close();
      http.closeAllConnections();
      await closed;
      await venue.close();
    },
  };
}

/** @returns reads an Authorization header into the caller's token, or undefined when it is nobody's */
function callersOf(settings: Settings): (header: string | undefined) => string | undefined {
  const known = [...(settings.tokens?.keys() ?? [settings.token])]
    .filter((token) => token !== undefined)
    .map((token) => ({ token, digest: digest(token) }));
  if (known.length === 0) throw new Error('no bearer token was set: nobody could call');
  return (header) => {
    const given = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(header ?? '')?.[1];
    if (given === undefined) return undefined;
    const asked = digest(given);
    // Every token is compared, in constant time, so that neither position nor prefix shows in the timing.
    let found: string | undefined;
    for (const each of known) if (timingSafeEqual(each.digest, asked)) found = each.token;
    return found;
  };
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function say(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

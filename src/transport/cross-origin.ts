import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * What a browser asks before a page of another origin may use the gateway (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol).
 * Only origins the operator has listed get an answer, each under its own name: a page that nobody listed reads nothing.
 * Returns true where the request was a browser's own question and is answered; that one carries no token.
 */
export function crossOrigin(
  origins: readonly string[],
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const listed = new Set(origins.map((origin) => origin.toLowerCase()));
  return (request, response) => {
    const { origin } = request.headers;
    if (origin === undefined || !listed.has(origin.toLowerCase())) return false;
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('vary', 'Origin');
    const isQuestion = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
    if (isQuestion) answerQuestion(request, response);
    else response.setHeader('access-control-expose-headers', EXPOSED);
    return isQuestion;
  };
}

function answerQuestion(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('vary', 'Origin, Access-Control-Request-Headers');
  response.setHeader('access-control-allow-methods', 'POST, GET, DELETE');
  response.setHeader('access-control-allow-headers', [...HEADERS, ...mirrorsIn(request)].join(', '));
  response.setHeader('access-control-max-age', String(REMEMBERED_S));
  response.writeHead(204).end();
}

/** Which arguments are mirrored as headers is the servers' to say: they are allowed by their prefix. */
function mirrorsIn(request: IncomingMessage): readonly string[] {
  const asked = (request.headers['access-control-request-headers'] ?? '').toLowerCase().split(',');
  return asked.map((name) => name.trim()).filter((name) => MIRROR.test(name));
}

const HEADERS = [
  'authorization',
  'content-type',
  'accept',
  'last-event-id',
  'mcp-session-id',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'traceparent',
];
const MIRROR = /^mcp-param-[a-z0-9!#$%&'*+.^_`|~-]+$/;
const EXPOSED = 'mcp-session-id, www-authenticate, retry-after, sallyport-gateway';
const REMEMBERED_S = 7_200;

/** The measure of all ratios: node:http in, undici `dispatch` out, not a byte looked at. `bare-relay.ts PORT UPSTREAM` */
import { createServer } from 'node:http';
import { type Dispatcher, Pool } from 'undici';

const [port, upstream = ''] = process.argv.slice(2);
const url = new URL(upstream);
const pool = new Pool(url.origin, { connections: 256, pipelining: 1 });

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const headers = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream'];
    for (const name of ['mcp-session-id', 'mcp-protocol-version']) {
      const value = request.headers[name];
      if (typeof value === 'string') headers.push(name, value);
    }
    const body: Buffer[] = [];
    let status = 200;
    let answered: Record<string, string | string[] | undefined> = {};
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => {},
      onResponseStart: (_controller, code, responseHeaders) => {
        status = code;
        answered = responseHeaders;
      },
      onResponseData: (_controller, chunk) => void body.push(chunk),
      onResponseEnd: () => {
        const bytes = Buffer.concat(body);
        const out = [
          'content-type',
          String(answered['content-type'] ?? 'application/json'),
          'content-length',
          String(bytes.length),
        ];
        const session = answered['mcp-session-id'];
        if (typeof session === 'string') out.push('mcp-session-id', session);
        response.writeHead(status, out).end(bytes);
      },
      onResponseError: () => response.writeHead(502).end(),
    };
    pool.dispatch({ path: url.pathname, method: 'POST', headers, body: Buffer.concat(chunks) }, handler);
  });
});
server.keepAliveTimeout = 300_000;
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));

/** The server behind every candidate: `echo` over HTTP or stdio, as little else as MCP allows. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

type Message = {
  id?: number | string;
  method: string;
  params?: { protocolVersion?: string; arguments?: { text?: string } };
};
const tools = [
  { name: 'echo', description: 'echo', inputSchema: { type: 'object', properties: { text: { type: 'string' } } } },
];

function answer({ id, method, params }: Message): string {
  switch (method) {
    case 'initialize':
      return JSON.stringify({
        jsonrpc: '2.0',
        id,
        result: {
          protocolVersion: params?.protocolVersion,
          capabilities: { tools: {} },
          serverInfo: { name: 'bench', version: '1' },
        },
      });
    case 'tools/list':
      return JSON.stringify({ jsonrpc: '2.0', id, result: { tools } });
    case 'tools/call':
      return JSON.stringify({
        jsonrpc: '2.0',
        id,
        result: { content: [{ type: 'text', text: params?.arguments?.text ?? '' }] },
      });
    default:
      return JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } });
  }
}

if (process.argv[2] === '--http') {
  const server = createServer((request, response) => {
    if (request.method !== 'POST') return void response.writeHead(405).end();
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const message = JSON.parse(body) as Message;
      if (message.id === undefined) return void response.writeHead(202).end();
      const text = answer(message);
      const headers = ['content-type', 'application/json', 'content-length', String(Buffer.byteLength(text))];
      if (message.method === 'initialize') headers.push('mcp-session-id', randomUUID());
      response.writeHead(200, headers).end(text);
    });
  });
  server.keepAliveTimeout = 300_000;
  server.listen(Number(process.argv[3]), '127.0.0.1', () => process.stdout.write('ready\n'));
} else {
  createInterface({ input: process.stdin }).on('line', (line) => {
    const message = JSON.parse(line) as Message;
    if (message.id !== undefined) process.stdout.write(`${answer(message)}\n`);
  });
}

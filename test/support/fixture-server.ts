/**
 * An MCP server that does little and tells everything: raw JSON-RPC in both eras, over HTTP and stdio, reading JSON
 * the way JavaScript does (the last duplicate wins). Every tools/call it runs goes to the journal as it arrived.
 *
 *   node fixture-server.ts [--http PORT] [--era legacy|modern|both] [--journal FILE] [--tools a,b]
 */
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    http: { type: 'string' },
    era: { type: 'string', default: 'both' },
    journal: { type: 'string' },
    tools: { type: 'string' },
    forgetful: { type: 'boolean', default: false },
  },
});

type Message = {
  jsonrpc: '2.0';
  id?: string | number;
  method?: string;
  params?: Record<string, any>;
  result?: unknown;
  error?: unknown;
};
type Out = (message: object) => void;

const modern = '2026-07-28';
const anything = { type: 'object', properties: {} };
const all = [
  'echo',
  'get_me',
  'delete_repository',
  'delete_repo',
  'create_payment',
  'slow',
  'progress',
  'ask',
  'roots',
  'big',
  'die',
  'silent',
  'mirrored',
  'grow',
  'flood',
];
let names = values.tools?.split(',') ?? all;

function toolList() {
  return names.map((name) => ({
    name,
    description: `the tool ${name}`,
    inputSchema:
      name === 'mirrored'
        ? { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } }
        : anything,
    vendorExtension: { keep: 1.0, exact: 'yes' },
  }));
}

const asked = new Map<string, (answer: Message) => void>();
let nextAsk = 0;
/** Tell the standing streams of the stateless revision that the list has changed. */
const listening: (() => void)[] = [];

/** Those of calls that go on when another call comes. */
const alone: (() => void)[] = [];

/** Runs one tool; `out` sends messages before the answer. Undefined: no answer at all. */
async function run(message: Message, raw: string, out: Out, canAsk: boolean): Promise<object | undefined> {
  const name = message.params?.['name'];
  const args = (message.params?.['arguments'] ?? {}) as Record<string, any>;
  if (values.journal !== undefined) appendFileSync(values.journal, `${JSON.stringify({ name, raw })}\n`);
  const text = (said: string) => ({ content: [{ type: 'text', text: said }], unknownField: { kept: true } });
  for (const meet of alone.splice(0)) meet();
  switch (name) {
    case 'echo':
      return text(String(args['text'] ?? ''));
    case 'slow':
      await new Promise((resolve) => setTimeout(resolve, Number(args['ms'] ?? 100)));
      return text('slept');
    case 'progress': {
      if (args['company'] === true) await new Promise<void>((resolve) => alone.push(resolve));
      const token = message.params?.['_meta']?.progressToken;
      for (let i = 1; i <= 3; i++)
        out({
          jsonrpc: '2.0',
          method: 'notifications/progress',
          params: { progressToken: token, progress: i, total: 3 },
        });
      out({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'working' } });
      return text('progressed');
    }
    case 'ask':
    case 'roots': {
      if (!canAsk) return text('cannot ask');
      const id = `ask-${++nextAsk}`;
      const answer = new Promise<Message>((resolve) => asked.set(id, resolve));
      const request =
        name === 'ask'
          ? { method: 'elicitation/create', params: { message: 'sure?', requestedSchema: anything } }
          : { method: 'roots/list' };
      out({ jsonrpc: '2.0', id, ...request });
      return text(JSON.stringify((await answer).result ?? (await answer).error));
    }
    case 'big':
      return text('x'.repeat(Number(args['bytes'] ?? 1_000_000)));
    case 'die':
      process.exit(7);
      break;
    case 'silent':
      return undefined;
    case 'grow':
      names = [...names, 'grown'];
      for (const say of listening) say();
      out({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
      return text('grew');
    case 'flood': {
      const params = { progressToken: message.params?.['_meta']?.progressToken, progress: 0, pad: 'x'.repeat(65_536) };
      for (let i = 0; i < Number(args['times']); i++)
        out({ jsonrpc: '2.0', method: String(args['method']), params: { ...params, progress: i } });
      return text('flooded');
    }
    default:
      return names.includes(name)
        ? text(`ran ${name}`)
        : { content: [{ type: 'text', text: `no ${name}` }], isError: true };
  }
  return undefined;
}

async function answerTo(message: Message, raw: string, out: Out, canAsk: boolean): Promise<object | undefined> {
  const { id, method } = message;
  const isModern = message.params?.['_meta']?.['io.modelcontextprotocol/protocolVersion'] !== undefined;
  const ok = (result: object) => ({
    jsonrpc: '2.0',
    id,
    result: isModern ? { resultType: 'complete', ...result } : result,
  });
  const no = (code: number, text: string, data?: object) => ({
    jsonrpc: '2.0',
    id,
    error: { code, message: text, ...(data === undefined ? {} : { data }) },
  });
  if (isModern && values.era === 'legacy')
    return no(-32022, 'legacy only', { supported: ['2025-06-18', '2025-11-25'], requested: modern });
  const info = {
    serverInfo: { name: 'fixture', version: '1' },
    capabilities: { tools: { listChanged: true }, logging: {}, prompts: {}, resources: {} },
  };
  switch (method) {
    case 'initialize':
      if (values.era === 'modern')
        return no(-32022, 'modern only', { supported: [modern], requested: message.params?.['protocolVersion'] });
      return ok({
        protocolVersion: message.params?.['protocolVersion'],
        ...info,
        instructions: 'a fixture',
        seenCapabilities: message.params?.['capabilities'],
      });
    case 'server/discover':
      if (!isModern) return no(-32601, 'no');
      return ok({ supportedVersions: [modern], ...info, ttlMs: 1000, cacheScope: 'public' });
    case 'ping':
      return ok({});
    case 'logging/setLevel':
      return ok({});
    case 'tools/list':
      return ok({
        tools: toolList(),
        ...(isModern ? { ttlMs: 3_600_000, cacheScope: 'public' } : {}),
        listExtra: 'kept',
      });
    case 'tools/call': {
      const result = await run(message, raw, out, canAsk);
      return result === undefined ? undefined : ok(result);
    }
    case 'prompts/list':
      return ok({ prompts: [{ name: 'greet' }, { name: 'secret' }], ...pageOf(message.params?.['cursor']) });
    case 'prompts/get':
      if (message.params?.['arguments']?.['bad'] === 'yes') return no(-32602, 'bad is bad');
      if (String(message.params?.['name']).startsWith('absent')) return no(-32602, 'Prompt not found here');
      return ok({
        messages: [{ role: 'user', content: { type: 'text', text: `prompt ${message.params?.['name']}` } }],
      });
    case 'resources/list':
      return ok({
        resources: [
          { uri: 'file:///a', name: 'a' },
          { uri: 'file:///b', name: 'b' },
          { uri: 'file:///a/failing', name: 'failing' },
        ],
      });
    case 'resources/templates/list':
      return ok({ resourceTemplates: [{ uriTemplate: 'file:///{x}', name: 't' }] });
    case 'resources/subscribe':
    case 'resources/read':
      if (message.params?.['uri'] === 'file:///a/failing') return no(-32603, 'the disk is on fire');
      if (String(message.params?.['uri']).startsWith('file:///absent')) return no(0, 'ENOENT: no such file');
      return ok({ contents: [{ uri: message.params?.['uri'], text: 'read' }] });
    case 'completion/complete':
      if (String(message.params?.['ref']?.['name']).startsWith('absent')) return no(-32602, 'Prompt not found here');
      return ok({ completion: { values: ['one'] } });
    case 'subscriptions/listen':
      out({
        jsonrpc: '2.0',
        method: 'notifications/subscriptions/acknowledged',
        params: {
          _meta: { 'io.modelcontextprotocol/subscriptionId': id },
          notifications: message.params?.['notifications'],
        },
      });
      listening.push(() => {
        const params = { _meta: { 'io.modelcontextprotocol/subscriptionId': id }, exact: 1 };
        out({ jsonrpc: '2.0', method: 'notifications/tools/list_changed', params });
      });
      return undefined;
    default:
      return no(-32601, `Method not found: ${method}`);
  }
}

/** Asked for its last page, it says so and names one more. */
function pageOf(cursor: unknown): object {
  return cursor === undefined ? {} : { seenCursor: cursor, nextCursor: 'one more' };
}

if (values.http === undefined) {
  const out: Out = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  createInterface({ input: process.stdin }).on('line', (line) => {
    const message = JSON.parse(line) as Message;
    if (message.method === undefined) return void asked.get(String(message.id))?.(message);
    if (message.id === undefined) {
      if (values.journal !== undefined && message.method === 'notifications/cancelled')
        appendFileSync(values.journal, `${line}\n`);
      return;
    }
    void answerTo(message, line, out, true).then((answer) => answer !== undefined && out(answer));
  });
} else {
  const sessions = new Set<string>();
  const server = createServer((request, response) => void serve(request, response, sessions));
  server.keepAliveTimeout = 300_000;
  server.listen(Number(values.http), '127.0.0.1', () => {
    const address = server.address();
    process.stdout.write(
      `${JSON.stringify({ url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/mcp` })}\n`,
    );
  });
}

async function serve(request: IncomingMessage, response: ServerResponse, sessions: Set<string>): Promise<void> {
  if (request.method === 'DELETE') return void response.writeHead(200).end();
  if (request.method !== 'POST') return void response.writeHead(405).end();
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const raw = Buffer.concat(chunks).toString('utf8');
  const message = JSON.parse(raw) as Message;
  const isModern = message.params?.['_meta']?.['io.modelcontextprotocol/protocolVersion'] !== undefined;
  if (message.method === undefined) {
    asked.get(String(message.id))?.(message);
    return void response.writeHead(202).end();
  }
  const session = request.headers['mcp-session-id'];
  if (!isModern && message.method !== 'initialize' && !(typeof session === 'string' && sessions.has(session))) {
    return void response
      .writeHead(404, { 'content-type': 'application/json' })
      .end('{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}');
  }
  if (message.id === undefined) {
    if (values.journal !== undefined && message.method === 'notifications/cancelled')
      appendFileSync(values.journal, `${raw}\n`);
    return void response.writeHead(202).end();
  }
  if (isModern && message.method === 'tools/call' && values.journal !== undefined)
    appendFileSync(`${values.journal}.headers`, `${JSON.stringify(request.headers)}\n`);
  let streaming = false;
  const out: Out = (one) => {
    if (!streaming) response.writeHead(200, { 'content-type': 'text/event-stream' });
    streaming = true;
    response.write(`data: ${JSON.stringify(one)}\n\n`);
  };
  const answer = await answerTo(message, raw, out, !isModern);
  if (answer === undefined) return;
  if (streaming) {
    response.write(`data: ${JSON.stringify(answer)}\n\n`);
    return void response.end();
  }
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (message.method === 'initialize' && 'result' in answer) {
    const id = randomUUID();
    if (values.forgetful) sessions.clear();
    sessions.add(id);
    headers['mcp-session-id'] = id;
  }
  const isError = 'error' in answer;
  response.writeHead(isError && isModern ? 400 : 200, headers).end(JSON.stringify(answer));
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { readRules } from '../../src/app/rules.ts';
import { type Serving, serve } from '../../src/app/serve.ts';
import { loadConfig } from '../../src/platform/config/load.ts';
import { openLog } from '../../src/platform/log.ts';
import { openForReading } from '../../src/storage/sqlite/read-database.ts';
import { records } from '../../src/storage/sqlite/trail.ts';

/** A gateway and a server in the process of the test, so that mutation testing sees through which lines a test passes. */

/** A request as it arrived at the server. */
export type Arrived = { readonly method: string; readonly raw: string; readonly headers: IncomingHttpHeaders } & Record<
  'id' | 'params' | 'result' | 'error',
  any
>;
/** The result, `{ error }`, or undefined where the response is written otherwise. */
type Answers = (request: Arrived, response: ServerResponse) => object | undefined | Promise<object | undefined>;

export type Inside = {
  /** Of the endpoint of the server `up`. */
  readonly url: string;
  readonly token: string;
  readonly serving: Serving;
  /** Everything the server got. */
  readonly arrived: Arrived[];
  /** How it answers methods; these are asked first. */
  readonly answers: Record<string, Answers>;
  /** The bodies of the trail. */
  readonly trail: () => any[];
  /** Takes another policy or other grants over. */
  readonly change: (to: { policy?: unknown; config?: object }) => Promise<void>;
  readonly close: () => Promise<void>;
  /** The server alone, where the gateway has been closed. */
  readonly closeServer: () => Promise<void>;
};

export async function startInside(options: {
  folder: string;
  policy: unknown;
  tools: readonly (string | { name: string })[];
  /** More ids of the same server. */
  others?: readonly string[];
  config?: object;
}): Promise<Inside> {
  const { folder } = options;
  mkdirSync(folder, { recursive: true });
  const arrived: Arrived[] = [];
  const answers: Record<string, Answers> = {};
  const server = createServer((request, response) => void take(request, response));
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    if (request.method !== 'POST') return response.writeHead(405).end();
    const raw = await text(request);
    const message = { ...(JSON.parse(raw) as Arrived), raw, headers: request.headers };
    arrived.push(message);
    if (message.id === undefined || message.method === undefined) return response.writeHead(202).end();
    const answer = await (answers[message.method] ?? usual[message.method] ?? unknown)(message, response);
    if (answer === undefined) return undefined;
    const body = 'error' in answer ? answer : { result: answer };
    return response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...body }));
  };
  const capabilities = { tools: {}, prompts: {}, resources: {} };
  const tools = options.tools.map((tool) => ({
    inputSchema: { type: 'object' },
    ...(typeof tool === 'string' ? { name: tool } : tool),
  }));
  const usual: Record<string, Answers> = {
    initialize: ({ params }) => ({
      protocolVersion: params.protocolVersion,
      capabilities,
      serverInfo: { name: 's', version: '1' },
    }),
    'server/discover': () => ({ supportedVersions: ['2026-07-28'], capabilities, resultType: 'complete' }),
    'tools/list': () => ({ tools, resultType: 'complete' }),
    'tools/call': ({ params }) => ({ content: [{ type: 'text', text: `ran ${params.name}` }] }),
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;

  const file = join(folder, 'sallyport.yaml');
  let { policy, config } = options;
  const rulesOf = () => {
    writeFileSync(join(folder, 'policy.yaml'), JSON.stringify(policy));
    writeFileSync(
      file,
      JSON.stringify({
        version: '1',
        listen: '127.0.0.1:0',
        admin: '127.0.0.1:0',
        data: 'data',
        servers: Object.fromEntries(['up', ...(options.others ?? [])].map((id) => [id, { url: upstream }])),
        grants: { desk: { token: '${env:DESK}', servers: ['up'], policy: 'policy.yaml' } },
        ...config,
      }),
    );
    const loaded = loadConfig({ file, flags: {}, env: { DESK: token, NIGHT: night } });
    if (loaded.kind === 'invalid') throw new Error(JSON.stringify(loaded.errors));
    const rules = readRules(loaded.config);
    if (rules.kind === 'invalid') throw new Error(JSON.stringify(rules.errors));
    return { config: loaded.config, rules: rules.rules };
  };
  const closeServer = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const log = openLog({ level: 'fatal', pretty: false });
  const first = rulesOf();
  const serving = await serve({ ...first, log, childEnv: {}, env: {} });
  return {
    url: `${serving.url}/mcp/up`,
    token,
    serving,
    arrived,
    answers,
    trail() {
      const db = openForReading(join(first.config.data, 'sallyport.db'));
      try {
        return [...records(db)].map(({ body }) => JSON.parse(body));
      } finally {
        db.close();
      }
    },
    async change(to) {
      policy = to.policy ?? policy;
      config = { ...config, ...to.config };
      const changed = rulesOf();
      await serving.gateway.take(changed.config, changed.rules);
    },
    closeServer,
    async close() {
      await serving.close(0);
      await closeServer();
    },
  };
}

const token = 'desk-'.repeat(8);
/** For a second grant: `token: ${env:NIGHT}`. */
export const night = 'night-'.repeat(8);

const unknown: Answers = ({ method }) => ({ error: { code: -32601, message: `Method not found: ${method}` } });

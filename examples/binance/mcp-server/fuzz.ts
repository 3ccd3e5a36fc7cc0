/**
 * Throws random calls at the server, sensible and hostile ones, on a paper exchange of its own, and checks every answer.
 *
 *     node examples/binance/mcp-server/fuzz.ts [--calls 100000] [--seed 1]
 *
 * Exit 0 when every answer was one that a client can rely on, 1 with the first calls that were not.
 */
import { InMemoryTransport, type JSONRPCMessage } from '@modelcontextprotocol/server';
import { Ajv2020, type AnySchema, type ValidateFunction } from 'ajv/dist/2020.js';
import { startExchange } from '../paper-exchange/index.ts';
import { openAccount } from './exchange/account.ts';
import { drawCall, type FuzzTool, generator } from './fuzz-calls.ts';
import { listed, makeServer } from './server.ts';
import { readSettings } from './settings.ts';

export interface FuzzOptions {
  readonly calls: number;
  readonly seed: number;
  readonly progress?: (done: number, report: FuzzReport) => void;
}

export interface FuzzReport {
  readonly calls: number;
  readonly succeeded: number;
  /** How often each reason of a refusal was given. */
  readonly refused: Readonly<Record<string, number>>;
  /** What no client should ever see, with the call that brought it; at most `brokenMax`. */
  readonly broken: readonly string[];
}

const brokenMax = 20;
const progressEvery = 5_000;

export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const broken: string[] = [];
  const refused: Record<string, number> = {};
  let succeeded = 0;
  let calls = 0;
  const report = (): FuzzReport => ({ calls, succeeded, refused, broken });
  const unhandled = (reason: unknown): void => void broken.push(`unhandled rejection: ${String(reason)}`);
  process.on('unhandledRejection', unhandled);
  const world = await openWorld();
  try {
    const draw = generator(options.seed);
    const ids: string[] = [];
    for (; calls < options.calls && broken.length < brokenMax; calls++) {
      const call = drawCall(draw, world.tools, ids);
      const reply = await world.call(call.name, call.args);
      const wrong = world.judge(call, reply);
      if (wrong !== undefined)
        broken.push(
          `${wrong}: ${call.name}(${JSON.stringify(call.args).slice(0, 400)}) -> ${JSON.stringify(reply).slice(0, 400)}`,
        );
      remember(reply, ids);
      const reason = reasonOf(reply);
      if (reason === undefined) succeeded += 1;
      else refused[reason] = (refused[reason] ?? 0) + 1;
      if ((calls + 1) % progressEvery === 0) options.progress?.(calls + 1, report());
    }
  } finally {
    await world.close();
    process.off('unhandledRejection', unhandled);
  }
  return report();
}

interface Reply {
  readonly result?: {
    readonly isError?: boolean;
    readonly content?: readonly { readonly text?: string }[];
    readonly structuredContent?: Record<string, unknown>;
  };
  readonly error?: { readonly code: number; readonly message: string };
}

interface Call {
  readonly name: string;
  readonly args: unknown;
}

async function openWorld() {
  const exchange = await startExchange();
  await fetch(`${exchange.url}/paper/v1/settings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"limits":false}',
  });
  const account = openAccount({
    urls: { spot: exchange.url, futures: exchange.url, portfolio: exchange.url },
    keys: { key: exchange.key, secret: exchange.secret },
  });
  const settings = readSettings([], {});
  const server = makeServer({
    settings,
    urls: () => ({}),
    account: () => Promise.resolve(account),
    log: () => undefined,
  });
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const waiting = new Map<number, (reply: Reply) => void>();
  ours.onmessage = (message: JSONRPCMessage) => {
    if (!('id' in message) || typeof message.id !== 'number') return;
    waiting.get(message.id)?.(message as Reply);
    waiting.delete(message.id);
  };
  await server.connect(theirs);
  await ours.start();
  let id = 0;
  const send = (method: string, params: Record<string, unknown>): Promise<Reply> => {
    id += 1;
    // Through JSON, as over a wire: what JSON cannot say does not arrive.
    const message = JSON.parse(JSON.stringify({ jsonrpc: '2.0', id, method, params })) as JSONRPCMessage;
    const mine = id;
    return new Promise((resolve, reject) => {
      waiting.set(mine, resolve);
      ours.send(message).catch(reject);
    });
  };
  await send('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'fuzz', version: '1' },
  });

  const ajv = new Ajv2020({ strict: false });
  const list = listed(settings);
  const inputs = new Map(list.map((tool) => [tool.name, ajv.compile(tool.inputSchema as AnySchema)]));
  const outputs = new Map(list.map((tool) => [tool.name, ajv.compile((tool.outputSchema ?? {}) as AnySchema)]));
  const tools: FuzzTool[] = list.map((tool) => ({
    name: tool.name,
    properties: tool.inputSchema.properties ?? {},
    required: tool.inputSchema.required ?? [],
  }));
  return {
    tools,
    call: (name: string, args: unknown) => send('tools/call', { name, arguments: args }),
    judge: (call: Call, reply: Reply) => judge(call, reply, { inputs, outputs, secret: exchange.secret }),
    close: async () => {
      await server.close();
      account.close();
      await exchange.close();
    },
  };
}

interface Judges {
  readonly inputs: ReadonlyMap<string, ValidateFunction>;
  readonly outputs: ReadonlyMap<string, ValidateFunction>;
  readonly secret: string;
}

/** @returns what is wrong with the answer, or undefined */
function judge({ name, args }: Call, reply: Reply, judges: Judges): string | undefined {
  const isArguments = typeof args === 'object' && args !== null && !Array.isArray(args);
  if (reply.error !== undefined) {
    return isArguments || reply.error.code !== -32_602 ? `protocol error ${reply.error.code}` : undefined;
  }
  const { result } = reply;
  if (result === undefined) return 'neither result nor error';
  const text = result.content?.[0]?.text;
  if (text === undefined || text === '') return 'no text';
  if (text.includes(judges.secret)) return 'the secret is in the answer';
  const isError = result.isError === true;
  const reason = reasonOf(reply);
  if (isError !== (reason !== undefined)) return 'isError and the structured error disagree';
  if (reason === 'defect') return 'a defect';
  if (judges.outputs.get(name)?.(result.structuredContent) !== true)
    return 'the structured content does not fit the output schema';
  if (judges.inputs.get(name)?.(arrived(args)) !== true && reason !== 'invalid-arguments')
    return 'arguments outside the input schema were accepted';
  if (hasFraction(result.structuredContent)) return 'a fraction is a JSON number';
  return undefined;
}

/** Ids that the exchange gave out last; as many as a desk has open. */
const idsMax = 50;

function remember(reply: Reply, ids: string[]): void {
  for (const field of ['orderId', 'algoId']) {
    const id = reply.result?.structuredContent?.[field];
    if (typeof id === 'string') ids.push(id);
  }
  ids.splice(0, ids.length - idsMax);
}

/** The protocol library drops an own `__proto__` before any tool sees it, so nothing can act on it. */
function arrived(args: unknown): unknown {
  if (typeof args !== 'object' || args === null || Array.isArray(args)) return args;
  return Object.fromEntries(Object.entries(args).filter(([name]) => name !== '__proto__'));
}

function reasonOf(reply: Reply): string | undefined {
  if (reply.error !== undefined) return 'protocol-error';
  const error = reply.result?.structuredContent?.['error'];
  if (typeof error !== 'object' || error === null) return undefined;
  const reason: unknown = Reflect.get(error, 'reason');
  return typeof reason === 'string' ? reason : 'without a reason';
}

function hasFraction(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isInteger(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasFraction);
}

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(name);
  if (at < 0) return otherwise;
  const value = Number(process.argv[at + 1]);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name}: a whole number is needed`);
  return value;
}

if (import.meta.main) {
  const began = Date.now();
  const report = await fuzz({
    calls: option('--calls', 100_000),
    seed: option('--seed', 1),
    progress: (done, so) =>
      process.stderr.write(
        `${done} calls, ${Math.round((done * 1000) / (Date.now() - began))} a second, ${so.succeeded} succeeded, ${so.broken.length} broken\n`,
      ),
  });
  process.stdout.write(`${JSON.stringify({ ...report, seconds: Math.round((Date.now() - began) / 1000) }, null, 2)}\n`);
  process.exitCode = report.broken.length === 0 ? 0 : 1;
}

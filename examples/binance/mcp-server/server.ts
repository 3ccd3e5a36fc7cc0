/** The MCP server itself: lists the tools, runs one, and answers in text and structure. One is made per connection or request. */
import {
  type CallToolResult,
  type Tool as ListedTool,
  ProtocolError,
  ProtocolErrorCode,
  Server,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import { aliasTools } from './aliases.ts';
import type { Account } from './exchange/account.ts';
import { ExchangeFault } from './exchange/fault.ts';
import { type Row, unreadable } from './exchange/rows.ts';
import { refusalFrom } from './failure.ts';
import { type Say, speak } from './language.ts';
import type { Settings } from './settings.ts';
import type { Outcome, Refused, Tool, ToolContext } from './tool.ts';
import { allTools } from './tools/index.ts';

const serverName = 'binance-mcp-server';
const serverVersion = '0.1.0';

export interface ServerParts {
  readonly settings: Settings;
  readonly urls: () => Readonly<Record<string, string | undefined>>;
  /** The account of whoever is calling. @throws ExchangeFault when the exchange cannot be reached */
  readonly account: () => Promise<Account>;
  /** Called once a client has shown up, so that the exchange is ready before the first call. */
  readonly warm?: () => void;
  readonly log: (line: string) => void;
  readonly now?: () => number;
  readonly sleep?: (ms: number) => Promise<void>;
}

export function makeServer(parts: ServerParts): Server {
  const say = speak(parts.settings.language);
  const tools = toolsOf(parts.settings);
  const server = new Server(
    { name: serverName, title: say('Binance', '币安'), version: serverVersion },
    {
      capabilities: { tools: {} },
      instructions: instructions(parts.settings, say),
      cacheHints: { 'tools/list': { ttlMs: 60_000, cacheScope: 'private' } },
    },
  );
  server.oninitialized = () => parts.warm?.();
  server.setRequestHandler('tools/list', () => {
    setImmediate(() => parts.warm?.());
    return { tools: listed(parts.settings) };
  });
  server.setRequestHandler('tools/call', async (request) => {
    const tool = tools.get(request.params.name);
    if (tool === undefined) {
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `unknown tool ${JSON.stringify(request.params.name.slice(0, 80))}; tools/list names them all`,
      );
    }
    return run(tool, request.params.arguments ?? {}, parts, say);
  });
  return server;
}

async function run(tool: Tool, given: unknown, parts: ServerParts, say: Say): Promise<CallToolResult> {
  let account: Account | undefined;
  try {
    const work = tool.prepare(given, parts.settings.language, say);
    const found = await parts.account();
    account = found;
    const context: ToolContext = {
      say,
      language: parts.settings.language,
      account: found,
      requests: found.requests(tool.risk !== 'read'),
      guards: parts.settings.guards,
      venue: { mode: parts.settings.mode, urls: parts.urls() },
      now: parts.now ?? Date.now,
      sleep: parts.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms))),
    };
    const outcome = tool.risk === 'read' ? await work(context) : await found.exclusive(() => work(context));
    return result(asPromised(tool, outcome), say, account);
  } catch (thrown) {
    const refused = refusalFrom(tool.risk === 'read' ? asReading(thrown) : thrown, say);
    if (refused.defect !== undefined) parts.log(`${tool.name}: ${traceOf(refused.defect)}`);
    return result(refused, say, account);
  }
}

/**
 * What a tool answers fits the schema that it listed.
 * @throws ExchangeFault when it does not: the exchange's figures could not be read, and what was not read is not passed on
 */
function asPromised(tool: Tool, outcome: Outcome): Outcome {
  if (outcome.kind !== 'answer' || outcome.structured['dryRun'] !== undefined) return outcome;
  const [issue] = tool.output.safeParse(outcome.structured).error?.issues ?? [];
  if (issue === undefined) return outcome;
  throw unreadable(`\`${issue.path.map(String).join('.')}\` is not what it should be`);
}

/** Whatever a tool that only reads met, it changed nothing. */
function asReading(thrown: unknown): unknown {
  if (!(thrown instanceof ExchangeFault)) return thrown;
  const { kind, code, status, retryAfterMs, message } = thrown;
  return new ExchangeFault({ kind, code, status, retryAfterMs, message, reading: true });
}

function traceOf(defect: unknown): string {
  return defect instanceof Error ? (defect.stack ?? defect.message) : 'unreadable error';
}

/** Carries the request weight used so far this minute along, so that a client can see how near the limit it is. */
function result(outcome: Outcome, say: Say, account: Account | undefined): CallToolResult {
  const _meta = account === undefined ? {} : { _meta: { 'binance/used-weight': account.pace.weights() } };
  switch (outcome.kind) {
    case 'answer':
      return { content: [{ type: 'text', text: outcome.text }], structuredContent: outcome.structured, ..._meta };
    case 'refused':
      return {
        content: [{ type: 'text', text: errorText(outcome, say) }],
        structuredContent: { error: errorRow(outcome) },
        isError: true,
        ..._meta,
      };
  }
}

function errorRow(refused: Refused): Row {
  return {
    reason: refused.reason,
    ...(refused.code === undefined ? {} : { code: refused.code }),
    message: refused.message,
    ...(refused.next === undefined ? {} : { next: refused.next }),
    ...refused.details,
  };
}

function errorText(refused: Refused, say: Say): string {
  const code = refused.code === undefined ? '' : ` ${refused.code}`;
  const next = refused.next === undefined ? '' : `\n${say('next', '下一步')}: ${refused.next}`;
  return `${say('failed', '失败')}${code}: ${refused.message}${next}`;
}

const knownTools = new Map<boolean, ReadonlyMap<string, Tool>>();

function toolsOf(settings: Settings): ReadonlyMap<string, Tool> {
  const known = knownTools.get(settings.aliases);
  if (known !== undefined) return known;
  const all = settings.aliases ? [...allTools, ...aliasTools] : allTools;
  const made = new Map(all.map((tool) => [tool.name, tool]));
  knownTools.set(settings.aliases, made);
  return made;
}

const knownLists = new Map<string, ListedTool[]>();

/** The list depends on the settings alone, so it is made once. */
export function listed(settings: Settings): ListedTool[] {
  const key = `${settings.language} ${settings.aliases} ${settings.mode === 'paper'}`;
  const known = knownLists.get(key);
  if (known !== undefined) return known;
  const say = speak(settings.language);
  const made = [...toolsOf(settings).values()].map((tool) => list(tool, say, settings.mode !== 'paper'));
  knownLists.set(key, made);
  return made;
}

function list(tool: Tool, say: Say, openWorld: boolean): ListedTool {
  const title = tool.title(say);
  return {
    name: tool.name,
    title,
    description: tool.description(say),
    inputSchema: jsonSchema(tool.input(say), 'input') as ListedTool['inputSchema'],
    outputSchema: outputSchema(tool) as NonNullable<ListedTool['outputSchema']>,
    annotations: {
      title,
      readOnlyHint: tool.risk === 'read',
      destructiveHint: tool.risk === 'destructive',
      idempotentHint: tool.idempotent,
      openWorldHint: openWorld,
    },
  };
}

function jsonSchema(schema: z.ZodObject, io: 'input' | 'output'): Record<string, unknown> {
  return z.toJSONSchema(schema, { io, target: 'draft-2020-12' });
}

/** A success, a dry run or an error: all three are structured, and a client that checks finds each of them valid. */
function outputSchema(tool: Tool): Record<string, unknown> {
  const success = jsonSchema(tool.output, 'output');
  const error = {
    type: 'object',
    description: 'present when isError is true',
    properties: {
      reason: { type: 'string' },
      code: { type: 'integer', description: "the exchange's code" },
      message: { type: 'string' },
      next: { type: 'string', description: 'what to do next' },
      retryAfterSeconds: { type: 'integer' },
    },
    required: ['reason', 'message'],
  };
  const dryRun = {
    type: 'object',
    description: 'present when dryRun was asked for; nothing was changed',
    properties: { checkedBy: { type: 'string', enum: ['exchange', 'local'] } },
    required: ['checkedBy'],
  };
  const properties = { ...(success['properties'] as object), error, ...(tool.risk === 'read' ? {} : { dryRun }) };
  const arms = [
    { required: success['required'] ?? [] },
    { required: ['error'] },
    ...(tool.risk === 'read' ? [] : [{ required: ['dryRun'] }]),
  ];
  return { $schema: success['$schema'], type: 'object', properties, anyOf: arms };
}

function instructions(settings: Settings, say: Say): string {
  const money: Record<Settings['mode'], string> = {
    paper: say('Paper mode: an offline exchange with play money.', '模拟模式:离线交易所,虚拟资金。'),
    testnet: say('Testnet: Binance test money.', '测试网:币安测试资金。'),
    demo: say('Demo trading: Binance demo money.', '模拟盘:币安演示资金。'),
    live: say('LIVE: real money.', '实盘:真实资金。'),
  };
  return `${money[settings.mode]} ${say(
    'Ids and decimals are strings. A failure has isError, the exchange\'s code and what to do next. "unknown, not confirmed" means that it may have been done: look before repeating. dryRun: true checks without changing anything.',
    '编号和小数均为字符串。失败时带有 isError、交易所代码和下一步建议。“结果未知,未确认”表示可能已执行:先查询再重试。dryRun: true 只检查不改动。',
  )}`;
}

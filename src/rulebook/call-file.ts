/** A call as people write it in `CALL.json` and in test files → the facts that decide. */
import type { Diagnostic } from '../domain/diagnostic.ts';
import { isJsonArray, isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '../domain/json.ts';
import type { CallFacts } from '../domain/policy.ts';
import { suggestion } from '../platform/did-you-mean.ts';
import { readJsonText } from '../platform/read-json.ts';
import { messageOf } from '../stages/decode/read-message.ts';
import { isDate } from '../stages/policy/wall-clock.ts';
import { type KnownTool, knownTool } from './known-tools.ts';

export interface CallSetting {
  /** Epoch milliseconds where the call has no `time`. */
  readonly now: number;
  readonly tools?: readonly KnownTool[] | undefined;
  /** The server where the call names none. */
  readonly server?: string | undefined;
}

export type CallRead =
  | { readonly kind: 'call'; readonly call: CallFacts }
  /** The gateway would refuse it before any policy: why. */
  | { readonly kind: 'undecodable'; readonly why: string }
  /** Not a description of a call: sentences. */
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

export function readCallText(text: string, setting: CallSetting): CallRead {
  const read = readJsonText(text);
  if (read.kind === 'malformed')
    return { kind: 'undecodable', why: `the call is not JSON that can be read in one way only: ${read.why}` };
  return readCall(read.value, setting);
}

const callKeys = ['tool', 'arguments', 'server', 'caller', 'session', 'time'];

/** `{tool, arguments, server?, caller? {id, agent, groups}, session? {id, labels, calls}, time?}`. */
export function readCall(value: JsonValue, setting: CallSetting): CallRead {
  if (isJsonArray(value)) return { kind: 'undecodable', why: 'a batch is never accepted' };
  if (!isJsonObject(value)) return { kind: 'wrong', problems: ['a call is an object with `tool` and `arguments`'] };
  const variant = Object.keys(value).find((key) => !callKeys.includes(key) && callKeys.includes(key.toLowerCase()));
  if (variant !== undefined) {
    return { kind: 'undecodable', why: `the key \`${variant}\` differs from a known one only in case` };
  }
  const problems: string[] = [];
  unknownKeys(value, callKeys, 'the call', problems);
  if (value['tool'] === undefined) problems.push('the call has no `tool`');
  const server = text(value, 'server', problems);
  const caller = people(value['caller'], problems);
  const session = sessionOf(value['session'], problems);
  const now = timeOf(value['time'], setting.now, problems);
  if (problems.length > 0) return { kind: 'wrong', problems };

  const { tool, arguments: given } = value as { tool: JsonValue; arguments?: JsonValue };
  const params: Record<string, JsonValue> = { name: tool };
  if (given !== undefined) params['arguments'] = given;
  const message = messageOf({ jsonrpc: '2.0', id: new JsonNumber('1'), method: 'tools/call', params });
  if (message.kind === 'malformed') return { kind: 'undecodable', why: message.why };
  const name = tool as string;
  const where = server ?? setting.server ?? onlyServerOf(setting.tools, name) ?? 'server';
  const known = setting.tools === undefined ? undefined : knownTool(setting.tools, where, name);
  return {
    kind: 'call',
    call: {
      server: where,
      tool: name,
      arguments: (given ?? Object.create(null)) as JsonObject,
      caller,
      session,
      now,
      ...(known?.category === undefined ? {} : { category: known.category }),
      ...(known?.severity === undefined ? {} : { severity: known.severity }),
      // Explaining assumes that a tool exists and was reviewed, unless the catalogue says otherwise.
      reviewed: known?.reviewed ?? true,
      ...(known?.inputSchema === undefined ? {} : { schema: known.inputSchema }),
    },
  };
}

function onlyServerOf(tools: readonly KnownTool[] | undefined, name: string): string | undefined {
  const servers = new Set(tools?.filter((tool) => tool.name === name).map((tool) => tool.server));
  return servers.size === 1 ? [...servers][0] : undefined;
}

function unknownKeys(value: JsonObject, known: readonly string[], where: string, problems: string[]): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    problems.push(
      `${where} has the unknown key \`${key}\`; ${suggestion(key, known) ?? `known here: ${known.join(', ')}`}`,
    );
  }
}

function text(value: JsonObject, key: string, problems: string[]): string | undefined {
  const member = value[key];
  if (member === undefined || typeof member === 'string') return member;
  problems.push(`\`${key}\` must be text`);
  return undefined;
}

function texts(value: JsonObject, key: string, problems: string[]): readonly string[] | undefined {
  const member = value[key];
  if (member === undefined) return undefined;
  if (isJsonArray(member) && member.every((item) => typeof item === 'string')) return member as readonly string[];
  problems.push(`\`${key}\` must be a list of texts`);
  return undefined;
}

function people(value: JsonValue | undefined, problems: string[]): CallFacts['caller'] {
  if (value === undefined) return { id: 'local' };
  if (!isJsonObject(value)) {
    problems.push('`caller` must be an object with id, agent, groups');
    return { id: 'local' };
  }
  unknownKeys(value, ['id', 'agent', 'groups'], '`caller`', problems);
  const agent = text(value, 'agent', problems);
  const groups = texts(value, 'groups', problems);
  return {
    id: text(value, 'id', problems) ?? 'local',
    ...(agent === undefined ? {} : { agent }),
    ...(groups === undefined ? {} : { groups }),
  };
}

function sessionOf(value: JsonValue | undefined, problems: string[]): CallFacts['session'] {
  if (value === undefined) return { id: 'session', calls: 0 };
  if (!isJsonObject(value)) {
    problems.push('`session` must be an object with id, labels, calls');
    return { id: 'session', calls: 0 };
  }
  unknownKeys(value, ['id', 'labels', 'calls'], '`session`', problems);
  const labels = texts(value, 'labels', problems);
  const calls = value['calls'];
  const whole = calls instanceof JsonNumber && /^[0-9]{1,15}$/.test(calls.text);
  if (calls !== undefined && !whole) problems.push('`session.calls` must be a whole number, 0 or more');
  return {
    id: text(value, 'id', problems) ?? 'session',
    ...(labels === undefined ? {} : { labels }),
    calls: whole ? Number(calls.text) : 0,
  };
}

const rfc3339 = /^(\d{4}-\d{2}-\d{2})[Tt](?:[01]\d|2[0-3]):\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;

function timeOf(value: JsonValue | undefined, now: number, problems: string[]): number {
  if (value === undefined) return now;
  const [text, date = ''] = (typeof value === 'string' ? rfc3339.exec(value) : null) ?? [];
  const at = text === undefined || !isDate(date) ? Number.NaN : Date.parse(text);
  if (Number.isNaN(at)) problems.push('`time` must be RFC 3339, for example `2026-03-01T09:30:00Z`');
  return at;
}

/** Problems of a call as diagnostics of the file that holds it. */
export function callDiagnostics(file: string, problems: readonly string[]): Diagnostic[] {
  return problems.map((problem) => {
    const [message = '', ...rest] = problem.split('; ');
    return { file, line: 1, column: 1, message, ...(rest.length === 0 ? {} : { hint: rest.join('; ') }) };
  });
}

/**
 * Records of the audit trail → calls to decide again. What the policy did not decide (a server that was down, a name that
 * nobody has, a call that could not be read) is left out; what the record does not hold stays unread, never guessed.
 */
import { isJsonArray, isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '../domain/json.ts';
import type { Verdict } from '../domain/policy.ts';
import { readJsonText } from '../platform/read-json.ts';
import type { CounterReset } from './judge.ts';
import type { RecordedCall } from './replay.ts';

export interface RecordedQuery {
  /** Epoch milliseconds. */
  readonly since: number;
  /** Only calls of this caller. */
  readonly caller?: string | undefined;
}

/** `bodies`: the records' JSON texts in their order, read twice: outcomes stand after the calls that they belong to. */
export function* recordedCalls(bodies: () => Iterable<string>, query: RecordedQuery): Generator<RecordedCall> {
  // Only this outcome gives quota back, so only these records are read for it.
  const notSent = new Set<string>();
  for (const body of bodies()) {
    if (!body.includes('"outcome":"not-sent"')) continue;
    const record = readRecord(body);
    if (record?.['kind'] === 'outcome') notSent.add(numberText(record['ref']));
  }
  let resets: CounterReset[] = [];
  for (const body of bodies()) {
    if (!body.includes('"verdict":') && !body.includes('"kind":"limits-reset"')) continue;
    const record = readRecord(body);
    const reset = record === undefined ? undefined : resetOf(record);
    if (reset !== undefined) resets.push(reset);
    const call = record === undefined ? undefined : callOf(record);
    if (call === undefined || call.at < query.since) continue;
    if (query.caller !== undefined && call.caller.id !== query.caller) continue;
    yield {
      ...call,
      ...(notSent.has(call.record) ? { outcome: 'not-sent' } : {}),
      ...(resets.length === 0 ? {} : { resets }),
    };
    resets = [];
  }
}

function resetOf({ kind, counter, scope }: JsonObject): CounterReset | undefined {
  if (kind !== 'limits-reset' || typeof counter !== 'string') return undefined;
  return { counter, scope: isJsonArray(scope) ? scope.filter((value) => typeof value === 'string') : [] };
}

function readRecord(body: string): JsonObject | undefined {
  const read = readJsonText(body);
  return read.kind === 'value' && isJsonObject(read.value) ? read.value : undefined;
}

function numberText(value: JsonValue | undefined): string {
  return value instanceof JsonNumber ? value.text : '';
}

const verdicts: readonly string[] = ['permit', 'refuse', 'ask', 'hidden'];
/** Reasons that are not the policy's. */
const elsewhere: readonly string[] = ['unavailable', 'fault', 'malformed'];

function callOf(record: JsonObject): RecordedCall | undefined {
  const text = (name: string): string => {
    const value = record[name];
    return typeof value === 'string' ? value : '';
  };
  const [kind, verdict, rule, tool] = ['kind', 'verdict', 'rule', 'tool'].map(text) as [string, string, string, string];
  if ((kind !== 'intent' && kind !== 'refusal') || tool === '' || !verdicts.includes(verdict)) return undefined;
  if (elsewhere.includes(text('reason'))) return undefined;
  // A name that the server does not have gets the answer of a hidden one, whatever the policy would say.
  if (text('reason') === 'unknown-name' && !rule.includes('/hide/')) return undefined;
  const agent = text('agent');
  return {
    record: numberText(record['seq']),
    at: Date.parse(text('time')),
    server: text('server'),
    tool,
    caller: { id: text('caller'), ...(agent === '' ? {} : { agent }) },
    session: { id: text('session') },
    verdict: verdict as Verdict,
    rule,
    ...wouldBeOf(record['wouldBe']),
    ...argumentsOf(record['arguments']),
  };
}

function wouldBeOf(value: JsonValue | undefined): Pick<RecordedCall, 'wouldBe'> {
  if (!isJsonObject(value)) return {};
  const { verdict, rule } = value;
  if (typeof verdict !== 'string' || typeof rule !== 'string' || !verdicts.includes(verdict)) return {};
  return { wouldBe: { verdict: verdict as Verdict, rule } };
}

function argumentsOf(value: JsonValue | undefined): Pick<RecordedCall, 'arguments' | 'dropped'> {
  const none = Object.create(null) as JsonObject;
  if (!isJsonObject(value)) return { arguments: none, dropped: 'all' };
  const { full, keys, digest } = value;
  if (isJsonObject(full)) return { arguments: full };
  if (isJsonObject(keys)) return { arguments: none, dropped: Object.keys(keys) };
  return digest === undefined ? { arguments: none } : { arguments: none, dropped: 'all' };
}

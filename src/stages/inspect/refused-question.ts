import { isJsonObject, type JsonValue } from '../../domain/json.ts';
import { readJsonText } from '../../platform/read-json.ts';

/**
 * An answer of the stateless revision may ask the client for something before the call goes on (`inputRequests`). It may
 * ask for what a server of a session may ask for, and for nothing else.
 */
const RELAYED: ReadonlySet<unknown> = new Set(['elicitation/create', 'roots/list']);

/**
 * What must not reach the client of that which an answer asks for: the method, as it stands there. Undefined where there
 * is nothing of the kind. Some clients take the last of two keys, some the first, and some one in another case: what
 * could be read in two ways is refused too.
 */
export function refusedQuestion(text: string): string | undefined {
  // JSON can write these letters as themselves, or as \u and four digits.
  if (!ASKS.test(text) && !(text.includes('\\u') && ASKS.test(unescaped(text)))) return undefined;
  const read = readJsonText(text, DEPTH_MAX);
  if (read.kind !== 'value') return TWO_WAYS;
  if (!isJsonObject(read.value) || inAnotherCase(read.value, 'result')) return TWO_WAYS;
  const { result } = read.value;
  if (!isJsonObject(result)) return undefined;
  if (inAnotherCase(result, 'inputRequests')) return TWO_WAYS;
  const asked = result['inputRequests'];
  return isJsonObject(asked) ? Object.values(asked).map(refusedMethod).find(isRefused) : undefined;
}

function refusedMethod(question: JsonValue): string | undefined {
  if (!isJsonObject(question)) return NO_METHOD;
  if (inAnotherCase(question, 'method')) return TWO_WAYS;
  const method = question['method'];
  if (RELAYED.has(method)) return undefined;
  return typeof method === 'string' ? method : NO_METHOD;
}

function isRefused(method: string | undefined): boolean {
  return method !== undefined;
}

function inAnotherCase(object: Readonly<Record<string, unknown>>, name: string): boolean {
  return Object.keys(object).some((key) => key !== name && folded(key) === folded(name));
}

/** The long s is an S to some: both directions of case are needed to see it. */
function folded(name: string): string {
  return name.toUpperCase().toLowerCase();
}

/** With the letters that were written as \u and four digits. */
function unescaped(text: string): string {
  return text.replace(/\\u([0-9a-f]{4})/gi, (_whole, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

const ASKS = /"inputRequests"/iu;
const NO_METHOD = 'no method';
const TWO_WAYS = 'what could be read in two ways';
const DEPTH_MAX = 512;

import { type JsonObject, jsonText } from '../domain/json.ts';

/**
 * What a stdio client is told of a call whose answer did not come back from the gateway. One that was sent may have
 * happened; the gateway's own record says what became of it.
 */
export function lostCall(request: JsonObject, lost: Lost): string | undefined {
  const method = request['method'];
  if (typeof method !== 'string' || !CALLS.has(method)) return undefined;
  const text = `[sallyport] ${sentenceOf(lost)}`;
  const twin = { 'sallyport/outcome': { version: 1, outcome: lost.outcome } };
  const result = {
    ...(lost.isModern ? { resultType: 'complete' } : {}),
    content: [{ type: 'text', text }],
    isError: true,
    _meta: twin,
  };
  const body =
    method === 'tools/call'
      ? `"result":${JSON.stringify(result)}`
      : `"error":${JSON.stringify({ code: -32603, message: text, data: twin })}`;
  return `{"jsonrpc":"2.0","id":${jsonText(request['id'] ?? null)},${body}}`;
}

export type Lost = {
  readonly outcome: 'not-sent' | 'unknown' | 'withheld';
  readonly why: string;
  readonly isModern: boolean;
};

function sentenceOf({ outcome, why }: Lost): string {
  switch (outcome) {
    case 'not-sent':
      return `unavailable: the gateway: ${why}. Nothing was sent; the call may be repeated later.`;
    case 'withheld':
      return `withheld: the call ran, its output is withheld: ${why}. Do not repeat the call to see it.`;
    case 'unknown':
      return `unknown: the call was sent and no answer came: ${why}. It may have happened: do not repeat it before you have checked. The gateway's audit trail says more.`;
    default:
      outcome satisfies never;
      return 'unknown: what became of the call cannot be told. Check before you repeat it.';
  }
}

const CALLS = new Set(['tools/call', 'prompts/get', 'resources/read']);

import type { DecodedCall } from '../domain/call.ts';
import { type Fault, faultText } from '../domain/fault.ts';
import { jsonText, toJson } from '../domain/json.ts';
import { idText } from '../domain/message.ts';
import type { Answer } from '../domain/received.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Reply } from '../domain/reply.ts';

/**
 * What the client reads. A refused or lost tool call is a complete result with `isError`, so that the text reaches the
 * model; a name that is hidden or absent is the protocol's own error, the same bytes for both.
 */
export function answerOf(call: DecodedCall, outcome: Refusal | Fault | Reply, record: string | undefined): Answer {
  switch (outcome.kind) {
    case 'refused':
      return refusedAnswer(call, outcome, record);
    case 'fault':
      return { kind: 'answer', status: outcome.status, text: faultText(outcome) };
    case 'replied':
      return { kind: 'answer', status: outcome.status, text: outcome.text };
    case 'withheld':
      return lost(
        call,
        'withheld',
        `the call ran, its output is withheld: ${outcome.why}`,
        'Do not repeat the call to see it',
        record,
      );
    case 'failed':
      return lost(call, 'failed', outcome.why, 'It counts against the limits', record);
    case 'not-sent':
      return lost(
        call,
        'not-sent',
        `${call.session.server}: ${outcome.why}`,
        'Nothing was sent; the call may be repeated later',
        record,
      );
    case 'unknown':
      return lost(
        call,
        'unknown',
        `the call was sent and no answer came: ${outcome.why}`,
        `It may have happened: do not repeat it before you have checked. Outcome ${record ?? 'not recorded'}`,
        record,
      );
    default:
      outcome satisfies never;
      return lost(call, 'unknown', 'what became of the call cannot be told', 'Check before you repeat it', record);
  }
}

/** The record's name as clients, logs and `audit show` know it. */
export function recordName(seq: number): string {
  return `r${seq}`;
}

function refusedAnswer(call: DecodedCall, refused: Refusal, record: string | undefined): Answer {
  if (refused.reason === 'unknown-name') return notFound(call);
  const limit = refused.limit;
  const until = limit === undefined ? '' : ` It resets at ${limit.resetsAt}, in ${limit.retryAfter} s.`;
  const remedy = refused.remedy === '' ? '' : ` ${capital(refused.remedy)}.`;
  const text = `[sallyport] refused: ${refused.sentence}.${until}${remedy}`;
  const twin = {
    version: 1,
    rule: refused.rule,
    ...(record === undefined ? {} : { record }),
    ...(limit === undefined ? {} : { limit }),
  };
  if (call.method !== 'tools/call') {
    const code = refused.reason === 'unavailable' || refused.reason === 'fault' ? -32603 : 1403;
    const data = jsonText(toJson({ 'sallyport/refusal': twin }));
    return { kind: 'answer', status: 200, text: faultText({ code, message: text, id: call.id, data }) };
  }
  return toolError(call, text, 'sallyport/refusal', twin);
}

/** A remedy is a clause where it is written; here it stands after a full stop. */
function capital(clause: string): string {
  return clause.charAt(0).toUpperCase() + clause.slice(1);
}

/** What a client gets for a name that is hidden from it, or that the server does not have. */
export function notFound(call: DecodedCall): Answer & { readonly kind: 'answer' } {
  const { id, target } = call;
  const legacy = call.session.era === 'legacy';
  switch (call.method) {
    case 'tools/call':
      return { kind: 'answer', status: 200, text: faultText({ code: -32602, message: `Unknown tool: ${target}`, id }) };
    case 'prompts/get':
      return {
        kind: 'answer',
        status: 200,
        text: faultText({ code: -32602, message: `Unknown prompt: ${target}`, id }),
      };
    case 'resources/read': {
      const data = JSON.stringify({ uri: target });
      const code = legacy ? -32002 : -32602;
      return { kind: 'answer', status: 200, text: faultText({ code, message: 'Resource not found', id, data }) };
    }
    default:
      call.method satisfies never;
      return { kind: 'answer', status: 200, text: faultText({ code: -32601, message: 'Method not found', id }) };
  }
}

function lost(
  call: DecodedCall,
  outcome: 'withheld' | 'failed' | 'not-sent' | 'unknown',
  what: string,
  next: string,
  record: string | undefined,
): Answer {
  const text = `[sallyport] ${outcome === 'not-sent' ? 'unavailable' : outcome}: ${what}. ${next}.`;
  const twin = { version: 1, outcome, ...(record === undefined ? {} : { record }) };
  if (call.method !== 'tools/call') {
    const data = JSON.stringify({ 'sallyport/outcome': twin });
    return { kind: 'answer', status: 200, text: faultText({ code: -32603, message: text, id: call.id, data }) };
  }
  return toolError(call, text, 'sallyport/outcome', twin);
}

function toolError(call: DecodedCall, text: string, key: string, twin: object): Answer {
  const result = {
    ...(call.session.era === 'modern' ? { resultType: 'complete' } : {}),
    content: [{ type: 'text', text }],
    isError: true,
    _meta: { [key]: twin },
  };
  const body = `{"jsonrpc":"2.0","id":${idText(call.id)},"result":${jsonText(toJson(result))}}`;
  return { kind: 'answer', status: 200, text: body };
}

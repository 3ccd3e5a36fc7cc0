import { type Fault, fault, faultText } from '../domain/fault.ts';
import type { JsonValue } from '../domain/json.ts';
import { idText, type MessageId } from '../domain/message.ts';
import type { Answer } from '../domain/received.ts';
import { LEGACY_HTTP, MODERN } from '../domain/revisions.ts';
import type { Session } from '../domain/session.ts';
import type { NotOpened } from '../stages/upstream/link.ts';

/** What a client gets for a request that is no call and cannot be served: the protocol's own errors. */

export function turnAway(from: Fault): Answer {
  return { kind: 'answer', status: from.status, text: faultText(from) };
}

/** Why a server cannot be used, as a protocol matter: it is down, or it speaks another era. */
export function notOpened(why: NotOpened, server: string, id: MessageId, asked: JsonValue | undefined): Fault {
  if (why.supported !== undefined) {
    const requested = typeof asked === 'string' ? asked : MODERN;
    const data = JSON.stringify({ supported: why.supported, requested });
    const speaks = why.supported.join(', ') || LEGACY_HTTP.join(', ');
    return fault(400, -32022, `${server} speaks ${speaks}; this client opened with ${requested}`, id, data);
  }
  return fault(200, -32603, `unavailable: ${server}: ${why.why}; try again when it runs, the log says more`, id);
}

export function unavailable(session: Session, why: string, id: MessageId): Answer {
  return turnAway(fault(200, -32603, `unavailable: ${session.server}: ${why}`, id));
}

/** A cursor that no list of ours ended with. */
export function notGiven(id: MessageId): Fault {
  return fault(200, -32602, 'the cursor is not one that was given', id);
}

/** What a server gets for a question no client will read. */
export function notHeard(id: MessageId): string {
  const error = '{"code":-32601,"message":"no stream of the client is open"}';
  return `{"jsonrpc":"2.0","id":${idText(id)},"error":${error}}`;
}

export function noPrompt(name: string, id: MessageId): Answer {
  return turnAway(fault(200, -32602, `Unknown prompt: ${name}`, id));
}

export function noResource(session: Session, uri: string, id: MessageId): Answer {
  const code = session.era === 'legacy' ? -32002 : -32602;
  return turnAway(fault(200, code, 'Resource not found', id, JSON.stringify({ uri })));
}

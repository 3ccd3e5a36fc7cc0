import { idText, type MessageId } from './message.ts';

/** A message that cannot be served as a protocol matter: a JSON-RPC error with the HTTP status of its era. */
export type Fault = {
  readonly kind: 'fault';
  readonly status: number;
  readonly code: number;
  readonly message: string;
  readonly id: MessageId | null;
  /** JSON text. */
  readonly data?: string;
};

export function fault(status: number, code: number, message: string, id: MessageId | null, data?: string): Fault {
  return data === undefined
    ? { kind: 'fault', status, code, message, id }
    : { kind: 'fault', status, code, message, id, data };
}

export function faultText(from: Pick<Fault, 'code' | 'message' | 'id' | 'data'>): string {
  const data = from.data === undefined ? '' : `,"data":${from.data}`;
  const id = from.id === null ? 'null' : idText(from.id);
  return `{"jsonrpc":"2.0","id":${id},"error":{"code":${from.code},"message":${JSON.stringify(from.message)}${data}}}`;
}

import type { JsonObject } from './json.ts';
import type { MessageId } from './message.ts';
import type { Session } from './session.ts';

/** Methods that run something on a server or read from it, and are therefore decided, recorded and counted. */
export type CallMethod = 'tools/call' | 'prompts/get' | 'resources/read';

/** One call, decoded and frozen. The decision and the bytes sent upstream come from this value. */
export type DecodedCall = {
  readonly kind: 'call';
  readonly id: MessageId;
  readonly method: CallMethod;
  readonly session: Session;
  /** The tool's or prompt's name, or the resource's URI. */
  readonly target: string;
  /** `params.arguments`; an empty object where there are none. */
  readonly arguments: JsonObject;
  readonly params: JsonObject;
  /** `performance.now()` when all its bytes had come. */
  readonly receivedAt: number;
  /** W3C Trace Context for the server, where it is called over HTTP. */
  readonly traceparent: string | undefined;
  /** Capabilities that the client declares and its server does not hear of. Modern only. */
  readonly unheard: readonly string[];
  /** `Mcp-Param-*` headers that the server's HTTP endpoint needs, made from the arguments. Modern HTTP only. */
  readonly paramHeaders: readonly (readonly [name: string, value: string])[];
};

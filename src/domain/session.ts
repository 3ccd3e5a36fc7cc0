import type { Caller } from './caller.ts';
import type { JsonObject } from './json.ts';
import type { Era } from './message.ts';

/**
 * What calls are counted together: the MCP session of a legacy client, the process of a stdio client, and for the
 * stateless revision the caller's credential.
 */
export type Session = {
  readonly kind: 'session';
  /** Stable and safe to show: never the secret session id, only a digest of it. */
  readonly id: string;
  readonly caller: Caller;
  readonly server: string;
  readonly era: Era;
  readonly revision: string;
  /** What the client sent in `initialize`, as it goes to the server. Legacy only. */
  readonly initialize: JsonObject | undefined;
};

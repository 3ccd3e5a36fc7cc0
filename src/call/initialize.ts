import { declaredToServer, without } from '../domain/capabilities.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';
import { LEGACY_HTTP, LEGACY_STDIO } from '../domain/revisions.ts';
import { withChangingLists } from './changing-lists.ts';

/** What the gateway does to the legacy handshake on its way through. */

/** The revision to ask the server for: the client's own where this transport serves it. */
export function revisionFor(asked: JsonValue | undefined, transport: 'http' | 'stdio'): string {
  const served: readonly string[] = transport === 'stdio' ? LEGACY_STDIO : LEGACY_HTTP;
  if (typeof asked === 'string' && served.includes(asked)) return asked;
  // Older revisions exist, so that a client of one may still understand the oldest we serve; what is newer than all
  // that a handshake can name gets the newest.
  const isOlder = typeof asked === 'string' && asked < (served[0] ?? '');
  return (isOlder ? served[0] : served.at(-1)) ?? '2025-06-18';
}

/** The client's `initialize` as it goes to the server: capabilities that policy cannot allow yet are not declared. */
export function paramsForServer(params: JsonObject, revision: string): JsonObject {
  const capabilities = params['capabilities'];
  const declared = isJsonObject(capabilities) ? declaredToServer(capabilities) : {};
  return { ...params, protocolVersion: revision, capabilities: declared };
}

/** The server's result as it goes to the client. */
export function resultForClient(result: JsonObject, revision: string, transport: 'http' | 'stdio'): JsonObject {
  const capabilities = result['capabilities'];
  const offered = isJsonObject(capabilities) ? without(capabilities, SERVER_STRIPPED) : {};
  const served: readonly string[] = transport === 'stdio' ? LEGACY_STDIO : LEGACY_HTTP;
  const negotiated = result['protocolVersion'];
  const version = typeof negotiated === 'string' && served.includes(negotiated) ? negotiated : revision;
  return {
    ...result,
    protocolVersion: version,
    capabilities: withChangingLists(offered),
  };
}

const SERVER_STRIPPED = ['tasks'];

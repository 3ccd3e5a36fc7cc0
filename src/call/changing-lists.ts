import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';

/** The lists a change of policy may change, as the protocol's capabilities, methods and filters name them. */
export const CHANGING = ['tools', 'prompts', 'resources'] as const;
export type ChangingList = (typeof CHANGING)[number];

/** The server's capabilities as its client hears of them: whatever the server does, a change of policy changes its lists. */
export function withChangingLists(offered: JsonObject): JsonObject {
  const changing: Record<string, JsonValue> = {};
  for (const list of listsIn(offered)) changing[list] = { ...(offered[list] as JsonObject), listChanged: true };
  return { ...offered, ...changing };
}

/** The lists a server has. */
export function listsIn(offered: JsonValue | undefined): readonly ChangingList[] {
  return isJsonObject(offered) ? CHANGING.filter((list) => isJsonObject(offered[list])) : [];
}

/** Those a standing stream of the stateless revision was opened for. */
export function listsAsked(filter: JsonValue | undefined): readonly ChangingList[] {
  return isJsonObject(filter) ? CHANGING.filter((list) => filter[`${list}ListChanged`] === true) : [];
}

/**
 * An answer of the stateless revision may ask the client for something before the call goes on (`inputRequests`). It may
 * ask for what a server of a session may ask for, and for nothing else.
 */
const RELAYED: ReadonlySet<unknown> = new Set(['elicitation/create', 'roots/list']);

/** The method of the first question that must not reach the client, as it stands there; undefined where there is none. */
export function refusedQuestion(text: string): string | undefined {
  // JSON can write these letters as themselves, or as \u and four digits.
  if (!text.includes('inputRequests') && !text.includes('\\u')) return undefined;
  const { result } = JSON.parse(text) as { result?: { inputRequests?: unknown } | null };
  const asked = result?.inputRequests;
  if (typeof asked !== 'object' || asked === null) return undefined;
  for (const question of Object.values(asked) as ({ method?: unknown } | null)[]) {
    const method = question?.method;
    if (!RELAYED.has(method)) return typeof method === 'string' ? method : 'no method';
  }
  return undefined;
}

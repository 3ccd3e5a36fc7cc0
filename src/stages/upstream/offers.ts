import { isJsonArray, isJsonObject } from '../../domain/json.ts';
import type { Reply } from '../../domain/reply.ts';
import { PAGES_MAX, resultOf } from './tool-list.ts';

/** A prompt by its name, or a resource or template by its URI. */
export type Offer = { readonly kind: 'prompts' | 'resources'; readonly name: string };

/** Whether the server's lists hold it. What cannot be had of them, or not soon, holds nothing. */
export async function isOffered(
  offer: Offer,
  page: (method: string, cursor: string | undefined) => Promise<Reply>,
): Promise<boolean> {
  const until = performance.now() + LISTS_MS_MAX;
  for (const list of LISTS[offer.kind]) {
    let cursor: string | undefined;
    for (let pages = 0; pages < PAGES_MAX && performance.now() < until; pages++) {
      const result = resultOf(await page(list.method, cursor));
      const items = typeof result === 'string' ? undefined : result[list.items];
      if (typeof result === 'string' || !isJsonArray(items)) break;
      if (items.some((item) => isJsonObject(item) && item[list.name] === offer.name)) return true;
      const next = result['nextCursor'];
      if (typeof next !== 'string') break;
      cursor = next;
    }
  }
  return false;
}

const LISTS = {
  prompts: [{ method: 'prompts/list', items: 'prompts', name: 'name' }],
  resources: [
    { method: 'resources/list', items: 'resources', name: 'uri' },
    { method: 'resources/templates/list', items: 'resourceTemplates', name: 'uriTemplate' },
  ],
} as const;

/** A call waits for them. */
const LISTS_MS_MAX = 60_000;

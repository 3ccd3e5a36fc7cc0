import type { PolicySet } from '../domain/policy.ts';
import type { Reply } from '../domain/reply.ts';
import { hidesAny } from '../stages/policy/listing.ts';
import type { Link } from '../stages/upstream/link.ts';
import type { Offer } from '../stages/upstream/offers.ts';

/**
 * Whether a server's answer is its way of saying that there is no such prompt or resource. It then gets the sentence
 * a hidden one gets: the server's own would tell the two apart. Servers word it as they like and by any code, so that
 * where the policy hides something, any error about what the server does not list says this. What it lists exists, and
 * its errors pass.
 */
export async function saysAbsent(
  reply: Reply,
  offer: Offer,
  { link, policy, server }: { readonly link: Link; readonly policy: PolicySet | undefined; readonly server: string },
): Promise<boolean> {
  if (reply.kind !== 'replied' || !reply.isError) return false;
  const code = errorCodeIn(reply.text);
  if (code === undefined) return false;
  const isTelling = policy === undefined || hidesAny(policy, server, offer.kind);
  if (!isTelling && code !== INVALID_PARAMS && code !== RESOURCE_NOT_FOUND) return false;
  return !(await link.offers(offer));
}

/** The code of a JSON-RPC error; undefined in a result. */
function errorCodeIn(text: string): unknown {
  const { error } = JSON.parse(text) as { error?: { code?: unknown } | null };
  return error === undefined ? undefined : (error?.code ?? null);
}

const INVALID_PARAMS = -32602;
const RESOURCE_NOT_FOUND = -32002;

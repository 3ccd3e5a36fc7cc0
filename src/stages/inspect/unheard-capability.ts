/**
 * A server that needs of its client what the gateway does not tell servers of answers that the client lacks it. To a
 * client that did declare it this says nothing it could act on. The capability; undefined where it is another answer.
 */
export function unheardCapability(text: string, unheard: readonly string[]): string | undefined {
  if (unheard.length === 0) return undefined;
  const { error } = JSON.parse(text) as {
    error?: { code?: unknown; data?: { requiredCapabilities?: unknown } | null };
  };
  if (error?.code !== MISSING_CAPABILITY) return undefined;
  const needed = error.data?.requiredCapabilities;
  if (typeof needed !== 'object' || needed === null) return undefined;
  return unheard.find((capability) => Object.hasOwn(needed, capability));
}

const MISSING_CAPABILITY = -32021;

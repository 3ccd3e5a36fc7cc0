/** A server's own cursor as its client gets it: opaque, and told from one that was never given. */
export function wrapCursor(cursor: string): string {
  return `${MARK}${Buffer.from(cursor, 'utf8').toString('base64url')}`;
}

/** The server's cursor again; undefined where it was not wrapped here. */
export function unwrapCursor(wrapped: unknown): string | undefined {
  if (typeof wrapped !== 'string' || !wrapped.startsWith(MARK)) return undefined;
  const encoded = wrapped.slice(MARK.length);
  const bytes = Buffer.from(encoded, 'base64url');
  const cursor = bytes.toString('utf8');
  return bytes.toString('base64url') === encoded && Buffer.from(cursor, 'utf8').equals(bytes) ? cursor : undefined;
}

const MARK = 'sallyport:at:';

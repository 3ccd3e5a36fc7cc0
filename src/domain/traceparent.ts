/** One span, as W3C Trace Context names it: 32 and 16 lower-case hexadecimal digits, flags as a byte. */
export type SpanName = { readonly traceId: string; readonly spanId: string; readonly traceFlags: number };

/**
 * Reads a `traceparent` of version 00. Undefined where it is anything else, or names no span (all zeros): it is then
 * to be ignored. https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function readTraceparent(value: unknown): SpanName | undefined {
  if (typeof value !== 'string') return undefined;
  const [whole, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(value) ?? [];
  if (whole === undefined || traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) };
}

export function traceparentText({ traceId, spanId, traceFlags }: SpanName): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

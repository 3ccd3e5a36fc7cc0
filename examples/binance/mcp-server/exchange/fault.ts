/**
 * What can go wrong between us and the exchange, told apart by the one question that matters:
 * did the exchange do it? `refused`, `rate-limited` and `not-sent` mean no; `unknown` means nobody knows yet.
 */

export type FaultKind =
  /** The exchange answered no; nothing was done. */
  | 'refused'
  /** The exchange, or our own pause for it, asked us to wait; nothing was done. */
  | 'rate-limited'
  /** The request never left: connection refused, name not found. Nothing was done. */
  | 'not-sent'
  /** It left and no certain answer came: timeout, dropped connection, 5xx, -1006, -1007. It may have been done. */
  | 'unknown';

export interface FaultParts {
  readonly kind: FaultKind;
  /** The exchange's own code, such as -2011. */
  readonly code?: number | undefined;
  /** The HTTP status, where one was seen. */
  readonly status?: number | undefined;
  /** How long the exchange asked us to wait, milliseconds; absent when it did not say. */
  readonly retryAfterMs?: number | undefined;
  readonly message: string;
  /** It was a request that only reads: whatever became of it, it changed nothing. */
  readonly reading?: boolean;
}

/** A call to the exchange that brought no result. */
export class ExchangeFault extends Error {
  readonly kind: FaultKind;
  readonly code: number | undefined;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly reading: boolean;

  constructor(parts: FaultParts) {
    super(parts.message);
    this.name = 'ExchangeFault';
    this.kind = parts.kind;
    this.code = parts.code;
    this.status = parts.status;
    this.retryAfterMs = parts.retryAfterMs;
    this.reading = parts.reading ?? false;
  }
}

/** Codes that say "I do not know whether it was done" even though they look like answers. */
const UNCERTAIN_CODES = new Set([-1000, -1001, -1006, -1007]);

/**
 * Sorts an answered failure.
 * @param status the HTTP status, 400 or above
 * @param code the exchange's code, where the body carried one
 */
export function kindOfAnswer(status: number, code: number | undefined): FaultKind {
  if (status === 429 || status === 418) return 'rate-limited';
  if (code !== undefined && UNCERTAIN_CODES.has(code)) return 'unknown';
  if (status === 408 || status >= 500) return 'unknown';
  if (status >= 400) return 'refused';
  return 'unknown';
}

export function isCode(fault: unknown, ...codes: readonly number[]): fault is ExchangeFault {
  return fault instanceof ExchangeFault && fault.code !== undefined && codes.includes(fault.code);
}

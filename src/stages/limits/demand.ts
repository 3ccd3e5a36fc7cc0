/** Exact decimals: a BigInt of 10^-18ths, so that eighteen fraction digits are whole numbers. */
export const SCALE_DIGITS = 18;
const SCALE = 10n ** 18n;
const DECIMAL = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,3}))?$/;

/** What one limit asks for one call. All demands of a call are taken together, or none. */
export type Demand = {
  /** JSON Pointer of the limit, for the refusal. */
  readonly rule: string;
  /** Counter and scope values: equal buckets are one log. */
  readonly bucket: string;
  readonly max: bigint;
  readonly amount: bigint;
  readonly window: Window;
  readonly onDeny: string | undefined;
  /** Counted, and never refusing. */
  readonly shadow: boolean;
};

export type Window =
  /** At no moment more than `max` inside any span of this length. */
  | { readonly kind: 'sliding'; readonly ms: number }
  /** The span the zone's wall clock is in. `spanOf` gives its first and its next moment, in epoch milliseconds. */
  | {
      readonly kind: 'calendar';
      readonly name: string;
      readonly spanOf: (now: number) => { readonly from: number; readonly to: number };
    };

/**
 * A decimal text (JSON number grammar, leading `+` excluded) as 10^-18ths. Undefined where it has more fraction
 * digits than that, or an exponent beyond ±400: what is not exact is no amount.
 */
export function scaled(text: string): bigint | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '0', fraction = '', exponentText = '0'] = match;
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > 400 || whole.length + fraction.length > 400) return undefined;
  const digits = BigInt(whole + fraction);
  const shift = SCALE_DIGITS - fraction.length + exponent;
  let value: bigint;
  if (shift >= 0) value = digits * 10n ** BigInt(shift);
  else {
    const divisor = 10n ** BigInt(-shift);
    if (digits % divisor !== 0n) return undefined;
    value = digits / divisor;
  }
  return sign === '-' ? -value : value;
}

/** The shortest decimal text of 10^-18ths. */
export function decimalText(value: bigint): string {
  const sign = value < 0n ? '-' : '';
  const magnitude = value < 0n ? -value : value;
  const fraction = (magnitude % SCALE).toString().padStart(SCALE_DIGITS, '0').replace(/0+$/, '');
  const whole = (magnitude / SCALE).toString();
  return fraction === '' ? sign + whole : `${sign}${whole}.${fraction}`;
}

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
  /** How long the log must remember: the longest window that any limit in force has on this counter, in milliseconds. */
  readonly keepMs: number;
  readonly onDeny: string | undefined;
  /** Counted, and never refusing. */
  readonly shadow: boolean;
};

/** Amounts and maxima are below this, so that every store can add a log up exactly: 36 digits before the point. */
export const AMOUNT_END = 10n ** 54n;

/**
 * The demands of one call as they are counted: a call enters a log once, with its largest amount there, so every limit
 * on that log is asked for that amount.
 */
export function levelled(demands: readonly Demand[]): readonly Demand[] {
  if (demands.length < 2) return demands;
  const largest = new Map<string, bigint>();
  for (const { bucket, amount } of demands) {
    const known = largest.get(bucket);
    if (known === undefined || amount > known) largest.set(bucket, amount);
  }
  return demands.map((demand) => {
    const amount = largest.get(demand.bucket) ?? demand.amount;
    return amount === demand.amount ? demand : { ...demand, amount };
  });
}

/**
 * The demands that a call enters into its logs, once it is admitted: where a limit in shadow would have refused it
 * (`watched`), it enters no log of a limit in shadow, as a refused call takes nothing.
 */
export function entered(demands: readonly Demand[], watched: object | undefined): readonly Demand[] {
  return watched === undefined ? demands : demands.filter((demand) => !demand.shadow);
}

/** Equal windows share what was added up for them. */
export function isSameWindow(one: Window, other: Window): boolean {
  if (one.kind === 'sliding') return other.kind === 'sliding' && one.ms === other.ms;
  return other.kind === 'calendar' && one.name === other.name;
}

/** A window's name in a store: equal for equal windows. */
export function windowKey(window: Window): string {
  return window.kind === 'sliding' ? `s${window.ms}` : window.name;
}

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

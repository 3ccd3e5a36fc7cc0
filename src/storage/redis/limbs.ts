/** Exact amounts as the scripts add them: five limbs of fifteen decimal digits, the highest first. */
export function toLimbs(amount: bigint): string {
  const limbs: bigint[] = [];
  let rest = amount;
  for (let i = 0; i < LIMBS; i++) {
    limbs.unshift(rest % BASE);
    rest /= BASE;
  }
  if (rest !== 0n || amount < 0n) throw new RangeError('an amount is beyond what can be counted');
  return limbs.join(',');
}

export function fromLimbs(text: string): bigint {
  let amount = 0n;
  for (const limb of text.split(',')) amount = amount * BASE + BigInt(limb);
  return amount;
}

const LIMBS = 5;
const BASE = 10n ** 15n;

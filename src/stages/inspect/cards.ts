/** Card numbers: by their issuer's prefix and length and the Luhn check, in the ways people write them. */
export function withoutCards(text: string, replacement: string): string {
  const left = text.replace(run, (found) => (isCard(plain(found)) ? replacement : found));
  return withoutEmbossed(left, replacement);
}

/** Whether the text of a JSON number is a card number: servers write them so, too. */
export function isCardNumber(text: string): boolean {
  return /^[0-9]{13,19}$/.test(text) && isCard(text);
}

/** Digits with single blanks or hyphens anywhere, and no other digits beside them. Full-width digits are digits. */
const run = /(?<![0-9０-９])[0-9０-９](?:[ -]?[0-9０-９]){12,18}(?![0-9０-９])/g;

/**
 * In one piece or in groups as cards show them, with what people put between; other numbers may stand beside it, as the
 * day it expires does. Every group is tried as the first one: what looks like a card may begin inside what is none.
 */
function withoutEmbossed(text: string, replacement: string): string {
  let left = '';
  let done = 0;
  for (const { 0: first, index } of text.matchAll(firstGroup)) {
    if (index < done) continue;
    const end = endOfCard(text, index, first);
    if (end === undefined) continue;
    left += text.slice(done, index) + replacement;
    done = end;
  }
  return done === 0 ? text : left + text.slice(done);
}

function endOfCard(text: string, start: number, first: string): number | undefined {
  if (isCard(plain(first))) return start + first.length;
  if (first.length !== 4) return undefined;
  for (const groups of furtherGroups) {
    groups.lastIndex = start + first.length;
    const further = groups.exec(text)?.[0];
    if (further !== undefined && isCard(plain(first + further))) return start + first.length + further.length;
  }
  return undefined;
}

const firstGroup = /(?<![0-9０-９])(?:[0-9０-９]{13,19}|[0-9０-９]{4})(?![0-9０-９])/g;
const between = '(?:[ \\u00A0\\u2007\\u2009\\u202F]{1,3}|[-._\\u2010-\\u2015\\u2212])';
const furtherGroups = [
  [4, 4, 4, 3],
  [4, 4, 4],
  [4, 4, 7],
  [4, 4, 3],
  [4, 4, 2],
  [4, 4, 1],
  [6, 5],
  [6, 4],
].map((lengths) => {
  const groups = lengths.map((length) => `${between}[0-9０-９]{${length}}`);
  return new RegExp(`${groups.join('')}(?![0-9０-９])`, 'y');
});

/** The digits alone; the last four bits of each, full-width or not, are its value. */
function plain(text: string): string {
  return text.replace(/[^0-9０-９]/g, '').replace(/[０-９]/g, (digit) => String(digit.charCodeAt(0) % 16));
}

/** Visa, Mastercard, American Express, Discover, Diners, JCB, UnionPay, Maestro, Mir. */
const issuers: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^4/, [13, 16, 19]],
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^(?:6011|64[4-9]|65)/, [16, 17, 18, 19]],
  [/^3(?:0[0-5]|095|[689])/, [14, 15, 16, 17, 18, 19]],
  [/^35(?:2[89]|[3-8])/, [16, 17, 18, 19]],
  [/^62/, [16, 17, 18, 19]],
  [/^(?:50|5[6-9]|6[0-9])/, [13, 14, 15, 16, 17, 18, 19]],
  [/^220[0-4]/, [16, 17, 18, 19]],
];

function isCard(digits: string): boolean {
  return luhn(digits) && issuers.some(([prefix, lengths]) => prefix.test(digits) && lengths.includes(digits.length));
}

function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    let digit = digits.charCodeAt(digits.length - 1 - i) - 0x30;
    if (i % 2 === 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 === 0;
}

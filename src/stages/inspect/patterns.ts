/**
 * `secrets`, `cards`, `emails`. The patterns have fixed beginnings and bounded runs, so that the engine moves forward only;
 * numbers count as cards by their issuer's prefix and length and the Luhn check.
 */

const tokens: readonly RegExp[] = [
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s:,.()-]{0,20000}?-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g,
  // Cut off: no end line in this string.
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s:,.()-]{0,20000}/g,
  /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/g,
  /\bgh[pousr]_[A-Za-z0-9]{36,251}\b/g,
  /\bgithub_pat_[A-Za-z0-9_]{22,255}\b/g,
  /\bglpat-[A-Za-z0-9_-]{20,64}/g,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,250}/g,
  /\bxapp-[0-9]-[A-Za-z0-9-]{10,250}/g,
  /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,247}\b/g,
  /\bwhsec_[A-Za-z0-9+/=]{24,128}/g,
  /\bsk-(?:ant-|proj-|svcacct-|or-)?[A-Za-z0-9_-]{20,250}/g,
  /\bAIza[A-Za-z0-9_-]{35}/g,
  /\bya29\.[A-Za-z0-9_-]{20,1000}/g,
  /\bSG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,128}/g,
  /\bnpm_[A-Za-z0-9]{36}\b/g,
  /\bpypi-[A-Za-z0-9_-]{50,1000}/g,
  /\bhf_[A-Za-z0-9]{30,64}\b/g,
  /\bdop_v1_[a-f0-9]{64}\b/g,
  /\bhvs\.[A-Za-z0-9_-]{24,500}/g,
  // Whoever has the address may post.
  /\bhttps:\/\/hooks\.slack\.com\/(?:services|workflows|triggers)\/[A-Za-z0-9/]{10,200}/g,
  /\beyJ[A-Za-z0-9_-]{8,8000}\.eyJ[A-Za-z0-9_-]{4,16000}\.[A-Za-z0-9_-]{0,8000}/g,
];

/** The value after a telling name or scheme; the name stays. */
const assigned: readonly RegExp[] = [
  /(\b(?:bearer|basic)[ ]{1,4})[A-Za-z0-9+/=._~-]{16,8000}/gi,
  /(\b[a-z0-9_-]{0,40}(?:password|passwd|passphrase|secret|secret[_-]?key|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|signing[_-]?key|auth[_-]?token|access[_-]?token|refresh[_-]?token)["']?[ \t]{0,4}[:=][ \t]{0,4}["']?)[^\s"',;&]{6,8000}/gi,
  // In quotes a value may hold blanks.
  /(\b[a-z0-9_-]{0,40}(?:password|passwd|passphrase|pwd|secret|secret[_-]?key)["']?[ \t]{0,4}[:=][ \t]{0,4}["])[^"\r\n]{6,1000}(?=")/gi,
  // Short names that mean other things too: a value long enough to be one, with a digit, as no word has.
  /((?<![a-z0-9])(?:pwd|token)["']?[ \t]{0,4}[:=][ \t]{0,4}["']?)(?=[A-Za-z+/=._~-]{0,200}[0-9])[A-Za-z0-9+/=._~-]{10,8000}/gi,
  // User information of a URL.
  /(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"']{0,200}:)[^\s/@"']{1,200}(?=@)/gi,
];

/** Letters of every script stand on both sides of the sign (RFC 6531). */
const email =
  /(?<![\p{L}\p{N}._%+-])[\p{L}\p{M}\p{N}._%+-]{1,64}@(?:[\p{L}\p{M}\p{N}-]{1,63}\.){1,10}[\p{L}\p{M}]{2,24}(?![\p{L}\p{N}])/gu;

const cardRun = /(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])/g;

export function findPattern(pattern: 'secrets' | 'cards' | 'emails', text: string, replacement: string): string {
  switch (pattern) {
    case 'secrets': {
      let left = text;
      for (const token of tokens) left = left.replace(token, replacement);
      for (const value of assigned) left = left.replace(value, (_whole, name: string) => name + replacement);
      return left;
    }
    case 'cards':
      return text.replace(cardRun, (run) => (isCard(run.replace(/[ -]/g, '')) ? replacement : run));
    case 'emails':
      return text.replace(email, replacement);
    default:
      return pattern satisfies never;
  }
}

/** Whether the text of a JSON number is a card number: servers write them so, too. */
export function isCardNumber(text: string): boolean {
  return /^[0-9]{13,19}$/.test(text) && isCard(text);
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

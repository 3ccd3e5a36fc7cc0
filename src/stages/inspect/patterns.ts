/**
 * `secrets`, `cards`, `emails`. The patterns have fixed beginnings and bounded runs, so that the engine moves forward
 * only; what no such pattern can say has a file of its own.
 */
import { withoutCards } from './cards.ts';
import { withoutPrivateKeys } from './private-keys.ts';
import { withoutWebTokens } from './web-tokens.ts';

/** Neither a letter nor a digit stands before or after. */
const tokens: readonly RegExp[] = [
  /(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])/g,
  /(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{36,251}(?![A-Za-z0-9])/g,
  /(?<![A-Za-z0-9])github_pat_[A-Za-z0-9_]{22,255}(?![A-Za-z0-9])/g,
  /(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{20,64}/g,
  /(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,250}/g,
  /(?<![A-Za-z0-9])xapp-[0-9]-[A-Za-z0-9-]{10,250}/g,
  /(?<![A-Za-z0-9])[rs]k_(?:live|test)_[A-Za-z0-9]{16,247}(?![A-Za-z0-9])/g,
  /(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/=]{24,128}/g,
  /(?<![A-Za-z0-9])sk-(?:ant-|proj-|svcacct-|or-)?[A-Za-z0-9_-]{20,250}/g,
  /(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}/g,
  /(?<![A-Za-z0-9])ya29\.[A-Za-z0-9_-]{20,1000}/g,
  /(?<![A-Za-z0-9])GOCSPX-[A-Za-z0-9_-]{20,64}/g,
  /(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,128}/g,
  /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/g,
  /(?<![A-Za-z0-9])pypi-[A-Za-z0-9_-]{50,1000}/g,
  /(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,64}(?![A-Za-z0-9])/g,
  /(?<![A-Za-z0-9])dop_v1_[a-f0-9]{64}(?![A-Za-z0-9])/g,
  /(?<![A-Za-z0-9])hvs\.[A-Za-z0-9_-]{24,500}/g,
  /(?<![A-Za-z0-9])(?:shp(?:at|ca|pa|ss)_|lin_api_|dckr_pat_|figd_|sntry[su]_|xai-|gsk_|ATATT3)[A-Za-z0-9_=-]{24,500}/g,
  // Whoever has the address may post.
  /\bhttps:\/\/hooks\.slack\.com\/(?:services|workflows|triggers)\/[A-Za-z0-9/]{10,200}/g,
];

/** Between a telling name and its value; quotes are escaped where JSON stands inside JSON. */
const gives = String.raw`\\{0,4}["']?[ \t]{0,4}(?:=>|[:=])[ \t]{0,4}`;
const telling =
  'password|passwd|passphrase|secret|secret[_-]?key|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|signing[_-]?key|auth[_-]?token|access[_-]?token|refresh[_-]?token|session[_-]?token';

/** The value after a telling name or scheme; the name stays. */
const assigned: readonly RegExp[] = [
  /(\b(?:bearer|basic)[ ]{1,4})[A-Za-z0-9+/=._~-]{16,8000}/gi,
  // A backslash is of the value, but where it escapes the quote after it.
  new RegExp(String.raw`((?:${telling})${gives}\\{0,4}["']?)(?:[^\s"',;&\\]|\\(?!\\{0,4}["'])){6,8000}`, 'gi'),
  // In quotes a value may hold blanks.
  new RegExp(
    String.raw`((?:password|passwd|passphrase|pwd|secret|secret[_-]?key)${gives}["])[^"\r\n]{6,1000}(?=")`,
    'gi',
  ),
  // Short names that mean other things too: a value long enough to be one, with a digit, as no word has.
  new RegExp(
    String.raw`((?<![a-z0-9])(?:pwd|token)${gives}\\{0,4}["']?)(?=[A-Za-z+/=._~-]{0,200}[0-9])[A-Za-z0-9+/=._~-]{10,8000}`,
    'gi',
  ),
  // User information of a URL.
  /(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"']{0,200}:)[^\s/@"']{1,200}(?=@)/gi,
];

/** Letters of every script stand on both sides of the sign (RFC 6531), which may be full-width or percent-encoded. */
const email =
  /(?<![\p{L}\p{N}._%+-])[\p{L}\p{M}\p{N}._%+-]{1,64}(?:[@＠]|%40)(?:[\p{L}\p{M}\p{N}-]{1,63}[.．。]){1,10}(?:xn--[a-z0-9-]{2,59}|[\p{L}\p{M}]{2,24})(?![\p{L}\p{N}])/giu;

export function findPattern(pattern: 'secrets' | 'cards' | 'emails', text: string, replacement: string): string {
  switch (pattern) {
    case 'secrets': {
      let left = withoutWebTokens(withoutPrivateKeys(text, replacement), replacement);
      for (const token of tokens) left = left.replace(token, replacement);
      for (const value of assigned) left = left.replace(value, (_whole, name: string) => name + replacement);
      return left;
    }
    case 'cards':
      return withoutCards(text, replacement);
    case 'emails':
      return text.replace(email, replacement);
    default:
      return pattern satisfies never;
  }
}

const tellingName = new RegExp(`(?:${telling})$`, 'i');
const shortName = /(?<![a-z0-9])(?:pwd|token)$/i;
const nameLengthMax = 200;

/** Whether a member's name says that its value is a secret, as it would where both stand in one text. */
export function isTellingName(name: string, value: string): boolean {
  if (name.length > nameLengthMax) return false;
  if (tellingName.test(name)) return value.length >= 6;
  return shortName.test(name) && value.length >= 10 && /^[A-Za-z0-9+/=._~-]*[0-9]/.test(value);
}

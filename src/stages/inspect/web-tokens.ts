/**
 * JSON Web Tokens: signed ones (`eyJ….eyJ….signature`, the last may be empty) and encrypted ones (five parts). Signed
 * ones are found from their second part, whose dot no run of letters can hold: searching it from every `eyJ` would be
 * quadratic.
 */
export function withoutWebTokens(text: string, replacement: string): string {
  let left = '';
  let done = 0;
  for (const { index } of text.matchAll(second)) {
    const start = index < done ? undefined : headerBefore(text, index, done);
    if (start === undefined) continue;
    rest.lastIndex = index;
    const found = rest.exec(text);
    if (found === null) continue;
    left += text.slice(done, start) + replacement;
    done = index + found[0].length;
  }
  return (done === 0 ? text : left + text.slice(done)).replace(encrypted, replacement);
}

const second = /\.eyJ/g;
const rest = /\.eyJ[A-Za-z0-9_-]{4,16000}\.[A-Za-z0-9_-]{0,8000}/y;
const encrypted = /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,8000}(?:\.[A-Za-z0-9_-]{0,16000}){4}/g;
const headerLengthMax = 8_000;

/** Where the header that ends at `end` begins; not before `from`. */
function headerBefore(text: string, end: number, from: number): number | undefined {
  let start = end;
  const first = Math.max(from, end - headerLengthMax);
  while (start > first && isBase64Url(text.charCodeAt(start - 1))) start--;
  const found = /(?<![A-Za-z0-9])eyJ.{8}/.exec(text.slice(start, end));
  return found === null ? undefined : start + found.index;
}

function isBase64Url(code: number): boolean {
  const isLetter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
  return isLetter || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x5f;
}

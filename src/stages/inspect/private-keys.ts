/**
 * Private keys as PEM writes them, also inside JSON text (line breaks escaped, once or more), quoted in a mail, or cut
 * off. Goes through the text once: searching an end from every beginning would be quadratic.
 */
export function withoutPrivateKeys(text: string, replacement: string): string {
  let left = '';
  let done = 0;
  const marks = [...text.matchAll(mark)];
  for (const [i, { 0: line, 1: side, index }] of marks.entries()) {
    if (side !== 'BEGIN' || index < done) continue;
    const next = marks[i + 1];
    const whole = next?.[1] === 'END' && next.index - index <= keyLengthMax;
    left += text.slice(done, index) + replacement;
    done = whole ? next.index + next[0].length : endOfCut(text, index + line.length);
  }
  return done === 0 ? text : left + text.slice(done);
}

const mark = /-----(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
/** A key of 16,384 bits has some 13,000 characters. */
const keyLengthMax = 40_000;
/** What a key can be made of, with headers, escaped line breaks and signs of quotation. */
const body = /[A-Za-z0-9+/=\s:,.()\\>|-]{0,40000}/y;

/** No end follows: what could still be key goes. */
function endOfCut(text: string, from: number): number {
  body.lastIndex = from;
  return from + (body.exec(text)?.[0].length ?? 0);
}

/**
 * One JSON message as a line of a pipe, its end included. Some readers end a line at U+2028, U+2029 and U+0085 too
 * (Node's readline, Java's Scanner): in JSON these stand inside strings only, so they are written as escapes.
 */
export function pipeLine(json: string): string {
  return `${ENDS_A_LINE.test(json) ? json.replace(EACH, escaped) : json}\n`;
}

const ENDS_A_LINE = /[\u0085\u2028\u2029]/;
const EACH = /[\u0085\u2028\u2029]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

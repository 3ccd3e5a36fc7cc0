/** `strip`: characters that a person does not see, and sequences that drive a terminal. */

/**
 * Format characters (zero width, bidi, tags), variation selectors and blank letters: all of them can carry text that a
 * model reads and a person does not.
 */
const invisible =
  /\p{Cf}|\u034F|[\u115F\u1160\u3164\uFFA0\u2800]|[\u17B4\u17B5]|[\u180B-\u180F]|[\uFE00-\uFE0F]|[\u{1D173}-\u{1D17A}]|[\u{E0000}-\u{E0FFF}]/gu;

/**
 * CSI, then OSC, DCS and the other strings up to their end, then two-byte escapes. A string without an end loses its
 * introducer only: what follows is text.
 */
const sequences = new RegExp(
  [
    String.raw`(?:\x1B\[|\x9B)[0-?]*[ -/]*[@-~]`,
    String.raw`(?:\x1B[\]PX^_]|[\x90\x98\x9D\x9E\x9F])[^\x07\x1B\x9C]*(?:\x07|\x1B\\|\x9C)`,
    String.raw`\x1B[ -/]*[0-~]`,
  ].join('|'),
  'g',
);
const controls = /(?![\t\n\r])\p{Cc}/gu;

/** A function that strips all that is asked for; undefined where nothing is. */
export function stripper(kinds: readonly ('invisible' | 'terminal')[]): ((text: string) => string) | undefined {
  const wanted = new Set(kinds);
  if (wanted.size === 0) return undefined;
  return (text) => {
    let left = text;
    // Invisible characters first: one inside an escape sequence would hide it.
    if (wanted.has('invisible')) left = left.replace(invisible, '');
    if (wanted.has('terminal')) left = left.replace(sequences, '').replace(controls, '');
    return left;
  };
}

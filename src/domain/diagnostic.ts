/** One thing wrong in a file that a person wrote: where, what, and the way out. */
export interface Diagnostic {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 code units. */
  readonly column: number;
  /** A sentence in lower case without full stop. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** `file:line:column: sentence; hint`. The file's own text is escaped, so that a name cannot forge a second line. */
export function formatDiagnostic(d: Diagnostic): string {
  const text = d.hint === undefined ? d.message : `${d.message}; ${d.hint}`;
  return `${d.file}:${d.line}:${d.column}: ${visible(text)}`;
}

/** Control, bidirectional and invisible characters as `\u{…}`. */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu,
    (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`,
  );
}

const sentenceMax = 500;

/** What a file says in a sentence of ours may be as long as the file. */
export function bounded(sentence: string): string {
  return sentence.length > sentenceMax ? `${sentence.slice(0, sentenceMax)}…` : sentence;
}

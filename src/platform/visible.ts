/**
 * Text for a person's terminal, of which a client or server chose parts: what would move the cursor, begin a line, or
 * turn letters round is shown as an escape. A name must not be able to forge the line it stands in.
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** As {@link visible}, of JSON text in lines: what stands raw in a string there is written as JSON writes it. */
export function visibleJson(json: string): string {
  return json.replace(RAW, (character) =>
    Array.from({ length: character.length }, (_, i) => unitText(character.charCodeAt(i))).join(''),
  );
}

function unitText(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

const RAW = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Controls (C0, DEL, C1), line and paragraph separators, and formats such as bidirectional marks and zero-width ones. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * JSON text in lines, for a person's terminal: what would drive it or turn letters round, and stands raw in a string, is
 * written as JSON writes it. The same value to who reads it.
 */
export function visibleJson(json: string): string {
  return json.replace(RAW, (character) =>
    Array.from({ length: character.length }, (_, i) => unitText(character.charCodeAt(i))).join(''),
  );
}

function unitText(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

/** JSON writes C0 as escapes by itself; the rest are DEL, C1, separators and formats such as bidirectional marks. */
const RAW = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

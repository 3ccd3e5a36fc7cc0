/** What a configuration or policy file holds, and where each part of it stands in the text. */
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { JsonValue } from '../domain/json.ts';

export const depthMax = 64;
export const yamlBytesMax = 256 * 1024;
export const jsonBytesMax = 4 * 1024 * 1024;
export const errorsMax = 100;

export type DocumentPath = readonly (string | number)[];

export interface SourceDocument {
  readonly file: string;
  readonly format: 'yaml' | 'json';
  /** The value; every number a JsonNumber with the text it was written with. */
  readonly value: JsonValue;
  /** The place of the value at the path, or of its key; where the path ends early, of the last part that exists. */
  locate(path: DocumentPath, part: 'key' | 'value'): Position;
}

export interface Position {
  readonly line: number;
  readonly column: number;
}

export type ReadResult =
  | { readonly document: SourceDocument }
  | {
      readonly errors: readonly Diagnostic[];
      /** Where the text has a shape all the same: what is left without the wrong parts, to look for more mistakes in. */
      readonly rest?: SourceDocument;
    };

/** Offsets to lines and columns, both 1-based. */
export class LineIndex {
  readonly #starts: number[] = [0];
  constructor(text: string) {
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) this.#starts.push(i + 1);
  }
  position(offset: number): Position {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }
}

export function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The parts of a JSON Pointer, as text. */
export function pointerPath(pointer: string): string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/**
 * Strict JSON with places: duplicate and `__proto__` keys, depth and stray bytes are errors, numbers keep their text.
 * Offsets are not kept while reading; they are found by reading once more, which only an error asks for.
 */
import { JsonNumber, type JsonValue } from '../domain/json.ts';
import { type DocumentPath, depthMax, LineIndex, type ReadResult } from './source-document.ts';

export function readJsonDocument(file: string, text: string): ReadResult {
  let places: { readonly root: Place; readonly lines: LineIndex } | undefined;
  try {
    const value = new JsonReader(text).document();
    return {
      document: {
        file,
        format: 'json',
        value,
        locate: (path, part) => {
          places ??= { root: new JsonReader(text, true).places(), lines: new LineIndex(text) };
          return places.lines.position(offsetOf(places.root, path, part));
        },
      },
    };
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault;
    return { errors: [{ file, ...new LineIndex(text).position(fault.offset), message: fault.message }] };
  }
}

/** Where a value and its key stand, and the same of its parts. */
interface Place {
  readonly key: number;
  readonly value: number;
  readonly parts: ReadonlyMap<string, Place> | undefined;
}

function offsetOf(root: Place, path: DocumentPath, part: 'key' | 'value'): number {
  let place = root;
  for (const [i, name] of path.entries()) {
    const next = place.parts?.get(String(name));
    if (next === undefined) return place.value;
    if (i === path.length - 1 && part === 'key') return next.key;
    place = next;
  }
  return place.value;
}

class JsonFault extends Error {
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

const numberAt = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// Up to the closing quote, an escape or a control character.
const plainString = /[^"\\\p{Cc}]*/uy;

class JsonReader {
  readonly #text: string;
  readonly #placing: boolean;
  #at = 0;
  #depth = 0;
  /** The parts of the value read last, while places are asked for. */
  #parts: Map<string, Place> | undefined;

  constructor(text: string, placing = false) {
    this.#text = text;
    this.#placing = placing;
  }

  document(): JsonValue {
    this.#space();
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#fault('text after the end of the document');
    return value;
  }

  places(): Place {
    this.#space();
    const at = this.#at;
    this.#value();
    return { key: at, value: at, parts: this.#parts };
  }

  #value(): JsonValue {
    switch (this.#text.charAt(this.#at)) {
      case '{':
        return this.#object();
      case '[':
        return this.#array();
      default:
        this.#parts = undefined;
        return this.#scalar();
    }
  }

  #scalar(): JsonValue {
    switch (this.#text.charAt(this.#at)) {
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(): JsonValue {
    this.#enter();
    const object = Object.create(null) as Record<string, JsonValue>;
    const parts = this.#placing ? new Map<string, Place>() : undefined;
    this.#space();
    if (this.#text[this.#at] === '}') return this.#leave(object, parts);
    for (;;) {
      const keyAt = this.#at;
      if (this.#text[keyAt] !== '"') throw this.#fault('expected a key in double quotes');
      const key = this.#string();
      if (key in object) throw new JsonFault(keyAt, `the key \`${key}\` is written twice`);
      if (key === '__proto__') throw new JsonFault(keyAt, 'the key `__proto__` is not allowed');
      this.#space();
      if (this.#text[this.#at] !== ':') throw this.#fault('expected `:` after the key');
      this.#at++;
      this.#space();
      const valueAt = this.#at;
      object[key] = this.#value();
      parts?.set(key, { key: keyAt, value: valueAt, parts: this.#parts });
      this.#space();
      const end = this.#text[this.#at];
      if (end === '}') return this.#leave(object, parts);
      if (end !== ',') throw this.#fault('expected `,` or `}`');
      this.#at++;
      this.#space();
    }
  }

  #array(): JsonValue {
    this.#enter();
    const array: JsonValue[] = [];
    const parts = this.#placing ? new Map<string, Place>() : undefined;
    this.#space();
    if (this.#text[this.#at] === ']') return this.#leave(array, parts);
    for (;;) {
      const at = this.#at;
      array.push(this.#value());
      parts?.set(String(array.length - 1), { key: at, value: at, parts: this.#parts });
      this.#space();
      const end = this.#text[this.#at];
      if (end === ']') return this.#leave(array, parts);
      if (end !== ',') throw this.#fault('expected `,` or `]`');
      this.#at++;
      this.#space();
    }
  }

  #enter(): void {
    if (++this.#depth > depthMax) throw this.#fault(`nested more than ${depthMax} levels deep`);
    this.#at++;
  }

  #leave<T>(value: T, parts: Map<string, Place> | undefined): T {
    this.#depth--;
    this.#at++;
    this.#parts = parts;
    return value;
  }

  #string(): string {
    const start = this.#at;
    plainString.lastIndex = start + 1;
    plainString.test(this.#text);
    let end = plainString.lastIndex;
    if (this.#text[end] === '"') {
      this.#at = end + 1;
      const plain = this.#text.slice(start + 1, end);
      if (!plain.isWellFormed()) throw new JsonFault(start, 'a string with half a surrogate pair');
      return plain;
    }
    while (end < this.#text.length && this.#text[end] !== '"') {
      if (this.#text.charCodeAt(end) < 0x20) break;
      end += this.#text[end] === '\\' ? 2 : 1;
    }
    let value: unknown;
    try {
      value = JSON.parse(this.#text.slice(start, end + 1));
    } catch {
      throw new JsonFault(start, 'a string that does not end, or holds a bad escape or a raw control character');
    }
    if (typeof value !== 'string' || !value.isWellFormed()) {
      throw new JsonFault(start, 'a string with half a surrogate pair');
    }
    this.#at = end + 1;
    return value;
  }

  #number(): JsonNumber {
    numberAt.lastIndex = this.#at;
    const match = numberAt.exec(this.#text);
    if (match === null) {
      throw this.#fault(this.#at >= this.#text.length ? 'the document ends too early' : 'expected a JSON value');
    }
    this.#at = numberAt.lastIndex;
    return new JsonNumber(match[0]);
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#fault('expected a JSON value');
    this.#at += word.length;
    return value;
  }

  #space(): void {
    for (;;) {
      const c = this.#text.charCodeAt(this.#at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
      this.#at++;
    }
  }

  #fault(message: string): JsonFault {
    return new JsonFault(this.#at, message);
  }
}

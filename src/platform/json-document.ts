/**
 * Strict JSON with places: duplicate and `__proto__` keys, depth and stray bytes are errors, numbers keep their text.
 * Offsets are not kept while reading; a place is found by reading again, which only an error asks for.
 */
import { JsonNumber, type JsonValue } from '../domain/json.ts';
import { type DocumentPath, depthMax, LineIndex, type ReadResult } from './source-document.ts';

export function readJsonDocument(file: string, text: string): ReadResult {
  const reader = new JsonReader(text);
  try {
    const value = reader.document();
    return {
      document: {
        file,
        format: 'json',
        value,
        locate: (path, part) => new LineIndex(text).position(new JsonReader(text).find(path, part)),
      },
    };
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault;
    return { errors: [{ file, ...new LineIndex(text).position(fault.offset), message: fault.message }] };
  }
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
  #at = 0;
  #depth = 0;
  /** The path looked for while finding a place, and how much of it was met. */
  #wanted: DocumentPath | undefined;
  #part: 'key' | 'value' = 'value';
  #met = -1;
  #place = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonValue {
    this.#space();
    const value = this.#value(0, true);
    this.#space();
    if (this.#at < this.#text.length) throw this.#fault('text after the end of the document');
    return value;
  }

  find(path: DocumentPath, part: 'key' | 'value'): number {
    this.#wanted = path;
    this.#part = part;
    this.document();
    return this.#place;
  }

  /** `level`: how many parts of the wanted path lead here; `onPath`: whether they all matched. */
  #value(level: number, onPath: boolean): JsonValue {
    if (onPath && this.#wanted !== undefined && this.#met < level) {
      this.#met = level;
      if (!(level === this.#wanted.length && this.#part === 'key' && level > 0)) this.#place = this.#at;
    }
    switch (this.#text.charAt(this.#at)) {
      case '{':
        return this.#object(level, onPath);
      case '[':
        return this.#array(level, onPath);
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

  #object(level: number, onPath: boolean): JsonValue {
    this.#enter();
    const object = Object.create(null) as Record<string, JsonValue>;
    this.#space();
    if (this.#text[this.#at] === '}') return this.#leave(object);
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
      const next = this.#wanted?.[level];
      const matches = onPath && next !== undefined && String(next) === key;
      if (matches && this.#met === level && level + 1 === this.#wanted?.length && this.#part === 'key') {
        this.#place = keyAt;
      }
      object[key] = this.#value(level + 1, matches);
      this.#space();
      const end = this.#text[this.#at];
      if (end === '}') return this.#leave(object);
      if (end !== ',') throw this.#fault('expected `,` or `}`');
      this.#at++;
      this.#space();
    }
  }

  #array(level: number, onPath: boolean): JsonValue {
    this.#enter();
    const array: JsonValue[] = [];
    this.#space();
    if (this.#text[this.#at] === ']') return this.#leave(array);
    for (;;) {
      const next = this.#wanted?.[level];
      const matches = onPath && next !== undefined && String(next) === String(array.length);
      if (matches && level + 1 === this.#wanted?.length && this.#part === 'key') this.#place = this.#at;
      array.push(this.#value(level + 1, matches));
      this.#space();
      const end = this.#text[this.#at];
      if (end === ']') return this.#leave(array);
      if (end !== ',') throw this.#fault('expected `,` or `]`');
      this.#at++;
      this.#space();
    }
  }

  #enter(): void {
    if (++this.#depth > depthMax) throw this.#fault(`nested more than ${depthMax} levels deep`);
    this.#at++;
  }

  #leave<T>(value: T): T {
    this.#depth--;
    this.#at++;
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

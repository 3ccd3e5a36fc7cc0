/**
 * Strict JSON with places: duplicate and `__proto__` keys, depth and stray bytes are errors, numbers keep their text.
 * Offsets are not kept while reading; they are found by reading once more, which only an error asks for.
 */
import { JsonNumber, type JsonValue } from '../domain/json.ts';
import { type DocumentPath, depthMax, LineIndex, type ReadResult } from './source-document.ts';

export function readJsonDocument(file: string, text: string): ReadResult {
  let places: { readonly all: Places; readonly lines: LineIndex } | undefined;
  try {
    const value = new JsonReader(text).document();
    return {
      document: {
        file,
        format: 'json',
        value,
        locate: (path, part) => {
          places ??= { all: placesIn(text), lines: new LineIndex(text) };
          return places.lines.position(offsetOf(text, places.all, path, part));
        },
      },
    };
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault;
    return { errors: [{ file, ...new LineIndex(text).position(fault.offset), message: fault.message }] };
  }
}

/**
 * Where every value and its key stand, in the order of the text, and how many values each holds with itself: numbers
 * alone, for a file of four MiB has half a million of them.
 */
type Places = { readonly key: number[]; readonly value: number[]; readonly size: number[] };

function placesIn(text: string): Places {
  const places: Places = { key: [], value: [], size: [] };
  new JsonReader(text, places).document();
  return places;
}

function offsetOf(text: string, places: Places, path: DocumentPath, part: 'key' | 'value'): number {
  let place = 0;
  for (const [i, name] of path.entries()) {
    const next = partOf(text, places, place, String(name));
    if (next === undefined) return places.value[place] ?? 0;
    if (i === path.length - 1 && part === 'key') return places.key[next] ?? 0;
    place = next;
  }
  return places.value[place] ?? 0;
}

function partOf(text: string, { key, value, size }: Places, place: number, name: string): number | undefined {
  const isList = text[value[place] ?? 0] === '[';
  const end = place + (size[place] ?? 1);
  let n = 0;
  for (let part = place + 1; part < end; part += size[part] ?? 1, n++) {
    if (isList ? String(n) === name : isKey(text, key[part] ?? 0, name)) return part;
  }
  return undefined;
}

/** Whether the key that begins here is this name, however it is escaped. */
function isKey(text: string, at: number, name: string): boolean {
  if (text.startsWith(`"${name}"`, at) && !name.includes('\\') && !name.includes('"')) return true;
  let end = at + 1;
  let escaped = false;
  while (text[end] !== '"') {
    escaped ||= text[end] === '\\';
    end += text[end] === '\\' ? 2 : 1;
  }
  return escaped && JSON.parse(text.slice(at, end + 1)) === name;
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
  readonly #places: Places | undefined;
  #at = 0;
  #depth = 0;

  /** `places`: filled while reading. */
  constructor(text: string, places?: Places) {
    this.#text = text;
    this.#places = places;
  }

  document(): JsonValue {
    this.#space();
    const value = this.#value(this.#at);
    this.#space();
    if (this.#at < this.#text.length) throw this.#fault('text after the end of the document');
    return value;
  }

  #value(keyAt: number): JsonValue {
    const places = this.#places;
    if (places === undefined) return this.#anyValue();
    const place = places.key.push(keyAt) - 1;
    places.value.push(this.#at);
    places.size.push(1);
    const value = this.#anyValue();
    places.size[place] = places.key.length - place;
    return value;
  }

  #anyValue(): JsonValue {
    switch (this.#text.charAt(this.#at)) {
      case '{':
        return this.#object();
      case '[':
        return this.#array();
      default:
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
      object[key] = this.#value(keyAt);
      this.#space();
      const end = this.#text[this.#at];
      if (end === '}') return this.#leave(object);
      if (end !== ',') throw this.#fault('expected `,` or `}`');
      this.#at++;
      this.#space();
    }
  }

  #array(): JsonValue {
    this.#enter();
    const array: JsonValue[] = [];
    this.#space();
    if (this.#text[this.#at] === ']') return this.#leave(array);
    for (;;) {
      array.push(this.#value(this.#at));
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

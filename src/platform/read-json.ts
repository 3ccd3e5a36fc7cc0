import { isUtf8 } from 'node:buffer';
import { emptyMembers, type JsonArray, JsonNumber, type JsonObject, type JsonValue } from '../domain/json.ts';

/**
 * The strict JSON reader: the only parse of what a client sends. It accepts RFC 8259 and nothing two readers could
 * understand in two ways: no duplicate keys (escaped twins included), no `__proto__`, no lone surrogates, no byte
 * order mark, no number that is not finite as a double. Numbers keep their text.
 */
export function readJson(bytes: Uint8Array, depthMax = 64): JsonRead {
  if (!isUtf8(bytes)) return { kind: 'malformed', at: 0, why: 'the bytes are not UTF-8' };
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return readJsonText(text, depthMax);
}

export type JsonRead =
  | { readonly kind: 'value'; readonly value: JsonValue }
  /** `at` is the offset in UTF-16 code units where reading stopped. */
  | { readonly kind: 'malformed'; readonly at: number; readonly why: string };

/** As {@link readJson}, for text that is already decoded. */
export function readJsonText(text: string, depthMax = 64): JsonRead {
  const reader = new Reader(text, depthMax);
  try {
    return { kind: 'value', value: reader.document() };
  } catch (fault) {
    if (fault instanceof Malformed) return { kind: 'malformed', at: fault.at, why: fault.message };
    throw fault;
  }
}

class Malformed extends Error {
  readonly at: number;
  constructor(at: number, why: string) {
    super(why);
    this.at = at;
  }
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

class Reader {
  readonly #text: string;
  readonly #depthMax: number;
  #at = 0;

  constructor(text: string, depthMax: number) {
    this.#text = text;
    this.#depthMax = depthMax;
  }

  document(): JsonValue {
    const value = this.#value(0);
    this.#blank();
    if (this.#at < this.#text.length) throw new Malformed(this.#at, 'something follows the JSON value');
    return value;
  }

  #value(depth: number): JsonValue {
    this.#blank();
    const code = this.#text.charCodeAt(this.#at);
    switch (code) {
      case 0x22: // "
        return this.#string();
      case 0x7b: // {
        return this.#object(depth + 1);
      case 0x5b: // [
        return this.#array(depth + 1);
      case 0x74: // t
        return this.#word('true', true);
      case 0x66: // f
        return this.#word('false', false);
      case 0x6e: // n
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): JsonObject {
    if (depth > this.#depthMax) throw new Malformed(this.#at, `deeper than ${this.#depthMax} levels`);
    const object = emptyMembers();
    this.#at++;
    this.#blank();
    if (this.#text.charCodeAt(this.#at) === 0x7d) {
      this.#at++;
      return Object.freeze(object);
    }
    for (;;) {
      this.#blank();
      const keyAt = this.#at;
      if (this.#text.charCodeAt(keyAt) !== 0x22) throw new Malformed(keyAt, 'a key in double quotes was expected');
      const key = this.#string();
      if (key === '__proto__') throw new Malformed(keyAt, 'the key `__proto__` is not accepted');
      // No value is undefined, and nothing is inherited.
      if (object[key] !== undefined)
        throw new Malformed(keyAt, `the key ${JSON.stringify(key)} stands twice in one object`);
      this.#blank();
      if (this.#text.charCodeAt(this.#at) !== 0x3a) throw new Malformed(this.#at, 'a colon was expected');
      this.#at++;
      object[key] = this.#value(depth);
      this.#blank();
      const code = this.#text.charCodeAt(this.#at);
      this.#at++;
      if (code === 0x2c) continue;
      if (code === 0x7d) return Object.freeze(object);
      throw new Malformed(this.#at - 1, 'a comma or the end of the object was expected');
    }
  }

  #array(depth: number): JsonArray {
    if (depth > this.#depthMax) throw new Malformed(this.#at, `deeper than ${this.#depthMax} levels`);
    const array: JsonValue[] = [];
    this.#at++;
    this.#blank();
    if (this.#text.charCodeAt(this.#at) === 0x5d) {
      this.#at++;
      return Object.freeze(array);
    }
    for (;;) {
      array.push(this.#value(depth));
      this.#blank();
      const code = this.#text.charCodeAt(this.#at);
      this.#at++;
      if (code === 0x2c) continue;
      if (code === 0x5d) return Object.freeze(array);
      throw new Malformed(this.#at - 1, 'a comma or the end of the array was expected');
    }
  }

  #string(): string {
    const text = this.#text;
    const start = ++this.#at;
    for (let i = start; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === 0x22) {
        this.#at = i + 1;
        return text.slice(start, i);
      }
      if (code === 0x5c) return this.#escaped(start, i);
      if (code < 0x20) throw new Malformed(i, 'a control character stands unescaped in a string');
    }
    throw new Malformed(text.length, 'a string does not end');
  }

  /** The rest of a string from its first backslash on. Only escapes can bring in lone surrogates: the bytes were UTF-8. */
  #escaped(start: number, backslash: number): string {
    const text = this.#text;
    for (let i = backslash; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === 0x22) {
        this.#at = i + 1;
        return this.#unescape(start, i);
      }
      if (code === 0x5c) i++;
      else if (code < 0x20) throw new Malformed(i, 'a control character stands unescaped in a string');
    }
    throw new Malformed(text.length, 'a string does not end');
  }

  #unescape(start: number, end: number): string {
    // JSON.parse knows the escapes; the slice is one string token, so nothing else can be read into it.
    let value: string;
    try {
      value = JSON.parse(this.#text.slice(start - 1, end + 1)) as string;
    } catch {
      throw new Malformed(start, 'a string holds an escape that JSON does not know');
    }
    if (!value.isWellFormed()) throw new Malformed(start, 'a string holds half of a surrogate pair');
    return value;
  }

  #number(): JsonNumber {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) {
      const found = this.#text.codePointAt(this.#at);
      throw new Malformed(this.#at, found === undefined ? 'the text ends too early' : 'a JSON value was expected');
    }
    const text = match[0];
    if (!Number.isFinite(Number(text))) throw new Malformed(this.#at, 'a number is too large for a double');
    this.#at += text.length;
    return Object.freeze(new JsonNumber(text));
  }

  #word<T extends boolean | null>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw new Malformed(this.#at, 'a JSON value was expected');
    this.#at += word.length;
    return value;
  }

  #blank(): void {
    const text = this.#text;
    for (;;) {
      const code = text.charCodeAt(this.#at);
      if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) this.#at++;
      else return;
    }
  }
}

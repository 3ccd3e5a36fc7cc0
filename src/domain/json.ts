/**
 * JSON as the gateway keeps it: every number keeps the text it was written with, so that a rule, a digest and the
 * server all see the same value. Objects have no prototype; only own members exist.
 */
export type JsonValue = null | boolean | string | JsonNumber | JsonArray | JsonObject;
export type JsonArray = readonly JsonValue[];
export type JsonObject = { readonly [key: string]: JsonValue };

/** A JSON number by its source text (RFC 8259 grammar). Never compare these with `===`; two texts may be one value. */
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
  /** So that `JSON.stringify` of a tree for a log or an error shows a number; precision is lost there, never on the wire. */
  toJSON(): number {
    return Number(this.text);
  }
}

/**
 * An object to put members into, with nothing inherited: `toString` is no member of it. Not `Object.create(null)`:
 * freezing one of those makes V8 allocate a hidden class per object, which only a full collection frees.
 */
export function emptyMembers(): Record<string, JsonValue> {
  return new Members();
}

const Members = function () {} as unknown as new () => Record<string, JsonValue>;
Members.prototype = Object.freeze(Object.create(null) as object);

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber);
}

export function isJsonArray(value: JsonValue | undefined): value is JsonArray {
  return Array.isArray(value);
}

/** The JSON text of a value, numbers as they were written, members in their order. */
export function jsonText(value: JsonValue): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    default:
      break;
  }
  if (value instanceof JsonNumber) return value.text;
  if (isJsonArray(value)) {
    let text = '[';
    for (let i = 0; i < value.length; i++) text += (i === 0 ? '' : ',') + jsonText(value[i] as JsonValue);
    return `${text}]`;
  }
  let text = '{';
  let first = true;
  for (const key in value) {
    text += `${first ? '' : ','}${JSON.stringify(key)}:${jsonText(value[key] as JsonValue)}`;
    first = false;
  }
  return `${text}}`;
}

/** A plain JavaScript value (JSON.parse's kind) as a JsonValue. Numbers take JavaScript's shortest text. For values we made ourselves. */
export function toJson(value: unknown): JsonValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} is no JSON number`);
      return new JsonNumber(String(value));
    case 'bigint':
      return new JsonNumber(value.toString());
    case 'object': {
      if (value === null) return null;
      if (value instanceof JsonNumber) return value;
      if (Array.isArray(value)) return value.map(toJson);
      const object = emptyMembers();
      for (const [key, member] of Object.entries(value)) if (member !== undefined) object[key] = toJson(member);
      return object;
    }
    default:
      throw new TypeError(`a ${typeof value} is no JSON value`);
  }
}

/**
 * The beginning of a document. The first hundred mistakes of a file are said, and those of its beginning are found
 * without making tens of thousands more.
 */
import { isJsonArray, isJsonObject, type JsonValue } from '../domain/json.ts';
import type { DocumentPath } from '../platform/source-document.ts';

export interface FirstPart {
  readonly value: JsonValue;
  /** The path of the list or mapping that was being read when it was enough. */
  readonly cut: DocumentPath;
}

/** The first `valuesMax` values, in the order in which they are written; undefined where there are no more. */
export function firstPart(whole: JsonValue, valuesMax: number): FirstPart | undefined {
  const path: (string | number)[] = [];
  let cut: DocumentPath | undefined;
  let left = valuesMax;
  // What is read to its end is shared with the whole; only what is cut off is made anew.
  const part = (value: JsonValue): JsonValue => {
    if (isJsonArray(value)) {
      for (const [i, element] of value.entries()) {
        const last = member(i, element);
        if (cut !== undefined) return [...value.slice(0, i), ...last];
      }
    } else if (isJsonObject(value)) {
      const members = Object.entries(value);
      for (const [i, [key, inside]] of members.entries()) {
        const last = member(key, inside);
        if (cut !== undefined)
          return Object.fromEntries([...members.slice(0, i), ...last.map((one): [string, JsonValue] => [key, one])]);
      }
    }
    return value;
  };
  const member = (key: string | number, value: JsonValue): JsonValue[] => {
    if (left-- <= 0) {
      cut = [...path];
      return [];
    }
    path.push(key);
    const read = part(value);
    path.pop();
    return [read];
  };
  const value = part(whole);
  return cut === undefined ? undefined : { value, cut };
}

interface Mistake {
  readonly code: string;
  readonly path: readonly PropertyKey[];
}

/** Whether the whole has the mistake too: one that a value makes by what it lacks may be a mistake of the cut alone. */
export function isOfWhole({ code, path }: Mistake, { value, cut }: FirstPart): boolean {
  if (code === 'unrecognized_keys') return true;
  const parent = path.slice(0, -1);
  if (!parent.every((part, i) => part === cut[i])) return true;
  const last = path.at(-1);
  return last !== undefined && last !== cut[parent.length] && memberOf(at(value, parent), last) !== undefined;
}

function at(value: JsonValue, path: readonly PropertyKey[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((inside, part) => memberOf(inside, part), value);
}

function memberOf(value: JsonValue | undefined, part: PropertyKey): JsonValue | undefined {
  return (value as Readonly<Record<PropertyKey, JsonValue>> | null | undefined)?.[part];
}

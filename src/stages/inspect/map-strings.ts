import { isJsonArray, isJsonObject, JsonNumber, type JsonValue } from '../../domain/json.ts';

/**
 * The value with every string, and every name of a member, passed through; the same object where nothing changes. A
 * number that `hides` says so of is changed as the string of its text. `named` is asked first for a string that is the
 * value of a member: what it gives stands instead.
 */
export function mapStrings(
  value: JsonValue,
  change: (text: string) => string,
  hides?: (number: string) => boolean,
  named?: (name: string, text: string) => string | undefined,
): JsonValue {
  if (typeof value === 'string') return change(value);
  if (value instanceof JsonNumber) return hides?.(value.text) === true ? change(value.text) : value;
  if (isJsonArray(value)) {
    let made: JsonValue[] | undefined;
    for (const [i, element] of value.entries()) {
      const mapped = mapStrings(element, change, hides, named);
      if (mapped !== element) (made ??= [...value])[i] = mapped;
    }
    return made ?? value;
  }
  if (!isJsonObject(value)) return value;
  let changed = false;
  const made = Object.create(null) as Record<string, JsonValue>;
  const used = new Map<string, number>();
  for (const [key, member] of Object.entries(value)) {
    const name = change(key);
    const told = typeof member === 'string' ? named?.(key, member) : undefined;
    const mapped = told ?? mapStrings(member, change, hides, named);
    changed ||= name !== key || mapped !== member;
    // Two names that become one: the first stays under its name, the other is told apart.
    made[freeName(made, name, used)] = mapped;
  }
  return changed ? made : value;
}

/** `used`: up to which number each name is taken; thousands of names may become one. */
function freeName(object: object, name: string, used: Map<string, number>): string {
  if (!Object.hasOwn(object, name)) return name;
  let n = used.get(name) ?? 1;
  do n++;
  while (Object.hasOwn(object, `${name} ${n}`));
  used.set(name, n);
  return `${name} ${n}`;
}

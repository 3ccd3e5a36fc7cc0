/** What was made of the key before, or is made now; where `max` are known, it starts afresh. */
export function remembered<T>(known: Map<string, T>, max: number, key: string, make: (key: string) => T): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make(key);
  if (known.size >= max) known.clear();
  known.set(key, made);
  return made;
}

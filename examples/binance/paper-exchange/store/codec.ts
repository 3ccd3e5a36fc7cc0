/**
 * JSON that keeps bigints: 123n is written as "#123", and a text that starts with # gets another one in front, so that
 * no client id can pass for a number.
 */

export function encode(value: unknown): string {
  return JSON.stringify(value, (_name, item: unknown) => {
    if (typeof item === 'bigint') return `#${item}`;
    return typeof item === 'string' && item.startsWith('#') ? `#${item}` : item;
  });
}

export function decode(text: string): unknown {
  return JSON.parse(text, (_name, item: unknown) => {
    if (typeof item !== 'string' || !item.startsWith('#')) return item;
    return /^#-?\d+$/.test(item) ? BigInt(item.slice(1)) : item.slice(1);
  }) as unknown;
}

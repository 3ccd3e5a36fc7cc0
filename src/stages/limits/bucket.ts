import { hash } from 'node:crypto';

/**
 * The name of a log: counter and scope values as JSON, so that no value can pass for two. Long values stand by their
 * digest, for stores bound the length of a key.
 */
export function bucketName(counter: string, scope: readonly string[], shadow: boolean): string {
  return JSON.stringify([shadow ? 'shadow' : 'log', short(counter), ...scope.map(shortScope)]);
}

export type Bucket = { readonly counter: string; readonly scope: readonly string[]; readonly shadow: boolean };

/** What a name says, or undefined where it is none of ours. */
export function parseBucket(name: string): Bucket | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(name);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || !parts.every((part) => typeof part === 'string')) return undefined;
  const [kind, counter, ...scope] = parts as readonly string[];
  if ((kind !== 'log' && kind !== 'shadow') || counter === undefined) return undefined;
  return { counter, scope, shadow: kind === 'shadow' };
}

/** Whether a log belongs to a counter as a policy or a person writes it. */
export function isOfCounter(bucket: string, counter: string): boolean {
  return parseBucket(bucket)?.counter === short(counter);
}

/** Which logs a reset means: those of the counter, where `scope` is given only with these values (`grant=desk`). */
export function logsOf(counter: string, scope: readonly string[]): (bucket: string) => boolean {
  // Long values stand in names by their digest.
  const asked = parseBucket(bucketName(counter, scope, false))?.scope ?? scope;
  return (bucket) => {
    if (!isOfCounter(bucket, counter)) return false;
    const values = parseBucket(bucket)?.scope ?? [];
    return asked.every((value) => values.includes(value));
  };
}

function shortScope(value: string): string {
  if (value.length <= LENGTH_MAX) return value;
  const kind = value.slice(0, value.indexOf('=') + 1);
  return kind + digest(value);
}

function short(counter: string): string {
  return counter.length <= LENGTH_MAX ? counter : digest(counter);
}

function digest(text: string): string {
  return `sha256:${hash('sha256', text, 'hex')}`;
}

const LENGTH_MAX = 256;

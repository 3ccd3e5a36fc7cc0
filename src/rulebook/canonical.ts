/** Content hashes: over canonical text, so that comments, order and spelling do not count. */
import { createHash } from 'node:crypto';

export function contentHash(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** Short and stable, for the counters of limits without a name. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

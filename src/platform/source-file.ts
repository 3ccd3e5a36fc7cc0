/** Reads a settings file from disk, bounded and strictly UTF-8. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { jsonBytesMax } from './source-document.ts';

export type FileRead =
  | { readonly kind: 'text'; readonly text: string }
  /** Not there, not ours to read, no file: a sentence. */
  | { readonly kind: 'unreadable'; readonly why: string }
  /** There, and no settings file. */
  | { readonly kind: 'wrong'; readonly error: Diagnostic };

export function readSourceFile(path: string): FileRead {
  let bytes: Buffer;
  try {
    const handle = openSync(path, 'r');
    try {
      const stat = fstatSync(handle);
      if (stat.isDirectory()) return { kind: 'unreadable', why: `\`${path}\` is a folder; name a file` };
      bytes = readBounded(handle);
    } finally {
      closeSync(handle);
    }
  } catch (fault) {
    return { kind: 'unreadable', why: `cannot read \`${path}\`: ${because(fault)}` };
  }
  const at = { file: path, line: 1, column: 1 };
  if (bytes.length > jsonBytesMax) {
    return {
      kind: 'wrong',
      error: { ...at, message: `more than ${jsonBytesMax} bytes, which no policy or settings file may have` },
    };
  }
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { kind: 'wrong', error: { ...at, message: 'not a UTF-8 text file', hint: 'save it as UTF-8' } };
  }
}

/** One byte more than allowed at most, so that a device or a growing file ends too. */
function readBounded(handle: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  while (total <= jsonBytesMax) {
    const chunk = Buffer.allocUnsafe(64 * 1024);
    const length = readSync(handle, chunk, 0, chunk.length, null);
    if (length === 0) break;
    chunks.push(chunk.subarray(0, length));
    total += length;
  }
  return Buffer.concat(chunks);
}

function because(fault: unknown): string {
  const code = fault instanceof Error && 'code' in fault ? String(fault.code) : '';
  switch (code) {
    case 'ENOENT':
      return 'no such file';
    case 'EACCES':
    case 'EPERM':
      return 'no permission';
    default:
      return code === '' ? 'unknown fault' : code;
  }
}

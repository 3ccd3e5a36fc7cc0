import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it, for this user alone. One after the other: Node's own recursion never ends where a
 * file system answers that the folder it was just told to look in is not there, as /proc does.
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (fault) {
    // Another process may have been first.
    if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
  }
}

import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from '../platform/make-folder.ts';
import { Unavailable } from '../platform/unavailable.ts';

/** The data folder: database, tokens, keys. Its own user alone may look into it. */
export type DataFolder = {
  readonly path: string;
  readonly database: string;
  /** Key of the digests of arguments. */
  readonly auditKey: Buffer;
};

/** @throws Unavailable where it cannot be made or read. */
export function openDataFolder(path: string, warn: (sentence: string) => void): DataFolder {
  try {
    makeFolder(path);
    const mode = statSync(path).mode & 0o777;
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      chmodSync(path, 0o700);
      warn(`the data folder ${path} was open to others (mode ${mode.toString(8)}); it is 700 now`);
    }
    return { path, database: join(path, 'sallyport.db'), auditKey: keyIn(join(path, 'audit.key')) };
  } catch (fault) {
    const { code, message } = fault as NodeJS.ErrnoException;
    throw new Unavailable(
      `the data folder ${path} cannot be used (${code ?? message})`,
      'make it writable for this user, or name another with `data:`, --data or SALLYPORT_DATA',
    );
  }
}

function keyIn(file: string): Buffer {
  if (!existsSync(file)) makeOnce(file, `${randomBytes(32).toString('hex')}\n`);
  return Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
}

/**
 * Writes a file that several processes may be making at once: it appears whole, and the first one wins. A client starts
 * all its servers together, so that two wraps meeting in a new folder is the usual case.
 */
function makeOnce(file: string, content: string): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, content, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, file);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
  } finally {
    rmSync(draft);
  }
}

/** The token in a file; made there, with 256 bits, where the file is absent. @throws Unavailable */
export function tokenIn(file: string): string {
  try {
    if (!existsSync(file)) {
      makeFolder(dirname(file));
      makeOnce(file, `${newToken()}\n`);
    }
    return readFileSync(file, 'utf8').trim();
  } catch (fault) {
    const { code, message } = fault as NodeJS.ErrnoException;
    throw new Unavailable(
      `the token file ${file} cannot be made or read in the data folder (${code ?? message})`,
      'make its folder writable for this user',
    );
  }
}

export function newToken(): string {
  return `sp_${randomBytes(32).toString('base64url')}`;
}

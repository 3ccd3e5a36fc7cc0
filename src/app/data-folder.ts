import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
  return inDataFolder(path, () => {
    makeFolder(path);
    const mode = statSync(path).mode & 0o777;
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      chmodSync(path, 0o700);
      warn(`the data folder ${path} was open to others (mode ${mode.toString(8)}); it is 700 now`);
    }
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      // The folder may be one that holds other things too: what is not ours keeps its mode.
      if (!entry.isFile() || !OURS.test(entry.name)) continue;
      const file = join(path, entry.name);
      const tightened = tighten(file);
      if (tightened !== undefined) warn(`${file} ${tightened}`);
    }
    return { path, database: join(path, 'sallyport.db'), auditKey: keyIn(join(path, 'audit.key')) };
  });
}

const OURS =
  /^(?:sallyport\.(?:db(?:-wal|-shm|-journal)?|lock)|audit\.key(?:\..*)?|writer-.*\.lock|.*\.token(?:\..*)?)$/;

/** @throws Unavailable in place of what the file system says of the folder at `path`. */
export function inDataFolder<T>(path: string, step: () => T): T {
  try {
    return step();
  } catch (fault) {
    if (fault instanceof Unavailable) throw fault;
    const { code, message } = fault as NodeJS.ErrnoException;
    const isDatabase = code === 'ERR_SQLITE_ERROR';
    const mend = isDatabase || code === 'ENOSPC' ? 'see to the space on its disk' : 'make it writable for this user';
    throw new Unavailable(
      `the data folder ${path} cannot be used (${isDatabase ? message : (code ?? message)})`,
      `${mend}, or name another with \`data:\`, --data or SALLYPORT_DATA`,
    );
  }
}

/** A file is for its user alone from now on. What to say of it, where it was not. */
function tighten(file: string): string | undefined {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  if (process.platform === 'win32' || (mode & 0o077) === 0) return undefined;
  const was = `was open to others (mode ${(mode & 0o777).toString(8)})`;
  try {
    chmodSync(file, 0o600);
    return `${was}; it is 600 now`;
  } catch (fault) {
    return `${was} and cannot be tightened (${(fault as NodeJS.ErrnoException).code ?? 'error'})`;
  }
}

function keyIn(file: string): Buffer {
  if (!existsSync(file)) makeOnce(file, `${randomBytes(KEY_BYTES).toString('hex')}\n`);
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
  if (key.length >= KEY_BYTES) return key;
  throw new Unavailable(
    `${file} holds no key: what was written is lost or cut off`,
    'restore it from a copy; without one take the file away and a new key is made, which digests anew',
  );
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

/**
 * The token in a file; made there, with 256 bits, where the file is absent. One that was made so is kept for its user
 * alone; who wrote another decides who may read it. @throws Unavailable
 */
export function tokenIn(file: string): TokenRead {
  return orUnavailable(file, () => {
    if (!existsSync(file)) {
      makeFolder(dirname(file));
      makeOnce(file, `${newToken()}\n`);
    }
    const token = readFileSync(file, 'utf8').trim();
    return { token, tightened: MADE.test(token) ? tighten(file) : undefined };
  });
}

export type TokenRead = {
  readonly token: string;
  /** What to say of a file that was open to others. */
  readonly tightened: string | undefined;
};

/**
 * As {@link tokenIn} for who only looks: nothing is made or changed, and an absent file holds a token nobody has, the
 * same for all who name that file.
 */
export function tokensSeen(): (file: string) => TokenRead {
  const toBeMade = new Map<string, string>();
  return (file) =>
    orUnavailable(file, () => {
      if (existsSync(file)) return { token: readFileSync(file, 'utf8').trim(), tightened: undefined };
      const token = toBeMade.get(file) ?? newToken();
      toBeMade.set(file, token);
      return { token, tightened: undefined };
    });
}

function orUnavailable(file: string, read: () => TokenRead): TokenRead {
  try {
    return read();
  } catch (fault) {
    const { code, message } = fault as NodeJS.ErrnoException;
    throw new Unavailable(
      `the token file ${file} cannot be made or read in the data folder (${code ?? message})`,
      'make its folder writable for this user',
    );
  }
}

function newToken(): string {
  return `sp_${randomBytes(32).toString('base64url')}`;
}

const KEY_BYTES = 32;
const MADE = /^sp_[A-Za-z0-9_-]{43}$/;

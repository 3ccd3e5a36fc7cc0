/**
 * `path_within`: an absolute POSIX or Windows path, resolved lexically, inside one of the directories. What a server may
 * read in more than one way is an error: relative paths, `..`, NUL, mixed separators, `~`, Windows device paths, streams,
 * and names that Windows trims. Symbolic links are the server's business.
 */
import type { JsonValue } from '../../../domain/json.ts';
import { jsonType } from '../values.ts';
import { type Operator, shown, stringList } from './operator.ts';

interface Resolved {
  /** '' for POSIX, `c:` for a drive, `\\server\share` for a share. */
  readonly root: string;
  readonly segments: readonly string[];
}

export const pathWithin: Operator = {
  names: ['path_within'],
  reference: {
    operand: 'a directory, or a list of which one must hold it; absolute',
    takes: 'an absolute POSIX or Windows path without `..`, NUL, `~` or mixed separators',
    meaning: 'the path is one of the directories or lies inside it, judged by its text alone',
  },
  compile(op, operand) {
    const written = stringList(operand);
    if (written === undefined) return { error: `\`${op}\` needs a directory, or a list of them, as \`value\`` };
    const directories: Resolved[] = [];
    for (const directory of written) {
      const resolved = resolve(directory);
      if (typeof resolved === 'string') return { error: `the directory \`${shown(directory)}\` ${resolved}` };
      directories.push(resolved);
    }
    return {
      holds: `is inside ${shown(written.join(' or '))}`,
      test(seen: JsonValue): boolean | string {
        if (typeof seen !== 'string') return `is ${jsonType(seen)}, and \`${op}\` needs a string`;
        const path = resolve(seen);
        return typeof path === 'string' ? path : directories.some((directory) => holds(directory, path));
      },
    };
  },
};

function holds(directory: Resolved, path: Resolved): boolean {
  return directory.root === path.root && directory.segments.every((segment, i) => segment === path.segments[i]);
}

/** The path, or what is wrong with it. */
function resolve(text: string): Resolved | string {
  if (text.includes('\0')) return 'holds a NUL character';
  if (text.includes('~')) return 'holds `~`, which names a home or a short name';
  const forward = text.includes('/');
  const backward = text.includes('\\');
  if (forward && backward) return 'mixes `/` and `\\`';
  const drive = /^[A-Za-z]:/.exec(text)?.[0];
  const separator = backward ? '\\' : '/';
  if (drive !== undefined) {
    if (text[2] !== separator) return 'is relative to a drive';
    return windows(drive.toLowerCase(), text.slice(3), separator);
  }
  if (backward) return share(text);
  if (!text.startsWith('/')) return 'is not an absolute path';
  if (text.startsWith('//')) return 'starts with two slashes, which some systems read as a host';
  const segments = plainSegments(text, '/');
  return typeof segments === 'string' ? segments : { root: '', segments };
}

function share(text: string): Resolved | string {
  if (!text.startsWith('\\\\')) return 'is not an absolute path';
  const match = /^\\\\([^\\]+)\\([^\\]+)(?:\\(.*))?$/s.exec(text);
  if (match === null) return 'is no complete share path';
  const [, server = '', name = '', rest = ''] = match;
  if (server === '?' || server === '.') return 'is a device path';
  return windows(`\\\\${server.toLowerCase()}\\${name.toLowerCase()}`, rest, '\\');
}

const device = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/;

/** Windows compares without case, so both sides are lower-cased. */
function windows(root: string, rest: string, separator: string): Resolved | string {
  const segments = plainSegments(rest, separator);
  if (typeof segments === 'string') return segments;
  for (const segment of segments) {
    if (segment.includes(':')) return 'names a stream (`:`)';
    if (/[. ]$/.test(segment)) return 'has a name that ends in a dot or a space, which Windows drops';
    if (device.test(segment.toLowerCase())) return 'names a device';
  }
  return { root, segments: segments.map((segment) => segment.toLowerCase()) };
}

function plainSegments(text: string, separator: string): string[] | string {
  const segments: string[] = [];
  for (const segment of text.split(separator)) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') return 'has a `..` segment';
    segments.push(segment);
  }
  return segments;
}

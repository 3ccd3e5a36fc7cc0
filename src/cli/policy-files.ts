/** Files named on the command line of `policy …`: their text, or the right ending. */
import { type Diagnostic, formatDiagnostic } from '../domain/diagnostic.ts';
import { JsonNumber } from '../domain/json.ts';
import { readSourceFile } from '../platform/source-file.ts';

export interface NamedFile {
  readonly file: string;
  readonly text: string;
}

/** Wrong usage: an unreadable file, or one that cannot be what the command needs. Exit code 2. */
export class WrongUsage extends Error {}

/** The file's text; a file that is there but no text answers with its error. */
export function namedFile(path: string): NamedFile | { readonly error: Diagnostic } {
  const read = readSourceFile(path);
  if (read.kind === 'unreadable') throw new WrongUsage(read.why);
  return read.kind === 'wrong' ? { error: read.error } : { file: path, text: read.text };
}

/** As `namedFile`, for commands that can do nothing without the file. */
export function neededFile(path: string): NamedFile {
  const read = namedFile(path);
  if ('error' in read) throw new WrongUsage(formatDiagnostic(read.error));
  return read;
}

export function optionalFile(path: string | undefined): NamedFile | undefined {
  return path === undefined ? undefined : neededFile(path);
}

/** Runs a command's body; what is wrong with its usage goes to stderr, exit code 2. */
export async function withUsage(body: () => number | Promise<number>): Promise<void> {
  try {
    process.exitCode = await body();
  } catch (fault) {
    if (!(fault instanceof WrongUsage)) throw fault;
    process.stderr.write(`${fault.message}\n`);
    process.exitCode = 2;
  }
}

/** Numbers of a policy or a call keep the text they were written with. */
export function printJson(value: unknown): void {
  const exactly = JSON as unknown as { rawJSON(text: string): unknown };
  const exact = function (this: Record<string, unknown>, key: string, member: unknown): unknown {
    const written = this[key];
    return written instanceof JsonNumber ? exactly.rawJSON(written.text) : member;
  };
  process.stdout.write(`${JSON.stringify(value, exact, 2)}\n`);
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

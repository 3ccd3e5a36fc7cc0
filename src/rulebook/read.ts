/** One policy file in any dialect → its one form. */
import { bounded, type Diagnostic } from '../domain/diagnostic.ts';
import type { PolicyDocument, PolicyProblem } from '../domain/policy-document.ts';
import { errorsMax, pointerPath, type SourceDocument } from '../platform/source-document.ts';
import { readSource } from '../platform/yaml-document.ts';
import { nativeDocument, type Report } from './native.ts';
import { olderPolicyDocument } from './older.ts';
import { differencesOf } from './older-differences.ts';
import { isOlder, mixedKeys, olderDocument } from './older-schema.ts';
import { parseAll } from './parse-all.ts';
import { policyDocument } from './schema.ts';

/** A document in its one form, with the text it came from. */
export interface LoadedDocument {
  readonly document: PolicyDocument;
  readonly source: SourceDocument;
}

export interface ReadPolicy {
  /** Every mistake that can be seen without compiling. With any, the document is not used. */
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
  /** Where there are errors: what is left without the parts that are wrong, so that the rest can be looked at too. */
  readonly loaded?: LoadedDocument;
  /** Parts that could not be read as values. What else is wrong at their places is the same mistake. */
  readonly unread?: readonly Diagnostic[];
}

export function readPolicyDocument(file: string, text: string): ReadPolicy {
  const read = readSource(file, text);
  if ('document' in read) return readDialect(read.document);
  const unread = read.errors;
  if (read.rest === undefined) return { errors: unread, warnings: [] };
  const rest = readDialect(read.rest);
  return { ...rest, errors: [...unread, ...elsewhere(rest.errors, unread)], warnings: [], unread };
}

function readDialect(source: SourceDocument): ReadPolicy {
  return isOlder(source.value) ? readOlder(source) : readNative(source);
}

/** Those that do not stand where one of the others stands. */
export function elsewhere(found: readonly Diagnostic[], others: readonly Diagnostic[] = []): readonly Diagnostic[] {
  return found.filter(({ line, column }) => !others.some((other) => other.line === line && other.column === column));
}

function readNative(source: SourceDocument): ReadPolicy {
  const parsed = parseAll(policyDocument, source);
  return finish(source, parsed.errors, [], parsed.value, (raw, report) =>
    nativeDocument(source.file, raw, source.value, report),
  );
}

function readOlder(source: SourceDocument): ReadPolicy {
  const mixed = mixedKeys(source.value).map(
    ({ path, key }): Diagnostic => ({
      file: source.file,
      ...source.locate(path, 'key'),
      message: `\`${key}\` in a document with \`rules:\``,
      hint: 'write the whole document in one dialect',
    }),
  );
  const parsed = parseAll(olderDocument, source);
  // A mixed key is said once, as what it is.
  const others = parsed.errors.filter((e) => !mixed.some((m) => m.line === e.line && m.column === e.column));
  const errors = [...mixed, ...others].map((error) =>
    error.message === '`default` is missing'
      ? { ...error, hint: 'the older tool assumed `default: allow`; write what you mean' }
      : error,
  );
  const differing = errors.length > 0 || parsed.value === undefined ? [] : differencesOf(parsed.value);
  const warnings = differing.map((problem) => located(source, problem, 'key'));
  return finish(source, errors, warnings, parsed.value, (raw, report) =>
    olderPolicyDocument(source.file, raw, source.value, report),
  );
}

function finish<Raw>(
  source: SourceDocument,
  errors: readonly Diagnostic[],
  warnings: readonly Diagnostic[],
  raw: Raw | undefined,
  make: (raw: Raw, report: Report) => PolicyDocument,
): ReadPolicy {
  if (raw === undefined) return { errors, warnings };
  const problems: PolicyProblem[] = [];
  const document = make(raw, (problem) => problems.push(problem));
  return {
    errors: [...errors, ...problems.slice(0, errorsMax).map((problem) => located(source, problem))],
    warnings,
    loaded: { document, source },
  };
}

/** The place of a problem in the text. */
export function located(source: SourceDocument, problem: PolicyProblem, part: 'key' | 'value' = 'value'): Diagnostic {
  const { message, hint } = problem;
  const at = source.locate(pointerPath(problem.pointer), part);
  return { file: source.file, ...at, message: bounded(message), ...(hint === undefined ? {} : { hint }) };
}

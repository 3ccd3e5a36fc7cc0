/** One policy file in any dialect → its one form. */
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { PolicyDocument, PolicyProblem } from '../domain/policy-document.ts';
import { diagnose } from '../platform/schema-diagnostics.ts';
import { pointerPath, type SourceDocument } from '../platform/source-document.ts';
import { readSource } from '../platform/yaml-document.ts';
import { nativeDocument, type Report } from './native.ts';
import { olderPolicyDocument } from './older.ts';
import { differencesOf } from './older-differences.ts';
import { isOlder, mixedKeys, olderDocument } from './older-schema.ts';
import { policyDocument } from './schema.ts';

/** A document in its one form, with the text it came from. */
export interface LoadedDocument {
  readonly document: PolicyDocument;
  readonly source: SourceDocument;
}

export type ReadPolicy = { readonly warnings: readonly Diagnostic[] } & (
  | LoadedDocument
  | { readonly errors: readonly Diagnostic[] }
);

export function readPolicyDocument(file: string, text: string): ReadPolicy {
  const read = readSource(file, text);
  if ('errors' in read) return { errors: read.errors, warnings: [] };
  const source = read.document;
  return isOlder(source.value) ? readOlder(source) : readNative(source);
}

function readNative(source: SourceDocument): ReadPolicy {
  const parsed = policyDocument.safeParse(source.value);
  if (!parsed.success) return { errors: diagnose(source, parsed.error.issues), warnings: [] };
  return finish(source, [], (report) => nativeDocument(source.file, parsed.data, source.value, report));
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
  const parsed = olderDocument.safeParse(source.value);
  if (parsed.success && mixed.length === 0) {
    const warnings = differencesOf(parsed.data).map((problem) => located(source, problem, 'key'));
    return finish(source, warnings, (report) => olderPolicyDocument(source.file, parsed.data, source.value, report));
  }
  const issues = parsed.success ? [] : diagnose(source, parsed.error.issues);
  // A mixed key is said once, as what it is.
  const others = issues.filter((issue) => !mixed.some((m) => m.line === issue.line && m.column === issue.column));
  const errors = [...mixed, ...others].map((error) =>
    error.message === '`default` is missing'
      ? { ...error, hint: 'the older tool assumed `default: allow`; write what you mean' }
      : error,
  );
  return { errors, warnings: [] };
}

function finish(
  source: SourceDocument,
  warnings: readonly Diagnostic[],
  make: (report: Report) => PolicyDocument,
): ReadPolicy {
  const problems: PolicyProblem[] = [];
  const document = make((problem) => problems.push(problem));
  if (problems.length > 0) return { errors: problems.map((problem) => located(source, problem)), warnings };
  return { document, source, warnings };
}

/** The place of a problem in the text. */
export function located(source: SourceDocument, problem: PolicyProblem, part: 'key' | 'value' = 'value'): Diagnostic {
  const { message, hint } = problem;
  const at = source.locate(pointerPath(problem.pointer), part);
  return { file: source.file, ...at, message, ...(hint === undefined ? {} : { hint }) };
}

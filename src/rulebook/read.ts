/** One policy file in any dialect → its one form. */
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { PolicyDocument, PolicyProblem } from '../domain/policy-document.ts';
import { pointerPath, type SourceDocument } from '../platform/source-document.ts';
import { readYaml } from '../platform/yaml-document.ts';
import { nativeDocument } from './native.ts';
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
  const read = readYaml(file, text, policyDocument, { numbers: 'exact' });
  if ('errors' in read) return { errors: read.errors, warnings: [] };
  const { document: source, value } = read;
  const problems: PolicyProblem[] = [];
  const document = nativeDocument(file, value, source.value, (problem) => problems.push(problem));
  if (problems.length > 0) return { errors: problems.map((problem) => located(source, problem)), warnings: [] };
  return { document, source, warnings: [] };
}

/** The place of a problem in the text. */
export function located(source: SourceDocument, problem: PolicyProblem, part: 'key' | 'value' = 'value'): Diagnostic {
  const { message, hint } = problem;
  const at = source.locate(pointerPath(problem.pointer), part);
  return { file: source.file, ...at, message, ...(hint === undefined ? {} : { hint }) };
}

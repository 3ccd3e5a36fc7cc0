/** `policy check`: every error of a file, or, where there is none, what in it is probably not meant. */
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { KnownTool } from './known-tools.ts';
import { lints } from './lints/lints.ts';
import { loadDocuments } from './load.ts';
import { type LoadedDocument, located } from './read.ts';

export interface CheckResult {
  readonly file: string;
  /** Of the document as it decides; absent where it has errors. */
  readonly hash?: string;
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/** Warnings of one file. */
export const warningsMax = 1_000;

export interface CheckOptions {
  /** The tools that the servers offer; absent: unknown. */
  readonly tools?: readonly KnownTool[];
}

export function checkPolicy(file: string, text: string, options: CheckOptions = {}): CheckResult {
  const loaded = loadDocuments([{ file, text }]);
  if ('errors' in loaded) return { file, errors: loaded.errors, warnings: loaded.warnings };
  const found = loaded.documents.flatMap((document) => lintDocument(document, options.tools));
  const warnings = [...loaded.warnings, ...found].toSorted((a, b) => a.line - b.line || a.column - b.column);
  return { file, hash: loaded.policy.hash, errors: [], warnings };
}

/** Of very many the first are said: what a file repeats ten thousand times nobody reads. */
function lintDocument(read: LoadedDocument, tools: readonly KnownTool[] | undefined): Diagnostic[] {
  const input = { document: read.document, tools };
  const warnings: Diagnostic[] = [];
  for (const lint of lints) {
    for (const found of lint.find(input)) {
      warnings.push(located(read.source, found, found.part));
      if (warnings.length >= warningsMax) return warnings;
    }
  }
  return warnings;
}

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

function lintDocument(read: LoadedDocument, tools: readonly KnownTool[] | undefined): Diagnostic[] {
  const input = { document: read.document, tools };
  return lints.flatMap((lint) => [...lint.find(input)].map((found) => located(read.source, found, found.part)));
}
